import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatAddress, parseAddress, type IpAddress } from "../../../shared/text/address.ts";
import { QUICK_CHECK } from "../model/configuration.ts";
import { type OneLine, parseOneLine, vridOf } from "./one-line.ts";

const LINE: OneLine = {
  vips: ["10.0.0.100/24"],
  device: "eth0",
  checks: [],
  priority: 120,
  intervalMs: 100,
  preempt: true,
};

function ip(text: string): IpAddress {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

function good(line: Partial<OneLine>) {
  const result = parseOneLine({ ...LINE, ...line });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

function codes(line: Partial<OneLine>): string[] {
  const result = parseOneLine({ ...LINE, ...line });
  return result.ok ? [] : result.problems.map((fact) => fact.code);
}

describe("a whole configuration on the command line", () => {
  test("an address, an interface, a check", () => {
    const { checks, groups, origin, routers } = good({ checks: ["tcp://127.0.0.1:80"] });
    expect(origin).toBe("command line");
    expect(groups).toEqual([]);
    expect(checks).toEqual([
      { name: "tcp://127.0.0.1:80", target: { kind: "tcp", host: "127.0.0.1", port: 80 }, ...QUICK_CHECK },
    ]);
    expect(routers).toHaveLength(1);
    expect(routers[0]?.tracks).toEqual([{ check: "tcp://127.0.0.1:80" }]);
    expect(routers[0]?.settings).toMatchObject({
      name: "10.0.0.100/24",
      family: 4,
      version: 3,
      device: "eth0",
      priority: 120,
      intervalMs: 100,
      preempt: true,
      witness: false,
    });
  });

  test("addresses of one family move together, those of two are two routers with the same checks", () => {
    const { routers } = good({ vips: ["10.0.0.100/24", "fd00::1/64", "10.0.0.101/24"], checks: ["process:nginx"] });
    expect(routers.map((router) => router.settings.addresses.map((one) => formatAddress(one.address)))).toEqual([
      ["10.0.0.100", "10.0.0.101"],
      ["fd00::1"],
    ]);
    expect(routers.map((router) => router.settings.family)).toEqual([4, 6]);
    expect(routers.map((router) => router.tracks)).toEqual([
      [{ check: "process:nginx" }],
      [{ check: "process:nginx" }],
    ]);
  });

  test("an address without a length is one address", () => {
    expect(good({ vips: ["10.0.0.100"] }).routers[0]?.settings.addresses[0]?.prefixLength).toBe(32);
    expect(good({ vips: ["fd00::1"] }).routers[0]?.settings.addresses[0]?.prefixLength).toBe(128);
  });

  test("a number that is given goes before that of the address", () => {
    expect(good({ vrid: 7 }).routers[0]?.settings.vrid).toBe(7);
    expect(good({}).routers[0]?.settings.vrid).toBe(vridOf(ip("10.0.0.100")));
  });

  test("a witness is asked by every router", () => {
    const witness = { address: "10.0.0.9", port: 52_113, keyFile: "/etc/key" };
    const found = good({ witness, vips: ["10.0.0.100/24", "fd00::1/64"] });
    expect(found.witness).toEqual(witness);
    expect(found.routers.every((router) => router.settings.witness)).toBe(true);
  });

  test("the same address or check twice is a mistake", () => {
    expect(codes({ vips: ["10.0.0.100/24", "10.0.0.100"] })).toEqual(["VIP_CONF_ADDRESS_AGAIN"]);
    expect(codes({ checks: ["process:a", "process:a"] })).toEqual(["VIP_CONF_TWICE"]);
  });

  test("all mistakes come at once", () => {
    expect(codes({ vips: ["10.0.0.300", "10.0.0.1/33"], checks: ["tcp://x", "process:a"] })).toEqual([
      "TEXT_ADDRESS",
      "TEXT_PREFIX",
      "VIP_CONF_VALUE",
    ]);
  });
});

describe("the number made from an address", () => {
  test("is the same on every host, and one that VRRP knows", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (one) => {
        const vrid = vridOf({ family: one.length === 4 ? 4 : 6, bytes: one });
        expect(vrid).toBeGreaterThanOrEqual(1);
        expect(vrid).toBeLessThanOrEqual(255);
        expect(vridOf({ family: 4, bytes: one.slice() })).toBe(vrid);
      }),
    );
  });

  test("differs for neighbours in a network", () => {
    const numbers = Array.from({ length: 254 }, (_, last) => vridOf(ip(`192.168.7.${last + 1}`)));
    expect(new Set(numbers).size).toBe(254);
  });
});
