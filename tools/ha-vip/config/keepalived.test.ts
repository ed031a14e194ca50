import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseKeepalived } from "./keepalived.ts";

const GOOD = `vrrp_script chk {
  script "/bin/true x"
  interval 0.5
  weight -20
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 100
  advert_int 0.1
  version 3
  preempt_delay 2
  virtual_ipaddress {
    10.0.0.100/24 dev eth1 label eth1:1
    10.0.0.101
  }
  track_script {
    chk weight -60
  }
}
`;

function codes(text: string): string[] {
  const result = parseKeepalived("k.conf", text);
  const facts = result.ok ? result.warnings : result.problems;
  return facts.map((fact) => `${fact.code}@${fact.at?.line ?? 0}`);
}

function change(from: string, to: string): string {
  if (!GOOD.includes(from)) throw new Error(`the example has no ${from}`);
  return GOOD.replace(from, to);
}

describe("keepalived.conf", () => {
  test("a good file", () => {
    const result = parseKeepalived("k.conf", GOOD);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.warnings).toEqual([]);
    const [router] = result.value.routers;
    expect(router?.settings).toMatchObject({
      vrid: 51,
      priority: 100,
      intervalMs: 100,
      version: 3,
      preemptDelayMs: 2000,
      device: "eth0",
    });
    expect(router?.settings.addresses).toMatchObject([
      { prefixLength: 24, device: "eth1", label: "eth1:1" },
      { prefixLength: 32 },
    ]);
    expect(router?.tracks).toMatchObject([{ check: "chk", weight: -60 }]);
    expect(result.value.checks).toMatchObject([{ intervalMs: 500, weight: -20, target: { argv: ["/bin/true", "x"] } }]);
  });

  const problems: readonly (readonly [string, string, readonly string[]])[] = [
    ["an unknown setting is named with its place", change("priority 100", "prioritty 100"), ["VIP_CONF_UNKNOWN@10"]],
    [
      "all mistakes come at once",
      change("priority 100", "priority 300").replace("51", "0"),
      ["VIP_CONF_VALUE@9", "VIP_CONF_VALUE@10", "VIP_CONF_MISSING@6"],
    ],
    [
      "what can't be done is refused, not dropped",
      change("preempt_delay 2", "use_ipvlan"),
      ["VIP_CONF_UNSUPPORTED@13"],
    ],
    ["a script that doesn't exist", change("chk weight -60", "chek"), ["VIP_CONF_NO_SCRIPT@19"]],
    ["an address that is none", change("10.0.0.101", "10.0.0.256"), ["TEXT_ADDRESS@16"]],
    ["fractions of a second in version 2", change("version 3", "version 2"), ["VIP_CONF_VALUE@6"]],
    [
      "an open block",
      `${GOOD}vrrp_instance X {`,
      ["VIP_CONF_BRACE_MISSING@22", "VIP_CONF_MISSING@22", "VIP_CONF_MISSING@22", "VIP_CONF_MISSING@22"],
    ],
    ["a brace too many", `${GOOD}}`, ["VIP_CONF_BRACE_CLOSE@22"]],
    [
      "a quote without end",
      change('"/bin/true x"', '"/bin/true x'),
      ["VIP_CONF_QUOTE@2", "VIP_CONF_VALUE@2", "VIP_CONF_MISSING@1", "VIP_CONF_NO_SCRIPT@19"],
    ],
    [
      "the same router twice on a link",
      GOOD + GOOD.slice(GOOD.indexOf("vrrp_instance")).replace("VI_1", "VI_2"),
      ["VIP_CONF_VRID_CLASH@25", "VIP_CONF_ADDRESS_TWICE@25", "VIP_CONF_ADDRESS_TWICE@25"],
    ],
    ["an empty file", "", ["VIP_CONF_MISSING@1"]],
    ["a load balancer's block", `${GOOD}virtual_server 10.0.0.1 80 { }`, ["VIP_CONF_UNSUPPORTED@22"]],
  ];
  for (const [name, text, expected] of problems) {
    test(name, () => expect(codes(text)).toEqual([...expected]));
  }

  test("state SLAVE is a warning, and the file is good", () => {
    const result = parseKeepalived("k.conf", change("state BACKUP", "state SLAVE"));
    expect(result.ok).toBe(true);
    expect(codes(change("state BACKUP", "state SLAVE"))).toEqual(["VIP_CONF_STATE_SLAVE@7"]);
  });

  test("any text is answered with problems at places, never with an exception", () => {
    const words = fc.constantFrom(
      "vrrp_instance",
      "VI_1",
      "{",
      "}",
      "\n",
      '"',
      "virtual_ipaddress",
      "10.0.0.1/99",
      "#x\n",
      "priority",
      "-1",
      "auth_pass",
      "track_script",
      "a",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 80 }), (list) => void parseKeepalived("k.conf", list.join(" "))),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => void parseKeepalived("k.conf", text)),
      { numRuns: 500 },
    );
  });
});
