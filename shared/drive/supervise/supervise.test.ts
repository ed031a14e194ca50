import { describe as group, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { close } from "../ffi/fd.ts";
import { Memory } from "../ffi/memory.ts";
import { FAMILY } from "../ffi/socket-address.ts";
import { bindSocket, receive, socket, SOCKET_TYPE } from "../ffi/socket.ts";
import { afterDeath, NO_DEATHS } from "./backoff.ts";
import { readChildMessage } from "./channel.ts";
import { ChildSender } from "./child-sender.ts";
import { scrubbed } from "./environment.ts";
import { beat, checkHang, startHangWatch } from "./hang.ts";
import { serviceNotifier, watchdogEveryMs } from "./notify.ts";
import { superviseReasons } from "../../model/supervise-reasons.ts";
import { describe } from "../../reason/catalogue.ts";
import { takePidFile } from "./pid-file.ts";
import { supervisionFact } from "./tell.ts";

group("backoff", () => {
  const limits = { firstMs: 50, mostMs: 5000, calmAfterMs: 10_000 };

  test("doubles up to the cap, and starts again after a healthy run", () => {
    let backoff = NO_DEATHS;
    const waits = [0, 0, 0, 0, 0, 0, 0, 0, 0, 12_000, 9_999].map((ranMs) => {
      const next = afterDeath(backoff, ranMs, limits);
      backoff = next.backoff;
      return next.waitMs;
    });
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 50, 100]);
  });

  test("a thousand deaths don't overflow", () => {
    expect(afterDeath({ deaths: 1000 }, 0, limits).waitMs).toBe(5000);
  });
});

group("hang", () => {
  const limits = { checkEveryMs: 100, hangAfterMs: 500 };

  test("silence counts, beats end it", () => {
    let watch = startHangWatch(0);
    const hangsAt = (nowMs: number) => {
      const outcome = checkHang(watch, limits, nowMs);
      watch = outcome.watch;
      return outcome.hangs;
    };
    expect([100, 200, 300, 400, 500].map(hangsAt)).toEqual([false, false, false, false, false]);
    expect(hangsAt(600)).toBe(true);
    watch = beat(watch, 610);
    expect(hangsAt(700)).toBe(false);
  });

  test("a watcher that was away itself gives a fresh time", () => {
    const late = checkHang(startHangWatch(0), limits, 60_000);
    expect([late.hangs, checkHang(late.watch, limits, 60_100).hangs]).toEqual([false, false]);
  });
});

test("scrubbed keeps what is harmless", () => {
  expect(
    scrubbed({ BUN_OPTIONS: "x", BUN_BE_BUN: "1", NODE_OPTIONS: "y", PATH: "/bin", A: undefined }, { B: "b" }),
  ).toEqual({
    PATH: "/bin",
    B: "b",
  });
});

group("sd_notify", () => {
  test("the watchdog's period is half of the limit and only for the process that is meant", () => {
    expect(watchdogEveryMs({ WATCHDOG_USEC: "3000000" }, 7)).toBe(1500);
    expect(watchdogEveryMs({ WATCHDOG_USEC: "3000000", WATCHDOG_PID: "7" }, 7)).toBe(1500);
    expect(watchdogEveryMs({ WATCHDOG_USEC: "3000000", WATCHDOG_PID: "8" }, 7)).toBeUndefined();
    expect(watchdogEveryMs({ WATCHDOG_USEC: "nonsense" }, 7)).toBeUndefined();
    expect(watchdogEveryMs({}, 7)).toBeUndefined();
  });

  test.each(["path", "abstract"])("datagrams arrive at a socket with a %s", (kind) => {
    const directory = mkdtempSync(join(tmpdir(), "notify-"));
    const path = kind === "path" ? join(directory, "notify") : `@fivenines-test-${process.pid}`;
    const fd = socket(FAMILY.UNIX, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
    const memory = new Memory(4096);
    const next = () => {
      const count = receive(fd, memory, 0, 4096);
      return count < 0 ? count : memory.text(0, count);
    };
    try {
      bindSocket(fd, { family: "unix", path });
      const notifier = serviceNotifier({ NOTIFY_SOCKET: path, WATCHDOG_USEC: "2000" }, 7);
      expect(notifier.watchdogEveryMs).toBe(1);
      notifier.ready("up\nFDSTORE=1");
      notifier.watchdog();
      notifier.reloading(12.4);
      notifier.stopping();
      expect([next(), next(), next(), next()]).toEqual([
        "READY=1\nMAINPID=7\nSTATUS=up FDSTORE=1",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=12",
        "STOPPING=1",
      ]);
    } finally {
      close(fd);
      rmSync(directory, { recursive: true });
    }
  });

  test("without a manager nothing happens, and a manager that is gone is no error", () => {
    serviceNotifier({}, 1).ready();
    serviceNotifier({ NOTIFY_SOCKET: "/nonexistent/notify" }, 1).ready();
  });
});

test("a pid file is held by one, and what a dead process left is taken over", () => {
  const directory = mkdtempSync(join(tmpdir(), "pid-"));
  const path = join(directory, "a.pid");
  try {
    writeFileSync(path, "99999999\n");
    const first = takePidFile(path);
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
    expect(takePidFile(path)).toEqual({ ok: false, heldBy: process.pid });
    if (first.ok) first.file.release();
    const again = takePidFile(path);
    expect(again.ok).toBe(true);
    if (again.ok) again.file.release();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a message of another version is no message", () => {
  expect(readChildMessage('{"kind":"ready","more":1}')).toEqual({ kind: "ready" });
  expect(readChildMessage('{"kind":"future"}')).toBeUndefined();
  for (const line of ["{", "7", "null", "[]", '{"kind":"busy","forMs":"x"}'])
    expect(readChildMessage(line)).toBeUndefined();
});

test("a channel that takes only parts gets whole lines, in order; beats are left out while it is full", () => {
  let room = 10;
  let got = "";
  const sender = new ChildSender({
    write: (bytes) => {
      const taken = Math.min(room, bytes.length);
      got += new TextDecoder().decode(bytes.subarray(0, taken));
      room -= taken;
      return taken;
    },
  });
  sender.send({ kind: "ready" });
  sender.send({ kind: "beat" });
  sender.send({ kind: "status", text: "a" });
  room = 3;
  sender.flush();
  room = 1000;
  sender.flush();
  sender.send({ kind: "beat" });
  expect(got).toBe('{"kind":"ready"}\n{"kind":"status","text":"a"}\n{"kind":"beat"}\n');
});

group("what a supervisor tells", () => {
  const death = {
    pid: 7,
    exitCode: null,
    signal: "SIGSEGV",
    wasReady: true,
    hung: false,
    testament: undefined,
    ranMs: 61_000,
  };

  test.each([
    [{ kind: "started", pid: 7 }, ""],
    [{ kind: "ready", pid: 7 }, "ha-vip is ready (process 7)"],
    [{ kind: "died", death, restartInMs: 50 }, "ha-vip died (SIGSEGV) after 1m01s; it starts again in 50ms"],
    [
      { kind: "died", death: { ...death, hung: true }, restartInMs: 50 },
      "ha-vip died (hung) after 1m01s; it starts again in 50ms",
    ],
    [
      { kind: "died", death: { ...death, exitCode: 65, signal: null, wasReady: false }, restartInMs: undefined },
      "ha-vip ended (exit code 65) and is not started again",
    ],
    [{ kind: "died", death: { ...death, exitCode: 0, signal: null }, restartInMs: undefined }, "ha-vip has ended"],
    [{ kind: "hung", pid: 7, silentMs: 5200 }, "ha-vip gave no sign of life for 5.2s and was killed"],
    [
      { kind: "start-failed", detail: "ENOENT", restartInMs: 100 },
      "ha-vip could not be started: ENOENT; next try in 100ms",
    ],
    [{ kind: "stopping", signal: "SIGTERM" }, "ha-vip stops (SIGTERM)"],
    [{ kind: "killed-after-deadline", pid: 7 }, "ha-vip did not stop in time and was killed"],
    [{ kind: "hook-failed", detail: "x" }, "releasing what the dead ha-vip held failed: x"],
  ] as const)("%p", (event, sentence) => {
    const fact = supervisionFact("ha-vip", event);
    expect(fact === undefined ? "" : describe(superviseReasons, fact).sentence).toBe(sentence);
  });
});
