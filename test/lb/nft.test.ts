/** `dataplane nft` in namespaces: the kernel balances, the checks decide between whom, and nothing is left behind. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { startWebServers } from "../../shared/lab/prober/prober.ts";
import { named, requireNamespaces, requirePackages, requirePrograms } from "../../shared/lab/requirements.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

const lacking = requireNamespaces() ?? requirePackages("nftables", "curl") ?? requirePrograms("nft", "curl");
const root = join(import.meta.dir, "..", "..");
const HA_LB = [join(root, "node_modules", ".bin", "bun"), join(root, "tools", "ha-lb", "main.ts")];

describe.skipIf(lacking !== undefined)(named("the kernel as the data plane", lacking), () => {
  let lab: Lab;
  let balancer: LabProcess;
  const ip = (name: string): string => lab.host(name).ipv4;

  beforeAll(async () => {
    lab = await createLab({ hosts: 3 });
    await startWebServers([lab.host("h1"), lab.host("h2")], 8080);
    await lab.host("h3").run("sysctl -qw net.ipv4.ip_forward=1");
    await lab.host("h3").writeFile(
      "/etc/haproxy.cfg",
      `global
 log stdout format raw daemon
defaults
 mode tcp
 log global
 option tcplog
 timeout connect 20s
 timeout client 60s
 timeout server 60s
listen web
 bind ${ip("h3")}:80
 bind *:81
 dataplane nft
 default-server check inter 1s fall 3 rise 1
 server s1 ${ip("h1")}:8080
 server s2 ${ip("h2")}:8080
`,
    );
    await start();
  });
  afterAll(async () => lab?.close());

  async function start(): Promise<void> {
    balancer = await lab.host("h3").spawn([...HA_LB, "-db", "-f", "/etc/haproxy.cfg"]);
    await until("there are rules", async () => (await rules()).includes("dnat"));
  }
  const said = (): string => `${balancer.stdout}${balancer.stderr}`;
  const rules = async (): Promise<string> => (await lab.host("h3").exec(["nft", "list", "ruleset"])).stdout;

  /** The web server of a host refuses connections, and takes them again. */
  async function shut(name: string): Promise<void> {
    const chain = "add table inet shut; add chain inet shut in { type filter hook input priority 0; }";
    await lab.host(name).run(["nft", `${chain}; add rule inet shut in tcp dport 8080 reject with tcp reset`]);
  }
  async function open(name: string): Promise<void> {
    await lab.host(name).run(["nft", "delete table inet shut"]);
  }

  /** Which server answered; nothing when none did. */
  async function ask(port: number, from = lab.client): Promise<string> {
    return (await from.exec(["curl", "-s", "-m", "30", `http://${ip("h3")}:${port}/`])).stdout;
  }

  async function answers(port: number, count: number): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (let index = 0; index < count; index += 1) found.add(await ask(port));
    return found;
  }

  test("connections alternate between the servers, and our process sees none of them", async () => {
    for (const port of [80, 81]) {
      const four = [await ask(port), await ask(port), await ask(port), await ask(port)];
      expect(new Set(four).size).toBe(2);
      expect(four).not.toContain("");
      expect(four.slice(2)).toEqual(four.slice(0, 2));
    }
    expect(said().includes(" web ")).toBe(false);
  });

  test("also those of the host itself", async () => {
    expect(await ask(80, lab.host("h3"))).not.toBe("");
  });

  test("a server that fails its check gets no more, and comes back", async () => {
    await shut("h1");
    await until("one server is left", async () => !(await rules()).includes(`${ip("h1")} . 8080`));
    expect((await answers(80, 4)).size).toBe(1);
    await open("h1");
    await until("both are back", async () => (await rules()).includes(`${ip("h1")} . 8080`));
    expect((await answers(80, 4)).size).toBe(2);
  });

  test("without a server there are no rules, and our own socket answers", async () => {
    for (const name of ["h1", "h2"]) await shut(name);
    await until("no rule is left", async () => !(await rules()).includes("dnat"));
    await ask(80);
    await until("our process saw the connection", () => said().includes("web/<NOSRV>"));
    for (const name of ["h1", "h2"]) await open(name);
    await until("the rules are back", async () => (await rules()).includes("dnat"));
  });

  test("killed, it leaves no rules; without forwarding it carries the connections itself", async () => {
    await balancer.kill("SIGKILL");
    await until("the rules are gone", async () => (await rules()) === "");
    await lab.host("h3").run("sysctl -qw net.ipv4.ip_forward=0");
    balancer = await lab.host("h3").spawn([...HA_LB, "-db", "-f", "/etc/haproxy.cfg"]);
    await until("it answers", async () => (await ask(80)) !== "");
    await until("it says why", () => said().includes("net.ipv4.ip_forward=1"));
    expect(await rules()).not.toContain("dnat");
  });
});
