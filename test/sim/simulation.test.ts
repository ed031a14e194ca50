import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runSchedule } from "../../shared/sim/run.ts";
import { makeSchedule } from "../../shared/sim/schedule.ts";
import { shrinkSchedule } from "../../shared/sim/shrink.ts";
import { PLANTED_BUGS } from "./bugs.ts";
import { runInProcesses } from "./processes.ts";

const CLEAN_SEEDS = 600;
/** Seeds within which each planted bug must be found, and the time that may take. */
const BUG_SEEDS = 8000;
const BUG_LIMIT_MS = 120_000;

describe("simulation", () => {
  test(
    `the first ${CLEAN_SEEDS} schedules end well`,
    async () => expect(await runInProcesses(1, CLEAN_SEEDS, 2, null, true)).toBe(null),
    BUG_LIMIT_MS,
  );

  test("the same seed gives the same run", () => {
    for (const seed of [1, 7, 42]) expect(runSchedule(makeSchedule(seed))).toEqual(runSchedule(makeSchedule(seed)));
  });

  test("the command line tells how it ended by its exit code", () => {
    const main = join(import.meta.dir, "main.ts");
    const run = (...args: string[]): number =>
      Bun.spawnSync([process.execPath, main, ...args], { stdout: "ignore", stderr: "ignore" }).exitCode;
    expect([run("--seeds", "1..5"), run("--seeds", "5..1"), run("--seed", "3")]).toEqual([0, 64, 0]);
  });

  test("a planted bug ends with its own exit code and a schedule cut down to what is needed", () => {
    const args = ["--preload", join(import.meta.dir, "plant.ts"), join(import.meta.dir, "main.ts")];
    const run = Bun.spawnSync([process.execPath, ...args, "--seeds", "1..2000", "--bug", "vote-twice"]);
    expect(run.exitCode).toBe(3);
    expect(run.stdout.toString()).toContain("one leader per term");
  });

  test("a schedule that ends well isn't cut down to something else", () => {
    const schedule = makeSchedule(1);
    expect(shrinkSchedule(schedule, "safety").schedule).toEqual(schedule);
  });
});

describe("planted bugs are found", () => {
  for (const bug of PLANTED_BUGS) {
    test(
      bug.name,
      async () => {
        const failure = await runInProcesses(1, BUG_SEEDS, 2, bug.name, true);
        expect(failure).not.toBe(null);
      },
      BUG_LIMIT_MS,
    );
  }
});
