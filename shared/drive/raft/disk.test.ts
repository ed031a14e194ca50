import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../../effect/raft.ts";
import type { Reason } from "../../reason/catalogue.ts";
import { openDisk, type GroupDisk, type OpenedDisk } from "./disk.ts";

const MEMBERS = { voters: ["a"], learners: [] };
let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "disk-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const entry = (index: number): Entry => ({ index, term: 1, kind: "command", payload: `entry ${index}` });

function open(): OpenedDisk {
  const opened = openDisk(directory, MEMBERS, "a");
  if (opened === null) throw new Error("refused");
  return opened;
}

/** Starts the disk; `write` waits until the write is durable. */
function start(opened: OpenedDisk): {
  readonly disk: GroupDisk;
  readonly write: (sequence: number, ...entries: Entry[]) => Promise<void>;
} {
  const waiting = new Map<number, () => void>();
  const onDurable = (sequence: number): void => {
    for (const [wanted, resolve] of waiting) {
      if (wanted > sequence) continue;
      waiting.delete(wanted);
      resolve();
    }
  };
  const disk = opened.start(onDurable, () => undefined);
  return {
    disk,
    write: (sequence, ...entries) =>
      new Promise((resolve) => {
        waiting.set(sequence, resolve);
        disk.enqueue({ sequence, entries });
      }),
  };
}

const codes = (reasons: readonly Reason[]): readonly string[] => reasons.map((fact) => fact.code);

describe("disk", () => {
  test("what was reported durable is there at the next start, under the next boot number", async () => {
    const first = open();
    expect(first.recovered.hardState.boot).toBe(1);
    const { disk, write } = start(first);
    await Promise.all([write(1, entry(1)), write(2, entry(2), entry(3))]);
    disk.close();
    const second = open();
    expect(second.recovered.entries).toEqual([entry(1), entry(2), entry(3)]);
    expect(second.recovered.hardState.boot).toBe(2);
    expect(second.reasons).toEqual([]);
    start(second).disk.close();
  });

  test("a snapshot takes the journal's place, and writing goes on behind it", async () => {
    const { disk, write } = start(open());
    await write(1, entry(1), entry(2));
    const data = "state ".repeat(200_000);
    await new Promise<void>((resolve) => {
      disk.enqueue({ sequence: 2, snapshot: { index: 2, term: 1, members: MEMBERS, data }, entries: [] });
      void write(3, entry(3)).then(resolve);
    });
    disk.close();
    const { recovered, ...reopened } = open();
    expect(recovered.snapshot.data).toBe(data);
    expect(recovered.entries).toEqual([entry(3)]);
    reopened
      .start(
        () => undefined,
        () => undefined,
      )
      .close();
  });

  test("a torn end is cut off and told; damage inside is set aside and told", async () => {
    const { disk, write } = start(open());
    await write(1, entry(1));
    await write(2, entry(2));
    disk.close();
    const journal = join(directory, "journal");
    const whole = readFileSync(journal);
    // The seal that vouches for the last write is lost, and half of that write with it.
    truncateSync(journal, whole.length - 30);
    const torn = open();
    expect(codes(torn.reasons)).toEqual(["CORE_LOG_TORN"]);
    expect(torn.recovered.entries).toEqual([entry(1)]);
    start(torn).disk.close();
    whole[100] = (whole[100] ?? 0) ^ 1;
    writeFileSync(journal, whole);
    const damaged = open();
    expect(codes(damaged.reasons)).toEqual(["CORE_LOG_CORRUPT"]);
    expect(damaged.recovered).toMatchObject({ entries: [], hardState: { recovering: true } });
    expect(readdirSync(directory).some((name) => name.startsWith("journal.damaged-"))).toBe(true);
    start(damaged).disk.close();
  });

  test("two processes can't have one directory open", () => {
    const first = open();
    expect(() => open()).toThrow("in use");
    start(first).disk.close();
  });
});
