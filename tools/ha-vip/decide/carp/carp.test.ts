import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IpAddress, parseAddress } from "../../../../shared/text/address.ts";
import { CARP_BOW_OUT, CARP_DEFAULTS, type CarpRank, type CarpSettings } from "../../model/carp/carp.ts";
import { DEFAULT_ANNOUNCE } from "../../model/router.ts";
import { CARP_STOPPED, carpDeadline, type CarpEvent, type CarpState, decideCarp } from "./carp.ts";
import { carpDownMs } from "./carp-timers.ts";

function ip(text: string): IpAddress {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

const SETTINGS: CarpSettings = {
  ...CARP_DEFAULTS,
  name: "web",
  vhid: 7,
  device: "eth0",
  addresses: [{ address: ip("10.0.0.100"), prefixLength: 24 }],
  passwordFile: "/etc/password",
  announce: { ...DEFAULT_ANNOUNCE, delayMs: 0 },
};

class Bench {
  state: CarpState = CARP_STOPPED;
  now = 0;
  done: string[] = [];
  told: string[] = [];
  readonly settings: CarpSettings;

  constructor(
    change: Partial<CarpSettings> = {},
    readonly own = ip("10.0.0.2"),
  ) {
    this.settings = { ...SETTINGS, ...change };
    this.give({ kind: "start", faults: [] });
  }

  give(event: CarpEvent): this {
    const { effects, reasons, state } = decideCarp(this.settings, this.state, event, this.now);
    this.state = state;
    for (const effect of effects) {
      this.done.push(effect.kind === "advertise" ? `advertise ${effect.rank.base}/${effect.rank.skew}` : effect.kind);
    }
    this.told.push(...reasons.map((fact) => fact.code));
    return this;
  }

  hear(base: number, skew: number, from = "10.0.0.1"): this {
    return this.give({ kind: "advert", rank: { base, skew }, from: ip(from), own: this.own });
  }

  pass(ms: number): this {
    const end = this.now + ms;
    while (carpDeadline(this.state) <= end) {
      this.now = Math.max(this.now, carpDeadline(this.state));
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

const master = (change: Partial<CarpSettings> = {}, own?: IpAddress): Bench => {
  const bench = new Bench(change, own).pass(4000);
  bench.take();
  return bench;
};

describe("a CARP group", () => {
  test("listens first, and takes over when nobody speaks for three intervals", () => {
    const bench = new Bench();
    expect(bench.pass(2999).state.role).toBe("backup");
    bench.take();
    expect(bench.pass(1).state.role).toBe("master");
    expect(bench.take()).toEqual(["advertise 1/0", "takeAddresses", "announce"]);
    expect(bench.told).toEqual(["VIP_CARP_STARTED", "VIP_CARP_NO_MASTER", "VIP_CARP_BECAME_MASTER"]);
  });

  test("as master speaks every base and skew, and renews its addresses four times a second", () => {
    const bench = master({ rank: { base: 1, skew: 128 } });
    const sent = bench.pass(15_000).take();
    expect(sent.filter((one) => one.startsWith("advertise")).length).toBe(10);
    expect(sent.filter((one) => one === "renewAddresses").length).toBe(60);
  });

  test("stays backup while a master speaks, and says for how long it was silent", () => {
    const bench = new Bench({ rank: { base: 1, skew: 100 } });
    for (let count = 0; count < 20; count += 1) bench.hear(1, 0).pass(1000);
    expect(bench.state.role).toBe("backup");
    bench.pass(3000);
    expect(bench.state.role).toBe("master");
    expect(bench.told).toContain("VIP_CARP_MASTER_LOST");
  });

  test.each([
    ["preempts one that speaks more rarely, when it may", true, { base: 1, skew: 0 }, [1, 50], "master"],
    ["leaves one that speaks more rarely alone, when it may not", false, { base: 1, skew: 0 }, [1, 50], "backup"],
    ["never leaves the address to one that it would believe dead", false, { base: 1, skew: 0 }, [4, 0], "master"],
    ["doesn't preempt an equal", true, { base: 1, skew: 0 }, [1, 0], "backup"],
    ["doesn't preempt a better one", true, { base: 1, skew: 50 }, [1, 0], "backup"],
  ] as const)("as backup %s", (_name, preempt, rank, [base, skew], role) => {
    expect(new Bench({ preempt, rank }).hear(base, skew).state.role).toBe(role);
  });

  test.each([
    ["yields to one that speaks more often", { base: 1, skew: 1 }, [1, 0], "10.0.0.9", "backup"],
    ["stays against one that speaks more rarely", { base: 1, skew: 0 }, [1, 1], "10.0.0.1", "master"],
    ["yields to an equal with a lower address", { base: 1, skew: 0 }, [1, 0], "10.0.0.1", "backup"],
    ["stays against an equal with a higher address", { base: 1, skew: 0 }, [1, 0], "10.0.0.3", "master"],
  ] as const)("as master %s", (_name, rank, [base, skew], from, role) => {
    const bench = master({ rank });
    expect(bench.hear(base, skew, from).state.role).toBe(role);
    expect(bench.take()).toEqual(role === "backup" ? ["dropAddresses"] : ["advertise 1/0", "announce"]);
  });

  test("a flood of packets isn't answered by one of ours", () => {
    const bench = master();
    for (let count = 0; count < 1000; count += 1) bench.hear(2, 0).pass(0.1);
    expect(bench.take().length).toBeLessThan(5);
  });

  test("takes over at once when the master says that it goes", () => {
    const bench = new Bench({ rank: { base: 1, skew: 10 } }).hear(1, 0).pass(500);
    bench.hear(CARP_BOW_OUT.base, CARP_BOW_OUT.skew).pass(10);
    expect(bench.state.role).toBe("master");
    expect(bench.told).toContain("VIP_CARP_MASTER_LEFT");
  });

  test("drops the addresses before it says that it goes", () => {
    expect(master().give({ kind: "stop" }).take()).toEqual(["dropAddresses", "advertise 255/255"]);
    const failed = master().give({ kind: "health", faults: ["check web fails"] });
    expect(failed.take()).toEqual(["dropAddresses", "advertise 255/255"]);
    expect(failed.pass(60_000).state.role).toBe("fault");
    expect(failed.give({ kind: "health", faults: [] }).pass(3000).state.role).toBe("master");
  });

  test("a sub-second group is dead only after three of its intervals", () => {
    expect(carpDownMs({ deadRatio: 3, rank: { base: 0, skew: 64 } })).toBe(750);
  });

  test("of any hosts that hear each other exactly one is master in the end", () => {
    const rank = fc.record({ base: fc.integer({ min: 1, max: 3 }), skew: fc.integer({ min: 0, max: 254 }) });
    fc.assert(
      fc.property(fc.array(rank, { minLength: 2, maxLength: 5 }), fc.boolean(), (ranks, preempt) => {
        expect(mastersAfter(ranks, preempt, 60_000)).toBe(1);
      }),
      { numRuns: 60 },
    );
  });
});

/** A link without loss: what one host sends, all others hear at once. */
function mastersAfter(ranks: readonly CarpRank[], preempt: boolean, endMs: number): number {
  const hosts = ranks.map((rank, index) => new Bench({ rank, preempt }, ip(`10.0.0.${index + 1}`)));
  for (let steps = 0; steps < 100_000; steps += 1) {
    deliver(hosts);
    const next = Math.min(...hosts.map((host) => carpDeadline(host.state)));
    if (next > endMs) break;
    for (const host of hosts) {
      host.now = Math.max(host.now, next);
      if (carpDeadline(host.state) <= next) host.give({ kind: "time" });
    }
  }
  return hosts.filter((host) => host.state.role === "master").length;
}

function deliver(hosts: readonly Bench[]): void {
  for (let rounds = 0; rounds < 50; rounds += 1) {
    const sent = hosts.flatMap((host) => {
      const adverts = host.take().filter((one) => one.startsWith("advertise"));
      return adverts.map((one) => ({ host, rank: one.slice(10).split("/").map(Number) }));
    });
    if (sent.length === 0) return;
    for (const { host, rank } of sent) {
      for (const other of hosts) {
        if (other === host) continue;
        other.give({
          kind: "advert",
          rank: { base: rank[0] ?? 0, skew: rank[1] ?? 0 },
          from: host.own,
          own: other.own,
        });
      }
    }
  }
}
