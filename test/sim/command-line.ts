import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Outcome } from "../../shared/sim/run.ts";
import { runInProcesses } from "./processes.ts";
import { lookUpWorlds, runAny, scheduleOf, shrinkAny, type AnySchedule, type WorldName } from "./worlds.ts";

const EXIT = { ok: 0, safety: 3, liveness: 4, crash: 5, usage: 64 } as const;

const HELP = `usage: npm run sim -- [--seed N | --seeds A..B | --schedule FILE] [--world NAME] [--jobs N] [--bug NAME] [--quiet]
  --world NAME    consensus (log, store, leases; the default), holders, reigns or ambushes (the same, aimed at who
                  holds a lock, at who leads, or at single moments), membership or storms (heartbeats,
                  quorum, watchdog, fencing; at random, or aimed at takeovers), disk (the vote of a witness disk),
                  or all of them in turn
  --seed N        run one schedule and print what happened
  --seeds A..B    run many (default 1..2000); stops at the first failure
  --schedule F    run a schedule saved from an earlier failure
  --jobs N        processes (default: number of cores)
  --bug NAME      only with --preload test/sim/plant.ts: run with a planted bug
exit codes: 0 ok, 3 safety, 4 liveness, 5 crash, 64 usage`;

function runOne(schedule: AnySchedule): number {
  const outcome = runAny(schedule, true);
  console.log(`schedule\n${JSON.stringify(schedule, null, 1)}`);
  if (outcome.kind !== "ok") {
    for (const line of outcome.trace) console.log(line);
    console.log(`${outcome.kind}: ${outcome.what}`);
    return EXIT[outcome.kind];
  }
  const { events, committed, answered, virtualMs } = outcome.stats;
  const done = "clients" in schedule ? `${committed} entries committed, ${answered} answers` : `${answered} starts`;
  console.log(`ok: ${events} events, ${done}, ${Math.round(virtualMs)} ms of virtual time`);
  return EXIT.ok;
}

function reportFailure(world: WorldName, seed: number, outcome: Outcome, quiet: boolean): number {
  if (outcome.kind === "ok") return EXIT.ok;
  console.log(`seed ${seed}: ${outcome.kind}: ${outcome.what}`);
  if (!quiet) {
    console.log("cut down; the rest of the failure follows");
    runOne(shrinkAny(scheduleOf(world, seed), outcome.kind));
  }
  return EXIT[outcome.kind];
}

function parseRange(text: string): readonly [number, number] | null {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2]);
  return from <= to ? [from, to] : null;
}

/** A worker process: every `step`th seed of the range; progress and the first failure as lines of JSON. */
function runWorker(world: WorldName, from: number, to: number, step: number): number {
  let runs = 0;
  let events = 0;
  for (let seed = from; seed <= to; seed += step) {
    const outcome = runAny(scheduleOf(world, seed), false);
    runs += 1;
    if (outcome.kind !== "ok") {
      console.log(JSON.stringify({ runs, events, failed: { seed, outcome } }));
      return EXIT[outcome.kind];
    }
    events += outcome.stats.events;
    if (runs % 100 === 0 || seed + step > to) {
      console.log(JSON.stringify({ runs, events }));
      runs = 0;
      events = 0;
    }
  }
  return EXIT.ok;
}

/** Runs what the arguments ask for; gives the exit code. */
export async function runCommandLine(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      schedule: { type: "string" },
      world: { type: "string", default: "consensus" },
      jobs: { type: "string" },
      bug: { type: "string" },
      step: { type: "string" },
      quiet: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return EXIT.ok;
  }
  const worlds = lookUpWorlds(values.world);
  const [world] = worlds;
  if (world === undefined) {
    console.error(HELP);
    return EXIT.usage;
  }
  if (values.schedule !== undefined) {
    const schedule: AnySchedule = JSON.parse(readFileSync(values.schedule, "utf8"));
    return runOne(schedule);
  }
  if (values.seed !== undefined) return runOne(scheduleOf(world, Number(values.seed)));
  const range = parseRange(values.seeds ?? "1..2000");
  if (range === null) {
    console.error(HELP);
    return EXIT.usage;
  }
  if (values.step !== undefined) return runWorker(world, range[0], range[1], Number(values.step));
  const jobs = Number(values.jobs ?? navigator.hardwareConcurrency);
  for (const one of worlds) {
    const bug = values.bug ?? null;
    if (worlds.length > 1 && !values.quiet) console.error(one);
    const failure = await runInProcesses({ world: one, from: range[0], to: range[1], jobs, bug, quiet: values.quiet });
    if (failure !== null) return reportFailure(one, failure.seed, failure.outcome, values.quiet);
  }
  return EXIT.ok;
}
