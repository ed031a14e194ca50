/**
 * `dataplane nft` beside haproxy's `mode tcp`, each on a host of its own between a client and a server. The kernel does
 * the work in the context of whoever sends, so that the balancer's own time says nothing: counted is what client, server
 * and balancer use together, less what client and server use without a balancer.
 */
import { chmodSync } from "node:fs";
import { until } from "../../../shared/lab/host.ts";
import { createLab, type Lab } from "../../../shared/lab/lab.ts";
import type { LabProcess } from "../../../shared/lab/process.ts";
import type { Turns } from "./compare.ts";
import { median } from "./load.ts";
import { cpuMs } from "./processes.ts";

const BAR = 0.35;
const WAYS = ["direct", "ours", "peer"] as const;
type Way = (typeof WAYS)[number];
const HOST_OF: Readonly<Record<Way, string>> = { direct: "h1", ours: "h2", peer: "h3" };

const SERVER = `daemon off; master_process off; error_log /dev/null; pid /var/nginx.pid;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path /var/t1; proxy_temp_path /var/t2;
  fastcgi_temp_path /var/t3; uwsgi_temp_path /var/t4; scgi_temp_path /var/t5;
  server { listen 80; location / { default_type text/plain; return 200 "${"x".repeat(128)}"; } } }`;

const configuration = (server: string, more: string): string =>
  `global\n maxconn 4000\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\nlisten l\n bind *:80\n${more} server s ${server}:80\n`;

/** CPU of all that takes part, for one request. */
async function costUs(lab: Lab, way: Way, processes: readonly LabProcess[], seconds: number): Promise<number> {
  const used = (): number => processes.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
  const url = `http://${lab.host(HOST_OF[way]).ipv4}/`;
  const before = used();
  const { stdout } = await lab.client.exec(["bash", "-c", `wrk -t1 -c32 -d${seconds}s ${url}; times`]);
  const others = used() - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  if (requests === 0) throw new Error(`no request went ${way}: ${stdout}`);
  // The last line has user and system time of what the shell started.
  const times = stdout.trimEnd().split("\n").at(-1) ?? "";
  const ownMs = [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + (Number(minutes) * 60 + Number(rest)) * 1000,
    0,
  );
  return ((others + ownMs) * 1000) / requests;
}

async function startAll(lab: Lab, ours: readonly string[]): Promise<readonly LabProcess[]> {
  const [server, mine, theirs] = [lab.host("h1"), lab.host("h2"), lab.host("h3")];
  await server.writeFile("/etc/bench.conf", SERVER);
  await mine.run("sysctl -qw net.ipv4.ip_forward=1");
  await mine.writeFile("/etc/lb.cfg", configuration(server.ipv4, " dataplane nft\n"));
  await theirs.writeFile("/etc/lb.cfg", configuration(server.ipv4, ""));
  const processes = [
    await server.spawn(["nginx", "-c", "/etc/bench.conf", "-p", "/var"]),
    await mine.spawn([...ours, "-db", "-f", "/etc/lb.cfg"]),
    await theirs.spawn(["haproxy", "-db", "-f", "/etc/lb.cfg"]),
  ];
  for (const way of WAYS) {
    const url = `http://${lab.host(HOST_OF[way]).ipv4}/`;
    await until(`${way} answers`, async () => (await lab.client.exec(["curl", "-sf", "-m", "2", url])).code === 0);
  }
  await until("the rules are there", async () => (await mine.exec(["nft", "list", "ruleset"])).stdout.includes("dnat"));
  return processes;
}

/** Prints the line of the case. */
export async function compareOffload(ours: readonly string[], folder: string, turns: Turns): Promise<void> {
  chmodSync(folder, 0o755);
  await using lab = await createLab({ hosts: 3 });
  const processes = await startAll(lab, ours);
  const costs: Record<Way, number[]> = { direct: [], ours: [], peer: [] };
  for (let round = 0; round < turns.rounds; round += 1) {
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
      costs[way].push(await costUs(lab, way, processes, turns.seconds));
    }
  }
  const direct = median(costs.direct);
  const [mine, theirs] = [median(costs.ours) - direct, median(costs.peer) - direct];
  const ratio = mine / theirs;
  process.stdout.write(
    `nft: ${mine.toFixed(1)} us CPU per request beside ${theirs.toFixed(1)} of haproxy in mode tcp (without a balancer ${direct.toFixed(1)}): ${ratio.toFixed(2)}x, bar ${BAR}x${ratio <= BAR ? "" : ", MISSED"}\n`,
  );
}
