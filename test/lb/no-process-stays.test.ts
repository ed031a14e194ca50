/** However ha-lb is told to end, and whatever it does just then: no process of it stays, and no file in memory. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange } from "./pair.ts";
import { isHandled } from "./signals.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(240_000);

const MAIN = join(import.meta.dir, "..", "..", "tools/ha-lb/main.ts");
const GET = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const SHARED_MEMORY = "/dev/shm";
const LIMIT_MS = 60_000;

let folder = "";
let port = 0;
let file = "";

beforeAll(async () => {
  port = await freePort();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lb-stays-"));
  file = join(folder, "lb.cfg");
});
afterEach(async () => {
  for (const pid of ours()) kill(pid, "SIGKILL");
  // Who was killed may have been writing there.
  await until("none of them is left", () => ours().length === 0, LIMIT_MS);
  rmSync(folder, { recursive: true });
});
afterAll(() => {
  expect(countsFiles()).toEqual([]);
});

/** Nothing happens to one that has just ended. */
function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has.
  }
}

/** Processes with this test's configuration on their command line. */
function ours(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && read(`/proc/${pid}/cmdline`).includes(`${file}\0`) && !isDead(pid));
}

function isDead(pid: number): boolean {
  return /^State:\s+Z/m.test(read(`/proc/${pid}/status`));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const started = new Set<number>();

/** Files of masters that this test started and that ended in an orderly way. */
function countsFiles(): readonly string[] {
  return readdirSync(SHARED_MEMORY).filter((name) => started.has(Number(/^ha-lb-(\d+)-/.exec(name)?.[1])));
}

function start(threads: number, ...more: readonly string[]): Bun.Subprocess {
  writeFileSync(
    file,
    `global\n nbthread ${threads}\ndefaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 60s\nfrontend f\n bind 127.0.0.1:${port}\n http-request return status 200\n`,
  );
  const env = { ...process.env, FIVENINES_RUN_DIR: folder };
  const flags = more.includes("-W") ? [] : ["-db"];
  const words = [process.execPath, MAIN, ...flags, ...more, "-f", file];
  return Bun.spawn(words, { env, stdout: "ignore", stderr: "ignore" });
}

const serves = async (): Promise<boolean> => (await exchange(port, GET, LIMIT_MS).catch(() => "")).includes("200 OK");
const noneStays = async (): Promise<void> => await until("no process stays", () => ours().length === 0, LIMIT_MS);

describe.each([[1], [2]])("nbthread %p", (threads) => {
  test.each([["SIGTERM"], ["SIGINT"], ["SIGUSR1"], ["SIGKILL"]] as const)("%s while it serves", async (name) => {
    const child = start(threads);
    await until("it serves", serves, LIMIT_MS);
    child.kill(name);
    await child.exited;
    // The file of a master that was killed is removed by the next one that starts.
    if (name !== "SIGKILL") started.add(child.pid);
    await noneStays();
  });

  test("killed at each moment of its start", async () => {
    for (let round = 0; round < 4; round += 1) {
      const child = start(threads);
      await Bun.sleep(150 + round * 75);
      child.kill("SIGKILL");
      await child.exited;
      await noneStays();
    }
  });

  test("a reload asked for as soon as it answers is carried out, and the process ends when told", async () => {
    for (let round = 0; round < 2; round += 1) {
      const child = start(threads);
      await until("it serves", serves, LIMIT_MS);
      child.kill("SIGHUP");
      child.kill("SIGUSR2");
      expect(await serves()).toBe(true);
      await until("the master has its handlers", () => isHandled(child.pid), LIMIT_MS);
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
      await noneStays();
    }
  });

  test.each([["SIGTERM"], ["SIGINT"], ["SIGUSR1"]] as const)("-W and %s", async (name) => {
    const child = start(threads, "-W");
    await until("it serves", serves, LIMIT_MS);
    await until("the master has its handlers", () => isHandled(child.pid), LIMIT_MS);
    child.kill(name);
    await child.exited;
    await noneStays();
  });
});

test("a worker that stands still ends with its master", async () => {
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    const child = start(2);
    await until("it serves", serves, LIMIT_MS);
    await until("the master has its handlers", () => isHandled(child.pid), LIMIT_MS);
    const [worker] = workersOf(child.pid);
    if (worker === undefined) throw new Error("no worker");
    process.kill(worker, "SIGSTOP");
    child.kill(name);
    await child.exited;
    await noneStays();
  }
});

function workersOf(master: number): readonly number[] {
  const children = read(`/proc/${master}/task/${master}/children`).trim().split(" ");
  return children.map(Number).filter((pid) => pid > 0);
}

function countsFileOf(master: number): string | undefined {
  return readdirSync(SHARED_MEMORY).find((name) => name.startsWith(`ha-lb-${master}-`));
}

test("the file in memory of a master that was killed goes with the next start", async () => {
  const killed = start(2);
  await until("it serves", serves, LIMIT_MS);
  expect(countsFileOf(killed.pid)).toBeDefined();
  killed.kill("SIGKILL");
  await killed.exited;
  await noneStays();
  const next = start(2);
  await until("it serves", serves, LIMIT_MS);
  expect(countsFileOf(killed.pid)).toBeUndefined();
  expect(countsFileOf(next.pid)).toBeDefined();
});

test("workers come back when somebody has removed the file in memory, and reloads go on", async () => {
  const child = start(2);
  await until("it serves", serves, LIMIT_MS);
  await until("the master has its handlers", () => isHandled(child.pid), LIMIT_MS);
  rmSync(join(SHARED_MEMORY, countsFileOf(child.pid) ?? "none"));
  const before = workersOf(child.pid);
  for (const pid of before) kill(pid, "SIGKILL");
  await until("others serve", async () => workersOf(child.pid).length === 2 && (await serves()), LIMIT_MS);
  expect(workersOf(child.pid).some((pid) => before.includes(pid))).toBe(false);
  child.kill("SIGHUP");
  for (let round = 0; round < 10; round += 1) expect(await serves()).toBe(true);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});
