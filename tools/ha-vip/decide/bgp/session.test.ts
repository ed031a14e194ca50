import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IpAddress, parseAddress } from "../../../../shared/text/address.ts";
import type { BgpPeerSettings } from "../../model/bgp/bgp.ts";
import { type BgpMessage, type BgpOpen, NOTIFICATION } from "../../model/bgp/message.ts";
import { BGP_STOPPED, bgpDeadline, type BgpEvent, type BgpState, decideBgp } from "./session.ts";

function ip(text: string): IpAddress {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

const PEER: BgpPeerSettings = { address: ip("10.0.0.9"), as: 65_000, port: 179, ttlSecurity: false, holdMs: 9_000 };
const SELF = { as: 65_001, routerId: 1 };
const OPEN: BgpOpen = {
  as: 65_000,
  holdSeconds: 90,
  routerId: 9,
  fourOctetAs: true,
  families: [4],
  routeRefresh: true,
};

class Bench {
  state: BgpState = BGP_STOPPED;
  now = 0;
  done: string[] = [];
  told: string[] = [];

  give(event: BgpEvent): this {
    const { effects, reasons, state } = decideBgp(SELF, PEER, this.state, event, this.now);
    this.state = state;
    for (const effect of effects) {
      const detail = effect.kind === "sendNotification" ? ` ${Object.values(effect.notification).join(".")}` : "";
      this.done.push(effect.kind + detail);
    }
    this.told.push(...reasons.map((fact) => fact.code));
    return this;
  }

  hear(message: BgpMessage): this {
    return this.give({ kind: "message", message });
  }

  pass(ms: number): this {
    const end = this.now + ms;
    while (bgpDeadline(this.state) <= end) {
      this.now = Math.max(this.now, bgpDeadline(this.state));
      this.give({ kind: "time" });
    }
    this.now = end;
    return this;
  }

  take(): string[] {
    const taken = this.done;
    this.done = [];
    return taken;
  }
}

const talking = (): Bench => new Bench().give({ kind: "start" }).give({ kind: "connected" });
const confirming = (open: Partial<BgpOpen> = {}): Bench => talking().hear({ kind: "open", open: { ...OPEN, ...open } });
const established = (open: Partial<BgpOpen> = {}): Bench => {
  const bench = confirming(open).hear({ kind: "keepalive" });
  bench.take();
  return bench;
};

describe("a BGP session", () => {
  test("calls, opens, confirms, and sends its routes", () => {
    const bench = confirming().hear({ kind: "keepalive" });
    expect(bench.take()).toEqual(["connect", "sendOpen", "sendKeepalive", "sendRoutes"]);
    expect(bench.state).toMatchObject({ phase: "established", holdMs: 9_000, failures: 0 });
    expect(bench.told).toEqual(["VIP_BGP_UP"]);
  });

  test("keeps alive three times in a hold time, and ends after a hold time of silence", () => {
    const bench = established();
    expect(bench.pass(8_999).take()).toEqual(["sendKeepalive", "sendKeepalive"]);
    expect(bench.pass(1).take()).toEqual(["sendNotification 4.0", "close"]);
    expect(bench.told).toEqual(["VIP_BGP_UP", "VIP_BGP_MISTAKE", "VIP_BGP_DOWN"]);
  });

  test("lives for ever while the other side speaks, and without hold time in silence too", () => {
    const bench = established();
    for (let count = 0; count < 100; count += 1) bench.hear({ kind: "keepalive" }).pass(8_000);
    expect(bench.state.phase).toBe("established");
    expect(established({ holdSeconds: 0 }).pass(1e9).take()).toEqual([]);
  });

  test("the smaller hold time counts", () => {
    expect(established({ holdSeconds: 3 }).state.holdMs).toBe(3_000);
  });

  test.each([
    ["another AS", talking().hear({ kind: "open", open: { ...OPEN, as: 1 } }), "2.2"],
    ["a KEEPALIVE before the OPEN", talking().hear({ kind: "keepalive" }), "5.0"],
    ["an UPDATE before the KEEPALIVE", confirming().hear({ kind: "update" }), "5.0"],
    ["a second OPEN", established().hear({ kind: "open", open: OPEN }), "5.0"],
    ["bytes that are no message", established().give({ kind: "broken", notification: NOTIFICATION.badLength }), "1.2"],
    ["BFD saying that the path is down", established().give({ kind: "pathDown" }), "6.10"],
    ["no OPEN for long", talking().pass(20_000), "4.0"],
  ])("ends because of %s, and says so", (_name, bench, expected) => {
    const done = bench.take();
    expect(done).toContain(`sendNotification ${expected}`);
    expect(done.at(-1) === "close" || done.includes("close")).toBe(true);
    expect(bench.told).toContain("VIP_BGP_MISTAKE");
  });

  test("a path that is down before there is a session changes nothing", () => {
    const bench = new Bench().give({ kind: "start" });
    bench.take();
    expect(bench.give({ kind: "pathDown" }).take()).toEqual([]);
  });

  test("what the other side refuses is told with its reason", () => {
    const notification = { code: 2, subcode: 2 };
    const bench = confirming().hear({ kind: "notification", notification, text: "" });
    expect(bench.told).toEqual(["VIP_BGP_REFUSED", "VIP_BGP_DOWN"]);
    expect(bench.state.phase).toBe("idle");
  });

  test("calls again after pauses that double up to half a minute, and tells of it once", () => {
    const bench = new Bench().give({ kind: "start" });
    const pauses: number[] = [];
    for (let count = 0; count < 9; count += 1) {
      bench.give({ kind: "disconnected", why: "ECONNREFUSED" });
      pauses.push(bench.state.deadlineMs - bench.now);
      bench.pass(bench.state.deadlineMs - bench.now);
      expect(bench.state.phase).toBe("connecting");
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(bench.told).toEqual(["VIP_BGP_DOWN"]);
  });

  test("sends all routes again when asked to", () => {
    expect(established().hear({ kind: "refresh" }).take()).toEqual(["sendRoutes"]);
  });

  test("says goodbye when it stops, and nothing wakes it then", () => {
    const bench = established().give({ kind: "stop" });
    expect(bench.take()).toEqual(["sendNotification 6.2", "close"]);
    expect(bench.hear({ kind: "keepalive" }).give({ kind: "connected" }).pass(1e9).take()).toEqual([]);
  });

  test("any events in any order: routes only in a session, never two connections, always a way on", () => {
    const message = fc.constantFrom<BgpMessage>(
      { kind: "open", open: OPEN },
      { kind: "keepalive" },
      { kind: "update" },
      { kind: "refresh" },
      { kind: "notification", notification: { code: 6, subcode: 4 }, text: "" },
    );
    const event = fc.oneof(
      fc.constantFrom<BgpEvent>(
        { kind: "time" },
        { kind: "connected" },
        { kind: "disconnected", why: "x" },
        { kind: "pathDown" },
        { kind: "broken", notification: NOTIFICATION.badType },
      ),
      message.map((one): BgpEvent => ({ kind: "message", message: one })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.integer({ min: 0, max: 12_000 }))), (events) => {
        const bench = new Bench().give({ kind: "start" });
        let open = 0;
        for (const [one, ms] of events) {
          bench.pass(ms).give(one);
          for (const effect of bench.take()) {
            if (effect === "connect") open += 1;
            if (effect === "close") open -= 1;
            expect(open === 0 || open === 1).toBe(true);
            if (effect === "sendRoutes") expect(bench.state.peer).toBeDefined();
          }
          expect(bench.state.phase === "established" || Number.isFinite(bench.state.deadlineMs)).toBe(true);
        }
      }),
    );
  });
});
