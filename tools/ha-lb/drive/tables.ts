/** The stick tables of a worker, as rules and expressions reach them. */
import { compileCondition, type Predicate } from "../decide/acl.ts";
import { compileExpression } from "../decide/expression.ts";
import type { CompiledSample, CompileEnvironment } from "../decide/sample-types.ts";
import { StickStore, type StickEntry } from "../decide/stick-table.ts";
import type { Configuration } from "../model/configuration.ts";
import type { StickRule } from "../model/rule.ts";
import type { SampleContext, TableStore, TrackedEntry } from "../model/sample-context.ts";
import type { SampleValue } from "../model/value.ts";
import type { BackendRuntime, ServerRuntime } from "./runtime.ts";
import { nowMs } from "./timer-wheel.ts";

class Tracked implements TrackedEntry {
  constructor(
    readonly store: StickStore,
    readonly entry: StickEntry,
    private readonly tables: Tables,
  ) {}

  private in(table: string | undefined): { readonly store: StickStore; readonly entry: StickEntry } | undefined {
    if (table === undefined) return this;
    const store = this.tables.store(table);
    const entry = store?.find(this.entry.key, nowMs());
    return store === undefined || entry === undefined ? undefined : { store, entry };
  }
  read(counter: string, index: number, table: string | undefined): number | undefined {
    const where = this.in(table);
    return where?.store.read(where.entry, counter, index, nowMs());
  }
  increment(counter: string, index: number, table: string | undefined): number | undefined {
    const where = this.in(table);
    if (where === undefined) return undefined;
    if (where.store.stores(`${counter}_rate`)) where.store.add(where.entry, `${counter}_rate`, index, 1, nowMs());
    return where.store.add(where.entry, counter, index, 1, nowMs());
  }
  clear(counter: string, index: number, table: string | undefined): number | undefined {
    const where = this.in(table);
    const before = where?.store.read(where.entry, counter, index, nowMs());
    where?.store.set(where.entry, counter, index, 0);
    return before;
  }
}

export class Tables implements TableStore {
  private readonly stores = new Map<string, StickStore>();

  constructor(configuration: Configuration) {
    for (const { stickTable } of configuration.proxies) {
      if (stickTable !== undefined) this.stores.set(stickTable.name, new StickStore(stickTable));
    }
    for (const peers of configuration.peers.values()) {
      for (const table of peers.tables) this.stores.set(table.name, new StickStore(table));
    }
  }

  /** Tables that are the same in a new configuration keep what they hold. */
  adopt(before: Tables): void {
    const shape = (store: StickStore): string => JSON.stringify({ ...store.settings, at: undefined });
    for (const [name, store] of this.stores) {
      const old = before.stores.get(name);
      if (old !== undefined && shape(old) === shape(store)) this.stores.set(name, old);
    }
  }

  store(name: string): StickStore | undefined {
    return this.stores.get(name);
  }

  names(): readonly string[] {
    return [...this.stores.keys()];
  }

  private find(
    table: string,
    key: SampleValue,
  ): { readonly store: StickStore; readonly entry: StickEntry | undefined } | undefined {
    const store = this.stores.get(table);
    const text = store?.keyOf(key);
    if (store === undefined || text === undefined) return undefined;
    return { store, entry: store.find(text, nowMs()) };
  }

  read(table: string, key: SampleValue, counter: string, index: number): number | undefined {
    const found = this.find(table, key);
    return found?.entry === undefined ? undefined : found.store.read(found.entry, counter, index, nowMs());
  }
  has(table: string, key: SampleValue): boolean {
    return this.find(table, key)?.entry !== undefined;
  }
  increment(table: string, key: SampleValue, counter: string, index: number): number | undefined {
    const entry = this.obtain(table, key);
    return entry === undefined ? undefined : this.stores.get(table)?.add(entry, counter, index, 1, nowMs());
  }
  clear(table: string, key: SampleValue, counter: string, index: number): number | undefined {
    const found = this.find(table, key);
    if (found?.entry === undefined) return undefined;
    const before = found.store.read(found.entry, counter, index, nowMs());
    found.store.set(found.entry, counter, index, 0);
    return before;
  }
  used(table: string): number {
    return this.stores.get(table)?.size ?? 0;
  }
  available(table: string): number {
    const store = this.stores.get(table);
    return store === undefined ? 0 : store.settings.size - store.size;
  }

  obtain(table: string, key: SampleValue): StickEntry | undefined {
    const store = this.stores.get(table);
    const text = store?.keyOf(key);
    return store === undefined || text === undefined ? undefined : store.obtain(text, nowMs());
  }

  /** Begins to track a key: counts the connection and, for `http`, the request. */
  track(table: string, key: SampleValue, http: boolean): TrackedEntry | undefined {
    const store = this.stores.get(table);
    const entry = this.obtain(table, key);
    if (store === undefined || entry === undefined) return undefined;
    const now = nowMs();
    entry.held += 1;
    store.event(entry, "conn", 1, now);
    if (store.stores("conn_cur")) store.add(entry, "conn_cur", 0, 1, now);
    if (http) store.event(entry, "http_req", 1, now);
    return new Tracked(store, entry, this);
  }

  setTag(tracked: TrackedEntry, name: string, index: number, value: number): void {
    if (tracked instanceof Tracked) tracked.store.set(tracked.entry, name, index, value);
  }

  /** An answer's status among the counters. Failures are what servers answered, or couldn't properly. */
  countStatus(tracked: TrackedEntry, status: number, fromServer: boolean): void {
    if (!(tracked instanceof Tracked)) return;
    const now = nowMs();
    if (status >= 400 && status < 500) tracked.store.event(tracked.entry, "http_err", 1, now);
    const failed = fromServer ? status >= 500 && status !== 501 && status !== 505 : status === 502;
    if (failed) tracked.store.event(tracked.entry, "http_fail", 1, now);
  }

  /** The rules let a session begin on a connection that is tracked as a whole. */
  countSession(tracked: TrackedEntry): void {
    if (tracked instanceof Tracked) tracked.store.event(tracked.entry, "sess", 1, nowMs());
  }

  /** One more request of a connection that is tracked as a whole. */
  countRequest(tracked: TrackedEntry): void {
    if (tracked instanceof Tracked) tracked.store.event(tracked.entry, "http_req", 1, nowMs());
  }

  countBytes(tracked: TrackedEntry, bytesIn: number, bytesOut: number): void {
    if (!(tracked instanceof Tracked)) return;
    const now = nowMs();
    tracked.store.event(tracked.entry, "bytes_in", bytesIn, now);
    tracked.store.event(tracked.entry, "bytes_out", bytesOut, now);
  }

  /** Ends tracking. */
  release(tracked: TrackedEntry): void {
    if (!(tracked instanceof Tracked)) return;
    const { store, entry } = tracked;
    const now = nowMs();
    entry.held -= 1;
    if (store.stores("conn_cur")) store.add(entry, "conn_cur", 0, -1, now);
    store.touch(entry, now);
  }
}

interface CompiledStick {
  readonly rule: StickRule;
  readonly when: Predicate;
  readonly key: CompiledSample;
}

/** `stick on|match|store-request|store-response` of one backend. */
export class Sticker {
  private readonly rules: readonly CompiledStick[];

  constructor(
    rules: readonly StickRule[],
    environment: CompileEnvironment,
    private readonly tables: Tables,
    private readonly backend: BackendRuntime,
  ) {
    this.rules = rules.map((rule) => ({
      rule,
      when: compileCondition(rule.condition, environment),
      key: compileExpression(rule.key, environment),
    }));
  }

  private tableOf(rule: StickRule): string {
    return rule.table ?? this.backend.name;
  }

  match(stream: SampleContext): ServerRuntime | undefined {
    for (const { rule, when, key } of this.rules) {
      if ((rule.kind !== "on" && rule.kind !== "match") || !when(stream)) continue;
      const value = key.get(stream);
      const store = this.tables.store(this.tableOf(rule));
      const text = value === undefined ? undefined : store?.keyOf(value);
      const name = text === undefined ? undefined : store?.find(text, nowMs())?.server;
      const server = name === undefined ? undefined : this.backend.server(name);
      if (server !== undefined) return server;
    }
    return undefined;
  }

  store(stream: SampleContext, server: ServerRuntime): void {
    if (server.settings.nonStick) return;
    for (const { rule, when, key } of this.rules) {
      if (rule.kind === "match" || !when(stream)) continue;
      const value = key.get(stream);
      const entry = value === undefined ? undefined : this.tables.obtain(this.tableOf(rule), value);
      if (entry !== undefined) this.tables.store(this.tableOf(rule))?.bind(entry, server.name);
    }
  }
}
