import { describe, expect, test } from "bun:test";
import { formatAddress } from "../../../shared/text/address.ts";
import { makeSource } from "../../../shared/text/source.ts";
import type { VipConfiguration } from "../model/configuration.ts";
import { DEFAULT_ANNOUNCE, ROUTER_DEFAULTS } from "../model/router.ts";
import { parseHaYaml } from "./ha-yaml.ts";

const GOOD = `vip:
  routers:
    - name: web
      vrid: 10
      device: eth0
      addresses: [10.0.0.100/24]
      checks: [http]
  checks:
    - name: http
      target: http://127.0.0.1/health
`;

function change(from: string, to: string): string {
  if (!GOOD.includes(from)) throw new Error(`the example has no ${from}`);
  return GOOD.replace(from, to);
}

function read(text: string): VipConfiguration {
  const result = parseHaYaml(makeSource("ha.yaml", text));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

/** Code and place of everything that is said. */
function told(text: string): string[] {
  const result = parseHaYaml(makeSource("ha.yaml", text));
  const facts = result.ok ? result.warnings : result.problems;
  return facts.map(({ at, code }) => `${code}@${at?.line ?? 0}:${at?.column ?? 0}`);
}

describe("the section vip: of ha.yaml", () => {
  test("a short one, and what is so when nothing is said", () => {
    const { checks, fifos, groups, origin, routers, witness } = read(GOOD);
    expect(origin).toBe("ha.yaml");
    expect([groups, fifos, witness]).toEqual([[], [], undefined]);
    const [router] = routers;
    expect(router?.settings).toMatchObject({
      ...ROUTER_DEFAULTS,
      announce: DEFAULT_ANNOUNCE,
      name: "web",
      vrid: 10,
      family: 4,
      version: 3,
      device: "eth0",
      intervalMs: 100,
    });
    expect(router?.tracks).toMatchObject([{ check: "http" }]);
    expect(checks).toMatchObject([
      {
        name: "http",
        target: { kind: "http", url: "http://127.0.0.1/health" },
        intervalMs: 1000,
        timeoutMs: 1000,
        rise: 1,
        fall: 1,
        weight: 0,
      },
    ]);
  });

  test("other sections belong to other tools", () => {
    expect(read(`crm:\n  nodes: 3\n${GOOD}`).routers).toHaveLength(1);
  });

  test("times have units, and are seconds without one", () => {
    const times = change(
      "vrid: 10",
      "vrid: 10\n      interval: 250ms\n      preemptDelay: 2m\n      startupDelay: 1.5",
    );
    expect(read(times).routers[0]?.settings).toMatchObject({
      intervalMs: 250,
      preemptDelayMs: 120_000,
      startupDelayMs: 1500,
    });
  });

  test("an address in full", () => {
    const long =
      "[{ address: fd00::1/64, device: eth1, scope: link, preferred: true, untracked: true, peer: fd00::2 }]";
    const [router] = read(change("[10.0.0.100/24]", long)).routers;
    expect(router?.settings.family).toBe(6);
    const [address] = router?.settings.addresses ?? [];
    expect(address).toMatchObject({
      prefixLength: 64,
      device: "eth1",
      scope: "link",
      preferred: true,
      untracked: true,
    });
    expect(address?.peer === undefined ? "" : formatAddress(address.peer)).toBe("fd00::2");
  });

  test("a witness, with its usual port, makes every router ask it", () => {
    const { routers, witness } = read(`${GOOD}  witness: { address: 10.0.0.9, keyFile: /etc/key }\n`);
    expect(witness).toEqual({ address: "10.0.0.9", port: 52_113, keyFile: "/etc/key" });
    expect(routers[0]?.settings.witness).toBe(true);
  });

  test("scripts are one text without blanks in its words, or a command with a user", () => {
    const text = change(
      "checks: [http]",
      "checks: [http]\n      notify: { master: /bin/up a  b, any: { command: [/bin/all, 'x y'], user: nobody, group: mail } }",
    );
    expect(read(text).routers[0]?.notify).toEqual({
      master: { argv: ["/bin/up", "a", "b"] },
      any: { argv: ["/bin/all", "x y"], runAs: { user: "nobody", group: "mail" } },
    });
  });

  test("routes and rules in the words of ip(8)", () => {
    const text = change(
      "checks: [http]",
      "routes: [default via 10.0.0.1 table 7]\n      rules: [from 10.0.0.100 table 7]",
    );
    const settings = read(text).routers[0]?.settings;
    expect(settings?.routes).toMatchObject([{ table: 7 }]);
    expect(settings?.rules).toMatchObject([{ table: 7, from: { length: 32 } }]);
  });

  const wrong: readonly (readonly [string, string, readonly string[]])[] = [
    ["an unknown key", change("device:", "devise:"), ["TEXT_YAML_UNKNOWN_KEY@5:7"]],
    ["a key that is missing", change("      device: eth0\n", ""), ["TEXT_YAML_MISSING_KEY@3:7"]],
    ["a number out of range", change("vrid: 10", "vrid: 300"), ["TEXT_YAML_INVALID@4:13"]],
    ["a text for a number", change("vrid: 10", "vrid: ten"), ["TEXT_YAML_TYPE@4:13"]],
    ["an address that is none", change("10.0.0.100/24", "10.0.0.300/24"), ["TEXT_ADDRESS@6:19"]],
    ["no addresses", change("[10.0.0.100/24]", "[]"), ["TEXT_YAML_INVALID@6:7"]],
    ["two families", change("[10.0.0.100/24]", "[10.0.0.100/24, fd00::1/64]"), ["VIP_CONF_VALUE@3:13"]],
    ["a check that isn't there", change("[http]", "[htpp]"), ["VIP_CONF_NO_SCRIPT@3:13"]],
    [
      "a target that is none",
      change("http://127.0.0.1/health", "ftp://127.0.0.1"),
      ["VIP_CONF_VALUE@9:13", "VIP_CONF_NO_SCRIPT@3:13"],
    ],
    [
      "a route that is none",
      change("checks: [http]", "routes: [via nowhere]"),
      ["TEXT_ADDRESS@3:13", "VIP_CONF_VALUE@3:13"],
    ],
    [
      "a hardware address that is none",
      change("checks: [http]", "vmac: { name: v, mac: 00:zz }"),
      ["VIP_CONF_VALUE@3:13"],
    ],
    ["not YAML", "vip: [", []],
    ["nothing", "", []],
  ];
  for (const [name, text, expected] of wrong) {
    test(`${name} is refused at its place`, () => {
      const result = parseHaYaml(makeSource("ha.yaml", text));
      expect(result.ok).toBe(false);
      if (expected.length > 0) expect(told(text)).toEqual([...expected]);
      else expect(told(text).length).toBeGreaterThan(0);
    });
  }

  test("all mistakes come at once", () => {
    const text = change("vrid: 10", "vrid: 0").replace("device: eth0", "device: ''").replace("10.0.0.100/24", "x");
    expect(told(text).map((one) => one.replace(/:.*/, ""))).toEqual([
      "TEXT_YAML_INVALID@4",
      "TEXT_YAML_INVALID@5",
      "TEXT_ADDRESS@6",
    ]);
  });

  test("a weight that is too small is a warning at its router", () => {
    const text = change("checks: [http]", "checks: [{ check: http, weight: -5 }]");
    expect(told(text)).toEqual(["VIP_CONF_WEAK_WEIGHT@3:13"]);
  });
});
