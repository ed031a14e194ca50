import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AMBUSH_PLANS } from "../../shared/sim/ambush.ts";
import { runPresence } from "../../shared/sim/presence/run.ts";
import { makePresenceSchedule } from "../../shared/sim/presence/schedule.ts";
import { runSchedule } from "../../shared/sim/run.ts";
import { makeSchedule } from "../../shared/sim/schedule.ts";
import { shrinkSchedule } from "../../shared/sim/shrink.ts";
import { runInProcesses } from "./processes.ts";
import { runAny, scheduleOf, type WorldName } from "./worlds.ts";

const CLEAN_SEEDS = [
  ["consensus", 600],
  ["holders", 100],
  ["reigns", 100],
  ["ambushes", 100],
  ["membership", 400],
  ["storms", 100],
  ["disk", 100],
] as const;
const CLEAN_LIMIT_MS = 600_000;

describe("simulation", () => {
  for (const [world, seeds] of CLEAN_SEEDS) {
    test(
      `${world}: the first ${seeds} schedules end well`,
      async () => {
        const failure = await runInProcesses({ world, from: 1, to: seeds, jobs: 2, bug: null, quiet: true });
        expect(failure).toBe(null);
      },
      CLEAN_LIMIT_MS,
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

  for (const [kind, exitCode, world, bug, what] of [
    ["safety", 3, "consensus", "vote-twice", "one leader per term"],
    ["liveness", 4, "consensus", "inflight-window-leaks", "gets no answer"],
    ["crash", 5, "consensus", "acknowledges-one-too-many", "acknowledges entries that were not sent"],
  ] as const) {
    test(`${kind}: its own exit code, and a schedule cut down to what is needed, which gives the same again`, () => {
      const args = ["--preload", join(import.meta.dir, "plant.ts"), join(import.meta.dir, "main.ts"), "--bug", bug];
      const run = Bun.spawnSync([process.execPath, ...args, "--world", world, "--seeds", "1..1000"]);
      const text = run.stdout.toString();
      expect([run.exitCode, text.includes(what)]).toEqual([exitCode, true]);
      const file = join(mkdtempSync(join(tmpdir(), "schedule-")), "schedule.json");
      const json = text.slice(text.indexOf("{\n"), text.indexOf("\n}") + 2);
      writeFileSync(file, json);
      expect(Bun.spawnSync([process.execPath, ...args, "--schedule", file]).exitCode).toBe(exitCode);
      rmSync(dirname(file), { recursive: true });
    });
  }

  test("disks that lie about their flushes are beyond what the core rests on, and the simulator sees what it comes to", () => {
    const kinds = Array.from({ length: 30 }, (_, at) => {
      const schedule = makeSchedule(at + 1);
      const lies = Array.from({ length: schedule.nodes }, (_one, node) => ({
        atMs: 0,
        fault: { kind: "lyingDisk", node } as const,
      }));
      const falls = [400, 700].map((atMs) => ({ atMs, fault: { kind: "powerLoss", downMs: 5 } as const }));
      return runSchedule({ ...schedule, faults: [...lies, ...falls] }).kind;
    });
    expect(kinds).toContain("safety");
  });

  test("a schedule that ends well isn't cut down to something else", () => {
    const schedule = makeSchedule(1);
    expect(shrinkSchedule(schedule, "safety").schedule).toEqual(schedule);
  });
});

/** Faults and moments that these schedules must really meet, not only try. Counted by `Tally`, and by the codes of reasons. */
const MUST_MEET: readonly { readonly world: WorldName; readonly seeds: number; readonly what: readonly string[] }[] = [
  {
    world: "consensus",
    seeds: 150,
    what: [
      "crash",
      "power cut",
      "thaw with messages waiting",
      "drifting clock",
      "wall clock jump",
      "cut",
      "one-way cut",
      "message lost",
      "duplicate",
      "reorder",
      "torn write",
      "unflushed write lost",
      "failed write",
      "failed flush",
      "full disk",
      "slow disk",
      "damaged sector",
      "CORE_RECOVERING",
      "CORE_RECOVERED",
      "CORE_SNAPSHOT_INSTALLED",
      "CORE_MEMBERS_CHANGED",
      "CORE_ELECTION_STARTED",
      "CORE_LEADER_ELECTED",
      "CORE_LEADER_RESIGNED",
      "CORE_SELF_LATE",
      "watchdog bites",
      "history linearizable",
    ],
  },
  {
    world: "ambushes",
    seeds: 40,
    what: AMBUSH_PLANS.map((plan) => `ambush ${plan}`),
  },
  {
    world: "membership",
    seeds: 60,
    what: [
      "crash",
      "powerOff",
      "pause",
      "stutter",
      "drift",
      "cut",
      "swap",
      "flap",
      "delay",
      "delayIn",
      "hangAgent",
      "fencing success",
      "fencing failure",
      "fencing timeout",
      "watchdog bites",
      "CORE_SELF_LATE",
      "CORE_LINK_ONE_WAY",
      "CORE_PEER_FLAPPING",
      "CORE_MEMBER_EXCLUDED",
      "CORE_QUORUM_LOST",
      "CORE_FENCING_ASKED",
    ],
  },
];

describe("coverage", () => {
  for (const { world, seeds, what } of MUST_MEET) {
    test(
      `${world}: every kind of fault takes effect within ${seeds} schedules`,
      () => {
        const met = new Map<string, number>();
        for (let seed = 1; seed <= seeds; seed += 1) {
          const outcome = runAny(scheduleOf(world, seed), false);
          if (outcome.kind !== "ok") throw new Error(`seed ${seed}: ${outcome.what}`);
          for (const [name, count] of Object.entries(outcome.stats.met)) met.set(name, (met.get(name) ?? 0) + count);
        }
        expect(what.filter((name) => !met.has(name))).toEqual([]);
        // A history that is too long to judge would be a check that says nothing.
        expect(met.get("history undecided") ?? 0).toBe(0);
      },
      CLEAN_LIMIT_MS,
    );
  }
});
