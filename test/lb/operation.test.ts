/** How ha-lb is started, reloaded, looked at and stopped: with HAProxy's words, and by its own verbs. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(180_000);

const MAIN = join(import.meta.dir, "..", "..", "tools", "ha-lb", "main.ts");
const HA_LB = [process.execPath, MAIN];

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

describe("ha-lb in operation", () => {
  let folder = "";
  let port = 0;
  let backendPort = 0;
  let backend: Server;
  let held: Socket[] = [];
  const running: Bun.Subprocess[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "lb-operation-"));
    [port, backendPort] = [await freePort(), await freePort()];
    held = [];
    backend = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        // `/hold` is answered by the test, when it likes.
        if (data.includes("GET /hold ")) held.push(socket);
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    });
    await new Promise<void>((resolve) => void backend.listen(backendPort, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    for (const one of running.splice(0)) {
      one.kill("SIGKILL");
      await one.exited;
    }
    endDetached();
    backend.close();
    rmSync(folder, { recursive: true });
  });

  /** A process in the background is known by its pid file alone. */
  function endDetached(): void {
    const path = join(folder, "pid");
    const pid = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
    try {
      if (pid > 1) process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }

  const file = (): string => join(folder, "lb.cfg");
  const environment = (more: Record<string, string> = {}) => ({ ...process.env, FIVENINES_RUN_DIR: folder, ...more });

  function write(more = "", server = "", limits = ""): void {
    const text = `global
 ${more}
defaults
 mode http
 timeout connect 60s
 timeout client 60s
 timeout server 60s
 ${limits}
frontend f
 bind 127.0.0.1:${port}
 default_backend web
backend web
 option redispatch
 server s1 127.0.0.1:${backendPort} ${server}
 server s2 127.0.0.1:${backendPort}
`;
    writeFileSync(file(), text);
  }

  async function serves(): Promise<boolean> {
    return await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.status === 200,
      () => false,
    );
  }

  async function start(words: readonly string[], env: Record<string, string> = {}): Promise<Bun.Subprocess> {
    const child = Bun.spawn([...HA_LB, ...words], { env: environment(env), stdout: "ignore", stderr: "ignore" });
    running.push(child);
    await until("it serves", serves);
    return child;
  }

  async function run(...words: readonly string[]): Promise<Ended> {
    const child = Bun.spawn([...HA_LB, ...words], { env: environment(), stdout: "pipe", stderr: "pipe" });
    const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, out, error };
  }

  test("SIGINT ends it with 130, as HAProxy's master does", async () => {
    write();
    const child = await start(["-W", "-db", "-f", file(), "-p", join(folder, "pid")]);
    expect(Number(readFileSync(join(folder, "pid"), "utf8"))).toBe(child.pid);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(existsSync(join(folder, "pid"))).toBe(false);
  });

  test("-D comes back when it serves, and the pid file names the process", async () => {
    write();
    const started = await run("-D", "-f", file(), "-p", join(folder, "pid"));
    expect(started).toMatchObject({ code: 0 });
    expect(await serves()).toBe(true);
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    process.kill(pid, "SIGTERM");
    await until("it is gone", async () => !(await serves()));
  });

  test("a soft stop by -sf: the new process serves, the old one finishes its request", async () => {
    write();
    const old = await start(["-db", "-f", file()]);
    const waiting = fetch(`http://127.0.0.1:${port}/hold`);
    await until("the request has arrived", () => held.length === 1);
    const next = Bun.spawn([...HA_LB, "-db", "-f", file(), "-sf", String(old.pid)], {
      env: environment({ FIVENINES_RUN_DIR: join(folder, "next") }),
      stdout: "ignore",
      stderr: "ignore",
    });
    running.push(next);
    // The old process doesn't listen any more, and waits for its last request.
    await until("the new one alone serves", async () => next.exitCode === null && (await serves()));
    held[0]?.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld");
    expect(await (await waiting).text()).toBe("held");
    expect(await old.exited).toBe(0);
    expect(await serves()).toBe(true);
  });

  test("reloads under load: not one request fails, and a broken file changes nothing", async () => {
    write();
    const child = await start(["-db", "-f", file()]);
    let failed = 0;
    let done = 0;
    let stop = false;
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop) {
        await fetch(`http://127.0.0.1:${port}/`, { keepalive: done % 2 === 0 }).then(
          (response) => (response.status === 200 ? (done += 1) : (failed += 1)),
          () => (failed += 1),
        );
      }
    });
    for (let count = 0; count < 10; count += 1) {
      write("", count % 2 === 0 ? "weight 10" : "weight 20");
      const before = done;
      child.kill("SIGHUP");
      await until("requests go on", () => done > before + 50);
    }
    writeFileSync(file(), "frontend broken\n bnid :1\n");
    const before = done;
    child.kill("SIGHUP");
    await until("requests go on", () => done > before + 50);
    stop = true;
    await Promise.all(clients);
    expect(failed).toBe(0);
  });

  test("servers, drain with its sessions, ready, and a name that isn't there", async () => {
    write();
    await start(["-db", "-f", file()]);
    const waiting = fetch(`http://127.0.0.1:${port}/hold`);
    await until("the request has arrived", () => held.length === 1);
    const listed = JSON.parse((await run("servers", "-o", "json")).out);
    const busy = listed.items.find((one: { sessions: number }) => one.sessions === 1)?.server;
    const late = await run("drain", `web/${busy}`, "--wait", "300ms", "--yes");
    expect(late.code).toBe(124);
    expect(late.error + late.out).toContain("1 sessions are left");
    const draining = run("drain", `web/${busy}`, "--yes", "-o", "json");
    held[0]?.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld");
    expect(await (await waiting).text()).toBe("held");
    expect(await draining).toMatchObject({ code: 0 });
    expect((await run("servers", "-o", "tsv")).out).toMatch(new RegExp(`web\t${busy}\t.*DRAIN`));
    expect((await run("ready", `web/${busy}`, "--yes")).code).toBe(0);
    expect((await run("servers", "-o", "tsv")).out).not.toContain("DRAIN");
    expect((await run("top", "--count", "2", "--every", "100ms")).out).toContain("web");
    const missing = await run("drain", "web/s9", "--yes");
    expect(missing.code).toBe(105);
    expect(missing.error).toContain("web/s1");
  });

  test("the status page: a part of the proxies by scope, and servers changed in a proxy named by its id", async () => {
    write();
    const pagePort = await freePort();
    const section = `frontend page\n bind 127.0.0.1:${pagePort}\n stats enable\n stats uri /\n stats admin if TRUE\n`;
    writeFileSync(file(), readFileSync(file(), "utf8") + section);
    await start(["-db", "-f", file()]);
    const page = async (query: string): Promise<readonly string[]> => {
      const text = await (await fetch(`http://127.0.0.1:${pagePort}/${query}`)).text();
      return text
        .split("\n")
        .slice(1)
        .filter((line) => line !== "");
    };
    const all = await page(";csv");
    const some = await page("?;csv;scope=AGE");
    expect(some.map((line) => line.split(",")[0])).toEqual(["page"]);
    expect(all.length).toBeGreaterThan(some.length);
    const server = all.map((line) => line.split(",")).find((columns) => columns[32] === "2");
    if (server === undefined) throw new Error("there is no server");
    const body = `s=${server[1] ?? ""}&action=maint&b=%23${server[27] ?? ""}`;
    const answer = await fetch(`http://127.0.0.1:${pagePort}/`, { method: "POST", body, redirect: "manual" });
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toContain("st=DONE");
    expect((await page(";csv")).some((line) => line.includes(",MAINT,"))).toBe(true);
  });

  test("slow clients get 408, long heads 431 or 414, and others are served meanwhile", async () => {
    write("", "", "timeout http-request 5s");
    await start(["-db", "-f", file()]);
    const firstLine = async (bytes: string): Promise<string> =>
      await new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
        socket.once("data", (data) => {
          resolve(data.toString("latin1").split("\r\n", 1)[0] ?? "");
          socket.destroy();
        });
        socket.on("error", () => resolve("reset"));
        socket.on("close", () => resolve("closed"));
      });
    const slow = Array.from({ length: 50 }, async () => await firstLine("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "));
    expect(await serves()).toBe(true);
    expect(await firstLine(`GET /${"a".repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).toContain("414");
    expect(await firstLine(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(40_000)}\r\n\r\n`)).toContain("431");
    expect(new Set(await Promise.all(slow))).toEqual(new Set(["HTTP/1.1 408 Request Timeout"]));
    expect(await serves()).toBe(true);
  });
});
