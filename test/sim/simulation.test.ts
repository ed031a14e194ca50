import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runPresence } from "../../shared/sim/presence/run.ts";
import { makePresenceSchedule } from "../../shared/sim/presence/schedule.ts";
import { runSchedule } from "../../shared/sim/run.ts";
import { makeSchedule } from "../../shared/sim/schedule.ts";
import { shrinkSchedule } from "../../shared/sim/shrink.ts";
import { PLANTED_BUGS, RARE_BUGS } from "./bugs.ts";
import { DISK_BUGS, RARE_DISK_BUGS } from "./disk-bugs.ts";
import { MEMBERSHIP_BUGS, RARE_MEMBERSHIP_BUGS } from "./membership-bugs.ts";
import { runInProcesses, type Failure } from "./processes.ts";
import type { WorldName } from "./worlds.ts";

const CLEAN_SEEDS = [
  ["consensus", 600],
  ["holders", 100],
  ["reigns", 100],
  ["membership", 600],
  ["disk", 2000],
] as const;
/** Seeds within which each planted bug must be found, and the time that may take. */
const BUG_SEEDS = 8000;
const BUG_LIMIT_MS = 120_000;

function run(world: WorldName, to: number, bug: string | null): Promise<Failure | null> {
  return runInProcesses({ world, from: 1, to, jobs: 2, bug, quiet: true });
}

describe("simulation", () => {
  for (const [world, seeds] of CLEAN_SEEDS) {
    test(
      `${world}: the first ${seeds} schedules end well`,
      async () => expect(await run(world, seeds, null)).toBe(null),
      BUG_LIMIT_MS,
    );
  }

  test("the same seed gives the same run", () => {
    for (const seed of [1, 7, 42]) expect(runSchedule(makeSchedule(seed))).toEqual(runSchedule(makeSchedule(seed)));
    for (const seed of [1, 7, 42]) {
      expect(runPresence(makePresenceSchedule(seed))).toEqual(runPresence(makePresenceSchedule(seed)));
    }
  });

  test("the command line tells how it ended by its exit code", () => {
    const main = join(import.meta.dir, "main.ts");
    const exitOf = (...args: string[]): number =>
      Bun.spawnSync([process.execPath, main, ...args], { stdout: "ignore", stderr: "ignore" }).exitCode;
    expect([exitOf("--seeds", "1..5"), exitOf("--seeds", "5..1"), exitOf("--seed", "3")]).toEqual([0, 64, 0]);
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
  test("each one changes a text that stands in its file exactly once", () => {
    const common = [...PLANTED_BUGS, ...MEMBERSHIP_BUGS, ...DISK_BUGS];
    const all = [...common, ...RARE_BUGS, ...RARE_MEMBERSHIP_BUGS, ...RARE_DISK_BUGS];
    const wrong = all.filter(({ file, find }) => {
      return readFileSync(join(import.meta.dir, "../..", file), "utf8").split(find).length !== 2;
    });
    expect(wrong.map((bug) => bug.name)).toEqual([]);
    expect(new Set(all.map((bug) => bug.name)).size).toBe(all.length);
  });

  for (const bug of [...PLANTED_BUGS, ...MEMBERSHIP_BUGS, ...DISK_BUGS]) {
    test(
      bug.name,
      async () => {
        const failure = await run(bug.world ?? "consensus", BUG_SEEDS, bug.name);
        expect(failure).not.toBe(null);
      },
      BUG_LIMIT_MS,
    );
  }
});
