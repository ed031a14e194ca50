import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PLANTED_BUGS, type PlantedBug } from "./bugs.ts";
import { DISK_BUGS } from "./disk-bugs.ts";
import { MEMBERSHIP_BUGS } from "./membership-bugs.ts";
import { runInProcesses } from "./processes.ts";

/** Schedules within which each planted bug must be found, and the time that may take. Those of a disk are short. */
const SEEDS = 1500;
const DISK_SEEDS = 8000;
const LIMIT_MS = 600_000;
const REPOSITORY = join(import.meta.dir, "../..");
const ALL = [...PLANTED_BUGS, ...MEMBERSHIP_BUGS, ...DISK_BUGS];

test("each one changes a text that stands in its file exactly once", () => {
  const wrong = ALL.filter(({ file, find }) => readFileSync(join(REPOSITORY, file), "utf8").split(find).length !== 2);
  expect(wrong.map((bug) => bug.name)).toEqual([]);
  expect(new Set(ALL.map((bug) => bug.name)).size).toBe(ALL.length);
});

/** A test with a directed scenario: how it ends with the bug planted. */
function exitOfTest(path: string, bug: PlantedBug): number {
  const plant = join(import.meta.dir, "plant.ts");
  const env = { ...process.env, BUG: bug.name };
  const words = ["test", "--timeout", String(LIMIT_MS), "--preload", plant, path];
  const run = Bun.spawnSync([process.execPath, ...words], { cwd: REPOSITORY, env });
  const report = run.stderr.toString();
  // A test that could not even be loaded has found nothing.
  if (!/^\(fail\) /m.test(report) || !/^\(pass\) /m.test(report)) return 0;
  return run.exitCode;
}

describe("planted bugs are found by the simulator", () => {
  for (const bug of ALL.filter((one) => one.test === undefined)) {
    test(
      bug.name,
      async () => {
        const world = bug.world ?? "consensus";
        const to = world === "disk" ? DISK_SEEDS : SEEDS;
        const failure = await runInProcesses({ world, from: 1, to, jobs: 2, bug: bug.name, quiet: true });
        expect(failure).not.toBe(null);
      },
      LIMIT_MS,
    );
  }
});

describe("planted bugs in second lines of defence are found by directed scenarios", () => {
  for (const bug of ALL) {
    const path = bug.test;
    if (path === undefined) continue;
    test(bug.name, () => expect(exitOfTest(path, bug)).toBe(1), LIMIT_MS);
  }
});
