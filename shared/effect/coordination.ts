import type { Compare, KvEvent, KvOperation, KvRecord } from "./kv.ts";

/**
 * What the tools ask of a coordination service: a small linearizable key-value store with leases and watches. The embedded
 * core and etcd v3 both answer to it, and one suite of cases runs over both.
 */
export type CoordinationRefusal =
  /** A condition of the write didn't hold. */
  | "CONFLICT"
  | "LEASE_UNKNOWN"
  | "TOO_LARGE"
  | "REFUSED"
  /** Nothing was done: no leader, no majority, nobody reachable. */
  | "UNAVAILABLE"
  /** No answer came: it may have been done. */
  | "UNKNOWN_OUTCOME";

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: CoordinationRefusal; readonly why: string };

/** A record with its lease as text: etcd's leases are 64-bit numbers. `""`: no lease. */
export interface CoordinationRecord extends Omit<KvRecord, "lease"> {
  readonly lease: string;
}
export type CoordinationOperation =
  | { readonly op: "put"; readonly key: string; readonly value: string; readonly lease?: string }
  | Extract<KvOperation, { op: "delete" }>;

export interface CoordinationView {
  readonly revision: number;
  readonly records: readonly CoordinationRecord[];
}

export type WatchNotice =
  | { readonly kind: "events"; readonly events: readonly CoordinationEvent[] }
  /** Events were missed: read anew, and watch from the revision read. */
  | { readonly kind: "missed" };

export interface CoordinationEvent extends Pick<KvEvent, "kind" | "revision" | "key"> {
  readonly value: string | null;
}

export interface CoordinationMember {
  readonly name: string;
  readonly leader: boolean;
  readonly voter: boolean;
}

export interface Watch {
  close(): void;
}

export interface Coordination {
  /** Linearizable reads of one key, or of every key with this prefix in order. */
  get(key: string): Promise<Answer<CoordinationView>>;
  list(prefix: string): Promise<Answer<CoordinationView>>;
  /** All operations if all conditions hold. Gives the store's revision after it. */
  txn(
    compare: readonly Compare[],
    operations: readonly CoordinationOperation[],
  ): Promise<Answer<{ readonly revision: number }>>;
  grant(ttlMs: number): Promise<Answer<{ readonly lease: string; readonly ttlMs: number }>>;
  keepAlive(lease: string): Promise<Answer<{ readonly ttlMs: number }>>;
  revoke(lease: string): Promise<Answer<null>>;
  /** Changes of keys with this prefix, from the given revision on. */
  watch(prefix: string, fromRevision: number, listener: (notice: WatchNotice) => void): Watch;
  members(): Promise<Answer<readonly CoordinationMember[]>>;
  close(): Promise<void>;
}

/** Writes a key whatever it holds. */
export function put(
  on: Coordination,
  key: string,
  value: string,
  lease?: string,
): Promise<Answer<{ revision: number }>> {
  return on.txn([], [{ op: "put", key, value, ...(lease === undefined ? {} : { lease }) }]);
}

/** Writes a key only if its last write was at `modRevision` (0: only if there is no such key). */
export function compareAndPut(
  on: Coordination,
  key: string,
  modRevision: number,
  value: string,
  lease?: string,
): Promise<Answer<{ revision: number }>> {
  return on.txn([{ key, modRevision }], [{ op: "put", key, value, ...(lease === undefined ? {} : { lease }) }]);
}

export function remove(on: Coordination, key: string): Promise<Answer<{ revision: number }>> {
  return on.txn([], [{ op: "delete", key }]);
}
