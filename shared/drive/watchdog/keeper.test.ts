import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../lab/host.ts";
import { createLab, type Host, type LabProcess } from "../../lab/lab.ts";
import { named, requireRootNamespaces } from "../../lab/requirements.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { KeeperClient } from "./keeper-client.ts";
import type { Bite, Watched } from "./keeper-messages.ts";
import { startTicksOf } from "./keeper.ts";

const KEEPER = join(import.meta.dir, "testdata/keeper-process.ts");
/** The real one of a tool, as its daemon starts it. */
const TOOL_KEEPER = `${join(import.meta.dir, "../../../tools/ha-crm/main.ts")} keeper --socket`;
const DAEMON = join(import.meta.dir, "testdata/guarded-daemon.ts");
let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "keeper-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A process group of its own that would live for long. */
async function victim(): Promise<Bun.Subprocess> {
  const started = Bun.spawn(["/usr/bin/setsid", "/usr/bin/sleep", "600"], { stdout: "ignore" });
  await until("it leads its group", () => {
    const stat = readFileSync(`/proc/${started.pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2] === String(started.pid);
  });
  return started;
}
const groupOf = (process: Bun.Subprocess) => ({ pid: process.pid, startTicks: startTicksOf(process.pid) ?? "" });
const nowMs = (): number => boottimeNs() / 1e6;

interface Heard {
  readonly client: KeeperClient;
  readonly found: Watched | null;
  readonly bites: Bite[];
  readonly late: Bite[];
  readonly said: string[];
  pid: number;
}

async function connect(command: readonly string[] = [process.execPath, KEEPER]): Promise<Heard> {
  const socketPath = join(directory, "keeper.sock");
  const [bites, late, said]: [Bite[], Bite[], string[]] = [[], [], []];
  let pid = 0;
  const opened = await KeeperClient.open({
    socketPath,
    command: [...command, socketPath],
    onBite: (bite, isLate) => void (isLate ? late : bites).push(bite),
    onLost: () => said.push("lost"),
    onKept: (keeper) => {
      pid = keeper;
      said.push("kept");
    },
    onUnguarded: () => said.push("unguarded"),
    stepDownAfterMs: 400,
  });
  return {
    ...opened,
    bites,
    late,
    said,
    get pid() {
      return pid;
    },
  };
}

/** Long enough for the second daemon to feed before it is over. */
const FIRST_LEASE_MS = 4000;

describe("the supervising process", () => {
  test("kills what it watches when it isn't fed, and nobody who only has the same number", async () => {
    const [one, other] = [await victim(), await victim()];
    const { client, bites, found } = await connect();
    expect(found).toBe(null);
    await client.watch({ groups: [groupOf(one), { pid: other.pid, startTicks: "1" }], addresses: [] });
    await client.feed(nowMs() + 60_000);
    await client.feed(nowMs() + 200);
    expect(await one.exited).not.toBe(0);
    await until("it says so", () => bites.length === 1);
    expect(bites[0]).toMatchObject({ killed: [one.pid], failed: [] });
    expect(other.exitCode).toBe(null);
    expect(statSync(join(directory, "keeper.sock")).mode & 0o777).toBe(0o600);
    other.kill("SIGKILL");
    client.close();
  });

  test("the next daemon finds it with all it keeps, goes on feeding it, and nothing dies", async () => {
    const sleeper = await victim();
    const first = await connect();
    await first.client.watch({ groups: [groupOf(sleeper)], addresses: [] });
    await first.client.feed(nowMs() + FIRST_LEASE_MS);
    first.client.close();
    const second = await connect();
    expect([second.pid, second.found]).toEqual([first.pid, { groups: [groupOf(sleeper)], addresses: [] }]);
    const deadMs = nowMs() + FIRST_LEASE_MS;
    await second.client.feed(nowMs() + 60_000);
    await until("the first daemon's time is over", () => nowMs() > deadMs);
    expect([sleeper.exitCode, second.bites]).toEqual([null, []]);
    // The last word of a daemon that ends in order: nothing runs here any more.
    await second.client.feed(null);
    second.client.close();
    await until("it ends by itself", () => startTicksOf(second.pid) === null);
    sleeper.kill("SIGKILL");
  });

  test("bites after the daemon died, and tells the next one", async () => {
    const sleeper = await victim();
    const first = await connect();
    await first.client.watch({ groups: [groupOf(sleeper)], addresses: [] });
    await first.client.feed(nowMs() + 200);
    first.client.close();
    expect(await sleeper.exited).not.toBe(0);
    const second = await connect();
    expect(second.late.map((bite) => bite.killed)).toEqual([[sleeper.pid]]);
    second.client.close();
  });

  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    test(`${signal} of the keeper: another one takes its place, and guards the same`, async () => {
      const sleeper = await victim();
      const heard = await connect();
      await heard.client.watch({ groups: [groupOf(sleeper)], addresses: [] });
      const lost = heard.pid;
      process.kill(lost, signal);
      const feeding = setInterval(() => void heard.client.feed(nowMs() + 2000), 50);
      await until("it is missed", () => heard.said.includes("lost"));
      await until("another one guards", () => heard.client.isGuarded && heard.pid !== lost);
      clearInterval(feeding);
      expect(await sleeper.exited).not.toBe(0);
      await until("it says so", () => heard.bites.length === 1);
      heard.client.close();
    });
  }

  test("when no keeper can be had the daemon hears that it must step down", async () => {
    // A keeper that ends right after its daemon connected, and doesn't start again.
    const once = join(directory, "once");
    const script = `[ -e ${once} ] && exit 1; touch ${once}; exec ${process.execPath} ${KEEPER} "$0"`;
    const heard = await connect(["/bin/sh", "-c", script]);
    process.kill(heard.pid, "SIGKILL");
    await until("it is told", () => heard.said.includes("unguarded"));
    expect(heard.client.isGuarded).toBe(false);
    heard.client.close();
  });

  test("who says what can't be understood is hung up on, and the keeper lives", async () => {
    const heard = await connect();
    let ended = false;
    const stranger = await Bun.connect({
      unix: join(directory, "keeper.sock"),
      socket: { data: () => undefined, close: () => void (ended = true) },
    });
    stranger.write('{"kind":"feed","number":1,"biteAtMs":"soon"}\n');
    await until("it is hung up on", () => ended);
    expect(await heard.client.feed(null)).toBe(true);
    heard.client.close();
  });
});

const lacking = requireRootNamespaces();

/** Starting a keeper takes long on a machine that is busy. */
const PATIENCE_MS = "60000";
/** A daemon that lives renews its lease in time, on a busy machine too. */
const SHORT_LEASE_MS = 2000;
/** A second daemon starts within it. */
const LONG_LEASE_MS = 8000;

class Stage {
  child = 0;
  daemon: LabProcess | null = null;

  constructor(
    readonly host: Host,
    private readonly leaseMs: number,
  ) {}

  /** An address, a child, and the daemon that answers for both. */
  async set(): Promise<void> {
    await this.host.exec(["/usr/sbin/ip", "address", "replace", "10.99.0.1/32", "dev", "lo"]);
    const started = await this.host.exec(["sh", "-c", "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!"]);
    this.child = Number(started.stdout.trim());
    await this.startDaemon();
  }

  async startDaemon(): Promise<void> {
    const words = [
      "/run/keeper.sock",
      TOOL_KEEPER,
      String(this.leaseMs),
      PATIENCE_MS,
      "lo",
      "10.99.0.1",
      String(this.child),
    ];
    this.daemon = await this.host.spawn([process.execPath, DAEMON, ...words]);
    await this.daemon.waitForOutput(/serves/);
  }

  get running(): LabProcess {
    if (this.daemon === null) throw new Error("no daemon");
    return this.daemon;
  }

  async isUp(): Promise<string> {
    const shown = await this.host.exec(["/usr/sbin/ip", "address", "show", "dev", "lo"]);
    const child = await this.host.exec(["sh", "-c", `grep -q sleep /proc/${this.child}/cmdline`]);
    return `${shown.stdout.includes("10.99.0.1") ? "address" : ""} ${child.code === 0 ? "child" : ""}`.trim();
  }
}

test.skipIf(lacking !== undefined)(
  named(
    "a daemon that is stopped, hangs or dies loses its address and its child; one that is back in time loses nothing",
    lacking,
  ),
  async () => {
    await using lab = await createLab({ hosts: 1, client: false, ipv6: false });
    const host = lab.hosts[0];
    if (host === undefined) throw new Error("no host");
    let stage = new Stage(host, SHORT_LEASE_MS);
    for (const signal of ["SIGSTOP", "SIGUSR1", "SIGKILL"] as const) {
      await stage.set();
      expect(await stage.isUp()).toBe("address child");
      stage.running.signal(signal);
      await until(`all is gone after ${signal}`, async () => (await stage.isUp()) === "");
      stage.running.signal("SIGKILL");
      await stage.running.exited;
    }
    stage = new Stage(host, LONG_LEASE_MS);
    await stage.set();
    stage.running.signal("SIGKILL");
    await stage.running.exited;
    await stage.startDaemon();
    expect(stage.running.stdout).toContain(`found {"groups":[{"pid":${stage.child},`);
    // Its keeper dies: the daemon gets another one, which bites when the daemon hangs.
    const keeper = /kept by (\d+)/.exec(stage.running.stdout)?.[1] ?? "";
    await host.run(`/usr/bin/kill -KILL ${keeper}`);
    await stage.running.waitForOutput(/lost\nkept by \d+/);
    expect(await stage.isUp()).toBe("address child");
    stage.running.signal("SIGSTOP");
    await until("all is gone", async () => (await stage.isUp()) === "");
  },
  240_000,
);
