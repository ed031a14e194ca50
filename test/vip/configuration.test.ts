/** A keepalived.conf with everything around the address: groups, scripts, FIFO, routes, vmac, reload, dump. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Host, until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import { named, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { HA_VIP, startVipWith, VIP, waitForAnswer } from "./support.ts";

const lacking = requireRootNamespaces();
const CONF = "/etc/keepalived.conf";
const SECOND = "10.77.0.101";

/** A router named NAME with further lines. */
function router(name: string, vrid: number, address: string, lines = ""): string {
  return `vrrp_instance ${name} {
    interface eth0
    virtual_router_id ${vrid}
    version 3
    priority 100
    advert_int 0.1
    virtual_ipaddress {
        ${address}/24
    }
    ${lines}
}
`;
}

/** The file is the service; a busy machine may take its time to start the program that looks for it. */
const CHECK = `vrrp_script good {\n script "/usr/bin/test -e /etc/good"\n interval 1\n timeout 30\n}\n`;
/** An answer may come late on a busy machine; what hasn't come after so long was lost. */
const LATE_MS = 10_000;

/** A script that appends its arguments to a file. */
async function writeScript(host: Host, path: string, to: string): Promise<void> {
  await host.writeFile(path, `#!/bin/sh\necho "$@" >> ${to}\n`, "755");
}

async function lines(host: Host, path: string): Promise<string[]> {
  const { stdout } = await host.exec(["cat", path]);
  return stdout.split("\n").filter((line) => line !== "");
}

describe.skipIf(lacking !== undefined)(named("a keepalived.conf in full", lacking), () => {
  let lab: Lab;
  let host: Host;

  beforeEach(async () => {
    lab = await createLab({ hosts: 1 });
    host = lab.host("h1");
  }, 180_000);
  afterEach(async () => lab.close(), 180_000);

  test("notify scripts and the FIFO hear of every change, in order, with keepalived's words", async () => {
    await writeScript(host, "/etc/any.sh", "/root/any");
    await writeScript(host, "/etc/master.sh", "/root/master");
    await host.writeFile("/etc/good", "");
    const global = "global_defs {\n vrrp_notify_fifo /run/vip.fifo\n script_user root\n}\n";
    const notify = `notify /etc/any.sh\n notify_master "/etc/master.sh it is here"\n track_script {\n good\n }`;
    await host.run("mkfifo /run/vip.fifo");
    const reader = await host.spawn("cat /run/vip.fifo");
    const process = await startVipWith(host, global + CHECK + router("VI_1", 51, VIP, notify));
    await until("it is master", async () => await host.hasAddress(VIP));
    await host.run(["rm", "/etc/good"]);
    await until("it is in fault", async () => !(await host.hasAddress(VIP)));
    await until("the script has heard", async () =>
      (await lines(host, "/root/any")).some((line) => /FAULT/.test(line)),
    );
    process.signal("SIGTERM");
    await until("it has ended", () => !process.running);
    await host.waitFor("grep -q STOP /root/any");
    expect(await lines(host, "/root/master")).toEqual(["it is here"]);
    const heard = (await lines(host, "/root/any")).map((line) => line.replace(/ \d+$/, ""));
    expect(heard.slice(-3)).toEqual(["INSTANCE VI_1 MASTER", "INSTANCE VI_1 FAULT", "INSTANCE VI_1 STOP"]);
    await until("the FIFO has told", () => /INSTANCE "VI_1" STOP/.test(reader.stdout));
    expect(reader.stdout).toMatch(/INSTANCE "VI_1" MASTER 100\n(.*\n)*INSTANCE "VI_1" FAULT/);
  }, 180_000);

  test("routers of a sync group change together, and the group's script hears once", async () => {
    await writeScript(host, "/etc/group.sh", "/root/group");
    await host.writeFile("/etc/good", "");
    const group = "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n notify_fault '/etc/group.sh fault'\n}\n";
    const conf = CHECK + group + router("VI_1", 51, VIP, "track_script {\n good\n }") + router("VI_2", 52, SECOND);
    await startVipWith(host, conf);
    await until("both are here", async () => (await host.hasAddress(VIP)) && (await host.hasAddress(SECOND)));
    await host.run(["rm", "/etc/good"]);
    await until("neither is here", async () => !(await host.hasAddress(VIP)) && !(await host.hasAddress(SECOND)));
    await until("the group's script has heard", async () => (await lines(host, "/root/group")).length > 0);
    await host.writeFile("/etc/good", "");
    await until("both are back", async () => (await host.hasAddress(VIP)) && (await host.hasAddress(SECOND)));
    expect(await lines(host, "/root/group")).toHaveLength(1);
  }, 180_000);

  test("virtual routes and rules exist exactly while the address is here", async () => {
    const more = `virtual_routes {\n 192.0.2.0/24 via 10.77.0.254 dev eth0\n }
    virtual_rules {\n from ${VIP} table 100 preference 300\n }`;
    const process = await startVipWith(host, router("VI_1", 51, VIP, more));
    await host.waitFor("ip route show 192.0.2.0/24 | grep -q 'via 10.77.0.254'");
    await host.waitFor(`ip rule show | grep -q 'from ${VIP} lookup 100'`);
    process.signal("SIGTERM");
    await until("it has ended", () => !process.running);
    expect(await host.run("ip route show 192.0.2.0/24")).toBe("");
    expect(await host.run("ip rule show")).not.toContain(VIP);
  }, 180_000);

  test("use_vmac gives the address the virtual router's own hardware address", async () => {
    const process = await startVipWith(host, router("VI_1", 51, VIP, "use_vmac"));
    await host.waitFor("ip -4 address show | grep -q 10.77.0.100");
    await startAnswering(lab.hosts);
    await waitForAnswer(await startProbe(lab, { address: VIP, intervalMs: 20 }));
    expect(await lab.client.run(`ip neigh show ${VIP}`)).toContain("00:00:5e:00:01:33");
    process.signal("SIGTERM");
    await until("it has ended", () => !process.running);
    expect(await host.run("ip link show")).not.toContain("00:00:5e:00:01:33");
  }, 180_000);

  test("reload changes what changed: an unchanged address loses not one datagram", async () => {
    const process = await startVipWith(host, router("VI_1", 51, VIP) + router("VI_2", 52, SECOND));
    await until("both are here", async () => (await host.hasAddress(VIP)) && (await host.hasAddress(SECOND)));
    await startAnswering(lab.hosts);
    const probe = await startProbe(lab, { address: VIP, timeoutMs: LATE_MS });
    await waitForAnswer(probe);
    probe.mark("reload");
    await host.writeFile(CONF, router("VI_1", 51, VIP) + router("VI_3", 53, "10.77.0.102"));
    process.signal("SIGHUP");
    await until("the new one is here", async () => await host.hasAddress("10.77.0.102"));
    await until("the old one is gone", async () => !(await host.hasAddress(SECOND)));
    await process.waitForOutput(/VIP_RELOADED.* added=1 changed=0 removed=1 kept=1/);
    await host.writeFile(CONF, "vrrp_instance BROKEN {");
    process.signal("SIGHUP");
    await process.waitForOutput(/VIP_RELOAD_FAILED/);
    expect(await host.hasAddress(VIP)).toBe(true);
    const applied = await host.exec([...HA_VIP, "apply", "--yes"]);
    expect(applied.code).toBe(65);
    expect((await probe.stop()).windows[0]?.lost).toBe(0);
  }, 180_000);

  test("keepalived's flags: background with pid file, test, dump on SIGUSR1, metrics and JSON dump", async () => {
    await host.writeFile(
      CONF,
      router("VI_1", 51, VIP, "authentication {\n auth_type PASS\n auth_pass hunter2\n }")
        .replace("version 3", "version 2")
        .replace("advert_int 0.1", "advert_int 1"),
    );
    const dumped = await host.spawn([...HA_VIP, "-n", "-d", "-f", CONF]);
    await dumped.waitForOutput(/vrid: 51/);
    await dumped.kill("SIGTERM");
    expect(dumped.stderr).not.toContain("hunter2");
    const tested = await host.exec([...HA_VIP, "-t", "-f", CONF]);
    expect(tested.code).toBe(0);
    const started = await host.exec([...HA_VIP, "-D", "-p", "/run/vip.pid", "-r/run/vip-daemon.pid", "-f", CONF]);
    expect(started).toMatchObject({ code: 0 });
    const pid = (await host.readFile("/run/vip.pid")).trim();
    await until("the address is here", async () => await host.hasAddress(VIP));
    const again = await host.exec([...HA_VIP, "-n", "-p", "/run/vip.pid", "-f", CONF]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(pid);
    const number = (await host.run([...HA_VIP, "--signum=DATA"])).trim();
    await host.run(`/usr/bin/kill -${number} ${pid}`);
    await host.waitFor("test -s /run/ha-vip/ha-vip.data");
    const dump = await host.readFile("/run/ha-vip/ha-vip.data");
    expect(JSON.parse(dump)).toMatchObject({ schema: 1, routers: [{ vrid: 51, authentication: "PASS" }] });
    expect(dump).not.toContain("hunter2");
    expect(await host.run([...HA_VIP, "dump"])).toContain('"authentication": "PASS"');
    expect(await host.run([...HA_VIP, "metrics"])).toContain("VI_1");
    await host.run(`/usr/bin/kill -TERM ${pid}`);
    await until("the address is gone", async () => !(await host.hasAddress(VIP)));
    await host.waitFor("! test -e /run/vip.pid");
  }, 180_000);

  test("as an OCF agent it starts, is seen, announces, stops, and refuses what it doesn't honour", async () => {
    const agent = async (action: string, more = "") =>
      await host.exec(`OCF_RESKEY_ip=${VIP} ${more} ${HA_VIP.join(" ")} ocf ${action}`);
    expect((await agent("monitor")).code).toBe(7);
    expect((await agent("start", "OCF_RESKEY_arp_count=2 OCF_RESKEY_arp_interval=10")).code).toBe(0);
    expect(await host.run("ip address show dev eth0")).toContain(`${VIP}/24`);
    expect((await agent("start", "OCF_RESKEY_arp_count=1")).code).toBe(0);
    expect((await agent("monitor")).code).toBe(0);
    expect((await agent("stop")).code).toBe(0);
    expect((await agent("stop")).code).toBe(0);
    expect((await agent("monitor")).code).toBe(7);
    const refused = await agent("start", "OCF_RESKEY_lvs_support=true");
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("ocf-exit-reason:");
    expect((await agent("meta-data")).stdout).toContain('<parameter name="cidr_netmask"');
  }, 180_000);
});
