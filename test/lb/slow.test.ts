/** Idle and slow clients of every kind at once, on a whole process: they are bounded and ended, others are served. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { openIdle } from "../bench/lb/idle.ts";
import { SlowClients, startSink } from "../bench/lb/slow-clients.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange } from "./pair.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

const LIMIT_MS = 60_000;

const MAIN = join(import.meta.dir, "..", "..", "tools", "ha-lb", "main.ts");
const IDLE = 300;
const SLOW = 100;
const OF_EACH_KIND = SLOW / 5;
const BIG_BYTES = 8 * 1024 * 1024;
/** What all of them may take together: held whole, the answers of the slow readers alone would be 320 MB. */
const MOST_GROWTH_KB = 120 * 1024;
const GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN);
}

describe("idle and slow clients at once", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-slow-"));
  const slow = new SlowClients();
  let server: Server;
  let sink: { stop(): void };
  let balancer: Bun.Subprocess<"ignore", "ignore", "ignore">;
  let port = 0;

  beforeAll(async () => {
    const [serverPort, sinkPort] = [await freePort(), await freePort()];
    port = await freePort();
    const big = Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG_BYTES}\r\n\r\n`),
      Buffer.alloc(BIG_BYTES, 120),
    ]);
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        socket.write(data.includes("/big ") ? big : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    await new Promise<void>((resolve) => void server.listen(serverPort, "127.0.0.1", resolve));
    sink = startSink(sinkPort);
    const file = join(folder, "haproxy.cfg");
    writeFileSync(
      file,
      `defaults
 mode http
 timeout connect 60s
 timeout client 5s
 timeout server 60s
 timeout http-request 5s
 timeout http-keep-alive 60s
frontend f
 bind 127.0.0.1:${port}
 use_backend sink if { path /upload }
 default_backend b
backend sink
 server s0 127.0.0.1:${sinkPort}
backend b
 server s1 127.0.0.1:${serverPort}
`,
    );
    balancer = Bun.spawn([process.execPath, MAIN, "-db", "-f", file], { stdout: "ignore", stderr: "ignore" });
    await until("the balancer serves", async () => (await exchange(port, GET, LIMIT_MS)).startsWith("HTTP/1.1 200"));
  });
  afterAll(async () => {
    slow.close();
    balancer.kill("SIGKILL");
    await balancer.exited;
    sink.stop();
    server.close();
    rmSync(folder, { recursive: true });
  });

  test("they are bounded and ended, others are served", async () => {
    const beforeKb = residentKb(balancer.pid);
    const idle = await openIdle(port, IDLE);
    await slow.open(port, SLOW);
    let highestKb = 0;
    for (let visit = 0; visit < 100; visit += 1) {
      expect(await exchange(port, GET, LIMIT_MS)).toStartWith("HTTP/1.1 200");
      highestKb = Math.max(highestKb, residentKb(balancer.pid));
    }
    expect(highestKb - beforeKb).toBeLessThan(MOST_GROWTH_KB);
    const ended = [`head: 408, closed × ${OF_EACH_KIND}`, `stalled body: 408, closed × ${OF_EACH_KIND}`];
    await until("the time for heads and for silence is over", () =>
      ended.every((outcome) => slow.outcomes().includes(outcome)),
    );
    // Who sends, however little, goes on.
    expect(slow.outcomes()).toContain(`body: no answer, open × ${OF_EACH_KIND}`);
    expect(residentKb(balancer.pid) - beforeKb).toBeLessThan(MOST_GROWTH_KB);
    for (const socket of idle) socket.terminate();
  });
});
