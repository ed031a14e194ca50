import { afterEach, describe as group, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const eventSchema = z.looseObject({ kind: z.string(), pid: z.number().optional() });
type Event = z.infer<typeof eventSchema>;

/** Longest that anything here may take. */
const LIMIT_MS = 60_000;
/** Silence that is a hang here: more than a busy machine lets a healthy child wait for a processor. */
const HANG_MS = 1000;

interface Running {
  readonly process: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly events: Event[];
  /** What the children wrote, in order. */
  childLog(): string[];
  /** Waits for the end and for all that was said until then; the exit code. */
  ended(): Promise<number>;
  /** Waits for the number-th event of a kind and gives it. */
  event(kind: string, number?: number): Promise<Event>;
}

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function until<Value>(what: string, get: () => Value | undefined): Promise<Value> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const value = get();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${LIMIT_MS} ms`);
    await Bun.sleep(5);
  }
}

function alive(pid: number): boolean {
  try {
    // A zombie still takes signals; its state tells it apart.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function start(mode: string, more: Readonly<Record<string, unknown>> = {}, hookTakesMs = 0): Running {
  const directory = mkdtempSync(join(tmpdir(), "supervise-"));
  const log = join(directory, "child.log");
  const events: Event[] = [];
  const process_ = Bun.spawn(
    [process.execPath, join(import.meta.dir, "testdata/supervisor.ts"), mode, log, JSON.stringify(more)],
    {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      env: { ...process.env, BUN_BE_BUN: "1", WATCHDOG_USEC: "100", HOOK_TAKES_MS: String(hookTakesMs) },
    },
  );
  const reading = readEvents(process_.stdout, events);
  cleanups.push(async () => {
    process_.kill("SIGKILL");
    const pids = events.flatMap((event) => (event.kind === "started" && event.pid !== undefined ? [event.pid] : []));
    for (const pid of pids) if (alive(pid)) process.kill(pid, "SIGKILL");
    await process_.exited;
    await reading;
    rmSync(directory, { recursive: true });
  });
  return {
    process: process_,
    events,
    childLog: () => {
      try {
        return readFileSync(log, "utf8").trim().split("\n");
      } catch {
        return [];
      }
    },
    ended: async () => {
      await reading;
      return await process_.exited;
    },
    event: async (kind, number = 1) => {
      return await until(`event ${kind} ${number}`, () => events.filter((event) => event.kind === kind)[number - 1]);
    },
  };
}

async function readEvents(stream: ReadableStream<Uint8Array>, events: Event[]): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(eventSchema.parse(JSON.parse(line)));
  }
}

const pidOf = (event: Event) => event.pid ?? -1;
const kinds = (running: Running) => running.events.map((event) => event.kind);

group("supervisor", () => {
  test("kill -9 of the child: hook at once with the testament, then a new child", async () => {
    const running = start("serve");
    const first = await running.event("ready");
    process.kill(pidOf(first), "SIGKILL");
    const hook = await running.event("hook");
    expect(hook["testament"]).toEqual({ addresses: ["10.0.0.100"] });
    const second = await running.event("ready", 2);
    expect(pidOf(second)).not.toBe(pidOf(first));
    expect(kinds(running)).toEqual(["started", "ready", "died", "hook", "started", "ready"]);
    expect(running.events[2]?.["death"]).toMatchObject({ signal: "SIGKILL", wasReady: true, hung: false });
  });

  test("kill -9 of the supervisor: the child learns it", async () => {
    const running = start("serve");
    const pid = pidOf(await running.event("ready"));
    running.process.kill("SIGKILL");
    await until("orphaned", () => (running.childLog().includes("orphaned") ? true : undefined));
    await until("the child's end", () => (alive(pid) ? undefined : true));
  });

  test("a child that is bound to its supervisor dies with it, even while it is stopped", async () => {
    const running = start("bound");
    const pid = pidOf(await running.event("ready"));
    process.kill(pid, "SIGSTOP");
    expect(alive(pid)).toBe(true);
    running.process.kill("SIGKILL");
    await until("the child's end", () => (alive(pid) ? undefined : true));
    expect(running.childLog()).not.toContain("orphaned");
  });

  test("SIGSTOP of the child is a hang: it is killed and replaced", async () => {
    const running = start("serve", { hangAfterMs: HANG_MS });
    const pid = pidOf(await running.event("ready"));
    process.kill(pid, "SIGSTOP");
    expect(pidOf(await running.event("hung"))).toBe(pid);
    await running.event("ready", 2);
    expect(running.events.find((event) => event.kind === "died")?.["death"]).toMatchObject({
      hung: true,
      signal: "SIGKILL",
    });
  });

  test("an endless loop in the child is a hang", async () => {
    const running = start("hang", { hangAfterMs: HANG_MS });
    await running.event("hung");
    await running.event("hook");
  });

  test("SIGSTOP of the supervisor, longer than the hang time: the healthy child isn't killed after it", async () => {
    const running = start("serve", { hangAfterMs: HANG_MS });
    const pid = pidOf(await running.event("ready"));
    running.process.kill("SIGSTOP");
    await Bun.sleep(2 * HANG_MS);
    running.process.kill("SIGCONT");
    running.process.kill("SIGHUP");
    await until("hup", () => (running.childLog().includes("hup") ? true : undefined));
    await Bun.sleep(1.2 * HANG_MS);
    expect([alive(pid), kinds(running)]).toEqual([true, ["started", "ready"]]);
  });

  test("SIGTERM ends in order, without the hook; the exit code is the child's", async () => {
    const running = start("serve");
    await running.event("ready");
    running.process.kill("SIGTERM");
    expect(await running.ended()).toBe(0);
    expect([running.childLog().at(-1), kinds(running)]).toEqual(["term", ["started", "ready", "stopping", "died"]]);
  });

  test("a child that ignores SIGTERM is killed at the deadline, and the hook runs", async () => {
    const running = start("stubborn", { stopLimitMs: 200 });
    await running.event("ready");
    running.process.kill("SIGTERM");
    expect(await running.ended()).not.toBe(0);
    expect(kinds(running)).toEqual(["started", "ready", "stopping", "killed-after-deadline", "died", "hook"]);
  });

  test("a second SIGTERM doesn't wait for the deadline", async () => {
    const running = start("stubborn", { stopLimitMs: 60_000 });
    await running.event("ready");
    running.process.kill("SIGTERM");
    await running.event("stopping");
    running.process.kill("SIGTERM");
    await running.ended();
    expect(kinds(running).slice(-2)).toEqual(["died", "hook"]);
  });

  test("a stop while the hook releases things waits for the hook", async () => {
    const running = start("serve", {}, 1500);
    process.kill(pidOf(await running.event("ready")), "SIGKILL");
    await running.event("died");
    running.process.kill("SIGTERM");
    expect(await running.ended()).toBe(0);
    expect(kinds(running).slice(-3)).toEqual(["died", "stopping", "hook"]);
  });

  test("a hook that never ends is given up, told, and the child starts again", async () => {
    const running = start("serve", { hookLimitMs: 100 }, 60_000);
    process.kill(pidOf(await running.event("ready")), "SIGKILL");
    await running.event("hook-failed");
    await running.event("ready", 2);
  });

  test("a child that says it is busy may be silent for so long", async () => {
    const running = start("busy", { hangAfterMs: HANG_MS });
    await until("end of the work", () => (running.childLog().includes("no longer busy") ? true : undefined));
    expect(kinds(running)).toEqual(["started", "ready"]);
  });

  test("crashes in a row wait longer and longer; the last words count", async () => {
    const running = start("crash", { backoff: { firstMs: 10, mostMs: 40, calmAfterMs: 10_000 } });
    await running.event("died", 4);
    const waits = running.events.filter((event) => event.kind === "died").map((event) => event["restartInMs"]);
    expect(waits.slice(0, 4)).toEqual([10, 20, 40, 40]);
    expect(running.events.find((event) => event.kind === "hook")?.["testament"]).toEqual({ addresses: ["10.0.0.101"] });
  });

  test("exits that no restart can mend, and the end of the work, end the supervisor", async () => {
    expect(await start("usage").process.exited).toBe(64);
    expect(await start("finish").process.exited).toBe(0);
  });

  test("a child that never gets ready in time is replaced", async () => {
    const running = start("never-ready", { readyLimitMs: 300, hangAfterMs: HANG_MS });
    await running.event("started", 2);
    expect(kinds(running).slice(0, 4)).toEqual(["started", "hung", "died", "hook"]);
  });

  test("the child's environment is free of what would change the binary or confuse systemd", async () => {
    const running = start("serve");
    await running.event("ready");
    expect(running.childLog()[0]).toBe("env ");
  });
});
