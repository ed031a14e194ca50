/** Many addresses spread over hosts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Host, until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
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

  /** Waits until every address is on exactly one host, and each host has as many as said. */
  async function untilShares(what: string, shares: readonly number[]): Promise<ReadonlyMap<string, readonly string[]>> {
    let last = new Map<string, string[]>();
    await until(what, async () => {
      last = await owners();
      const all = [...last.values()].flat();
      const sizes = [...last.values()].map((list) => list.length).toSorted((left, right) => left - right);
      return new Set(all).size === all.length && JSON.stringify(sizes) === JSON.stringify(shares);
    });
    return last;
  }

  async function start(host: Host): Promise<void> {
    const vips = ADDRESSES.flatMap((address) => ["--vip", `${address}/24`]);
    const members = lab.hosts.map((one) => one.ipv4).join(",");
    await host.spawn([...HA_VIP, "run", ...vips, "--dev", "eth0", "--pool", members, "--check", "file:/etc/good"]);
  }

  beforeAll(async () => {
    lab = await createLab({ hosts: 3, client: false });
    await Promise.all(lab.hosts.map((host) => host.writeFile("/etc/good", "")));
    await Promise.all(lab.hosts.map((host) => start(host)));
  }, 30_000);
  afterAll(async () => lab.close());

  test("each host has two", async () => {
    settled = await untilShares("two each", [2, 2, 2]);
  }, 30_000);

  test("without one of them the others have three each, and keep what they had", async () => {
    await lab.killHost("h2");
    const now = await untilShares("three each", [3, 3]);
    for (const name of ["h1", "h3"])
      expect(now.get(name)).toEqual(expect.arrayContaining([...(settled.get(name) ?? [])]));
  }, 30_000);

  test("when it is back, its two come back and nothing else moves", async () => {
    await start(await lab.bootHost("h2"));
    expect(await untilShares("two each again", [2, 2, 2])).toEqual(settled);
  }, 30_000);

  test("a failing check empties a host, and it gets its share again", async () => {
    await lab.host("h1").run(["rm", "/etc/good"]);
    await untilShares("none there", [0, 3, 3]);
    await lab.host("h1").writeFile("/etc/good", "");
    expect(await untilShares("two each again", [2, 2, 2])).toEqual(settled);
  }, 30_000);
});
