/** Stick tables of several workers as one: each tells what it did, soon after; the master tells it on. */
import type { EntryChange, EntryCopy, TableJournal } from "../decide/stick-table.ts";
import type { Tables } from "./tables.ts";
import { nowMs } from "./timer-wheel.ts";

/** How long changes are gathered before they are told. */
const GATHER_MS = 5;
/** Entries of one message. */
const MOST_CHANGES = 1000;

export interface TableChanges {
  readonly table: string;
  readonly changes: readonly EntryChange[];
}

interface Gathered {
  readonly key: string;
  readonly added: Record<string, number>;
  readonly assigned: Record<string, number>;
  server?: string;
}

/** Gathers what happens to one table. */
class Journal implements TableJournal {
  private gathered = new Map<string, Gathered>();
  private timer: Timer | undefined;

  constructor(
    private readonly table: string,
    private readonly tell: (changes: TableChanges) => void,
  ) {}

  private of(key: string): Gathered {
    let one = this.gathered.get(key);
    if (one === undefined) {
      if (this.gathered.size >= MOST_CHANGES) this.flush();
      one = { key, added: {}, assigned: {} };
      this.gathered.set(key, one);
      this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
    }
    return one;
  }

  added(key: string, slot: string, amount: number): void {
    const { added } = this.of(key);
    added[slot] = (added[slot] ?? 0) + amount;
  }
  assigned(key: string, slot: string, value: number): void {
    const { added, assigned } = this.of(key);
    // What was added before doesn't count any more.
    delete added[slot];
    assigned[slot] = value;
  }
  boundTo(key: string, server: string): void {
    this.of(key).server = server;
  }
  touched(key: string): void {
    this.of(key);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changes = [...this.gathered.values()];
    this.gathered = new Map();
    if (changes.length > 0) this.tell({ table: this.table, changes });
  }
}

/** Lets `tell` hear of every change of the tables. */
export function journalTables(tables: Tables, tell: (changes: TableChanges) => void): void {
  for (const name of tables.names()) {
    const store = tables.store(name);
    if (store !== undefined) store.journal = new Journal(name, tell);
  }
}

export function applyChanges(tables: Tables, { changes, table }: TableChanges): void {
  const store = tables.store(table);
  const now = nowMs();
  for (const change of changes) store?.apply(change, now);
}

/** Counts of what is held now: they end with the process that holds it. */
const HELD = "conn_cur";

/** What each worker holds in the tables, to be given back when it dies. */
export class HeldCounts {
  private readonly held = new Map<number, Map<string, Map<string, number>>>();

  note(worker: number, { changes, table }: TableChanges): void {
    for (const { added, key } of changes) {
      const amount = added[HELD];
      if (amount === undefined || amount === 0) continue;
      const tables = this.held.get(worker) ?? new Map<string, Map<string, number>>();
      const keys = tables.get(table) ?? new Map<string, number>();
      const sum = (keys.get(key) ?? 0) + amount;
      if (sum === 0) keys.delete(key);
      else keys.set(key, sum);
      tables.set(table, keys);
      this.held.set(worker, tables);
    }
  }

  /** The changes that undo what a worker held. */
  release(worker: number): readonly TableChanges[] {
    const tables = this.held.get(worker) ?? new Map<string, Map<string, number>>();
    this.held.delete(worker);
    return Array.from(tables, ([table, keys]) => ({
      table,
      changes: Array.from(keys, ([key, amount]) => ({ key, added: { [HELD]: -amount }, assigned: {} })),
    }));
  }
}

/** Puts entries in as another process had them. */
export function restoreEntries(tables: Tables, table: string, entries: readonly EntryCopy[]): void {
  const store = tables.store(table);
  const now = nowMs();
  for (const entry of entries) store?.restore(entry, now);
}
