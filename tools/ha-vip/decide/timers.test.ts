import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ROUTER_DEFAULTS, type RouterSettings } from "../model/router.ts";
import { nextBeatMs } from "./timers.ts";

const settings = (vrid: number, intervalMs: number): RouterSettings => ({
  ...ROUTER_DEFAULTS,
  name: "VI",
  vrid,
  family: 4,
  version: 3,
  device: "eth0",
  intervalMs,
  addresses: [],
});

describe("the beat of adverts", () => {
  test("comes within one interval, at any time, and then every interval", () => {
    const anyTime = fc.double({ min: 0, max: 1e10, noNaN: true });
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 1, max: 255 }), fc.integer({ min: 1, max: 4095 }), (now, vrid, centi) => {
        const one = settings(vrid, centi * 10);
        const first = nextBeatMs(one, now);
        expect(first).toBeGreaterThan(now);
        // The nearest beat is left out when it is the one that has just come.
        expect(first - now).toBeLessThanOrEqual(one.intervalMs * 1.001 + 1e-5);
        expect(nextBeatMs(one, first) - first).toBeCloseTo(one.intervalMs, 4);
        // A little late changes nothing.
        expect(nextBeatMs(one, first + one.intervalMs / 10) - first).toBeCloseTo(one.intervalMs, 4);
      }),
    );
  });

  test("of 255 routers falls on eight moments", () => {
    const beats = Array.from({ length: 255 }, (_, index) => nextBeatMs(settings(index + 1, 100), 1_000_003));
    expect(new Set(beats).size).toBe(8);
  });
});
