import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDisk, type OpenedDisk } from "./disk.ts";
import { SYSTEM_CALLS, type DiskCalls } from "./disk-files.ts";

/** What a node does when its disk refuses to write, to flush or to give back what it holds. */
let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "disk-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function runWith(call: string, code: string, at: number): { readonly exitCode: number; readonly lines: string[] } {
  const program = join(import.meta.dir, "testdata/failing-disk.ts");
  const run = Bun.spawnSync([process.execPath, program, directory, call, code, String(at)]);
  return { exitCode: run.exitCode, lines: run.stdout.toString().trim().split("\n") };
}

function reopen(calls: DiskCalls = SYSTEM_CALLS): OpenedDisk {
  const opened = openDisk(directory, { voters: ["a"], learners: [] }, "a", calls);
  if (opened === null) throw new Error("refused");
  return opened;
}

function close(opened: OpenedDisk): void {
  opened
    .start(
      () => undefined,
      () => undefined,
    )
    .close();
}

const FAILED = ["failed: the journal can't be written", "takes nothing more"];
const unreadable = (): never => {
  throw Object.assign(new Error("EIO: made up"), { code: "EIO" });
};

describe("a disk that fails", () => {
  // Each write is one write call and one flush; a seal, one more write call, follows when nothing else waits.
  for (const [what, call, code, at, durable] of [
    ["the first flush", "flush", "EIO", 1, []],
    ["a later flush", "flush", "EIO", 3, ["durable 1", "durable 2"]],
    ["the flush of a vote", "flushNow", "EIO", 1, []],
    ["the flush of the second copy of a vote", "flushNow", "EIO", 4, ["durable 1"]],
    ["a write", "write", "EIO", 1, []],
    ["a read-only file system", "write", "EROFS", 1, []],
    ["a write that does nothing", "write", "NOTHING", 1, []],
  ] as const) {
    test(`${what} fails: nothing more is acknowledged, and nothing is tried again`, () => {
      const { exitCode, lines } = runWith(call, code, at);
      expect(lines).toEqual([...durable, ...FAILED]);
      expect(exitCode).toBe(1);
      // What was acknowledged is there; what was not may be.
      const opened = reopen();
      expect(opened.recovered.entries.length).toBeGreaterThanOrEqual(durable.length);
      close(opened);
    });
  }

  test("a write that takes a part is gone on with", () => {
    const { exitCode, lines } = runWith("write", "SHORT", 1);
    expect([exitCode, lines]).toEqual([0, ["durable 1", "durable 2", "durable 3", "durable 4"]]);
    const opened = reopen();
    expect(opened.recovered.entries.map((entry) => entry.index)).toEqual([1, 2, 3, 4]);
    close(opened);
  });

  for (const [call, code] of [
    ["write", "ENOSPC"],
    ["flush", "ENOSPC"],
    ["write", "EDQUOT"],
  ] as const) {
    test(`no space at a ${call} (${code}): told once, acknowledged later, after it was written anew`, () => {
      const { exitCode, lines } = runWith(call, code, 1);
      const all = ["CORE_DISK_FULL", "durable 1", "durable 2", "durable 3", "durable 4"];
      expect([exitCode, lines]).toEqual([0, all]);
      const opened = reopen();
      expect(opened.recovered.entries.length).toBe(4);
      close(opened);
    });
  }

  test("what no record vouches for is written anew at the start, whatever the page cache says", () => {
    expect(runWith("flush", "EIO", 3).exitCode).toBe(1);
    const writes: string[] = [];
    const opened = reopen({
      ...SYSTEM_CALLS,
      write: (fd, bytes, at, position) => {
        writes.push(new TextDecoder().decode(bytes.subarray(at)));
        return SYSTEM_CALLS.write(fd, bytes, at, position);
      },
      flushNow: (fd) => {
        writes.push("flush");
        SYSTEM_CALLS.flushNow(fd);
      },
    });
    expect(opened.recovered.entries.map((entry) => entry.index)).toEqual([1, 2, 3]);
    expect(writes[0]).toContain("entry 3");
    expect(writes[1]).toBe("flush");
    close(opened);
  });

  test("a journal with a sector that can't be read is set aside, and the node asks its peers", () => {
    expect(runWith("none", "", 0).exitCode).toBe(0);
    let reads = 0;
    // The vote is read last, copy by copy.
    const opened = reopen({
      ...SYSTEM_CALLS,
      read: (...args) => ((reads += 1) === 1 ? unreadable() : SYSTEM_CALLS.read(...args)),
    });
    expect(opened.reasons.map((fact) => fact.code)).toEqual(["CORE_LOG_CORRUPT"]);
    expect(opened.recovered).toMatchObject({ entries: [], hardState: { recovering: true } });
    expect(readdirSync(directory).some((name) => name.startsWith("journal.damaged-"))).toBe(true);
    close(opened);
  });

  test("one copy of the vote may be unreadable; with both the node doesn't start", () => {
    expect(runWith("none", "", 0).exitCode).toBe(0);
    const failingRead = (...which: readonly number[]): DiskCalls => {
      let reads = 0;
      return {
        ...SYSTEM_CALLS,
        read: (...args) => (which.includes((reads += 1)) ? unreadable() : SYSTEM_CALLS.read(...args)),
      };
    };
    const opened = reopen(failingRead(2));
    expect(opened.recovered.hardState).toMatchObject({ boot: 2, recovering: false });
    close(opened);
    expect(openDisk(directory, { voters: ["a"], learners: [] }, "a", failingRead(2, 3))).toBe(null);
  });
});
