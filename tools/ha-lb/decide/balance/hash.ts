import { fullAvalanche } from "../sample-hash.ts";
import type { Balancer, Candidate } from "./candidate.ts";
import { weightTable } from "./round-robin.ts";

/** `hash-type map-based`: the hash is a place in the table of weights. Exact shares; a change moves most keys. */
export class MapHash<Server extends Candidate> implements Balancer<Server> {
  private table: readonly Server[] = [];

  rebuild(servers: readonly Server[]): void {
    this.table = weightTable(servers);
  }

  next(key: number, avoid: Server | undefined): Server | undefined {
    const { table } = this;
    if (table.length === 0) return undefined;
    const start = (key >>> 0) % table.length;
    for (let step = 0; step < table.length; step += 1) {
      const server = table[(start + step) % table.length];
      if (server !== avoid) return server;
    }
    return table[start];
  }
}

/** Places on the ring for each unit of weight. */
const PLACES_PER_WEIGHT = 16;
/** Distance between the seeds of two servers' places: more than the largest weight has. */
const PLACES_PER_SERVER = 4096;

/**
 * `hash-type consistent`: servers stand at many places of a ring, a key goes to the nearest. A server that comes or
 * goes moves only its own share of the keys. With a `balanceFactor` (percent) no server gets more than that over the
 * mean load: the next one on the ring takes what is too much.
 */
export class ConsistentHash<Server extends Candidate> implements Balancer<Server> {
  private places = new Uint32Array(0);
  private owners: readonly Server[] = [];
  private servers: readonly Server[] = [];

  constructor(private readonly balanceFactor: number) {}

  rebuild(servers: readonly Server[]): void {
    const ring: { readonly place: number; readonly server: Server }[] = [];
    for (const server of servers) {
      for (let index = 0; index < server.weight * PLACES_PER_WEIGHT; index += 1) {
        ring.push({ place: fullAvalanche(server.id * PLACES_PER_SERVER + index), server });
      }
    }
    ring.sort((one, other) => one.place - other.place || one.server.id - other.server.id);
    this.places = Uint32Array.from(ring, (entry) => entry.place);
    this.owners = ring.map((entry) => entry.server);
    this.servers = servers;
  }

  next(key: number, avoid: Server | undefined): Server | undefined {
    const { owners } = this;
    if (owners.length === 0) return undefined;
    const start = this.nearest(key >>> 0);
    const most = this.mostPerWeight();
    for (let step = 0; step < owners.length; step += 1) {
      const server = owners[(start + step) % owners.length];
      if (server === undefined || server === avoid) continue;
      if (server.active + server.queued + 1 <= most * server.weight) return server;
    }
    return owners[start];
  }

  /** Sessions that one unit of weight may have. */
  private mostPerWeight(): number {
    if (this.balanceFactor === 0) return Number.POSITIVE_INFINITY;
    let sessions = 1;
    let weights = 0;
    for (const server of this.servers) {
      sessions += server.active + server.queued;
      weights += server.weight;
    }
    return (sessions * this.balanceFactor) / 100 / weights;
  }

  /** The place nearest to the key, on either side; the ring closes at its ends. */
  private nearest(key: number): number {
    const { places } = this;
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((places[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    const after = low === places.length ? 0 : low;
    const before = (low === 0 ? places.length : low) - 1;
    const up = ((places[after] ?? 0) - key) >>> 0;
    const down = (key - (places[before] ?? 0)) >>> 0;
    return down <= up ? before : after;
  }
}
