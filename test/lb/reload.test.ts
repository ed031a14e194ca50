/** Reloads with other listeners, servers, backends and certificates each time, while clients go on. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { ask } from "./ask.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange } from "./pair.ts";
import { SteadyClients } from "./steady-client.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(300_000);
const LIMIT_MS = 60_000;

const MAIN = join(import.meta.dir, "..", "..", "tools/ha-lb/main.ts");
const folder = mkdtempSync(join(tmpdir(), "lb-reload-"));
const children: Bun.Subprocess[] = [];
let origin: Server;
const ports = { plain: 0, tls: 0, more: 0, origin: 0 };

beforeAll(async () => {
  for (const name of ["one", "two"]) {
    const certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", `/CN=${name}`];
    Bun.spawnSync(["openssl", ...certificate, "-keyout", join(folder, "key"), "-out", join(folder, "cert")]);
    Bun.spawnSync(["sh", "-c", `cat ${folder}/cert ${folder}/key > ${folder}/${name}.pem`]);
  }
  for (const name of ["plain", "tls", "more", "origin"] as const) ports[name] = await freePort();
  origin = createServer((_request, response) => void response.end("from the origin"));
  await new Promise<void>((resolve) => void origin.listen(ports.origin, "127.0.0.1", resolve));
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  origin.close();
  rmSync(folder, { recursive: true });
});

/** What changes from one to the next: servers, a backend's name, a frontend with its listener, the certificate. */
function write(file: string, round: number, threads: number): void {
  const servers = Array.from(
    { length: 1 + (round % 3) },
    (_, index) => ` server s${index} 127.0.0.1:${ports.origin}\n`,
  );
  const more = round % 2 === 0 ? `frontend more\n bind 127.0.0.1:${ports.more}\n default_backend b${round}\n` : "";
  const text = `global
 nbthread ${threads}
 stats socket ${folder}/stats.sock level admin
defaults
 mode http
 timeout client 60s
 timeout server 60s
 timeout connect 60s
frontend f
 bind 127.0.0.1:${ports.plain}
 bind 127.0.0.1:${ports.tls} ssl crt ${folder}/${round % 4 < 2 ? "one" : "two"}.pem
 http-response set-header X-Round ${round}
 default_backend b${round}
${more}backend b${round}
${servers.join("")}`;
  writeFileSync(file, text);
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const stats = (line: string): Promise<string> => ask(join(folder, "stats.sock"), line);

async function reloads(threads: number, rounds: number): Promise<void> {
  const file = join(folder, "lb.cfg");
  write(file, 0, threads);
  const env = { ...process.env, FIVENINES_RUN_DIR: folder };
  const child = Bun.spawn([process.execPath, MAIN, "-db", "-f", file], { env, stdout: "ignore", stderr: "ignore" });
  children.push(child);
  await until("it serves", async () => (await exchange(ports.plain, GET, LIMIT_MS)).includes("200 OK"), LIMIT_MS);
  const descriptors = readdirSync(`/proc/${child.pid}/fd`).length;
  const plain = new SteadyClients({ port: ports.plain, keepAlive: 3, close: 3 });
  const tls = new SteadyClients({ port: ports.tls, keepAlive: 1, close: 1, tls: true });
  for (let round = 1; round <= rounds; round += 1) {
    write(file, round, threads);
    const before = plain.done;
    child.kill("SIGHUP");
    await until(
      "the new rules are in force",
      async () => (await exchange(ports.plain, GET, LIMIT_MS)).includes(`X-Round: ${round}`),
      LIMIT_MS,
    );
    expect(await stats("show backend")).toContain(`b${round}\n`);
    await until("requests go on", () => plain.done > before, LIMIT_MS);
  }
  await Promise.all([plain.stop(), tls.stop()]);
  expect([...plain.failures, ...tls.failures]).toEqual([]);
  expect(plain.done).toBeGreaterThan(rounds);
  expect(tls.done).toBeGreaterThan(rounds / 10);
  // A frontend that is gone refuses, one that is there serves.
  const isThere = rounds % 2 === 0;
  expect((await exchange(ports.more, GET).catch(() => "")).includes("200 OK")).toBe(isThere);
  // Nothing is left over: no process but the workers, no descriptors of former sockets.
  const offspring = (): number =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ").filter(Boolean).length;
  await until("no other process is left", () => offspring() === (threads > 1 ? threads : 0));
  await until("descriptors are given back", () => readdirSync(`/proc/${child.pid}/fd`).length <= descriptors + 8);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}

describe("reloads under load", () => {
  test("one process: eighty", async () => await reloads(1, 80));
  test("two workers: twenty", async () => await reloads(2, 20));

  test("what runs finishes on the rules that it began with, and the process before it is the same", async () => {
    const file = join(folder, "slow.cfg");
    const held = Promise.withResolvers<void>();
    const slow = createServer((_request, response) => void held.promise.then(() => response.end("late")));
    const [port, slowPort] = [await freePort(), await freePort()];
    await new Promise<void>((resolve) => void slow.listen(slowPort, "127.0.0.1", resolve));
    const configure = (round: number): void =>
      writeFileSync(
        file,
        `defaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 60s\nlisten f\n bind 127.0.0.1:${port}\n http-request return status 204 hdr X-Round ${round} if { path /now }\n http-response set-header X-Round ${round}\n server s${round} 127.0.0.1:${slowPort}\n`,
      );
    configure(1);
    const env = { ...process.env, FIVENINES_RUN_DIR: join(folder, "slow") };
    const child = Bun.spawn([process.execPath, MAIN, "-db", "-f", file], { env, stdout: "ignore", stderr: "ignore" });
    children.push(child);
    const now = GET.replace("/ ", "/now ");
    await until("it serves", async () => (await exchange(port, now, LIMIT_MS)).includes("X-Round: 1"), LIMIT_MS);
    const waiting = exchange(port, GET, LIMIT_MS);
    await until("the request is at the server", async () => {
      const { promise, resolve } = Promise.withResolvers<number>();
      slow.getConnections((_error, count) => resolve(count));
      return (await promise) > 0;
    });
    configure(2);
    child.kill("SIGHUP");
    await until(
      "the new rules are in force",
      async () => (await exchange(port, now, LIMIT_MS)).includes("X-Round: 2"),
      LIMIT_MS,
    );
    held.resolve();
    const late = await waiting;
    expect(late).toContain("X-Round: 1");
    expect(late).toContain("late");
    slow.close();
  });
});
