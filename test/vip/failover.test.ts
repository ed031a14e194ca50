import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { HA_VIP, holders, startVip, startVipWith, VIP, waitForHolder } from "./support.ts";

const lacking = requireNamespaces() ?? requirePackages("nftables");
const SEEDS = join(import.meta.dir, "..", "cases", "seed");

describe.skipIf(lacking !== undefined)(named("a floating address", lacking), () => {
  let lab: Lab;
  let running: LabProcess[];

  beforeEach(async () => {
    lab = await createLab({ hosts: 3 });
    running = [];
  });
  afterEach(async () => lab.close());

  async function startAll(...options: readonly string[]): Promise<string> {
    running = await Promise.all(lab.hosts.map((host) => startVip(host, ...options)));
    return await waitForHolder(lab, undefined);
  }

  function processOf(name: string): LabProcess {
    const found = running[lab.hosts.findIndex((host) => host.name === name)];
    if (found === undefined) throw new Error(`nothing runs on ${name}`);
    return found;
  }

  test("is on one host, survives that host's loss of power, and clients reach the new one", async () => {
    const first = await startAll();
    await startAnswering(lab.hosts);
    const probe = await startProbe(lab, { address: VIP });
    await lab.killHost(first);
    probe.mark("power lost");
    const second = await waitForHolder(lab, undefined);
    expect(second).not.toBe(first);
    await until("the client is answered by the new host", async () => {
      const { total } = await (await startProbe(lab, { address: VIP, intervalMs: 20 })).stop();
      return total.lost < total.sent;
    });
    const report = await probe.stop();
    expect(report.total.lost).toBeGreaterThan(0);
    expect(report.total.switches).toBeGreaterThan(0);
  }, 60_000);

  test("moves when the cable is pulled, and comes to rest on one host when it is back", async () => {
    const first = await startAll();
    await lab.cut(first);
    await until("another host has it", async () => (await holders(lab)).some((name) => name !== first));
    await until("the cut host has let go", async () => !(await holders(lab)).includes(first));
    await lab.uncut(first);
    await waitForHolder(lab, undefined);
  }, 60_000);

  test("leaves nothing behind on an orderly stop, and the next host takes over at once", async () => {
    const first = await startAll();
    processOf(first).signal("SIGTERM");
    await waitForHolder(lab, undefined);
    expect(await holders(lab)).not.toContain(first);
    await until("the process has ended", () => !processOf(first).running);
  }, 60_000);

  test("is removed by the kernel when everything of ours is killed or stopped at once", async () => {
    const first = await startAll();
    const host = lab.host(first);
    // Nobody is left who could remove it: supervisor, daemon and its threads stop in the same instant.
    // (The brackets keep pgrep from finding the shell that runs it.)
    const pids = (await host.run("pgrep -f 'ha-vip/[m]ain.ts'")).trim().split("\n");
    expect(pids.length).toBe(2);
    await host.run(`/usr/bin/kill -STOP ${pids.join(" ")}`);
    await until("the stopped host has lost it", async () => !(await host.hasAddress(VIP)));
    await until("another host has it", async () => (await holders(lab)).some((name) => name !== first));
  }, 60_000);

  test("is released by the supervisor when the daemon is killed", async () => {
    const first = await startAll();
    const daemon = await lab.host(first).run("pgrep -f '[m]ain.ts daemon'");
    await lab.host(first).run(`/usr/bin/kill -9 ${daemon.trim()}`);
    await until("the supervisor has noticed", () => /ha-vip died \(SIGKILL\)/.test(processOf(first).stderr));
    await waitForHolder(lab, undefined);
  }, 60_000);

  test("follows the check of the service", async () => {
    await Promise.all(lab.hosts.map((host) => host.writeFile("/etc/good", "")));
    const first = await startAll("--check", "exec:test -e /etc/good");
    await lab.host(first).run(["rm", "/etc/good"]);
    await until("another host has it", async () => {
      const now = await holders(lab);
      return now.length === 1 && now[0] !== first;
    });
    const status = await lab.host(first).exec([...HA_VIP, "status", "-o", "json"]);
    expect(status.stdout).toContain("VIP_CHECK_DOWN");
  }, 60_000);

  test("comes back when somebody deletes it by hand", async () => {
    const first = await startAll();
    await lab.host(first).run(["ip", "address", "del", `${VIP}/24`, "dev", "eth0"]);
    await until("it is back", async () => await lab.host(first).hasAddress(VIP));
    await until("the event is told", () => /VIP_ADDRESS_TAKEN_AWAY/.test(processOf(first).stderr));
  }, 60_000);

  test("the files of the documents that the product comes from run as they stand, but for names", async () => {
    // Only the interface, the address and the check's program are those of the lab.
    const mapped = (name: string): string =>
      readFileSync(join(SEEDS, name), "utf8")
        .replace("eth1", "eth0")
        .replace(/192\.168\.56\.200|10\.0\.0\.100/, VIP)
        .replace("killall -0 haproxy", "test -e /etc/good");
    const [fred, ethyl] = [lab.host("h1"), lab.host("h2")];
    await Promise.all([fred, ethyl].map((host) => host.writeFile("/etc/good", "")));
    await startVipWith(fred, mapped("keepalived-003-fred.conf"));
    await startVipWith(ethyl, mapped("keepalived-003-ethyl.conf"));
    await waitForHolder(lab, "h1");
    // Priority 101 and weight 2 against 100 and 2: the failing check costs 2, which is enough.
    await fred.run(["rm", "/etc/good"]);
    await waitForHolder(lab, "h2");
    await fred.writeFile("/etc/good", "");
    await waitForHolder(lab, "h1");
  }, 90_000);
});
