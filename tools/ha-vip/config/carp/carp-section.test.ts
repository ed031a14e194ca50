import { describe, expect, test } from "bun:test";
import { makeSource } from "../../../../shared/text/source.ts";
import { writeVipSection } from "../ha-yaml-write.ts";
import { parseHaYaml } from "../ha-yaml.ts";

const read = (text: string) => parseHaYaml(makeSource("ha.yaml", text));
const GROUP = `
vip:
  carp:
    - name: web
      vhid: 7
      device: eth0
      addresses: [10.0.0.100/24]
      passwordFile: /etc/carp.password
      advskew: 20
      checks: [nginx]
  checks:
    - { name: nginx, target: "tcp://127.0.0.1:80" }
`;

describe("the list carp:", () => {
  test("is read", () => {
    const result = read(GROUP);
    expect(result).toMatchObject({
      ok: true,
      value: {
        routers: [],
        carps: [{ settings: { name: "web", vhid: 7, rank: { base: 1, skew: 20 } }, tracks: [{ check: "nginx" }] }],
      },
    });
  });

  test("written and read again is the same", () => {
    const before = read(GROUP.replace("checks: [nginx]", "notify: { master: /bin/true }\n      checks: [nginx]"));
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
    ["an IPv6 address", GROUP.replace("10.0.0.100/24", "fd00::1/64"), "VIP_CONF_VALUE"],
    ["no interval", GROUP.replace("advskew: 20", "advbase: 0"), "VIP_CONF_VALUE"],
    ["an unknown check", GROUP.replace("[nginx]", "[ngnix]"), "VIP_CONF_NO_SCRIPT"],
    ["nothing to hold", "vip: { checks: [] }", "VIP_CONF_MISSING"],
    [
      "a name twice",
      `${GROUP}  routers: [{name: web, vrid: 1, device: eth0, addresses: [10.0.0.9/24]}]`,
      "VIP_CONF_TWICE",
    ],
  ])("refused: %s", (_name, text, code) => {
    const result = read(text);
    expect(result.ok).toBe(false);
    expect(result.ok ? [] : result.problems.map((one) => one.code)).toContain(code);
  });
});
