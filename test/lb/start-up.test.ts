/** The ways in which haproxy is started: flags, inherited sockets, a pid file, and a successor with -sf. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { ask } from "./ask.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange } from "./pair.ts";

const ROOT = join(import.meta.dir, "..", "..");
const HA_LB = [process.execPath, join(ROOT, "tools/ha-lb/main.ts")];
const GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const folder = mkdtempSync(join(tmpdir(), "lb-start-"));
const children: Bun.Subprocess[] = [];
const env = { ...process.env, FIVENINES_RUN_DIR: folder };

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  rmSync(folder, { recursive: true });
});

function configure(name: string, bind: string, more = ""): string {
  const file = join(folder, `${name}.cfg`);
  writeFileSync(
    file,
    `${more}defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\nfrontend f\n bind ${bind}\n http-request return status 200 hdr X-Who ${name}\n`,
  );
  return file;
}

/** Systemd and test tools open the socket themselves; python does here, and becomes the balancer. */
const INHERIT = `import os,socket,sys
front=socket.create_server(("127.0.0.1",int(sys.argv[1])))
cli=socket.socket(socket.AF_UNIX); cli.bind(sys.argv[2]); cli.listen(8)
os.environ["FRONT"]=str(front.fileno()); os.environ["CLI"]=str(cli.fileno())
os.set_inheritable(front.fileno(),True); os.set_inheritable(cli.fileno(),True)
os.execvp(sys.argv[3],sys.argv[3:])`;

describe("starting as haproxy does", () => {
  test.skipIf(Bun.which("python3") === null)("-d -W -p with inherited sockets for traffic and commands", async () => {
    const port = await freePort();
    const cli = join(folder, "cli.sock");
    const pidFile = join(folder, "one.pid");
    const file = configure("one", '"fd@${FRONT}"', 'global\n stats socket "fd@${CLI}" level admin\n');
    const words = [...HA_LB, "-d", "-W", "-p", pidFile, "-f", file];
    const child = Bun.spawn(["python3", "-c", INHERIT, String(port), cli, ...words], {
      env,
      stdout: "ignore",
      stderr: "ignore",
    });
    children.push(child);
    await until("it serves", async () => (await exchange(port, GET)).includes("X-Who: one"));
    expect(await ask(cli, "show backend;show cli level")).toContain("admin");
    expect(Number(readFileSync(pidFile, "utf8"))).toBe(child.pid);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(existsSync(pidFile)).toBe(false);
  });

  test("a successor with -sf takes over, the one before finishes what it has", async () => {
    const port = await freePort();
    const start = (name: string, ...words: readonly string[]): Bun.Subprocess => {
      const child = Bun.spawn([...HA_LB, "-db", "-f", configure(name, `127.0.0.1:${port}`), ...words], {
        env,
        stdout: "ignore",
        stderr: "ignore",
      });
      children.push(child);
      return child;
    };
    const old = start("old");
    await until("the first serves", async () => (await exchange(port, GET)).includes("X-Who: old"));
    start("new", "-sf", String(old.pid));
    await until("the second serves", async () => (await exchange(port, GET)).includes("X-Who: new"));
    expect(await old.exited).toBe(0);
    expect(await exchange(port, GET)).toContain("X-Who: new");
  });

  test.skipIf(Bun.which("python3") === null)(
    "-Ws tells systemd when it serves, reloads and stops, and the process it started with stays the one",
    async () => {
      const path = join(folder, "notify");
      const listen = `import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nwhile True: print(s.recv(4096).decode().replace("\\n"," "),flush=True)`;
      const systemd = Bun.spawn(["python3", "-c", listen, path], { stdout: "pipe", stderr: "ignore" });
      children.push(systemd);
      await until("somebody listens", () => existsSync(path));
      let heard = "";
      void (async () => {
        for await (const chunk of systemd.stdout) heard += Buffer.from(chunk).toString();
      })();
      const file = configure("notify", `127.0.0.1:${await freePort()}`);
      const child = Bun.spawn([...HA_LB, "-Ws", "-f", file], {
        env: { ...env, NOTIFY_SOCKET: path },
        stdout: "ignore",
        stderr: "ignore",
      });
      children.push(child);
      await until("READY", () => heard.includes(`READY=1 MAINPID=${child.pid}`));
      heard = "";
      child.kill("SIGUSR2");
      await until("RELOADING, then READY", () => /RELOADING=1 MONOTONIC_USEC=\d+[^]*READY=1/.test(heard));
      writeFileSync(file, "broken");
      heard = "";
      child.kill("SIGUSR2");
      await until("the refusal", () => heard.includes("STATUS=the last reload was refused"));
      child.kill("SIGTERM");
      await until("STOPPING", () => heard.includes("STOPPING=1"));
      expect(await child.exited).toBe(0);
    },
  );

  test("what can't be bound is an alert and exit 1", async () => {
    const port = await freePort();
    const server = Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
    const child = Bun.spawn([...HA_LB, "-db", "-f", configure("taken", `127.0.0.1:${port}`)], {
      env,
      stdout: "ignore",
      stderr: "pipe",
    });
    expect(await child.exited).toBe(1);
    expect(await new Response(child.stderr).text()).toContain("[ALERT]");
    server.stop(true);
  });
});
