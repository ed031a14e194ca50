import type { Balancer, Candidate } from "./candidate.ts";
import { FairOrder } from "./fair-order.ts";

/** Weighted round robin in haproxy's order. */
export class RoundRobin<Server extends Candidate> implements Balancer<Server> {
  private readonly order = new FairOrder<Server>();
  private servers: readonly Server[] = [];

  rebuild(servers: readonly Server[]): void {
    this.servers = servers;
    this.order.set(servers);
  }

  next(_key: number, avoid: Server | undefined): Server | undefined {
    // When all are full, requests wait for one of them; better not for the one to be avoided.
    return this.order.next(avoid) ?? this.servers.find((server) => server !== avoid) ?? this.servers[0];
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
