/**
 * Whose turn it is among servers of different weights, in the order that haproxy 2.6 has (`balance roundrobin`): every
 * server has a place on a line, and steps on by the sum of all weights through its own each time its turn comes. A
 * window as long as that sum moves along the line; who steps beyond it waits for the next window, the heavier ones
 * first. Weights may change at any moment; nobody's turn comes much earlier or later for it.
 */
import type { Candidate } from "./candidate.ts";

/** Weights count in sixteenths, so that a server that starts slowly can have a part of one. */
const SCALE = 16;
const MOST = 256 * SCALE;
const PLACES_PER_STEP = 256;

interface Entry<Server> {
  readonly server: Server;
  weight: number;
  /** Where its next turn is, where the last one was, and what is left over of the division. */
  place: number;
  last: number;
  rest: number;
  key: number;
  line: Line<Server> | undefined;
  /** Who is away is remembered: it comes back with what is left over, and by its weight from before. */
  present: boolean;
}

/** Entries by key, those of one key in the order in which they came. The first is kept at the end, where it is cheap to take. */
class Line<Server> {
  private readonly entries: Entry<Server>[] = [];

  get first(): Entry<Server> | undefined {
    return this.entries.at(-1);
  }

  insert(entry: Entry<Server>, key: number): void {
    entry.key = key;
    entry.line = this;
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle]?.key ?? 0) > key) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
  }

  remove(entry: Entry<Server>): void {
    if (this.first === entry) this.entries.pop();
    else this.entries.splice(this.entries.indexOf(entry), 1);
    entry.line = undefined;
  }
}

export class FairOrder<Server extends Candidate> {
  private readonly entries = new Map<Server, Entry<Server>>();
  private readonly now = new Line<Server>();
  /** Those who have no place yet in this window, and those who wait for the next one. */
  private placeless = new Line<Server>();
  private later = new Line<Server>();
  /** Sums of the weights in this window and in the next one. */
  private sum = 0;
  private nextSum = 0;
  private at = 0;
  private started = false;

  /** These servers are there now, with these weights, all above 0. */
  set(servers: readonly Server[]): void {
    const wanted = new Set(servers);
    for (const [server, entry] of this.entries) if (entry.present && !wanted.has(server)) this.leave(entry);
    for (const server of servers) {
      const entry = this.entries.get(server);
      const weight = server.weight * SCALE;
      if (entry?.present !== true) this.join(server, entry, weight);
      else if (entry.weight !== weight) this.change(entry, weight);
    }
    if (!this.started) this.sum = this.nextSum;
    this.started ||= servers.length > 0;
  }

  private leave(entry: Entry<Server>): void {
    this.nextSum -= entry.weight;
    entry.line?.remove(entry);
    entry.present = false;
    entry.weight = entry.server.weight * SCALE;
  }

  private join(server: Server, known: Entry<Server> | undefined, weight: number): void {
    const entry: Entry<Server> = known ?? {
      server,
      weight,
      place: 0,
      last: 0,
      rest: 0,
      key: 0,
      line: undefined,
      present: true,
    };
    entry.present = true;
    this.entries.set(server, entry);
    this.nextSum += weight;
    if (this.started) {
      entry.place = this.at + Math.trunc((this.nextSum + this.sum - this.at) / weight);
      this.queue(entry);
    } else this.placeless.insert(entry, MOST - weight);
    entry.weight = weight;
  }

  /** The new weight counts from now on: its next turn comes no later than planned, and not at once. */
  private change(entry: Entry<Server>, weight: number): void {
    this.nextSum += weight - entry.weight;
    const { line } = entry;
    if (line === this.placeless) {
      line.remove(entry);
      line.insert(entry, MOST - weight);
    } else {
      if (line === this.later) entry.place += this.sum;
      const step = Math.trunc(this.nextSum / weight);
      entry.place = Math.min(entry.place, entry.last + step);
      entry.rest = 0;
      if (entry.place < this.at + 2) entry.place = this.at + step;
      line?.remove(entry);
      entry.weight = weight;
      this.queue(entry);
    }
    entry.weight = weight;
  }

  /** Its next turn is in this window or the one after, or it waits. */
  private queue(entry: Entry<Server>): void {
    const { place, rest, weight } = entry;
    if (weight === 0 || place >= 2 * this.sum || place >= this.sum + this.nextSum) {
      entry.place -= this.sum;
      this.later.insert(entry, MOST - weight);
    } else this.now.insert(entry, PLACES_PER_STEP * place + Math.trunc((MOST + rest - weight) / SCALE));
  }

  /** The server whose turn it is among those that are not full; `avoid` only when there is no other. */
  next(avoid: Server | undefined): Server | undefined {
    const passed: Entry<Server>[] = [];
    let avoided: Entry<Server> | undefined;
    let chosen: Entry<Server> | undefined;
    let turned = false;
    for (;;) {
      if (this.sum === 0) this.at = this.sum = this.nextSum;
      let entry = this.first();
      if (entry === undefined && !turned) {
        turned = true;
        this.turn();
        entry = this.first();
      }
      if (entry === undefined) {
        chosen = avoided;
        break;
      }
      this.step(entry);
      const { server } = entry;
      if (server.active < server.limit && server.queued === 0) {
        if (server !== avoid || avoided !== undefined) {
          chosen = entry;
          break;
        }
        avoided = entry;
      }
      passed.push(entry);
    }
    if (chosen !== undefined) this.queue(chosen);
    for (const entry of passed.toReversed()) {
      if (entry === chosen) continue;
      if (turned) this.placeless.insert(entry, MOST - entry.weight);
      else this.queue(entry);
    }
    return chosen?.server;
  }

  /** Who is due; when nobody is, who has no place yet; else who is next in this window. */
  private first(): Entry<Server> | undefined {
    const due = this.now.first;
    if (due !== undefined && due.place <= this.at) return due;
    const fresh = this.placeless.first;
    if (fresh === undefined) return due;
    fresh.place = 0;
    fresh.rest = 0;
    return fresh;
  }

  /** The turn of an entry is used: it leaves its line with the place of its next turn. */
  private step(entry: Entry<Server>): void {
    // Without a place so far it stands here.
    if (entry.place === 0) entry.place = this.at;
    entry.last = entry.place;
    entry.place += Math.trunc(this.nextSum / entry.weight);
    entry.rest += this.nextSum % entry.weight;
    if (entry.rest >= entry.weight) {
      entry.rest -= entry.weight;
      entry.place += 1;
    }
    entry.line?.remove(entry);
    this.at += 1;
  }

  /** The next window begins: who waited for it has no place in it yet. */
  private turn(): void {
    [this.placeless, this.later] = [this.later, this.placeless];
    this.sum = this.nextSum;
    this.at = this.sum;
  }
}
