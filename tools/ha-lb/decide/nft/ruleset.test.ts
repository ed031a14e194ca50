import { describe, expect, test } from "bun:test";
import { type NftService, rulesOf } from "./ruleset.ts";

const FLUSH = "flush chain inet ha_lb incoming; flush chain inet ha_lb local; flush chain inet ha_lb outgoing";
const service = (more: Partial<NftService>): NftService => ({
  family: 4,
  address: "10.0.0.9",
  port: 80,
  choice: "turns",
  targets: [
    { host: "10.0.0.1", port: 8080, weight: 1 },
    { host: "10.0.0.2", port: 8081, weight: 1 },
  ],
  ...more,
});

const CHOICES: readonly (readonly [string, Partial<NftService>, string])[] = [
  ["equal servers take turns", {}, "numgen inc mod 2 map { 0 : 10.0.0.1 . 8080, 1 : 10.0.0.2 . 8081 }"],
  [
    "weights are shares, in lowest terms",
    {
      targets: [
        { host: "10.0.0.1", port: 1, weight: 100 },
        { host: "10.0.0.2", port: 2, weight: 50 },
      ],
    },
    "numgen inc mod 3 map { 0-1 : 10.0.0.1 . 1, 2 : 10.0.0.2 . 2 }",
  ],
  ["one server", { targets: [{ host: "10.0.0.1", port: 1, weight: 7 }] }, "numgen inc mod 1 map { 0 : 10.0.0.1 . 1 }"],
  ["by source", { choice: "source" }, "jhash ip saddr mod 2 map { 0 : 10.0.0.1 . 8080, 1 : 10.0.0.2 . 8081 }"],
  ["by chance", { choice: "random" }, "numgen random mod 2 map { 0 : 10.0.0.1 . 8080, 1 : 10.0.0.2 . 8081 }"],
];

describe("services as rules", () => {
  test.each(CHOICES)("%s", (_name, more, choice) => {
    expect(rulesOf([service(more)])).toBe(
      `${FLUSH}; add rule inet ha_lb incoming ip daddr 10.0.0.9 tcp dport 80 dnat ip to ${choice}; ` +
        `add rule inet ha_lb local ip daddr 10.0.0.9 tcp dport 80 dnat ip to ${choice}; ` +
        "add rule inet ha_lb outgoing ct status dnat meta nfproto ipv4 meta l4proto tcp " +
        "ct original ip daddr 10.0.0.9 ct original proto-dst 80 masquerade",
    );
  });

  test("without a server there is no rule", () => {
    expect(rulesOf([service({ targets: [] })])).toBe(FLUSH);
  });

  test("every address of the host, IPv6", () => {
    const text = rulesOf([
      service({ family: 6, address: undefined, targets: [{ host: "fd00::1", port: 80, weight: 1 }] }),
    ]);
    expect(text).toContain("incoming meta nfproto ipv6 fib daddr type local tcp dport 80 dnat ip6 to numgen inc mod 1");
    expect(text).toContain("outgoing ct status dnat meta nfproto ipv6 meta l4proto tcp ct original proto-dst 80 masq");
  });
});
