/** CARP beside the real ucarp, and between hosts of ours. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Host, until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requirePackages, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { HA_VIP, holders, startVip, VIP, waitForHolder } from "./support.ts";

const lacking = requireRootNamespaces() ?? requirePackages("ucarp", "nftables");
const VHID = "7";

async function writePassword(host: Host, word = "open sesame"): Promise<void> {
  await host.writeFile("/etc/carp.password", `${word}\n`, "600");
}

async function startUcarp(host: Host, skew: number, ...options: readonly string[]): Promise<LabProcess> {
  await writePassword(host);
  const change = (what: string): string => `#!/bin/sh\nexec ip address ${what} ${VIP}/24 dev "$1"\n`;
  await host.writeFile("/etc/up.sh", change("replace"), "755");
  await host.writeFile("/etc/down.sh", change("del"), "755");
  const scripts = ["-u", "/etc/up.sh", "-d", "/etc/down.sh", "-z", "-n"];
  const who = ["-i", "eth0", "-s", host.ipv4, "-v", VHID, "-o", "/etc/carp.password", "-a", VIP, "-k", String(skew)];
  return await host.spawn(["/usr/sbin/ucarp", ...who, ...scripts, ...options]);
}

async function startOurs(host: Host, skew: number, ...options: readonly string[]): Promise<LabProcess> {
  await writePassword(host);
  const carp = ["--carp", VHID, "--password-file", "/etc/carp.password", "--advskew", String(skew)];
  return await startVip(host, ...carp, ...options);
}

async function untilFollows(host: Host, master: Host): Promise<void> {
  await until(`${host.name} hears the master`, async () => {
    const status = await host.exec([...HA_VIP, "status", "-o", "json"]);
    return status.stdout.includes(`master ${master.ipv4}`);
  });
}

describe.skipIf(lacking !== undefined)(named("CARP", lacking), () => {
  let lab: Lab;
  let h1: Host;
  let h2: Host;

  beforeEach(async () => {
    lab = await createLab({ hosts: 2, client: false });
    [h1, h2] = [lab.host("h1"), lab.host("h2")];
  }, 180_000);
  afterEach(async () => lab.close(), 180_000);

  test("ucarp is the backup, hears us as master, and takes over when we go", async () => {
    const ours = await startOurs(h1, 0);
    await waitForHolder(lab, "h1");
    const ucarp = await startUcarp(h2, 20);
    await ucarp.waitForOutput(/BACKUP/);
    // A master that it couldn't understand would be dead for it after three seconds.
    await Bun.sleep(3_500);
    expect(await holders(lab)).toEqual(["h1"]);
    expect(ours.stderr).not.toContain("VIP_CARP_BAD_PACKET");
    ours.signal("SIGTERM");
    await waitForHolder(lab, "h2");
  }, 180_000);

  test("ucarp is the master, we listen, and take over when it is dead", async () => {
    const ucarp = await startUcarp(h2, 0);
    await waitForHolder(lab, "h2");
    const ours = await startOurs(h1, 20);
    await untilFollows(h1, h2);
    expect(ours.stderr).not.toContain("VIP_CARP_BAD_PACKET");
    await ucarp.kill("SIGKILL");
    await h2.run(["ip", "address", "del", `${VIP}/24`, "dev", "eth0"]);
    await waitForHolder(lab, "h1");
    await ours.waitForOutput(/VIP_CARP_MASTER_LOST/);
  }, 180_000);

  test("a better rank with preempt takes the address from ucarp, which yields", async () => {
    await startUcarp(h2, 100);
    await waitForHolder(lab, "h2");
    const ours = await startOurs(h1, 0, "--preempt");
    await waitForHolder(lab, "h1");
    await ours.waitForOutput(/VIP_CARP_PREEMPTS/);
  }, 180_000);

  test("two of ours: the address follows the check, several times a second", async () => {
    await Promise.all([h1, h2].map((host) => host.writeFile("/etc/good", "")));
    await startOurs(h1, 20, "--advbase", "0", "--preempt", "--check", "file:/etc/good");
    // It believes the first one dead after three seconds, so that it hears what happens before it acts by itself.
    const second = await startOurs(h2, 240, "--advbase", "0", "--preempt", "--check", "file:/etc/good");
    await waitForHolder(lab, "h1");
    await untilFollows(h2, h1);
    await h1.run(["rm", "/etc/good"]);
    await waitForHolder(lab, "h2");
    await second.waitForOutput(/VIP_CARP_MASTER_LEFT/);
    await h1.writeFile("/etc/good", "");
    await waitForHolder(lab, "h1");
    await untilFollows(h2, h1);
    // The supervisor lets go of the address and says so for the daemon that can't any more.
    await h1.run(`/usr/bin/kill -9 ${(await h1.run("pgrep -f '[m]ain.ts daemon'")).trim()}`);
    await second.waitForOutput(/VIP_CARP_MASTER_LEFT[^]*VIP_CARP_MASTER_LEFT/);
    await waitForHolder(lab, "h1");
  }, 180_000);

  test("a reload changes what changed: another rank and one address more, and the master stays master", async () => {
    const text = (skew: number, more = ""): string =>
      `vip: { carp: [{ name: web, vhid: 7, device: eth0, addresses: [${VIP}/24${more}], advbase: 0, advskew: ${skew}, passwordFile: /etc/carp.password, notify: { master: { command: [touch, /etc/told] } } }] }`;
    await writePassword(h1);
    await h1.writeFile("/etc/ha.yaml", text(20));
    const ours = await h1.spawn([...HA_VIP, "run", "-f", "/etc/ha.yaml"]);
    await waitForHolder(lab, "h1");
    await h1.waitFor("test -e /etc/told");
    await h1.writeFile("/etc/ha.yaml", text(40, ", 10.77.0.101/24"));
    await h1.run([...HA_VIP, "apply"]);
    await waitForHolder(lab, "h1", "10.77.0.101");
    expect(await h1.hasAddress(VIP)).toBe(true);
    await until("the status tells the new rank", async () =>
      (await h1.run([...HA_VIP, "status", "-o", "json"])).includes("advskew 40"),
    );
    // What happened before the status was asked for has been told: its line may still be on its way.
    await ours.waitForOutput(/VIP_CARP_BECAME_MASTER/);
    expect(ours.stderr.match(/VIP_CARP_BECAME_MASTER/g)?.length).toBe(1);
    expect(await h1.run([...HA_VIP, "explain", "web"])).toContain("web is on this host");
    await h1.writeFile("/etc/ha.yaml", text(40));
    await h1.run([...HA_VIP, "apply"]);
    await until("the address that left the list is gone", async () => !(await h1.hasAddress("10.77.0.101")));
    expect(await h1.hasAddress(VIP)).toBe(true);
  }, 180_000);

  test("packets signed with another password aren't believed", async () => {
    await startOurs(h1, 20, "--advbase", "0");
    await waitForHolder(lab, "h1");
    await writePassword(h2, "another");
    const carp = ["--carp", VHID, "--password-file", "/etc/carp.password"];
    const stranger = await startVip(h2, ...carp);
    await stranger.waitForOutput(/VIP_CARP_BAD_PACKET.*signature/);
  }, 180_000);
});
