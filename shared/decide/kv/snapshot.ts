import type { CommandResult, KvRecord } from "../../effect/kv.ts";
import { createStore, type Store } from "./store.ts";

/**
 * The store as text, and back. Maps keep the order in which keys came, which is that of the log and so the same everywhere:
 * equal histories give equal texts on every node, and the simulator compares them.
 */
interface StoreText {
  readonly schema: 1;
  readonly revision: number;
  readonly records: readonly KvRecord[];
  readonly leases: readonly (readonly [number, number])[];
  readonly sessions: readonly {
    readonly id: number;
    readonly acknowledged: number;
    readonly lastUsedIndex: number;
    readonly results: readonly (readonly [number, CommandResult])[];
  }[];
}

/**
 * Writes the store as it is now, a slice at a time, while it goes on changing: records are never changed in place, so that
 * holding on to them is enough. Sessions are few and copied at once.
 */
export interface SnapshotWriter {
  readonly index: number;
  readonly head: string;
  readonly records: readonly KvRecord[];
  readonly parts: string[];
  next: number;
}

export function beginSnapshot(store: Store, index: number): SnapshotWriter {
  const head: Omit<StoreText, "records"> = {
    schema: 1,
    revision: store.revision,
    leases: [...store.leases].map(([id, lease]) => [id, lease.ttlMs] as const),
    sessions: [...store.sessions].map(([id, session]) => ({
      id,
      acknowledged: session.acknowledged,
      lastUsedIndex: session.lastUsedIndex,
      results: [...session.results],
    })),
  };
  return { index, head: JSON.stringify(head), records: [...store.records.values()], parts: [], next: 0 };
}

/** Writes up to so many records more. Gives the whole text when it is done, or null. */
export function advanceSnapshot(writer: SnapshotWriter, maxRecords: number): string | null {
  const end = Math.min(writer.records.length, writer.next + maxRecords);
  const texts: string[] = [];
  for (; writer.next < end; writer.next += 1) texts.push(JSON.stringify(writer.records[writer.next]));
  if (texts.length > 0) writer.parts.push(texts.join(","));
  if (writer.next < writer.records.length) return null;
  return `${writer.head.slice(0, -1)},"records":[${writer.parts.join(",")}]}`;
}

export function writeStore(store: Store): string {
  const text = advanceSnapshot(beginSnapshot(store, 0), Number.POSITIVE_INFINITY);
  if (text === null) throw new Error("a snapshot without a limit must be whole");
  return text;
}

/** Reads what `writeStore` wrote; empty text is the empty store. The text was checked against its checksum before. */
export function readStore(text: string): Store {
  const store = createStore();
  if (text === "") return store;
  const parsed: StoreText = JSON.parse(text);
  if (parsed.schema !== 1) throw new Error(`snapshot of an unknown schema ${String(parsed.schema)}`);
  store.revision = parsed.revision;
  for (const [id, ttlMs] of parsed.leases) store.leases.set(id, { ttlMs, keys: new Set() });
  for (const record of parsed.records) {
    store.records.set(record.key, record);
    store.totalLength += record.key.length + record.value.length;
    if (record.lease !== 0) store.leases.get(record.lease)?.keys.add(record.key);
  }
  for (const session of parsed.sessions) {
    const { acknowledged, lastUsedIndex } = session;
    store.sessions.set(session.id, { acknowledged, lastUsedIndex, results: new Map(session.results) });
  }
  return store;
}
