import { describe, expect, test } from "bun:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import type { HeartbeatBody } from "../../effect/membership.ts";
import { MAX_DATAGRAM_BYTES } from "./datagram.ts";
import { decodeHeartbeat, encodeHeartbeat, MAX_HEARTBEAT_NODES } from "./heartbeat-body.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `node-${at}`);

describe("the body of a heartbeat", () => {
  test("says the same to who reads it, for any sets of nodes", () => {
    const all = names(MAX_HEARTBEAT_NODES);
    const some = fc.subarray(all);
    const body: fc.Arbitrary<HeartbeatBody> = fc.record({
      hears: fc.record({ ring0: some, ring1: some }),
      without: fc.record({ "node-1": some, "node-31": some }),
      view: some,
      joining: some,
      count: fc.nat(),
      echo: fc.record({ "node-2": fc.nat() }),
    });
    fc.assert(fc.property(body, (said) => expect(decodeHeartbeat(encodeHeartbeat(said, all))).toEqual(said)));
  });

  test("of as many nodes as there may be fits into one datagram", () => {
    const all = names(MAX_HEARTBEAT_NODES);
    const everybody = Object.fromEntries(all.map((name) => [name, all]));
    const hears = { ring0: all, ring1: all, ring2: all, ring3: all };
    const echo = Object.fromEntries(all.map((name, at) => [name, 17 * 2 ** 32 + 7919 * at]));
    const body = { hears, without: everybody, view: all, joining: all, count: 2 ** 45, echo };
    expect(encodeHeartbeat(body, all).length).toBeLessThan(MAX_DATAGRAM_BYTES - 100);
  });

  test("what is none is refused, and never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodeHeartbeat(Buffer.from(bytes)) === null));
    fc.assert(fc.property(fc.json(), (text) => void decodeHeartbeat(deflateRawSync(text))));
    // Small on the wire, large in memory.
    expect(decodeHeartbeat(deflateRawSync(`"${"x".repeat(5_000_000)}"`))).toBe(null);
    const packed = (value: unknown): Buffer => deflateRawSync(JSON.stringify(value));
    const whole = { n: ["a"], v: 1, j: 0, h: [], w: [], c: 1, e: [] };
    expect(decodeHeartbeat(packed(whole))).not.toBe(null);
    for (const [name, wrong] of [
      ["n", names(MAX_HEARTBEAT_NODES + 1)],
      ["n", [1]],
      ["v", "all"],
      ["h", Array.from({ length: 9 }, () => ["ring0", 1])],
      ["w", [["a", 1]]],
      ["e", [[0]]],
      ["c", null],
    ] as const) {
      expect([name, decodeHeartbeat(packed({ ...whole, [name]: wrong }))]).toEqual([name, null]);
    }
  });
});
