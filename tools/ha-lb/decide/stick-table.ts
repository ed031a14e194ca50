/** A stick table: entries by key with counters and rates, bounded in number and in time. Pure; times are ms. */
import { IpAddress } from "../model/ip.ts";
import { Binary, type SampleValue } from "../model/value.ts";
import type { StickCounter, StickTable } from "../model/stick-table.ts";
import { parseIp } from "../model/ip.ts";
import { toText } from "./sample-cast.ts";

/** Two periods of counting: the rate slides over the one before. */
interface Period {
  startMs: number;
  current: number;
  previous: number;
}

/** Hears of changes, so that other processes learn of them. `slot` is a counter's name, with `.INDEX` when it has one. */
export interface TableJournal {
  added(key: string, slot: string, amount: number): void;
  assigned(key: string, slot: string, value: number): void;
  boundTo(key: string, server: string): void;
  touched(key: string): void;
}

/** What happened to one entry. Counters that were added to, and those that were set. */
export interface EntryChange {
  readonly key: string;
  readonly added: Readonly<Record<string, number>>;
  readonly assigned: Readonly<Record<string, number>>;
  readonly server?: string | undefined;
}

/** A whole entry, for a process that begins: rates by their two periods and how far the running one is. */
export interface EntryCopy {
  readonly key: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly rates: Readonly<
    Record<string, { readonly ageMs: number; readonly current: number; readonly previous: number }>
  >;
  readonly expiresInMs?: number | undefined;
  readonly server?: string | undefined;
}

export class StickEntry {
  /** Streams that hold it: it is not evicted meanwhile. */
  held = 0;
  expiresMs = Number.POSITIVE_INFINITY;
  readonly numbers = new Map<string, number>();
  readonly rates = new Map<string, Period>();
  /** Name of the server that this key belongs to. */
  server: string | undefined;

  constructor(readonly key: string) {}
}

export class StickStore {
  private readonly entries = new Map<string, StickEntry>();
  private readonly counters = new Map<string, StickCounter>();
  journal: TableJournal | undefined;

  constructor(readonly settings: StickTable) {
    for (const counter of settings.store) this.counters.set(counter.name, counter);
  }

  get size(): number {
    return this.entries.size;
  }

  all(): Iterable<StickEntry> {
    return this.entries.values();
  }

  stores(name: string): boolean {
    return this.counters.has(name);
  }

  /** The text under which a value is kept; undefined when it doesn't fit the table's type. */
  keyOf(value: SampleValue): string | undefined {
    const { type, keyLength } = this.settings;
    switch (type) {
      case "ip":
      case "ipv6": {
        const address = value instanceof IpAddress ? value : parseIp(toText(value));
        return type === "ip" ? address?.toIpv4()?.toString() : address?.toIpv6().toString();
      }
      case "integer": {
        const number = Number(typeof value === "string" ? value : value instanceof Binary ? Number.NaN : value);
        return Number.isFinite(number) ? String(number | 0) : undefined;
      }
      case "string":
        return toText(value).slice(0, keyLength);
      case "binary":
        return (value instanceof Binary ? value.bytes : toText(value)).slice(0, keyLength);
    }
  }

  find(key: string, nowMs: number): StickEntry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresMs > nowMs || entry.held > 0) return entry;
    this.entries.delete(key);
    return undefined;
  }

  /** The entry, made when there is none; undefined when the table is full and nothing may go. */
  obtain(key: string, nowMs: number): StickEntry | undefined {
    const found = this.find(key, nowMs);
    if (found !== undefined) {
      this.touch(found, nowMs);
      return found;
    }
    if (this.entries.size >= this.settings.size && !this.evict(nowMs)) return undefined;
    const entry = new StickEntry(key);
    this.entries.set(key, entry);
    this.touch(entry, nowMs);
    return entry;
  }

  /** Starts its time anew, and makes it the last to be evicted. */
  touch(entry: StickEntry, nowMs: number): void {
    if (this.settings.expireMs !== undefined) entry.expiresMs = nowMs + this.settings.expireMs;
    this.entries.delete(entry.key);
    this.entries.set(entry.key, entry);
    this.journal?.touched(entry.key);
  }

  remove(key: string): boolean {
    return this.entries.delete(key);
  }

  clear(): void {
    for (const entry of this.entries.values()) if (entry.held === 0) this.entries.delete(entry.key);
  }

  /** Removes the entry that was used the longest ago. */
  private evict(nowMs: number): boolean {
    for (const entry of this.entries.values()) {
      if (entry.held > 0) continue;
      if (this.settings.noPurge && entry.expiresMs > nowMs) return false;
      this.entries.delete(entry.key);
      return true;
    }
    return false;
  }

  read(entry: StickEntry, name: string, index: number, nowMs: number): number | undefined {
    const counter = this.counters.get(name);
    if (counter === undefined) return undefined;
    if (counter.periodMs === undefined) return entry.numbers.get(slotName(name, index)) ?? 0;
    const period = entry.rates.get(slotName(name, index));
    return period === undefined ? 0 : slidingRate(period, counter.periodMs, nowMs);
  }

  add(entry: StickEntry, name: string, index: number, amount: number, nowMs: number): number | undefined {
    const counter = this.counters.get(name);
    if (counter === undefined) return undefined;
    const slot = slotName(name, index);
    this.journal?.added(entry.key, slot, amount);
    if (counter.periodMs === undefined) {
      const value = (entry.numbers.get(slot) ?? 0) + amount;
      entry.numbers.set(slot, value);
      return value;
    }
    let period = entry.rates.get(slot);
    if (period === undefined) {
      period = { startMs: nowMs, current: 0, previous: 0 };
      entry.rates.set(slot, period);
    }
    turnPeriod(period, counter.periodMs, nowMs);
    period.current += amount;
    return slidingRate(period, counter.periodMs, nowMs);
  }

  set(entry: StickEntry, name: string, index: number, value: number): void {
    if (!this.counters.has(name)) return;
    const slot = slotName(name, index);
    entry.numbers.set(slot, value);
    this.journal?.assigned(entry.key, slot, value);
  }

  /** This key belongs to a server. */
  bind(entry: StickEntry, server: string): void {
    entry.server = server;
    this.journal?.boundTo(entry.key, server);
  }

  /** Takes in what another process did. It isn't told on. */
  apply({ added, assigned, key, server }: EntryChange, nowMs: number): void {
    const { journal } = this;
    this.journal = undefined;
    const entry = this.obtain(key, nowMs);
    if (entry !== undefined) {
      for (const [slot, value] of Object.entries(assigned)) this.set(entry, ...slotParts(slot), value);
      for (const [slot, amount] of Object.entries(added)) this.add(entry, ...slotParts(slot), amount, nowMs);
      if (server !== undefined) entry.server = server;
    }
    this.journal = journal;
  }

  copies(nowMs: number): readonly EntryCopy[] {
    const copies: EntryCopy[] = [];
    for (const entry of this.entries.values()) {
      const rates = Array.from(entry.rates, ([slot, { current, previous, startMs }]) => [
        slot,
        { ageMs: nowMs - startMs, current, previous },
      ]);
      const expires = entry.expiresMs === Number.POSITIVE_INFINITY ? {} : { expiresInMs: entry.expiresMs - nowMs };
      copies.push({
        key: entry.key,
        numbers: Object.fromEntries(entry.numbers),
        rates: Object.fromEntries(rates),
        ...expires,
        ...(entry.server === undefined ? {} : { server: entry.server }),
      });
    }
    return copies;
  }

  /** Puts an entry in as it was elsewhere. */
  restore(copy: EntryCopy, nowMs: number): void {
    const { journal } = this;
    this.journal = undefined;
    const entry = this.obtain(copy.key, nowMs);
    this.journal = journal;
    if (entry === undefined) return;
    for (const [slot, value] of Object.entries(copy.numbers)) entry.numbers.set(slot, value);
    for (const [slot, { ageMs, current, previous }] of Object.entries(copy.rates)) {
      entry.rates.set(slot, { startMs: nowMs - ageMs, current, previous });
    }
    if (copy.expiresInMs !== undefined) entry.expiresMs = nowMs + copy.expiresInMs;
    entry.server = copy.server;
  }

  /** An event that has a count and perhaps a rate: `http_req` adds to `http_req_cnt` and `http_req_rate`. */
  event(entry: StickEntry, event: string, amount: number, nowMs: number): void {
    if (this.counters.has(`${event}_cnt`)) this.add(entry, `${event}_cnt`, 0, amount, nowMs);
    if (this.counters.has(`${event}_rate`)) this.add(entry, `${event}_rate`, 0, amount, nowMs);
  }
}

function slotName(name: string, index: number): string {
  return index === 0 ? name : `${name}.${index}`;
}

function slotParts(slot: string): [name: string, index: number] {
  const dot = slot.lastIndexOf(".");
  return dot < 0 ? [slot, 0] : [slot.slice(0, dot), Number(slot.slice(dot + 1))];
}

function turnPeriod(period: Period, lengthMs: number, nowMs: number): void {
  const passed = Math.floor((nowMs - period.startMs) / lengthMs);
  if (passed <= 0) return;
  period.previous = passed === 1 ? period.current : 0;
  period.current = 0;
  period.startMs += passed * lengthMs;
}

/** What was counted in the running period, and the share of the one before that the window still covers. */
function slidingRate(period: Period, lengthMs: number, nowMs: number): number {
  turnPeriod(period, lengthMs, nowMs);
  const left = 1 - (nowMs - period.startMs) / lengthMs;
  return Math.floor(period.current + period.previous * left);
}
