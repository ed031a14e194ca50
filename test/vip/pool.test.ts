/** Many addresses spread over hosts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Host, until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { planPool } from "../../tools/ha-vip/decide/pool/plan.ts";
import { HA_VIP } from "./support.ts";

const lacking = requireNamespaces() ?? requirePackages("nftables");
const ADDRESSES = Array.from({ length: 6 }, (_, index) => `10.77.0.${101 + index}`);

describe.skipIf(lacking !== undefined)(named("a pool of six addresses on three hosts", lacking), () => {
  let lab: Lab;
  let settled: ReadonlyMap<string, readonly string[]>;

  /** Which addresses each running host has. */
  async function owners(): Promise<Map<string, string[]>> {
    const running = lab.hosts.filter((host) => host.pid !== undefined);
    const lists = await Promise.all(running.map((host) => host.addresses()));
    return new Map(
      running.map((host, index) => [host.name, (lists[index] ?? []).filter((one) => ADDRESSES.includes(one)).sort()]),
    );
  }

  /** Waits until each address is on the first of its hosts that is able to have it, and nowhere else. */
  async function untilPlanned(what: string, able: readonly Host[]): Promise<void> {
    const orders = planPool(
      lab.hosts.map((host) => host.ipv4),
      ADDRESSES,
    );
    const running = lab.hosts.filter((host) => host.pid !== undefined);
    const planned = new Map(running.map((host) => [host.name, [] as string[]]));
    for (const [index, address] of ADDRESSES.entries()) {
      const first = orders[index]?.find((member) => able.some((host) => host.ipv4 === member));
      planned.get(able.find((host) => host.ipv4 === first)?.name ?? "")?.push(address);
    }
    await until(what, async () => Bun.deepEquals(await owners(), planned));
    settled = planned;
  }

  const shares = (): number[] => [...settled.values()].map((list) => list.length);

  async function start(host: Host): Promise<void> {
    const vips = ADDRESSES.flatMap((address) => ["--vip", `${address}/24`]);
    const members = lab.hosts.map((one) => one.ipv4).join(",");
    await host.spawn([...HA_VIP, "run", ...vips, "--dev", "eth0", "--pool", members, "--check", "file:/etc/good"]);
  }

  beforeAll(async () => {
    lab = await createLab({ hosts: 3, client: false });
    await Promise.all(lab.hosts.map((host) => host.writeFile("/etc/good", "")));
    await Promise.all(lab.hosts.map((host) => start(host)));
  }, 180_000);
  afterAll(async () => lab.close(), 180_000);

  test("each host has two", async () => {
    await untilPlanned("two each", lab.hosts);
    expect(shares()).toEqual([2, 2, 2]);
  }, 180_000);

  test("without one of them the others have three each, and keep what they had", async () => {
    const before = settled;
    await lab.killHost("h2");
    await untilPlanned("three each", [lab.host("h1"), lab.host("h3")]);
    expect(shares()).toEqual([3, 3]);
    for (const name of ["h1", "h3"])
      expect(settled.get(name)).toEqual(expect.arrayContaining([...(before.get(name) ?? [])]));
  }, 180_000);

  test("when it is back, its two come back and nothing else moves", async () => {
    await start(await lab.bootHost("h2"));
    await untilPlanned("two each again", lab.hosts);
  }, 180_000);

  test("a failing check empties a host, and it gets its share again", async () => {
    await lab.host("h1").run(["rm", "/etc/good"]);
    await untilPlanned("none there", [lab.host("h2"), lab.host("h3")]);
    expect(shares()).toEqual([0, 3, 3]);
    await lab.host("h1").writeFile("/etc/good", "");
    await untilPlanned("two each again", lab.hosts);
  }, 180_000);
});
