import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BfdPacket, type BfdSettings } from "../../model/bfd/bfd.ts";
import { type BfdEvent, type BfdSession, bfdDeadline, decideBfd, newBfdSession } from "./bfd.ts";

const FAST: BfdSettings = { intervalMs: 50, multiplier: 3 };

/** Two ends and the packets on their way, under virtual time. */
class End {
  session: BfdSession;
  out: BfdPacket[] = [];
  news: string[] = [];
  sent = 0;

  constructor(
    readonly settings: BfdSettings,
    mine: number,
  ) {
    this.session = newBfdSession(mine, 0);
  }

  give(event: BfdEvent, nowMs: number): void {
    const { change, send, session } = decideBfd(this.settings, this.session, event, nowMs);
    this.session = session;
    this.out.push(...send);
    this.sent += send.length;
    if (change !== undefined) this.news.push(change.kind === "up" ? "up" : `down: ${change.why}`);
  }
}

class Link {
  now = 0;
  lost = false;
  readonly a: End;
  readonly b: End;

  constructor(a: BfdSettings = FAST, b: BfdSettings = FAST) {
    this.a = new End(a, 11);
    this.b = new End(b, 22);
  }

  pass(ms: number, only?: End): this {
    const end = this.now + ms;
    const ends = only === undefined ? [this.a, this.b] : [only];
    for (let steps = 0; steps < 1_000_000; steps += 1) {
      const next = Math.min(...ends.map((one) => bfdDeadline(one.session)));
      if (next > end) break;
      this.now = Math.max(this.now, next);
      for (const one of ends) {
        if (bfdDeadline(one.session) <= this.now) one.give({ kind: "time", random: 0.5 }, this.now);
      }
      this.#deliver();
    }
    this.now = end;
    return this;
  }

  #deliver(): void {
    for (let rounds = 0; rounds < 10 && this.a.out.length + this.b.out.length > 0; rounds += 1) {
      const [fromA, fromB] = [this.a.out.splice(0), this.b.out.splice(0)];
      if (this.lost) continue;
      for (const packet of fromA) this.b.give({ kind: "packet", packet, random: 0.5 }, this.now);
      for (const packet of fromB) this.a.give({ kind: "packet", packet, random: 0.5 }, this.now);
    }
  }
}

describe("a BFD session", () => {
  test("comes up on both ends in a handshake of three, and then runs at the agreed interval", () => {
    const link = new Link().pass(3_000);
    expect([link.a.session.state, link.b.session.state]).toEqual(["up", "up"]);
    expect(link.a.session.polling).toBe(false);
    const before = link.a.sent;
    link.pass(10_000);
    // 50 ms less up to a quarter at random: here an eighth.
    expect(link.a.sent - before).toBeGreaterThan(200);
    expect(link.a.sent - before).toBeLessThan(260);
    expect(link.a.news).toEqual(["up"]);
  });

  test("the slower end decides", () => {
    const link = new Link(FAST, { intervalMs: 400, multiplier: 3 }).pass(5_000);
    const before = link.a.sent;
    link.pass(4_000);
    expect(link.a.sent - before).toBeLessThan(16);
  });

  test("silence of three intervals is the end, and it comes back by itself", () => {
    const link = new Link().pass(3_000);
    link.lost = true;
    link.pass(151);
    expect(link.a.news).toEqual(["up", "down: nothing heard for 150 ms"]);
    expect(link.a.session.desiredMinTxMs).toBe(1_000);
    link.lost = false;
    link.pass(5_000);
    expect(link.a.news.at(-1)).toBe("up");
    expect(link.b.news.at(-1)).toBe("up");
  });

  test("an end that can't hear us says so, and we believe it", () => {
    const link = new Link().pass(3_000);
    link.b.session = { ...link.b.session, state: "down", sendAtMs: link.now };
    link.pass(1);
    expect(link.a.news.slice(0, 2)).toEqual(["up", "down: the peer says that it is down"]);
  });

  test("an end that leaves on purpose says so, and isn't waited for", () => {
    const link = new Link().pass(3_000);
    link.b.give({ kind: "stop" }, link.now);
    link.pass(1, link.a);
    for (const packet of link.b.out.splice(0)) link.a.give({ kind: "packet", packet, random: 0 }, link.now);
    expect(link.a.news.at(-1)).toContain("switched it off");
    expect(bfdDeadline(link.b.session)).toBe(Number.POSITIVE_INFINITY);
  });

  test("a poll is answered at once with the final bit, and with nothing else in it", () => {
    const end = new End(FAST, 1);
    const packet: BfdPacket = {
      state: "up",
      diagnostic: 0,
      poll: true,
      final: false,
      multiplier: 3,
      myDiscriminator: 2,
      yourDiscriminator: 1,
      desiredMinTxUs: 50_000,
      requiredMinRxUs: 50_000,
    };
    end.session = { ...end.session, state: "up", polling: true, theirs: 2 };
    end.give({ kind: "packet", packet, random: 0 }, 10);
    expect(end.out[0]).toMatchObject({ poll: false, final: true, yourDiscriminator: 2 });
  });

  test("nobody sends to an end that wants nothing", () => {
    const link = new Link().pass(3_000);
    link.a.session = { ...link.a.session, remoteMinRxUs: 0 };
    const before = link.a.sent;
    link.a.give({ kind: "time", random: 0 }, link.a.session.sendAtMs);
    expect(link.a.session.sendAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(link.a.sent - before).toBe(1);
  });

  test("any packets at all: never more than one packet a second while it isn't up, unless asked", () => {
    const state = fc.constantFrom("adminDown", "down", "init", "up") as fc.Arbitrary<BfdPacket["state"]>;
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const some = fc.record({
      state,
      diagnostic: fc.integer({ min: 0, max: 31 }),
      poll: fc.constant(false),
      final: fc.boolean(),
      multiplier: fc.integer({ min: 1, max: 255 }),
      myDiscriminator: fc.integer({ min: 1, max: 9 }),
      yourDiscriminator: fc.constant(1),
      desiredMinTxUs: u32,
      requiredMinRxUs: u32,
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 30 }), (packets) => {
        const end = new End(FAST, 1);
        let now = 0;
        for (const packet of packets) {
          now += 10;
          end.give({ kind: "packet", packet, random: 0.5 }, now);
          if (bfdDeadline(end.session) <= now) end.give({ kind: "time", random: 0.5 }, now);
          if (end.session.state !== "up") expect(end.session.desiredMinTxMs).toBeGreaterThanOrEqual(1_000);
          expect(end.session.detectAtMs > now || end.session.state === "down").toBe(true);
        }
      }),
    );
  });
});
