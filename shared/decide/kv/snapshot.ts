import type { CommandResult, KvRecord } from "../../effect/kv.ts";
import { createStore, type Store } from "./store.ts";

/** The store as text, and back. Equal stores give equal texts on every node: the simulator compares them. */
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

export function writeStore(store: Store): string {
  const records = [...store.records.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const text: StoreText = {
    schema: 1,
    revision: store.revision,
    records,
    leases: [...store.leases].map(([id, lease]) => [id, lease.ttlMs] as const).sort((a, b) => a[0] - b[0]),
    sessions: [...store.sessions]
      .map(([id, session]) => ({
        id,
        acknowledged: session.acknowledged,
        lastUsedIndex: session.lastUsedIndex,
        results: [...session.results].sort((a, b) => a[0] - b[0]),
      }))
      .sort((a, b) => a.id - b.id),
  };
  return JSON.stringify(text);
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
