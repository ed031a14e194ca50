import { describe, expect, test } from "bun:test";
import { makeSource } from "../../../../shared/text/source.ts";
import { writeVipSection } from "../ha-yaml-write.ts";
import { parseHaYaml } from "../ha-yaml.ts";

const TEXT = `
vip:
  bgp:
    as: 65001
    routerId: 10.0.0.1
    peers:
      - { address: 10.0.0.9, as: 65000, bfd: true }
    announce:
      - { name: web, addresses: [192.0.2.10], communities: ["65000:100"], checks: [good] }
  checks:
    - { name: good, target: "tcp://127.0.0.1:80" }
`;
const read = (text: string) => parseHaYaml(makeSource("ha.yaml", text));

describe("the section bgp:", () => {
  test("is read; an address without a length is a single one", () => {
    const result = read(TEXT);
    expect(result).toMatchObject({
      ok: true,
      value: {
        bgp: {
          settings: {
            as: 65_001,
            drainMs: 1_000,
            peers: [{ as: 65_000, port: 179, holdMs: 9_000, bfd: { intervalMs: 50 } }],
          },
          announcements: [{ settings: { device: "lo", communities: [0xfde8_0064], prefixes: [{ length: 32 }] } }],
        },
      },
    });
  });

  test("written and read again is the same", () => {
    const before = read(TEXT.replace("checks: [", "notify: { master: /bin/true }, checks: ["));
    if (!before.ok) throw new Error("refused");
    const text = writeVipSection(before.value);
    expect(text).toContain("/bin/true");
    const after = read(text);
    expect(after.ok && writeVipSection(after.value)).toBe(text);
    const plain = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "at" ? undefined : inner)));
    expect(after.ok && plain(after.value)).toEqual(plain(before.value));
  });

  test.each([
    ["a hold time that can't be", TEXT.replace("bfd: true", "hold: 2s"), "VIP_CONF_VALUE"],
    ["host bits in a network", TEXT.replace("192.0.2.10", "192.0.2.10/24"), "VIP_CONF_VALUE"],
    ["a source of the other family", TEXT.replace("bfd: true", 'source: "fd00::1"'), "VIP_CONF_VALUE"],
    ["a community too large", TEXT.replace("65000:100", "70000:100"), "VIP_CONF_VALUE"],
    ["an IPv6 router id", TEXT.replace("routerId: 10.0.0.1", 'routerId: "fd00::1"'), "VIP_CONF_VALUE"],
    ["an unknown check", TEXT.replace("[good]", "[god]"), "VIP_CONF_NO_SCRIPT"],
  ])("refused: %s", (_name, text, code) => {
    const result = read(text);
    expect(result.ok ? [] : result.problems.map((one) => one.code)).toContain(code);
  });
});
