/** The binary is replaced while clients go on: by a supervisor (-W, SIGUSR2) and by a second process (-x, -sf). */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { ask } from "./ask.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { HAS_HAPROXY } from "./pair.ts";
import { isHandled } from "./signals.ts";
import { SteadyClients } from "./steady-client.ts";

/** Programs start again and again here, which takes a slow or busy machine its time. */
setDefaultTimeout(400_000);
const LIMIT_MS = 90_000;

const MAIN = join(import.meta.dir, "..", "..", "tools/ha-lb/main.ts");
const folder = mkdtempSync(join(tmpdir(), "lb-upgrade-"));
/** A program file of its own, so that it can be replaced. */
const PROGRAM = join(folder, "ha-lb.ts");
const children: Bun.Subprocess[] = [];

beforeAll(() => {
  writeFileSync(PROGRAM, `import ${JSON.stringify(MAIN)};\n`);
  const certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"];
  Bun.spawnSync(["openssl", ...certificate, "-keyout", join(folder, "key"), "-out", join(folder, "cert")]);
  Bun.spawnSync(["sh", "-c", `cat ${folder}/cert ${folder}/key > ${folder}/site.pem`]);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  rmSync(folder, { recursive: true });
});

function configure(port: number, tlsPort: number, threads: number): string {
  const file = join(folder, "lb.cfg");
  const text = `global
 nbthread ${threads}
 stats socket ${folder}/${port}.sock level admin expose-fd listeners
defaults
 mode http
 timeout client 60s
 timeout server 60s
 timeout connect 60s
frontend f
 bind 127.0.0.1:${port}
 bind 127.0.0.1:${tlsPort} ssl crt ${folder}/site.pem
 http-request return status 200 content-type text/plain string "ok"
`;
  writeFileSync(file, text);
  return file;
}

function start(command: readonly string[]): Bun.Subprocess {
  const env = { ...process.env, FIVENINES_RUN_DIR: folder };
  const child = Bun.spawn([...command], { env, stdout: "ignore", stderr: "ignore" });
  children.push(child);
  return child;
}

const stats = (port: number, line: string): Promise<string> => ask(join(folder, `${port}.sock`), line);

interface Ports {
  readonly port: number;
  readonly tlsPort: number;
}

/** Plain and TLS clients, until `during` is done; the requests that were answered. */
async function underLoad(ports: Ports, keepAlive: number, during: () => Promise<void>): Promise<number> {
  const plain = new SteadyClients({ port: ports.port, keepAlive, close: 3 });
  const tls = new SteadyClients({ port: ports.tlsPort, keepAlive: Math.min(1, keepAlive), close: 1, tls: true });
  await until("clients are served", () => plain.done > 0 && tls.done > 0, LIMIT_MS);
  await during();
  await Promise.all([plain.stop(), tls.stop()]);
  expect([...plain.failures, ...tls.failures]).toEqual([]);
  return plain.done + tls.done;
}

describe("a replaced binary", () => {
  test("-W and SIGUSR2: twelve new programs in the same process, and no request fails", async () => {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const master = join(folder, "master.sock");
    const words = ["-W", "-db", "-f", configure(port, tlsPort, 1), "-S", master, "-p", join(folder, "pid")];
    const child = start([process.execPath, PROGRAM, ...words]);
    const workers = async (): Promise<readonly string[]> =>
      (await ask(master, "show proc")).split("\n").filter((line) => line.includes(" worker "));
    await until("it serves", async () => (await workers()).length === 1, LIMIT_MS);
    const pids = new Set<string>();
    const done = await underLoad({ port, tlsPort }, 3, async () => {
      for (let round = 1; round <= 12; round += 1) {
        const [before = ""] = await workers();
        utimesSync(PROGRAM, round, round);
        child.kill("SIGUSR2");
        await until(
          "one new worker is left",
          async () => {
            const now = await workers();
            return now.length === 1 && now[0]?.split(" ")[0] !== before.split(" ")[0];
          },
          LIMIT_MS,
        );
        pids.add(before.split(" ")[0] ?? "");
      }
    });
    expect(pids.size).toBe(12);
    expect(done).toBeGreaterThan(100);
    expect(readdirSync(`/proc/${child.pid}/fd`).length).toBeLessThan(30);
    expect(await ask(master, "@1 show version")).toBe(await ask(master, "show version"));
    // The engines' sockets go with them.
    expect(readdirSync(join(folder, "ha-lb")).filter((name) => name.startsWith("engine-"))).toHaveLength(1);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(existsSync(join(folder, "pid"))).toBe(false);
  });

  test("-W: signals that come while one program becomes the next don't end the service", async () => {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const master = join(folder, "busy.sock");
    const child = start([process.execPath, PROGRAM, "-W", "-db", "-f", configure(port, tlsPort, 1), "-S", master]);
    const worker = async (): Promise<string> =>
      (await ask(master, "show proc")).split("\n").find((line) => line.includes(" worker ")) ?? "";
    await until("it serves", async () => (await worker()) !== "", LIMIT_MS);
    const [first = ""] = (await worker()).split(" ");
    utimesSync(PROGRAM, 100, 100);
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const asks = setInterval(() => child.kill("SIGUSR2"), 5);
    await until(
      "another worker serves",
      async () => hasEnded() || ![first, ""].includes((await worker()).split(" ")[0] ?? ""),
      LIMIT_MS,
    );
    clearInterval(asks);
    expect(hasEnded()).toBe(false);
    await until("it has its handlers", () => isHandled(child.pid), LIMIT_MS);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await until("the worker has ended, too", async () => (await stats(port, "show version")) === "", LIMIT_MS);
  });

  test("-x and -sf, one process and two workers: eight times, no request fails, the sockets go along", async () => {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const command = (threads: number, ...more: readonly string[]): readonly string[] => [
      process.execPath,
      PROGRAM,
      "-db",
      "-f",
      configure(port, tlsPort, threads),
      ...more,
    ];
    let current = start(command(1));
    await until("it serves", async () => (await stats(port, "show version")) !== "", LIMIT_MS);
    await underLoad({ port, tlsPort }, 3, async () => {
      for (let round = 1; round <= 8; round += 1) {
        const next = start(command((round % 2) + 1, "-x", join(folder, `${port}.sock`), "-sf", String(current.pid)));
        expect(await current.exited).toBe(0);
        // The new process has both sockets for operators.
        expect(await stats(port, "show info")).toContain(`Pid: ${next.pid}\n`);
        current = next;
      }
    });
    // The control socket is the new process's, too.
    expect(await ask(join(folder, "ha-lb", "control.sock"), "")).toContain(`"pid":${current.pid},`);
    current.kill("SIGTERM");
    await current.exited;
  });

  test.skipIf(!HAS_HAPROXY)("from haproxy to ha-lb and back (needs haproxy)", async () => {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const file = configure(port, tlsPort, 1);
    let current = start(["haproxy", "-db", "-f", file]);
    await until("it serves", async () => (await stats(port, "show version")) !== "", LIMIT_MS);
    // haproxy cuts connections that wait for their next request when it stops.
    await underLoad({ port, tlsPort }, 0, async () => {
      for (const command of [[process.execPath, PROGRAM], ["haproxy"], [process.execPath, PROGRAM]]) {
        const take = ["-x", join(folder, `${port}.sock`), "-sf", String(current.pid)];
        const next = start([...command, "-db", "-f", file, ...take]);
        expect(await current.exited).toBe(0);
        expect(await stats(port, "show info")).toContain(`Pid: ${next.pid}\n`);
        current = next;
      }
    });
    current.kill("SIGTERM");
    await current.exited;
  });
});
