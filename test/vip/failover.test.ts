import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { HA_VIP, holders, startVip, startVipWith, VIP, waitForAnswer, waitForHolder, waitForOther } from "./support.ts";

const lacking = requireNamespaces() ?? requirePackages("nftables");
const SEEDS = join(import.meta.dir, "..", "cases", "seed");

describe.skipIf(lacking !== undefined)(named("a floating address", lacking), () => {
  let lab: Lab;
  let running: LabProcess[];

  beforeEach(async () => {
    lab = await createLab({ hosts: 3 });
    running = [];
  }, 180_000);
  afterEach(async () => lab.close(), 180_000);

  /** Starts all hosts at once, and tells who has the address when they agree. */
  async function startAll(...options: readonly string[]): Promise<string> {
    running = await Promise.all(lab.hosts.map((host) => startVip(host, ...options)));
    let holder = "";
    await until("all follow one host", async () => {
      holder = await waitForHolder(lab, undefined);
      const said = await Promise.all(lab.hosts.map((host) => host.exec([...HA_VIP, "explain"])));
      return said.every(({ stdout }, index) =>
        lab.hosts[index]?.name === holder
          ? stdout.includes("is on this host")
          : stdout.includes(`is on ${lab.host(holder).ipv4}`),
      );
    });
    return holder;
  }

  function processOf(name: string): LabProcess {
    const found = running[lab.hosts.findIndex((host) => host.name === name)];
    if (found === undefined) throw new Error(`nothing runs on ${name}`);
    return found;
  }

  test("is on one host, survives that host's loss of power, and clients reach the new one", async () => {
    await startAll();
    await startAnswering(lab.hosts);
    const probe = await startProbe(lab, { address: VIP });
    const first = await waitForAnswer(probe);
    await lab.killHost(first);
    await waitForOther(lab, first);
    await until("the client is answered by the new host", async () => {
      const { hostAfter, switches } = (await probe.report()).total;
      return switches > 0 && hostAfter !== first;
    });
  }, 180_000);

  test("moves when the cable is pulled, and comes to rest on one host when it is back", async () => {
    const first = await startAll();
    await lab.cut(first);
    await until("another host has it", async () => (await holders(lab)).some((name) => name !== first));
    await until("the cut host has let go", async () => !(await holders(lab)).includes(first));
    await lab.uncut(first);
    await waitForHolder(lab, undefined);
  }, 180_000);

  test("leaves nothing behind on an orderly stop, and the next host takes over at once", async () => {
    const first = await startAll();
    processOf(first).signal("SIGTERM");
    await waitForOther(lab, first);
    await until("the process has ended", () => !processOf(first).running);
    expect(await holders(lab)).not.toContain(first);
  }, 180_000);

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
  }, 180_000);

  test("is released by the supervisor when the daemon is killed", async () => {
    const first = await startAll();
    const daemon = await lab.host(first).run("pgrep -f '[m]ain.ts daemon'");
    await lab.host(first).run(`/usr/bin/kill -9 ${daemon.trim()}`);
    await processOf(first).waitForOutput(/ha-vip died \(SIGKILL\)/);
    await waitForHolder(lab, undefined);
  }, 180_000);

  test("follows the check of the service", async () => {
    await Promise.all(lab.hosts.map((host) => host.writeFile("/etc/good", "")));
    // A check that starts a program has a tenth of a second on this line: on a busy machine it might fail by itself.
    const first = await startAll("--check", "file:/etc/good");
    await lab.host(first).run(["rm", "/etc/good"]);
    await waitForOther(lab, first);
    await until("the status says why", async () => {
      const { stdout } = await lab.host(first).exec([...HA_VIP, "status", "-o", "json"]);
      return stdout.includes("VIP_CHECK_DOWN");
    });
  }, 180_000);

  test("comes back when somebody deletes it by hand", async () => {
    const [host] = lab.hosts;
    if (host === undefined) throw new Error("a lab without hosts");
    const process = await startVip(host);
    await waitForHolder(lab, host.name);
    await host.run(["ip", "address", "del", `${VIP}/24`, "dev", "eth0"]);
    await process.waitForOutput(/VIP_ADDRESS_TAKEN_AWAY/);
    await until("it is back", async () => await host.hasAddress(VIP));
  }, 180_000);

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
  }, 180_000);
});
