/** Clients that mean harm or are very slow, and reloads and stops under load: whole processes, small counts. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange } from "./pair.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

const LIMIT_MS = 60_000;

const ROOT = join(import.meta.dir, "..", "..");
const IDLE = 500;
const SLOW = 100;
/** Of one process, with all connections open: far more than they need, far less than a leak would take. */
const MOST_KB_PER_CONNECTION = 64;

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN);
}

function open(port: number, first = ""): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      if (first !== "") socket.write(first);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
/** Ends its connection: its answer is whole when that closes, however busy the machine is. */
const LAST_GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

describe("clients that mean harm, reloads and stops", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-hostile-"));
  const file = join(folder, "haproxy.cfg");
  let server: Server;
  let balancer: Bun.Subprocess<"ignore", "ignore", "pipe">;
  let said = "";
  let port = 0;
  let serverPort = 0;
  const configuration = (mark: string): string => `defaults
 mode http
 timeout client 60s
 timeout server 60s
 timeout connect 60s
 timeout http-request 1500ms
 timeout http-keep-alive 60s
frontend f
 bind 127.0.0.1:${port}
 http-response set-header X-Mark ${mark}
 default_backend b
backend b
 server s1 127.0.0.1:${serverPort}
`;

  beforeAll(async () => {
    [port, serverPort] = [await freePort(), await freePort()];
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    });
    await new Promise<void>((resolve) => void server.listen(serverPort, "127.0.0.1", resolve));
    writeFileSync(file, configuration("0"));
    balancer = Bun.spawn([process.execPath, join(ROOT, "tools/ha-lb/main.ts"), "-db", "-f", file], {
      stdout: "ignore",
      stderr: "pipe",
    });
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of balancer.stderr) said += decoder.decode(chunk, { stream: true });
    })();
    await until("it serves", async () => (await exchange(port, LAST_GET, LIMIT_MS)).startsWith("HTTP/1.1 200"));
  });
  afterAll(async () => {
    balancer.kill("SIGKILL");
    await balancer.exited;
    server.close();
    rmSync(folder, { recursive: true });
  });

  test("idle and slow connections cost little, slow ones get 408, others are served meanwhile", async () => {
    const before = residentKb(balancer.pid);
    const idle = await Promise.all(Array.from({ length: IDLE }, () => open(port, GET)));
    const told = new Set<Socket>();
    let refused = 0;
    const slow = await Promise.all(
      Array.from({ length: SLOW }, async () => {
        const socket = await open(port, "GET / HTTP/1.1\r\nHost: x\r\n");
        socket.once("data", (data) => {
          told.add(socket);
          if (data.toString("latin1").startsWith("HTTP/1.1 408")) refused += 1;
        });
        return socket;
      }),
    );
    // One more byte now and then doesn't buy them time.
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable && !told.has(socket)) socket.write("X");
    }, 200);
    expect(await exchange(port, LAST_GET, LIMIT_MS)).toStartWith("HTTP/1.1 200");
    await until("all slow ones were told", () => Promise.resolve(refused === SLOW));
    clearInterval(drip);
    const grown = residentKb(balancer.pid) - before;
    expect(grown).toBeLessThan((IDLE + SLOW) * MOST_KB_PER_CONNECTION);
    for (const socket of [...idle, ...slow]) socket.destroy();
  });

  test("floods of headers and lines without an end are cut off at the size of a head", async () => {
    const flood = "X-A: ".padEnd(1000, "a");
    const answers = await Promise.all([
      exchange(port, `GET / HTTP/1.1\r\nHost: x\r\n${`${flood}\r\n`.repeat(100)}\r\n`, LIMIT_MS),
      exchange(port, `GET / HTTP/1.1\r\nHost: x\r\n${"X: 1\r\n".repeat(5000)}\r\n`, LIMIT_MS),
      exchange(port, `GET /${"a".repeat(200_000)}`, LIMIT_MS),
      exchange(port, "a".repeat(200_000), LIMIT_MS),
    ]);
    expect(answers.map((text) => text.slice(9, 12))).toEqual(["431", "431", "414", "414"]);
  });

  test("half a client that vanishes leaves nothing behind", async () => {
    for (let round = 0; round < 50; round += 1) {
      const socket = await open(port);
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc");
      if (round % 2 === 0) socket.resetAndDestroy();
      else socket.end();
    }
    expect(await exchange(port, LAST_GET, LIMIT_MS)).toStartWith("HTTP/1.1 200");
  });

  test("reloads under load lose no request", async () => {
    let stop = false;
    let failed = 0;
    let served = 0;
    const marks = new Set<string>();
    const work = Array.from({ length: 8 }, async () => {
      while (!stop) {
        const text = await exchange(port, LAST_GET, LIMIT_MS);
        if (text.endsWith("ok")) served += 1;
        else failed += 1;
        marks.add(/X-Mark: (\w+)/i.exec(text)?.[1] ?? "none");
      }
    });
    for (let round = 1; round <= 10; round += 1) {
      writeFileSync(file, configuration(`r${round}`));
      balancer.kill("SIGUSR2");
      await until("the new rules are in force", () => Promise.resolve(marks.has(`r${round}`)));
    }
    stop = true;
    await Promise.all(work);
    expect(failed).toBe(0);
    expect(served).toBeGreaterThan(20);
  });

  test("a broken configuration changes nothing", async () => {
    writeFileSync(file, "frontend f\n bind nonsense\n nosuchword\n");
    balancer.kill("SIGUSR2");
    await until("it is refused", () => said.includes("reload refused"));
    expect(await exchange(port, LAST_GET, LIMIT_MS)).toContain("X-Mark: r10");
  });

  test("SIGINT ends it with 130, as haproxy does", async () => {
    balancer.kill("SIGINT");
    expect(await balancer.exited).toBe(130);
  });
});
