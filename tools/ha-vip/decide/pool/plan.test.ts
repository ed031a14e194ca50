import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ownersOf, planPool, poolPriority } from "./plan.ts";

const hosts = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}`);
const vips = (count: number): string[] => Array.from({ length: count }, (_, index) => `10.0.1.${index + 1}`);

/** Largest and smallest share of the healthy hosts. */
function spread(owners: readonly (string | undefined)[], healthy: readonly string[]): number {
  const shares = healthy.map((host) => owners.filter((owner) => owner === host).length);
  return Math.max(...shares) - Math.min(...shares);
}

const members = fc.integer({ min: 1, max: 6 });
const many = fc.integer({ min: 1, max: 40 });

describe("the plan of a pool", () => {
  test("three hosts, six addresses: two each, three each without one, and back", () => {
    const all = hosts(3);
    const plan = planPool(all, vips(6));
    expect(spread(ownersOf(plan, new Set(all)), all)).toBe(0);
    for (const dead of all) {
      const alive = all.filter((host) => host !== dead);
      expect(spread(ownersOf(plan, new Set(alive)), alive)).toBe(0);
    }
  });

  test("every order names every host once, and doesn't depend on how the list is written", () => {
    fc.assert(
      fc.property(members, many, fc.integer(), (count, addresses, seed) => {
        const list = hosts(count);
        const shuffled = list.toSorted((left, right) => Math.sin(seed + left.length + Number(right.at(-1))) - 0.5);
        const plan = planPool(list, vips(addresses));
        expect(planPool(shuffled, vips(addresses))).toEqual(plan);
        for (const order of plan) expect(order.toSorted()).toEqual(list.toSorted());
      }),
      { numRuns: 60 },
    );
  });

  test("shares are level with all hosts and without any one of them", () => {
    fc.assert(
      fc.property(members, many, (count, addresses) => {
        const all = hosts(count);
        const plan = planPool(all, vips(addresses));
        expect(spread(ownersOf(plan, new Set(all)), all)).toBeLessThanOrEqual(1);
        for (const dead of all) {
          const alive = all.filter((host) => host !== dead);
          if (alive.length === 0) continue;
          expect(spread(ownersOf(plan, new Set(alive)), alive)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("whatever hosts fail, every address is served, and without two the shares are nearly level", () => {
    fc.assert(
      fc.property(members, many, fc.integer({ min: 1, max: 63 }), (count, addresses, bits) => {
        const all = hosts(count);
        const alive = all.filter((_, index) => (bits & (1 << index)) !== 0);
        if (alive.length === 0) return;
        const owners = ownersOf(planPool(all, vips(addresses)), new Set(alive));
        expect(owners).not.toContain(undefined);
        if (count - alive.length <= 2) expect(spread(owners, alive)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 200 },
    );
  });

  test("a host that fails or comes back moves its own addresses and no other", () => {
    fc.assert(
      fc.property(
        members,
        many,
        fc.integer({ min: 1, max: 63 }),
        fc.integer({ min: 0, max: 5 }),
        (count, addresses, bits, one) => {
          const all = hosts(count);
          const plan = planPool(all, vips(addresses));
          const alive = all.filter((_, index) => (bits & (1 << index)) !== 0);
          const host = all[one % count] ?? "";
          const before = ownersOf(plan, new Set(alive));
          const after = ownersOf(plan, new Set(alive.filter((name) => name !== host)));
          for (const [index, owner] of before.entries()) {
            if (owner !== host) expect(after[index]).toBe(owner);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("priorities fall with the place, and VRRP can carry them", () => {
    for (let count = 1; count <= 16; count += 1) {
      const priorities = Array.from({ length: count }, (_, place) => poolPriority(place, count));
      expect(priorities).toEqual(priorities.toSorted((left, right) => right - left));
      expect(new Set(priorities).size).toBe(count);
      expect(Math.min(...priorities)).toBeGreaterThan(0);
      expect(Math.max(...priorities)).toBeLessThan(255);
    }
  });

  test("the largest pool is planned, and a host more moves little", () => {
    const before = ownersOf(planPool(hosts(4), vips(60)), new Set(hosts(4)));
    const after = ownersOf(planPool(hosts(5), vips(60)), new Set(hosts(5)));
    const moved = before.filter((owner, index) => owner !== after[index]).length;
    // Twelve must move, since the new host gets as many.
    expect(moved).toBeLessThan(30);
    expect(planPool(hosts(16), vips(255)).length).toBe(255);
  });
});
