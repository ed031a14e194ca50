/** Addresses announced by BGP to the real bird, which spreads traffic over the hosts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Host, until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requirePackages, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { HA_VIP, waitForAnswer } from "./support.ts";

const lacking = requireRootNamespaces() ?? requirePackages("bird2", "nftables");

const ANYCAST = "192.0.2.10";
const ANYCAST6 = "2001:db8::10";
const PASSWORD = "open sesame";
/** Silence of two and a half seconds: long before the hold time of minutes, and no busy machine is so silent. */
const [BFD_MS, BFD_MULTIPLIER] = [500, 5];

/** h1 speaks over IPv4 and h2 over IPv6; both announce addresses of both families. */
function sessionAddress(host: Host, of: Host): string {
  return of.name === "h1" ? host.ipv4 : host.ipv6;
}

/** The router h3: sessions with the two others, signed, with TTL security and BFD; all paths go into the kernel. */
function birdConf(router: Host, hosts: readonly Host[]): string {
  const sessions = hosts.map(
    (host, index) => `protocol bgp ${host.name} from hosts {
  local ${sessionAddress(router, host)} as 65000;
  neighbor ${sessionAddress(host, host)} as ${65_001 + index};
}`,
  );
  return `
log stderr all;
debug protocols { states, events };
router id ${router.ipv4};
protocol device { scan time 1; }
protocol kernel { ipv4 { export all; }; merge paths on; }
protocol kernel { ipv6 { export all; }; merge paths on; }
protocol bfd {
  interface "eth0" { min rx interval ${BFD_MS} ms; min tx interval ${BFD_MS} ms; multiplier ${BFD_MULTIPLIER}; };
}
filter tell_leaving {
  if (65535, 0) ~ bgp_community then print "leaving: ", net;
  accept;
}
template bgp hosts {
  password "${PASSWORD}";
  ttl security on;
  bfd on;
  error wait time 1, 2;
  connect retry time 1;
  ipv4 { import filter tell_leaving; export none; };
  ipv6 { import filter tell_leaving; export none; };
}
${sessions.join("\n")}
`;
}

function haYaml(host: Host, router: Host, as: number): string {
  return `
vip:
  bgp:
    as: ${as}
    routerId: ${host.ipv4}
    drain: 300ms
    peers:
      - address: "${sessionAddress(router, host)}"
        as: 65000
        passwordFile: /etc/bgp.password
        ttlSecurity: true
        nextHop: "${host.name === "h1" ? host.ipv6 : host.ipv4}"
        bfd: { interval: ${BFD_MS}ms, multiplier: ${BFD_MULTIPLIER} }
    announce:
      - { name: web, addresses: [${ANYCAST}/32, "${ANYCAST6}/128"], checks: [good], communities: ["65000:100"] }
  checks:
    - { name: good, target: "file:/etc/good", interval: 50ms }
`;
}

describe.skipIf(lacking !== undefined)(named("BGP with the real bird", lacking), () => {
  let lab: Lab;
  let router: Host;
  let bird: LabProcess;
  const running = new Map<string, LabProcess>();

  async function start(host: Host): Promise<void> {
    running.set(host.name, await host.spawn([...HA_VIP, "run", "-f", "/etc/ha.yaml"]));
  }

  /** The next hops of an address in the router's kernel, sorted. */
  async function paths(address = ANYCAST): Promise<string[]> {
    const text = await router.run(["ip", "-json", address.includes(":") ? "-6" : "-4", "route", "show", address]);
    return [...text.matchAll(/"gateway":"([^"]+)"/g)].map((found) => found[1] ?? "").sort();
  }

  async function untilPaths(what: string, hosts: readonly Host[], address = ANYCAST): Promise<void> {
    const wanted = hosts.map((host) => (address.includes(":") ? host.ipv6 : host.ipv4)).sort();
    await until(what, async () => JSON.stringify(await paths(address)) === JSON.stringify(wanted));
  }

  async function birdSays(command: string): Promise<string> {
    return await router.run(["birdc", "-s", "/run/bird.ctl", ...command.split(" ")]);
  }

  /** Both sessions, their routes and BFD are there. */
  async function untilWhole(): Promise<void> {
    await untilPaths("two paths", [h1, h2]);
    await untilPaths("two paths of IPv6", [h1, h2], ANYCAST6);
    const up = async (): Promise<number> => [...(await birdSays("show bfd sessions")).matchAll(/ Up /g)].length;
    await until("BFD is up with both", async () => (await up()) === 2);
  }

  const bfdDowns = (): number => [...(running.get("h1")?.stderr ?? "").matchAll(/VIP_BFD_DOWN/g)].length;

  let h1: Host;
  let h2: Host;

  beforeAll(async () => {
    lab = await createLab({ hosts: 3 });
    [h1, h2, router] = [lab.host("h1"), lab.host("h2"), lab.host("h3")];
    await router.writeFile("/etc/bird.conf", birdConf(router, [h1, h2]));
    bird = await router.spawn(["/usr/sbin/bird", "-f", "-c", "/etc/bird.conf", "-s", "/run/bird.ctl"]);
    for (const [index, host] of [h1, h2].entries()) {
      await host.writeFile("/etc/good", "");
      await host.writeFile("/etc/bgp.password", `${PASSWORD}\n`, "600");
      await host.writeFile("/etc/ha.yaml", haYaml(host, router, 65_001 + index));
      await start(host);
    }
  }, 180_000);
  afterAll(async () => lab.close(), 180_000);

  test("both hosts are next hops of one route, IPv4 and IPv6, and the address answers", async () => {
    await untilWhole();
    expect(await h1.hasAddress(ANYCAST, "lo")).toBe(true);
    await startAnswering([h1, h2]);
    await router.run("sysctl -qw net.ipv4.ip_forward=1");
    await lab.client.run(["ip", "route", "add", `${ANYCAST}/32`, "via", router.ipv4]);
    await waitForAnswer(await startProbe(lab, { address: ANYCAST, intervalMs: 10 }));
    const route = await birdSays(`show route for ${ANYCAST}/32 all`);
    expect(route).toContain("BGP.community: (65000,100)");
    expect(bird.stderr).not.toMatch(/Invalid|Malformed|Error: /);
  }, 180_000);

  test("a failing check withdraws the routes of that host, and they come back with it", async () => {
    await h1.run(["rm", "/etc/good"]);
    await untilPaths("only the other host", [h2]);
    await untilPaths("only the other host for IPv6", [h2], ANYCAST6);
    expect(await birdSays("show protocols h1")).toContain("Established");
    await h1.writeFile("/etc/good", "");
    await untilPaths("two paths again", [h1, h2]);
    await h1.run([...HA_VIP, "release", "web", "--for", "1h", "--yes"]);
    await untilPaths("released", [h2]);
    expect(await h1.run([...HA_VIP, "explain", "web"])).toContain("released by an operator");
    await h1.run([...HA_VIP, "resume", "web"]);
    await untilWhole();
  }, 180_000);

  test("a reload announces what is new, and nothing else is touched", async () => {
    const since = async (): Promise<string> =>
      (await birdSays("show protocols h1")).split("\n").find((line) => line.startsWith("h1")) ?? "";
    const before = await since();
    await h1.writeFile(
      "/etc/ha.yaml",
      haYaml(h1, router, 65_001).replace(`${ANYCAST}/32`, `${ANYCAST}/32, 192.0.2.11`),
    );
    await h1.run([...HA_VIP, "apply"]);
    await untilPaths("the new address", [h1], "192.0.2.11");
    await untilPaths("the old one as before", [h1, h2]);
    expect(await since()).toBe(before);
  }, 180_000);

  test("a host that stands still is found by BFD, long before the hold time is over", async () => {
    await lab.pause(h1);
    await untilPaths("only the other host", [h2]);
    await bird.waitForOutput(new RegExp(`Session to ${h1.ipv4} changed state from Up to Down`));
    expect(bird.stderr).not.toMatch(/h1.*Hold timer expired/);
    await lab.resume(h1);
    await untilWhole();
  }, 180_000);

  test("a cut that neither side is told of is found by BFD", async () => {
    const before = bfdDowns();
    await lab.isolate(h1);
    await untilPaths("only the other host", [h2]);
    expect(bird.stderr).not.toMatch(/h1.*Hold timer expired/);
    await until("our side noticed too", () => bfdDowns() > before);
    await lab.heal();
    await untilWhole();
  }, 180_000);

  test("kill -9 of everything: the route goes, the address goes", async () => {
    const pids = (await h1.run("pgrep -f 'ha-vip/[m]ain.ts'")).trim().split("\n");
    await h1.run(`/usr/bin/kill -9 ${pids.join(" ")}`);
    await untilPaths("only the other host", [h2]);
    await until("the kernel took the address back", async () => !(await h1.hasAddress(ANYCAST, "lo")));
    await start(h1);
    await untilWhole();
  }, 180_000);

  test("a planned stop marks the route as leaving, then withdraws it", async () => {
    const process = running.get("h1");
    process?.signal("SIGTERM");
    await bird.waitForOutput(/leaving: 192\.0\.2\.10\/32/);
    await untilPaths("only the other host", [h2]);
    await until("it has ended", () => process?.running === false);
    expect(await h1.hasAddress(ANYCAST, "lo")).toBe(false);
    await bird.waitForOutput(/h1: Received: Administrative shutdown/);
  }, 180_000);

  test("another password makes no session, and the reason is told", async () => {
    await h1.writeFile("/etc/bgp.password", "guess\n", "600");
    await start(h1);
    await running.get("h1")?.waitForOutput(/VIP_BGP_DOWN/);
    await untilPaths("only the other host", [h2]);
  }, 180_000);
});
