import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../../shared/text/address.ts";
import { checkConfiguration } from "./check-configuration.ts";
import {
  CHECK_DEFAULTS,
  type CheckSettings,
  type RouterConfiguration,
  type VipConfiguration,
} from "./configuration.ts";
import { ROUTER_DEFAULTS, type RouterSettings } from "./router.ts";

function ip(text: string) {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

function router(name: string, vrid: number, vip: string, more: Partial<RouterSettings> = {}): RouterConfiguration {
  const address = ip(vip);
  const settings = {
    ...ROUTER_DEFAULTS,
    name,
    vrid,
    family: address.family,
    version: 3 as const,
    device: "eth0",
    intervalMs: 100,
    addresses: [{ address, prefixLength: 24 }],
    ...more,
  };
  return { settings, tracks: [], notify: {} };
}

const WEB: CheckSettings = {
  name: "web",
  target: { kind: "exec", argv: ["/bin/true"] },
  timeoutMs: 1000,
  ...CHECK_DEFAULTS,
};

function codes(routers: readonly RouterConfiguration[], more: Partial<VipConfiguration> = {}): string[] {
  const configuration = { origin: "test", routers, checks: [WEB], groups: [], fifos: [], ...more };
  return checkConfiguration(configuration).map((fact) => fact.code);
}

const A = router("A", 1, "10.0.0.1");

describe("a configuration as a whole", () => {
  const cases: readonly (readonly [
    string,
    readonly RouterConfiguration[],
    Partial<VipConfiguration>,
    readonly string[],
  ])[] = [
    ["one router", [A], {}, []],
    ["two routers", [A, router("B", 2, "10.0.0.2")], {}, []],
    ["a name twice", [A, router("A", 2, "10.0.0.2")], {}, ["VIP_CONF_TWICE"]],
    ["a number twice on one link", [A, router("B", 1, "10.0.0.2")], {}, ["VIP_CONF_VRID_CLASH"]],
    ["a number twice on two links", [A, router("B", 1, "10.0.0.2", { device: "eth1" })], {}, []],
    ["a number twice, for two families", [A, router("B", 1, "fd00::2")], {}, []],
    ["a number twice, in two groups", [A, router("B", 1, "10.0.0.2", { group: ip("224.0.0.99") })], {}, []],
    ["a number twice, with other peers", [A, router("B", 1, "10.0.0.2", { peers: [ip("10.0.0.9")] })], {}, []],
    [
      "a number twice, once with the usual group by name",
      [A, router("B", 1, "10.0.0.2", { group: ip("224.0.0.18") })],
      {},
      ["VIP_CONF_VRID_CLASH"],
    ],
    [
      "an address twice in one router",
      [
        router("A", 1, "10.0.0.1", {
          addresses: [24, 32].map((prefixLength) => ({ address: ip("10.0.0.1"), prefixLength })),
        }),
      ],
      {},
      ["VIP_CONF_ADDRESS_AGAIN"],
    ],
    ["an address twice", [A, router("B", 2, "10.0.0.1")], {}, ["VIP_CONF_ADDRESS_TWICE"]],
    ["an address twice, on two interfaces", [A, router("B", 2, "10.0.0.1", { device: "eth1" })], {}, []],
    [
      "an address twice, once excluded",
      [A, router("B", 2, "10.0.0.2", { excludedAddresses: [{ address: ip("10.0.0.1"), prefixLength: 32 }] })],
      {},
      ["VIP_CONF_ADDRESS_TWICE"],
    ],
    ["a check twice", [A], { checks: [WEB, WEB] }, ["VIP_CONF_TWICE"]],
    [
      "a group twice",
      [A],
      { groups: ["G", "G"].map((name) => ({ name, members: ["A"], notify: {} })) },
      ["VIP_CONF_TWICE"],
    ],
    ["a check that isn't there", [{ ...A, tracks: [{ check: "wbe" }] }], {}, ["VIP_CONF_NO_SCRIPT"]],
    ["a check that is a fault", [{ ...A, tracks: [{ check: "web" }] }], {}, []],
    ["a small weight", [{ ...A, tracks: [{ check: "web", weight: -2 }] }], {}, ["VIP_CONF_WEAK_WEIGHT"]],
    [
      "a small weight of the check",
      [{ ...A, tracks: [{ check: "web" }] }],
      { checks: [{ ...WEB, weight: 3 }] },
      ["VIP_CONF_WEAK_WEIGHT"],
    ],
    ["a weight that is enough", [{ ...A, tracks: [{ check: "web", weight: -50 }] }], {}, []],
    [
      "small weights that aren't enough together",
      [
        {
          ...A,
          tracks: [
            { check: "web", weight: -10 },
            { check: "disk", weight: 10 },
          ],
        },
      ],
      { checks: [WEB, { ...WEB, name: "disk" }] },
      ["VIP_CONF_GAP"],
    ],
    [
      "small weights beside a check that is a fault",
      [{ ...A, tracks: [{ check: "web", weight: -10 }, { check: "disk" }] }],
      { checks: [WEB, { ...WEB, name: "disk" }] },
      [],
    ],
    [
      "a small weight of a file, whose number may be large",
      [{ ...A, tracks: [{ check: "load", weight: 1 }] }],
      { checks: [{ ...WEB, name: "load", target: { kind: "file", path: "/run/load" } }] },
      [],
    ],
  ];
  for (const [name, routers, more, expected] of cases) {
    test(name, () => expect(codes(routers, more)).toEqual([...expected]));
  }

  test("the nearest name is offered for a check that isn't there", () => {
    const [fact] = checkConfiguration({
      origin: "",
      routers: [{ ...A, tracks: [{ check: "wbe" }] }],
      checks: [WEB],
      groups: [],
      fifos: [],
    });
    expect(fact?.data["hint"]).toContain("web");
  });
});
