/** What a witness remembers, and whom it grants an address to. Pure: times are arguments. */
import { CLOCK_TOLERANCE_MS, GRANT_MS, MAX_GRANTS } from "../model/witness.ts";

export interface Wish {
  /** What is granted: the same text on all hosts of a cluster. */
  readonly subject: string;
  readonly host: string;
  /** The host has it and wants to keep it; otherwise it wants to take it over. */
  readonly holds: boolean;
  /** The host's clock when it asked, Unix ms. */
  readonly atMs: number;
}

export interface Grant {
  readonly granted: boolean;
  readonly holder: string;
  /** The host that had it before, when it went to another. */
  readonly movedFrom?: string;
}

interface Entry {
  holder: string;
  untilMs: number;
  /** The newest question of each host, by its own clock: older ones are copies. */
  readonly asked: Map<string, number>;
}

/** Hosts of one cluster that are remembered: VRRP knows 254 priorities. */
const MAX_HOSTS = 64;

export class WitnessBook {
  readonly #entries = new Map<string, Entry>();

  /** @param startedMs until a grant's time after it nobody new is granted anything: holders speak first */
  constructor(private readonly startedMs: number) {}

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param nowMs monotonic time
   * @param wallMs the witness's own clock, Unix ms
   * @returns undefined for a copy of an old question, or when the book is full: nothing is answered then
   */
  ask(wish: Wish, nowMs: number, wallMs: number): Grant | undefined {
    if (Math.abs(wish.atMs - wallMs) > CLOCK_TOLERANCE_MS) return undefined;
    const entry = this.#entryOf(wish.subject, nowMs);
    if (entry === undefined) return undefined;
    const last = entry.asked.get(wish.host);
    if (last !== undefined && wish.atMs < last) return undefined;
    if (last === undefined && entry.asked.size >= MAX_HOSTS) return undefined;
    entry.asked.set(wish.host, wish.atMs);
    const free = entry.holder === "" || nowMs >= entry.untilMs;
    const mine = entry.holder === wish.host;
    const early = !wish.holds && nowMs - this.startedMs < GRANT_MS;
    if ((!free && !mine) || (early && !mine)) return { granted: false, holder: entry.holder };
    const movedFrom = entry.holder !== "" && !mine ? { movedFrom: entry.holder } : {};
    entry.holder = wish.host;
    entry.untilMs = nowMs + GRANT_MS;
    return { granted: true, holder: wish.host, ...movedFrom };
  }

  #entryOf(subject: string, nowMs: number): Entry | undefined {
    const known = this.#entries.get(subject);
    if (known !== undefined) return known;
    if (this.#entries.size >= MAX_GRANTS) {
      const stale = [...this.#entries].find(([, entry]) => nowMs >= entry.untilMs);
      if (stale === undefined) return undefined;
      this.#entries.delete(stale[0]);
    }
    const entry: Entry = { holder: "", untilMs: 0, asked: new Map() };
    this.#entries.set(subject, entry);
    return entry;
  }
}
