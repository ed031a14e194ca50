import { describe, expect, test } from "bun:test";
import { inPlay, type Candidate } from "./candidate.ts";
import { ConsistentHash, MapHash } from "./hash.ts";
import { FirstFree, LeastConnections, RandomDraw } from "./least-loaded.ts";
import { RoundRobin, StaticRoundRobin, weightTable } from "./round-robin.ts";

interface TestServer extends Candidate {
  active: number;
  queued: number;
  limit: number;
  weight: number;
}

function server(id: number, weight = 1, more: Partial<TestServer> = {}): TestServer {
  const base = { backup: false, usable: true, active: 0, queued: 0, limit: Number.POSITIVE_INFINITY };
  return { name: `s${id}`, id, weight, ...base, ...more };
}

function take(balancer: { next(key: number, avoid: undefined): TestServer | undefined }, count: number): string {
  return Array.from({ length: count }, () => balancer.next(0, undefined)?.name ?? "-").join(" ");
}

describe("who is in play", () => {
  const primary = server(1);
  const down = server(2, 1, { usable: false });
  const [one, two] = [server(3, 1, { backup: true }), server(4, 1, { backup: true })];
  test("backups only when nobody else is left, the first or all of them", () => {
    expect(inPlay([primary, down, one, two], false)).toEqual([primary]);
    expect(inPlay([down, one, two], false)).toEqual([one]);
    expect(inPlay([down, one, two], true)).toEqual([one, two]);
    expect(inPlay([down], true)).toEqual([]);
  });
});

describe("round robin", () => {
  test("equal weights take turns; a server that leaves leaves no gap", () => {
    const balancer = new RoundRobin<TestServer>();
    const servers = [server(1), server(2), server(3)];
    balancer.rebuild(servers);
    expect(take(balancer, 6)).toBe("s1 s2 s3 s1 s2 s3");
    balancer.rebuild(servers.slice(0, 2));
    expect(take(balancer, 4)).toBe("s1 s2 s1 s2");
  });

  test("weights give exact shares in every round, spread evenly", () => {
    const balancer = new RoundRobin<TestServer>();
    balancer.rebuild([server(1, 5), server(2, 1), server(3, 1)]);
    const round = take(balancer, 7);
    expect(round).toBe("s1 s1 s1 s2 s1 s1 s3");
    expect(take(balancer, 7)).toBe(round);
  });

  test("after weights changed, also to nothing and back, the shares follow the new weights", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const servers = Array.from({ length: 2 + (seed % 5) }, (_, place) =>
        server(place, 1 + ((seed * 37 + place * 53) % 97)),
      );
      const balancer = new RoundRobin<TestServer>();
      const rebuild = (): void => balancer.rebuild(servers.filter((one) => one.weight > 0));
      rebuild();
      for (const [place, weight] of [
        [0, 1 + (seed % 40)],
        [1, 200],
        [0, 0],
        [0, 7 + seed],
      ] as const) {
        take(balancer, 50 + seed);
        const changed = servers[place];
        if (changed !== undefined) changed.weight = weight;
        rebuild();
      }
      const sum = servers.reduce((total, one) => total + one.weight, 0);
      // Two windows later nothing is left of the past.
      take(balancer, sum * 40);
      const turns = take(balancer, sum * 4).split(" ");
      for (const { name, weight } of servers) {
        const share = turns.filter((one) => one === name).length / turns.length;
        expect([seed, name, Math.abs(share - weight / sum) < 0.01]).toEqual([seed, name, true]);
      }
    }
  });

  test("a full server is passed over, and taken when all are full", () => {
    const balancer = new RoundRobin<TestServer>();
    const full = server(1, 1, { active: 2, limit: 2 });
    const free = server(2);
    balancer.rebuild([full, free]);
    expect(take(balancer, 3)).toBe("s2 s2 s2");
    free.active = free.limit = 1;
    expect(balancer.next(0, undefined)).toBeDefined();
  });

  test("the server to avoid is taken only when it is alone", () => {
    const balancer = new RoundRobin<TestServer>();
    const [one, two] = [server(1), server(2)];
    balancer.rebuild([one, two]);
    expect([balancer.next(0, one), balancer.next(0, one)]).toEqual([two, two]);
    balancer.rebuild([one]);
    expect(balancer.next(0, one)).toBe(one);
    balancer.rebuild([]);
    expect(balancer.next(0, undefined)).toBeUndefined();
  });

  test("static-rr walks the same table of weights", () => {
    const servers = [server(1, 2), server(2, 1)];
    const balancer = new StaticRoundRobin<TestServer>();
    balancer.rebuild(servers);
    expect(take(balancer, 6)).toBe("s1 s1 s2 s1 s1 s2");
    expect(weightTable(servers).map((one) => one.name)).toEqual(["s1", "s1", "s2"]);
    // In lowest terms.
    expect(weightTable([server(1, 20), server(2, 10)])).toHaveLength(3);
  });
});

describe("by load", () => {
  test("leastconn counts sessions per weight, and equals take turns", () => {
    const balancer = new LeastConnections<TestServer>();
    const [one, two, three] = [server(1, 1, { active: 3 }), server(2, 4, { active: 4 }), server(3, 1, { active: 2 })];
    balancer.rebuild([one, two, three]);
    expect(balancer.next(0, undefined)).toBe(two);
    expect(balancer.next(0, two)).toBe(three);
    const equal = new LeastConnections<TestServer>();
    equal.rebuild([server(1), server(2), server(3)]);
    expect(take(equal, 4)).toBe("s1 s2 s3 s1");
  });

  test("first fills servers in the order of their numbers", () => {
    const [one, two] = [server(1, 1, { limit: 1 }), server(2)];
    const balancer = new FirstFree<TestServer>();
    balancer.rebuild([two, one]);
    expect(balancer.next(0, undefined)).toBe(one);
    one.active = 1;
    expect(balancer.next(0, undefined)).toBe(two);
  });

  test("random draws by weight and takes the less loaded of two", () => {
    const [one, two] = [server(1, 3, { active: 9 }), server(2, 1)];
    const draws = [0.1, 0.9, 0.1, 0.2];
    const balancer = new RandomDraw<TestServer>(2, () => draws.shift() ?? 0);
    balancer.rebuild([one, two]);
    expect(balancer.next(0, undefined)).toBe(two);
    expect(balancer.next(0, undefined)).toBe(one);
  });
});

describe("hashes", () => {
  test("the map gives each server its share of the keys", () => {
    const balancer = new MapHash<TestServer>();
    balancer.rebuild([server(1, 2), server(2, 1)]);
    expect([0, 1, 2, 3].map((key) => balancer.next(key, undefined)?.name)).toEqual(["s1", "s1", "s2", "s1"]);
  });

  test("on the ring, a server that leaves moves only its own keys", () => {
    const servers = [1, 2, 3, 4].map((id) => server(id, 10));
    const balancer = new ConsistentHash<TestServer>(0);
    balancer.rebuild(servers);
    const keys = Array.from({ length: 2000 }, (_, index) => Math.imul(index, 2_654_435_761) >>> 0);
    const before = keys.map((key) => balancer.next(key, undefined)?.id);
    balancer.rebuild(servers.slice(0, 3));
    const moved = keys.filter(
      (key, index) => before[index] !== 4 && balancer.next(key, undefined)?.id !== before[index],
    );
    expect(moved).toEqual([]);
    const shares = [1, 2, 3, 4].map((id) => before.filter((one) => one === id).length);
    for (const share of shares) expect(share).toBeGreaterThan(300);
  });

  test("with a balance factor, what is too much for one goes to the next on the ring", () => {
    const [one, two] = [server(1, 1), server(2, 1)];
    const balancer = new ConsistentHash<TestServer>(150);
    balancer.rebuild([one, two]);
    const key = 12_345;
    const wanted = balancer.next(key, undefined);
    if (wanted === undefined) throw new Error("no server");
    wanted.active = 10;
    expect(balancer.next(key, undefined)).not.toBe(wanted);
  });
});
