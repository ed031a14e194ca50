import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IpPrefix, parsePrefix } from "../../../../shared/text/prefix.ts";
import { COMMUNITY_GRACEFUL_SHUTDOWN } from "../../model/bgp/bgp.ts";
import type { BgpRoute } from "../../model/bgp/message.ts";
import { type RouteContext, routeChanges, routesFor, type Standing } from "./routes.ts";

function prefix(text: string): IpPrefix {
  const read = parsePrefix(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}
const ip = (text: string) => prefix(text).address;

const PEER = { address: ip("10.0.0.9"), as: 65_000, port: 179, ttlSecurity: false, holdMs: 9_000 };
const CONTEXT: RouteContext = { peer: PEER, own: ip("10.0.0.1"), families: [4, 6] };
const standing = (text: string, change: Partial<Standing> = {}): Standing => ({
  settings: { name: text, prefixes: [prefix(text)], device: "lo", communities: [1] },
  announced: true,
  leaving: false,
  ...change,
});

describe("routes for a peer", () => {
  test("what is healthy is announced with our own end as the next hop", () => {
    const { routes } = routesFor([standing("192.0.2.1/32"), standing("192.0.2.2/32", { announced: false })], CONTEXT);
    expect([...routes]).toEqual([
      ["192.0.2.1/32", { prefix: prefix("192.0.2.1/32"), nextHop: ip("10.0.0.1"), communities: [1] }],
    ]);
  });

  test("what leaves is marked", () => {
    const { routes } = routesFor([standing("192.0.2.1/32", { leaving: true })], CONTEXT);
    expect(routes.get("192.0.2.1/32")?.communities).toEqual([1, COMMUNITY_GRACEFUL_SHUTDOWN]);
  });

  test("the other family needs a next hop of its own, and a peer that takes it", () => {
    const six = [standing("2001:db8::1/128")];
    expect(routesFor(six, CONTEXT).reasons.map((fact) => fact.code)).toEqual(["VIP_BGP_NO_NEXT_HOP"]);
    const nextHop = ip("fd77::1");
    expect(routesFor(six, { ...CONTEXT, peer: { ...PEER, nextHop } }).routes.get("2001:db8::1/128")?.nextHop).toBe(
      nextHop,
    );
    expect(routesFor(six, { ...CONTEXT, families: [4] }).reasons.map((fact) => fact.code)).toEqual([
      "VIP_BGP_NO_FAMILY",
    ]);
  });

  test("changes lead from any table to any other, and say nothing twice", () => {
    const route = fc.record({ host: fc.integer({ min: 1, max: 6 }), med: fc.integer({ min: 0, max: 2 }) });
    const table = fc.array(route).map(
      (list) =>
        new Map<string, BgpRoute>(
          list.map(({ host, med }) => {
            const text = `192.0.2.${host}/32`;
            return [text, { prefix: prefix(text), nextHop: ip("10.0.0.1"), communities: [], med }];
          }),
        ),
    );
    fc.assert(
      fc.property(table, table, (before, wanted) => {
        const { announce, withdraw } = routeChanges(before, wanted);
        const after = new Map(before);
        const key = (one: IpPrefix): string => `192.0.2.${one.address.bytes[3]}/32`;
        for (const one of withdraw) after.delete(key(one));
        for (const one of announce) {
          expect(JSON.stringify(after.get(key(one.prefix)))).not.toBe(JSON.stringify(one));
          after.set(key(one.prefix), one);
        }
        expect(Object.fromEntries(after)).toEqual(Object.fromEntries(wanted));
        expect(routeChanges(wanted, wanted)).toEqual({ announce: [], withdraw: [] });
      }),
    );
  });
});
