import type { Balancer, Candidate } from "./candidate.ts";

/** Sessions and waiting requests, per weight. */
function load(server: Candidate): number {
  return (server.active + server.queued) / server.weight;
}

/** `leastconn`: the server with the fewest sessions per weight; equals take turns. */
export class LeastConnections<Server extends Candidate> implements Balancer<Server> {
  private servers: readonly Server[] = [];
  private cursor = 0;

  rebuild(servers: readonly Server[]): void {
    this.servers = servers;
    if (this.cursor >= servers.length) this.cursor = 0;
  }

  next(_key: number, avoid: Server | undefined): Server | undefined {
    const { servers, cursor } = this;
    const count = servers.length;
    let best = -1;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (let step = 0; step < count; step += 1) {
      const index = cursor + step < count ? cursor + step : cursor + step - count;
      const server = servers[index];
      if (server === undefined || server === avoid) continue;
      const its = load(server);
      if (its < bestLoad) [best, bestLoad] = [index, its];
    }
    if (best < 0) return servers[0];
    this.cursor = best + 1 >= count ? 0 : best + 1;
    return servers[best];
  }
}

/** `first`: the one with the lowest number that has a free place; others only when it is full. */
export class FirstFree<Server extends Candidate> implements Balancer<Server> {
  private servers: readonly Server[] = [];

  rebuild(servers: readonly Server[]): void {
    this.servers = servers.toSorted((one, other) => one.id - other.id);
  }

  next(_key: number, avoid: Server | undefined): Server | undefined {
    for (const server of this.servers) if (server !== avoid && server.active < server.limit) return server;
    return this.servers.find((server) => server !== avoid) ?? this.servers[0];
  }
}

/** `random(n)`: draws places on the table of weights and takes the least loaded of what was drawn. */
export class RandomDraw<Server extends Candidate> implements Balancer<Server> {
  private servers: readonly Server[] = [];
  private sums: number[] = [];
  private total = 0;

  /** @param draws how many servers are compared; @param random 0 ≤ value < 1 */
  constructor(
    private readonly draws: number,
    private readonly random: () => number,
  ) {}

  rebuild(servers: readonly Server[]): void {
    this.servers = servers;
    this.total = 0;
    this.sums = servers.map((server) => (this.total += server.weight));
  }

  next(_key: number, avoid: Server | undefined): Server | undefined {
    let best: Server | undefined;
    for (let draw = 0; draw < this.draws; draw += 1) {
      const place = this.random() * this.total;
      const index = this.sums.findIndex((sum) => place < sum);
      const server = this.servers[index];
      if (server === undefined || (server === avoid && this.servers.length > 1)) continue;
      if (best === undefined || load(server) < load(best)) best = server;
    }
    return best ?? this.servers.find((server) => server !== avoid) ?? this.servers[0];
  }
}
