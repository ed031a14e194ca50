/** The nouns of the replicated key-value store: commands, queries, answers, events. Keys and values are text. */

export interface KvRecord {
  readonly key: string;
  readonly value: string;
  /** The store's revision at which the key was made, and last written. A lock's epoch is its `createRevision`. */
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** The lease the key lives by; 0: none. */
  readonly lease: number;
}

/** A condition of a write: the key's last write was at this revision; 0: there is no such key. */
export interface Compare {
  readonly key: string;
  readonly modRevision: number;
}
export type KvOperation =
  | { readonly op: "put"; readonly key: string; readonly value: string; readonly lease?: number }
  | { readonly op: "delete"; readonly key: string };

export type Command =
  /** All operations when all conditions hold, or none. */
  | { readonly op: "txn"; readonly compare: readonly Compare[]; readonly operations: readonly KvOperation[] }
  | { readonly op: "grant"; readonly ttlMs: number }
  | { readonly op: "revoke"; readonly lease: number }
  /** Proposed by the leader alone, when a lease was not renewed. */
  | { readonly op: "expire"; readonly lease: number }
  | { readonly op: "openSession" };

/** A command with what makes its retry harmless: the session that sends it, and its number there. */
export interface SessionCommand {
  readonly session: number;
  readonly sequence: number;
  /** Every answer with a smaller number has reached the client and may be forgotten. */
  readonly acknowledged: number;
  readonly command: Command;
}

export type CommandResult =
  | { readonly ok: true; readonly revision: number; readonly lease?: number; readonly session?: number }
  | { readonly ok: false; readonly code: KvRefusal; readonly revision: number };

export type KvRefusal =
  "KV_CONFLICT" | "KV_LEASE_UNKNOWN" | "KV_SESSION_UNKNOWN" | "KV_TOO_LARGE" | "KV_FULL" | "KV_STALE_SEQUENCE";

export interface KvEvent {
  readonly kind: "put" | "delete";
  readonly revision: number;
  readonly key: string;
  readonly record: KvRecord | null;
}

export interface KvQuery {
  readonly key: string;
  /** True: every key that starts with `key`, in order. */
  readonly prefix: boolean;
}
export interface KvView {
  readonly revision: number;
  readonly records: readonly KvRecord[];
}
