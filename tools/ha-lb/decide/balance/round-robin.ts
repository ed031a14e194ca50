import type { Balancer, Candidate } from "./candidate.ts";

/**
 * Weighted round robin that spreads each server's turns evenly (smooth): at every turn each server gains its weight,
 * the richest is chosen and pays the sum. A set of weights repeats exactly after a whole round.
 */
export class RoundRobin<Server extends Candidate> implements Balancer<Server> {
  private servers: readonly Server[] = [];
  private credits: number[] = [];
  private equal = true;
  private cursor = 0;

  rebuild(servers: readonly Server[]): void {
    // Who stays keeps its credit, so that a change of one server doesn't start everything anew.
    const before = new Map(this.servers.map((server, index) => [server, this.credits[index] ?? 0]));
    this.servers = servers;
    this.credits = servers.map((server) => before.get(server) ?? 0);
    const first = servers[0]?.weight ?? 0;
    this.equal = servers.every((server) => server.weight === first);
    if (this.cursor >= servers.length) this.cursor = 0;
  }

  next(_key: number, avoid: Server | undefined): Server | undefined {
    return this.equal ? this.nextEqual(avoid) : this.nextWeighted(avoid);
  }

  private nextEqual(avoid: Server | undefined): Server | undefined {
    const { servers } = this;
    const count = servers.length;
    let fallback: Server | undefined;
    for (let tried = 0; tried < count; tried += 1) {
      const server = servers[this.cursor];
      this.cursor = this.cursor + 1 >= count ? 0 : this.cursor + 1;
      if (server === undefined) continue;
      if (server !== avoid && server.active < server.limit) return server;
      // A full server is better than the one to be avoided: requests can wait for it.
      if (server !== avoid || fallback === undefined) fallback = server;
    }
    return fallback;
  }

  private nextWeighted(avoid: Server | undefined): Server | undefined {
    const { servers, credits } = this;
    let total = 0;
    let best = -1;
    for (let index = 0; index < servers.length; index += 1) {
      const server = servers[index];
      if (server === undefined) continue;
      if (server === avoid && servers.length > 1) continue;
      if (server.active >= server.limit) continue;
      total += server.weight;
      credits[index] = (credits[index] ?? 0) + server.weight;
      if (best < 0 || (credits[index] ?? 0) > (credits[best] ?? 0)) best = index;
    }
    if (best < 0) return servers.find((server) => server !== avoid) ?? servers[0];
    credits[best] = (credits[best] ?? 0) - total;
    return servers[best];
  }
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

/**
 * The order in which weighted servers stand in the table that hashes and `static-rr` walk: as many places as the sum of
 * their weights in lowest terms. At every place each server gains its weight; the first of those that have gained
 * most whole tables' worth stands there and pays for it.
 */
export function weightTable<Server extends Candidate>(servers: readonly Server[]): readonly Server[] {
  const divisor = servers.reduce((found, server) => greatestCommonDivisor(found, server.weight), 0);
  const weights = servers.map((server) => (divisor === 0 ? 0 : server.weight / divisor));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const credits = servers.map(() => 0);
  const table: Server[] = [];
  for (let turn = 0; turn < total; turn += 1) {
    let best = -1;
    let most = 0;
    for (const [index, weight] of weights.entries()) {
      credits[index] = (credits[index] ?? 0) + weight;
      const worth = Math.trunc(((credits[index] ?? 0) + total) / total);
      if (best >= 0 && worth <= most) continue;
      best = index;
      most = worth;
    }
    credits[best] = (credits[best] ?? 0) - total;
    const chosen = servers[best];
    if (chosen !== undefined) table.push(chosen);
  }
  return table;
}

/** `static-rr`: walks the table; weights don't change at run time. */
export class StaticRoundRobin<Server extends Candidate> implements Balancer<Server> {
  private table: readonly Server[] = [];
  private cursor = 0;

  rebuild(servers: readonly Server[]): void {
    this.table = weightTable(servers);
    if (this.cursor >= this.table.length) this.cursor = 0;
  }

  next(_key: number, avoid: Server | undefined): Server | undefined {
    let fallback: Server | undefined;
    for (let tried = 0; tried < this.table.length; tried += 1) {
      const server = this.table[this.cursor];
      this.cursor = this.cursor + 1 >= this.table.length ? 0 : this.cursor + 1;
      if (server === undefined) continue;
      if (server !== avoid && server.active < server.limit) return server;
      if (server !== avoid || fallback === undefined) fallback = server;
    }
    return fallback;
  }
}
