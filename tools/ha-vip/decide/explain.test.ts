import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../../shared/text/address.ts";
import type { RouterConfiguration } from "../model/configuration.ts";
import type { RouterView } from "../model/messages.ts";
import { ROUTER_DEFAULTS } from "../model/router.ts";
import { explainRouter, type Explanation } from "./explain.ts";

function ip(text: string) {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

const AT = { file: "k.conf", line: 12, column: 5 };

const ROUTER: RouterConfiguration = {
  settings: {
    ...ROUTER_DEFAULTS,
    name: "WEB",
    vrid: 10,
    family: 4,
    version: 3,
    device: "eth0",
    intervalMs: 100,
    addresses: [{ address: ip("10.0.0.100"), prefixLength: 24 }],
  },
  tracks: [{ check: "web", at: { ...AT, line: 20 } }],
  notify: {},
  at: AT,
};

const VIEW: RouterView = { name: "WEB", role: "master", priority: 100, faults: [], deviceAdjustment: 0 };

function explain(view: Partial<RouterView>, preempt = true): Explanation {
  return explainRouter({
    host: "left",
    router: { ...ROUTER, settings: { ...ROUTER.settings, preempt } },
    view: { ...VIEW, ...view },
    shares: [{ check: "web", share: -20, passing: false }],
  });
}

describe("why an address is here, or not", () => {
  test("here as master, and what would move it", () => {
    const { addresses, because, change } = explain({});
    expect(addresses).toEqual(["10.0.0.100"]);
    expect(because).toBe("WEB is on this host (left): no other host speaks with a priority above 100.");
    expect(change).toEqual(["a host with a priority above 100 that may preempt", "check web failing"]);
  });

  test("on a host of higher priority, and how long it must be silent", () => {
    const { because, change } = explain({
      role: "backup",
      master: "10.0.0.2",
      masterPriority: 150,
      masterIntervalMs: 100,
    });
    expect(because).toBe("WEB is on 10.0.0.2: its priority 150 is higher than 100 here.");
    // Three intervals and the skew time (256 - 100) / 256 of one.
    expect(change).toEqual(["361 ms without an advert from 10.0.0.2", "a priority above 150 here"]);
  });

  test("on a host of the same priority", () => {
    const { because } = explain({ role: "backup", master: "10.0.0.2", masterPriority: 100 });
    expect(because).toBe("WEB is on 10.0.0.2: its priority 100 is not lower than 100 here.");
  });

  test("on a host of lower priority, because nobody may preempt it", () => {
    const { because, change } = explain({ role: "backup", master: "10.0.0.2", masterPriority: 50 }, false);
    expect(because).toContain("although its priority 50 is lower than 100 here: preemption is off or waits");
    expect(change).toHaveLength(1);
  });

  test("nowhere yet", () => {
    expect(explain({ role: "backup" }).because).toBe(
      "WEB isn't here yet: this host listens whether another one has it.",
    );
    expect(explain({ role: "backup" }).change).toEqual([]);
  });

  test("in fault, with everything that has to be mended", () => {
    const { because, change, faults } = explain({ role: "fault", faults: ["eth0 is down", "check web fails"] });
    expect(because).toBe("WEB can't be here: eth0 is down; check web fails.");
    expect(faults).toEqual(["eth0 is down", "check web fails"]);
    expect(change).toEqual(["mend: eth0 is down", "mend: check web fails"]);
  });

  test("in conflict, with the hardware address to look for", () => {
    const { because, change } = explain({ role: "conflict", conflictWith: "02:00:00:00:00:09" });
    expect(because).toContain("02:00:00:00:00:09, which doesn't speak VRRP");
    expect(change).toEqual(["remove the address from the host with 02:00:00:00:00:09"]);
  });

  test("stopped", () => {
    expect(explain({ role: "stopped" }).because).toBe("WEB is stopped on this host.");
  });

  test("the priority, number by number, with the places in the file", () => {
    expect(explain({ priority: 90, deviceAdjustment: 10 }).score).toEqual([
      { what: "priority", value: 100, from: "k.conf:12:5" },
      { what: "check web", value: -20, from: "fails k.conf:20:5" },
      { what: "interfaces", value: 10, from: "" },
      { what: "advertised", value: 90, from: "" },
    ]);
    expect(explain({ priority: 80 }).score.map((one) => one.what)).toEqual(["priority", "check web", "advertised"]);
  });
});
