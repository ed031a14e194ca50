import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IpAddress, parseAddress } from "../../../shared/text/address.ts";
import type { Advert } from "../model/packet.ts";
import { ROUTER_DEFAULTS, type RouterSettings } from "../model/router.ts";
import {
  type Decision,
  deadlineOf,
  decideRouter,
  masterDownMs,
  type RouterEvent,
  type RouterState,
  STOPPED,
} from "./router.ts";

function ip(text: string): IpAddress {
  const found = parseAddress(text);
  if (!found.ok) throw new Error(text);
  return found.value;
}

const OWN = ip("10.0.0.2");
const SETTINGS: RouterSettings = {
  ...ROUTER_DEFAULTS,
  probe: false,
  handOver: false,
  name: "VI",
  vrid: 51,
  family: 4,
  version: 3,
  device: "eth0",
  priority: 100,
  intervalMs: 100,
  preempt: true,
  preemptDelayMs: 0,
  addresses: [{ address: ip("10.0.0.100"), prefixLength: 24 }],
};

function advert(priority: number, from = "10.0.0.1", change: Partial<Advert> = {}): RouterEvent {
  const base: Advert = { version: 3, vrid: 51, priority, intervalMs: 100, addresses: [ip("10.0.0.100")] };
  return { kind: "advert", advert: { ...base, ...change }, from: ip(from), own: OWN };
}

/** A router under virtual time: what it did since it was last asked. */
class Bench {
  state: RouterState = STOPPED;
  now = 0;
  done: string[] = [];
  told: string[] = [];

  constructor(readonly settings: RouterSettings = SETTINGS) {
    this.give({ kind: "start", priority: settings.priority, faults: [] });
  }

  give(event: RouterEvent): this {
    const decision: Decision = decideRouter(this.settings, this.state, event, this.now);
    this.state = decision.state;
    for (const effect of decision.effects)
      this.done.push(effect.kind === "advertise" ? `advertise ${effect.priority}` : effect.kind);
    this.told.push(...decision.reasons.map((fact) => fact.code));
    return this;
  }

  /** Lets time pass, giving the router every deadline on the way. */
  pass(ms: number): this {
    const end = this.now + ms;
    while (deadlineOf(this.state) <= end) {
      this.now = Math.max(this.now, deadlineOf(this.state));
      this.give({ kind: "time" });
    }
    this.now = end;
    return this;
  }

  take(): { done: string[]; told: string[] } {
    const taken = { done: this.done, told: this.told };
    this.done = [];
    this.told = [];
    return taken;
  }
}

const DOWN_MS = masterDownMs(100, 100, 3);

describe("a router", () => {
  test("that hears nobody takes the address after three intervals and its skew: advert, address, announcement", () => {
    const bench = new Bench();
    expect(bench.take()).toEqual({ done: ["dropAddresses"], told: ["VIP_STARTED"] });
    expect(bench.pass(DOWN_MS - 1).state.role).toBe("backup");
    expect(bench.pass(1).state.role).toBe("master");
    expect(bench.take()).toEqual({
      done: ["advertise 100", "takeAddresses", "announce"],
      told: ["VIP_NO_MASTER", "VIP_BECAME_MASTER"],
    });
  });

  test("that hears a better master stays backup for as long as it hears it", () => {
    const bench = new Bench();
    for (let round = 0; round < 20; round += 1) bench.give(advert(150)).pass(100);
    expect(bench.state.role).toBe("backup");
    expect(bench.pass(DOWN_MS).state.role).toBe("master");
    expect(bench.take().told).toContain("VIP_MASTER_LOST");
  });

  test("takes over after its skew alone when the master says that it leaves", () => {
    const bench = new Bench().give(advert(150)).pass(50).give(advert(0));
    expect(bench.pass(61).state.role).toBe("master");
    expect(bench.take().told).toContain("VIP_MASTER_LEFT");
  });

  test("takes over from a living master of lower priority, unless preemption is off", () => {
    const forward = (bench: Bench): Bench => {
      for (let round = 0; round < 10; round += 1) bench.give(advert(50)).pass(100);
      return bench;
    };
    expect(forward(new Bench()).state.role).toBe("master");
    expect(forward(new Bench({ ...SETTINGS, preempt: false })).state.role).toBe("backup");
    expect(forward(new Bench({ ...SETTINGS, preemptDelayMs: 60_000 })).state.role).toBe("backup");
  });

  test("that is master yields to a higher priority, and to a higher address with an equal one", () => {
    const cases: readonly (readonly [RouterEvent, "backup" | "master"])[] = [
      [advert(101), "backup"],
      [advert(100, "10.0.0.3"), "backup"],
      [advert(100, "10.0.0.1"), "master"],
      [advert(99, "10.0.0.3"), "master"],
    ];
    for (const [event, role] of cases) {
      const bench = new Bench().pass(DOWN_MS);
      bench.take();
      bench.give(event);
      expect(bench.state.role).toBe(role);
      const { done } = bench.take();
      if (role === "backup") expect(done).toEqual(["dropAddresses", "advertise 100"]);
      else expect(done[0]).toBe("advertise 100");
    }
  });

  test("that is master adverts on the beat, renews its addresses, and announces again later", () => {
    const bench = new Bench().pass(DOWN_MS);
    bench.take();
    const { done } = bench.pass(1000).take();
    expect(done.filter((effect) => effect === "advertise 100").length).toBe(10);
    expect(done.filter((effect) => effect === "renewAddresses").length).toBe(4);
    expect(bench.pass(5000).take().done).toContain("announce");
  });

  test("doesn't send a burst after a pause", () => {
    const bench = new Bench().pass(DOWN_MS);
    bench.take();
    bench.now += 10_000;
    bench.give({ kind: "time" });
    expect(bench.take().done.filter((effect) => effect.startsWith("advertise")).length).toBe(1);
    expect(deadlineOf(bench.state)).toBeGreaterThan(bench.now);
  });

  test("that can't serve lets go first and then says so", () => {
    const bench = new Bench().pass(DOWN_MS);
    bench.take();
    bench.give({ kind: "health", priority: 100, faults: ["check web fails"] });
    expect(bench.take()).toEqual({ done: ["dropAddresses", "advertise 0"], told: ["VIP_FAULT"] });
    expect(bench.pass(60_000).state.role).toBe("fault");
    bench.give({ kind: "health", priority: 100, faults: [] });
    expect(bench.state.role).toBe("backup");
  });

  test("tells a new priority at once", () => {
    const bench = new Bench().pass(DOWN_MS);
    bench.take();
    bench.give({ kind: "health", priority: 80, faults: [] });
    expect(bench.take()).toEqual({ done: ["advertise 80"], told: ["VIP_PRIORITY"] });
  });

  test("with a different list of addresses is told so once, and there are not two masters for it", () => {
    const bench = new Bench();
    for (let round = 0; round < 5; round += 1) bench.give(advert(150, "10.0.0.1", { addresses: [] })).pass(100);
    expect(bench.state.role).toBe("backup");
    expect(bench.take().told.filter((code) => code === "VIP_ADDRESS_COUNT").length).toBe(1);
  });

  test("whatever happens, the address is held exactly while it is master", () => {
    const events = fc.oneof(
      fc
        .record({ priority: fc.integer({ min: 0, max: 255 }), last: fc.integer({ min: 1, max: 9 }) })
        .map(({ last, priority }) => advert(priority, `10.0.0.${last}`)),
      fc.record({
        kind: fc.constant("health" as const),
        priority: fc.integer({ min: 1, max: 254 }),
        faults: fc.subarray(["a", "b"]),
      }),
      fc.constant<RouterEvent>({ kind: "time" }),
      fc.constant<RouterEvent>({ kind: "stop" }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(events, fc.integer({ min: 0, max: 500 })), { maxLength: 60 }), (steps) => {
        const bench = new Bench();
        let held = false;
        for (const [event, ms] of steps) {
          bench.give(event).pass(ms);
          for (const effect of bench.take().done) {
            if (effect === "takeAddresses") held = true;
            if (effect === "renewAddresses") expect(held).toBe(true);
            if (effect === "dropAddresses") held = false;
          }
          expect(held).toBe(bench.state.role === "master");
        }
      }),
    );
  });
});
