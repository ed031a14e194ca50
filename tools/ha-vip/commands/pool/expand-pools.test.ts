import { describe, expect, test } from "bun:test";
import { makeSource } from "../../../../shared/text/source.ts";
import { parseHaYaml } from "../../config/ha-yaml.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import { expandPools } from "./expand-pools.ts";

const TEXT = `
vip:
  pools:
    - name: web
      vrid: 254
      device: eth0
      addresses: [10.0.0.101/24, 10.0.0.102/24, 10.0.0.103/24]
      members: [alpha, beta, gamma]
      checks: [good]
  checks:
    - { name: good, target: "tcp://127.0.0.1:80", weight: 20 }
`;

function read(text = TEXT): VipConfiguration {
  const result = parseHaYaml(makeSource("ha.yaml", text));
  if (!result.ok) throw new Error(result.problems.map((one) => one.code).join(" "));
  return result.value;
}

describe("a pool", () => {
  test("becomes one router for each address; on all hosts together every place is taken once", () => {
    const priorities = ["alpha", "beta", "gamma"].map((host) => {
      const result = expandPools(read(), new Set([host]));
      if (!result.ok) throw new Error("refused");
      expect(result.value.routers.map((one) => one.settings.vrid)).toEqual([254, 255, 1]);
      expect(result.value.routers.map((one) => one.settings.name)[0]).toBe("web/10.0.0.101");
      // A failing check is a fault, whatever weight it has elsewhere.
      expect(result.value.routers[0]?.tracks[0]).toMatchObject({ check: "good", weight: 0 });
      return result.value.routers.map((one) => one.settings.priority);
    });
    for (const index of [0, 1, 2]) {
      expect(priorities.map((list) => list[index] ?? 0).toSorted((left, right) => right - left)).toEqual([
        250, 170, 90,
      ]);
    }
    // Each host is the first for one address.
    expect(priorities.map((list) => list.filter((priority) => priority === 250).length)).toEqual([1, 1, 1]);
  });

  test.each([
    ["none of the members", new Set(["delta"])],
    ["two of the members", new Set(["alpha", "beta"])],
  ])("is refused on a host that is %s", (_name, own) => {
    const result = expandPools(read(), own);
    expect(result.ok ? [] : result.problems.map((one) => one.code)).toEqual(["VIP_CONF_POOL_SELF"]);
  });

  test("whose numbers are another router's is refused", () => {
    const text = `${TEXT}  routers: [{ name: db, vrid: 255, device: eth0, addresses: [10.0.0.9/24] }]\n`;
    const result = expandPools(read(text), new Set(["alpha"]));
    expect(result.ok ? [] : result.problems.map((one) => one.code)).toEqual(["VIP_CONF_VRID_CLASH"]);
  });

  test("a member that is named twice is refused", () => {
    expect(() => read(TEXT.replace("gamma", "alpha"))).toThrow("VIP_CONF_TWICE");
  });
});
