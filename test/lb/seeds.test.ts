import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { startWebServers } from "../../shared/lab/prober/prober.ts";
import { named, requireNamespaces, requirePackages, requirePrograms } from "../../shared/lab/requirements.ts";

/** The package brings the user that the files name; `curl` and `openssl` stand for the client and the certificate. */
const lacking =
  requireNamespaces() ?? requirePackages("haproxy", "curl", "openssl") ?? requirePrograms("curl", "openssl");
const root = join(import.meta.dir, "..", "..");
const HA_LB = [join(root, "node_modules", ".bin", "bun"), join(root, "tools", "ha-lb", "main.ts")];
const seed = (name: string): string => readFileSync(join(root, "test", "cases", "seed", name), "utf8");

describe.skipIf(lacking !== undefined)(named("the files of the documents that the product comes from", lacking), () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await createLab({ hosts: 3 });
    await startWebServers(lab.hosts, 8080);
  });
  afterAll(async () => lab?.close());

  async function curl(...words: readonly string[]): Promise<string> {
    return (await lab.client.exec(["curl", "-s", "-k", "-m", "30", ...words])).stdout;
  }

  test("two web servers in turn, and the statistics page behind its password", async () => {
    const [h1, h2, h3] = lab.hosts.map((host) => host.ipv4);
    // Only the addresses are those of the lab.
    const text = seed("haproxy-003.cfg")
      .replaceAll("192.168.56.200", h3 ?? "")
      .replaceAll("192.168.56.201", h1 ?? "")
      .replaceAll("192.168.56.202", h2 ?? "");
    const balancer = lab.host("h3");
    await balancer.writeFile("/etc/haproxy.cfg", text);
    const process = await balancer.spawn([...HA_LB, "-db", "-f", "/etc/haproxy.cfg"]);
    await until(
      "it answers",
      async () => (await curl("-o", "/dev/null", "-w", "%{http_code}", `http://${h3}/`)) === "200",
    );
    // A check that a busy machine is late with takes a server away for a while.
    const answers: string[] = [];
    await until("both in turn", async () => {
      answers.push(await curl(`http://${h3}/`));
      const [third, second, first, last] = answers.slice(-4);
      return last !== undefined && third === first && second === last && third !== second;
    });
    expect(await curl("-o", "/dev/null", "-w", "%{http_code}", `http://${h3}:8989/stats`)).toBe("401");
    expect(await curl("-u", "admin:admin", `http://${h3}:8989/stats`)).toContain("cluster37");
    await process.kill("SIGTERM");
  });

  test("HTTP is sent to HTTPS, which is balanced over servers that pass their check", async () => {
    const [h1, h2, h3] = lab.hosts.map((host) => host.ipv4);
    const text = seed("haproxy-000.cfg")
      .replaceAll("10.0.0.11", h1 ?? "")
      .replaceAll("10.0.0.12", h2 ?? "")
      .replaceAll("10.0.0.13", h3 ?? "");
    const balancer = lab.host("h2");
    await balancer.run(
      "cd /etc/ssl && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=site -days 2 -keyout site.key -out site.crt 2>/dev/null && mkdir -p certs && cat site.crt site.key > certs/site.pem",
    );
    await balancer.writeFile("/etc/haproxy.cfg", text);
    const process = await balancer.spawn([...HA_LB, "-db", "-f", "/etc/haproxy.cfg"]);
    await until(
      "it answers",
      async () => (await curl("-o", "/dev/null", "-w", "%{http_code}", `https://${h2}/`)) === "200",
    );
    expect(await curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", `http://${h2}/a?b=c`)).toBe(
      `301 https://${h2}/a?b=c`,
    );
    const answers = new Set<string>();
    await until("both", async () => answers.add(await curl(`https://${h2}/`)).size === 2);
    for (let count = 0; count < 4; count += 1) answers.add(await curl(`https://${h2}/`));
    // The third server is the backup: it gets nothing while the others live.
    expect(answers.size).toBe(2);
    expect(await curl("-u", "admin:password", `http://${h2}:8404/stats`)).toContain("http_back");
    await process.kill("SIGTERM");
  });
});
