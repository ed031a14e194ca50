import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runSchedule, type Outcome } from "../../shared/sim/run.ts";
import { makeSchedule, type Schedule } from "../../shared/sim/schedule.ts";
import { shrinkSchedule } from "../../shared/sim/shrink.ts";
import { runInProcesses } from "./processes.ts";

const EXIT = { ok: 0, safety: 3, liveness: 4, crash: 5, usage: 64 } as const;

const HELP = `usage: npm run sim -- [--seed N | --seeds A..B | --schedule FILE] [--jobs N] [--bug NAME] [--quiet] [--json]
  --seed N        run one schedule and print what happened
  --seeds A..B    run many (default 1..2000); stops at the first failure
  --schedule F    run a schedule saved from an earlier failure
  --jobs N        processes (default: number of cores)
  --bug NAME      only with --preload test/sim/plant.ts: run with a planted bug
exit codes: 0 ok, 3 safety, 4 liveness, 5 crash, 64 usage`;

function show(schedule: Schedule, title: string): void {
  console.log(`${title}\n${JSON.stringify(schedule, null, 1)}`);
}

function runOne(schedule: Schedule): number {
  const outcome = runSchedule(schedule, true);
  if (outcome.kind !== "ok") {
    show(schedule, "schedule");
    for (const line of outcome.trace) console.log(line);
    console.log(`${outcome.kind}: ${outcome.what}`);
  } else {
    show(schedule, "schedule");
    const { events, committed, answered, virtualMs } = outcome.stats;
    console.log(
      `ok: ${events} events, ${committed} entries committed, ${answered} answers, ${virtualMs} ms of virtual time`,
    );
  }
  return EXIT[outcome.kind];
}

function reportFailure(seed: number, outcome: Outcome, quiet: boolean): number {
  if (outcome.kind === "ok") return EXIT.ok;
  console.log(`seed ${seed}: ${outcome.kind}: ${outcome.what}`);
  if (!quiet) {
    const shrunk = shrinkSchedule(makeSchedule(seed), outcome.kind);
    console.log(`cut down in ${shrunk.runs} runs; the rest of the failure follows`);
    runOne(shrunk.schedule);
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
function runWorker(from: number, to: number, step: number): number {
  let runs = 0;
  let events = 0;
  for (let seed = from; seed <= to; seed += step) {
    const outcome = runSchedule(makeSchedule(seed));
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
  if (values.schedule !== undefined) {
    const schedule: Schedule = JSON.parse(readFileSync(values.schedule, "utf8"));
    return runOne(schedule);
  }
  if (values.seed !== undefined) return runOne(makeSchedule(Number(values.seed)));
  const range = parseRange(values.seeds ?? "1..2000");
  if (range === null) {
    console.error(HELP);
    return EXIT.usage;
  }
  if (values.step !== undefined) return runWorker(range[0], range[1], Number(values.step));
  const jobs = Number(values.jobs ?? navigator.hardwareConcurrency);
  const failure = await runInProcesses(range[0], range[1], jobs, values.bug ?? null, values.quiet);
  return failure === null ? EXIT.ok : reportFailure(failure.seed, failure.outcome, values.quiet);
}
