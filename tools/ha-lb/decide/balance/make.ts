import type { BalanceAlgorithm, HashType } from "../../model/balance.ts";
import type { Balancer, Candidate } from "./candidate.ts";
import { ConsistentHash, MapHash } from "./hash.ts";
import { FirstFree, LeastConnections, RandomDraw } from "./least-loaded.ts";
import { RoundRobin, StaticRoundRobin } from "./round-robin.ts";

/** The balancer of a backend. `random` gives 0 ≤ value < 1. */
export function makeBalancer<Server extends Candidate>(
  algorithm: BalanceAlgorithm,
  hashType: HashType,
  random: () => number,
): Balancer<Server> {
  switch (algorithm.kind) {
    case "roundrobin":
      return new RoundRobin<Server>();
    case "static-rr":
      return new StaticRoundRobin<Server>();
    case "leastconn":
      return new LeastConnections<Server>();
    case "first":
      return new FirstFree<Server>();
    case "random":
      return new RandomDraw<Server>(algorithm.draws, random);
    case "source":
    case "uri":
    case "url_param":
    case "hdr":
    case "rdp-cookie":
    case "hash":
      return hashType.method === "map-based"
        ? new MapHash<Server>()
        : new ConsistentHash<Server>(hashType.balanceFactor);
  }
}
