import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { longestWatchdogMs, mayFeed } from "../../decide/lease/feeding.ts";
import { Watchdog } from "./watchdog.ts";

let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "watchdog-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("the watchdog device", () => {
  test("a stand-in takes food and the magic close", () => {
    const path = join(directory, "watchdog");
    writeFileSync(path, "");
    const watchdog = Watchdog.open({ path, timeoutSeconds: 5, allowStandIn: true });
    expect([watchdog.identity, watchdog.timeoutMs, watchdog.feed(), watchdog.feed()]).toEqual(["stand-in", 5000, 0, 0]);
    watchdog.disarm();
    expect(readFileSync(path, "latin1")).toBe("\0\0V");
    expect(watchdog.feed()).toBeLessThan(0);
  });

  test("what is no watchdog, or isn't there, is refused", () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    expect(() => Watchdog.open({ path, timeoutSeconds: 5 })).toThrow("ENOTTY");
    expect(() => Watchdog.open({ path: join(directory, "none"), timeoutSeconds: 5 })).toThrow("ENOENT");
  });

  test("is fed only when its bite would still come in time", () => {
    expect([mayFeed(100, 1000, 900), mayFeed(101, 1000, 900), mayFeed(5000, null, 900)]).toEqual([true, false, true]);
    expect(longestWatchdogMs(9000)).toBe(3000);
  });
});
