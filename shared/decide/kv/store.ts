import type {
  Command,
  CommandResult,
  Compare,
  KvEvent,
  KvOperation,
  KvQuery,
  KvRecord,
  KvRefusal,
  KvView,
  SessionCommand,
} from "../../effect/kv.ts";
import { isTooLarge, KV_LIMITS } from "../../model/kv-limits.ts";

/**
 * The state machine: a key-value store with revisions, compare-and-set, leases and client sessions. Every node applies the
 * same commands in the same order, so nothing here may depend on time, chance or the node.
 */
export interface Session {
  /** Results kept for retries, by sequence number. */
  readonly results: Map<number, CommandResult>;
  acknowledged: number;
  lastUsedIndex: number;
}
export interface Lease {
  readonly ttlMs: number;
  readonly keys: Set<string>;
}
export interface Store {
  /** Rises by one with every command that changed a key. */
  revision: number;
  totalLength: number;
  /** Rises when a lease comes or goes. Of this node alone: no part of the replicated state. */
  leaseChanges: number;
  readonly records: Map<string, KvRecord>;
  readonly leases: Map<number, Lease>;
  readonly sessions: Map<number, Session>;
}

export interface Applied {
  readonly result: CommandResult;
  readonly events: readonly KvEvent[];
}

export function createStore(): Store {
  return { revision: 0, totalLength: 0, leaseChanges: 0, records: new Map(), leases: new Map(), sessions: new Map() };
}

/** Applies the committed command of a log entry. A command that was applied before gives the result it gave then. */
export function applyCommand(store: Store, index: number, wrapped: SessionCommand): Applied {
  const { command, sequence } = wrapped;
  if (command.op === "openSession") return { result: openSession(store, index), events: [] };
  if (command.op === "expire") return run(store, index, command);
  const session = store.sessions.get(wrapped.session);
  if (session === undefined) return { result: refused(store, "KV_SESSION_UNKNOWN"), events: [] };
  const known = session.results.get(sequence);
  if (known !== undefined) return { result: known, events: [] };
  if (sequence < session.acknowledged) return { result: refused(store, "KV_STALE_SEQUENCE"), events: [] };
  const applied = run(store, index, command);
  session.results.set(sequence, applied.result);
  session.lastUsedIndex = index;
  forgetResults(session, wrapped.acknowledged);
  return applied;
}

/** A session's id is the index of the entry that opened it: never used twice. The longest unused one gives way. */
function openSession(store: Store, index: number): CommandResult {
  if (store.sessions.size >= KV_LIMITS.sessions) {
    let oldest = -1;
    let oldestUse = Number.POSITIVE_INFINITY;
    for (const [id, session] of store.sessions) {
      if (session.lastUsedIndex < oldestUse) {
        oldest = id;
        oldestUse = session.lastUsedIndex;
      }
    }
    store.sessions.delete(oldest);
  }
  store.sessions.set(index, { results: new Map(), acknowledged: 0, lastUsedIndex: index });
  return { ok: true, revision: store.revision, session: index };
}

function forgetResults(session: Session, acknowledged: number): void {
  if (acknowledged > session.acknowledged) session.acknowledged = acknowledged;
  for (const sequence of session.results.keys()) {
    const surplus = session.results.size > KV_LIMITS.outstandingPerSession;
    // Results are kept in the order in which they came; one that is still wanted hides later ones for a while only.
    if (sequence >= session.acknowledged && !surplus) break;
    session.results.delete(sequence);
    if (surplus) session.acknowledged = Math.max(session.acknowledged, sequence + 1);
  }
}

function run(store: Store, index: number, command: Command): Applied {
  switch (command.op) {
    case "txn":
      return applyTxn(store, command.compare, command.operations);
    case "grant":
      return { result: grant(store, index, command.ttlMs), events: [] };
    case "revoke":
    case "expire":
      return endLease(store, command.lease);
    case "openSession":
      throw new Error("a session is opened before commands are run");
  }
}

function refused(store: Store, code: KvRefusal): CommandResult {
  return { ok: false, code, revision: store.revision };
}

function grant(store: Store, index: number, ttlMs: number): CommandResult {
  if (!(ttlMs >= KV_LIMITS.minTtlMs && ttlMs <= KV_LIMITS.maxTtlMs)) return refused(store, "KV_TOO_LARGE");
  if (store.leases.size >= KV_LIMITS.leases) return refused(store, "KV_FULL");
  store.leaseChanges += 1;
  store.leases.set(index, { ttlMs, keys: new Set() });
  return { ok: true, revision: store.revision, lease: index };
}

function endLease(store: Store, id: number): Applied {
  const lease = store.leases.get(id);
  if (lease === undefined) return { result: refused(store, "KV_LEASE_UNKNOWN"), events: [] };
  store.leaseChanges += 1;
  store.leases.delete(id);
  if (lease.keys.size === 0) return { result: { ok: true, revision: store.revision }, events: [] };
  store.revision += 1;
  const events: KvEvent[] = [];
  for (const key of [...lease.keys].sort()) remove(store, key, events);
  return { result: { ok: true, revision: store.revision }, events };
}

function applyTxn(store: Store, compare: readonly Compare[], operations: readonly KvOperation[]): Applied {
  const code = refusalOf(store, compare, operations);
  if (code !== null) return { result: refused(store, code), events: [] };
  const events: KvEvent[] = [];
  const changes = operations.some((operation) => operation.op === "put" || store.records.has(operation.key));
  if (changes) store.revision += 1;
  for (const operation of operations) {
    if (operation.op === "put") put(store, operation.key, operation.value, operation.lease ?? 0, events);
    else remove(store, operation.key, events);
  }
  return { result: { ok: true, revision: store.revision }, events };
}

function refusalOf(store: Store, compare: readonly Compare[], operations: readonly KvOperation[]): KvRefusal | null {
  for (const { key, modRevision } of compare) {
    if ((store.records.get(key)?.modRevision ?? 0) !== modRevision) return "KV_CONFLICT";
  }
  if (isTooLarge(operations)) return "KV_TOO_LARGE";
  let addedLength = 0;
  for (const operation of operations) {
    if (operation.op === "delete") continue;
    if (operation.lease !== undefined && operation.lease !== 0 && !store.leases.has(operation.lease)) {
      return "KV_LEASE_UNKNOWN";
    }
    addedLength += operation.key.length + operation.value.length;
  }
  if (addedLength > 0 && store.totalLength + addedLength > KV_LIMITS.totalLength) return "KV_FULL";
  return addedLength > 0 && store.records.size + operations.length > KV_LIMITS.keys ? "KV_FULL" : null;
}

function put(store: Store, key: string, value: string, lease: number, events: KvEvent[]): void {
  const before = store.records.get(key);
  const record: KvRecord = {
    key,
    value,
    createRevision: before?.createRevision ?? store.revision,
    modRevision: store.revision,
    version: (before?.version ?? 0) + 1,
    lease,
  };
  if (before !== undefined && before.lease !== lease) store.leases.get(before.lease)?.keys.delete(key);
  if (lease !== 0) store.leases.get(lease)?.keys.add(key);
  store.totalLength += value.length - (before?.value.length ?? -key.length);
  store.records.set(key, record);
  events.push({ kind: "put", revision: store.revision, key, record });
}

function remove(store: Store, key: string, events: KvEvent[]): void {
  const before = store.records.get(key);
  if (before === undefined) return;
  store.records.delete(key);
  store.totalLength -= key.length + before.value.length;
  if (before.lease !== 0) store.leases.get(before.lease)?.keys.delete(key);
  events.push({ kind: "delete", revision: store.revision, key, record: null });
}

export function queryStore(store: Store, query: KvQuery): KvView {
  if (!query.prefix) {
    const record = store.records.get(query.key);
    return { revision: store.revision, records: record === undefined ? [] : [record] };
  }
  const records: KvRecord[] = [];
  for (const record of store.records.values()) if (record.key.startsWith(query.key)) records.push(record);
  records.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { revision: store.revision, records };
}
