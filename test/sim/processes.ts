import { join } from "node:path";
import type { Outcome } from "../../shared/sim/run.ts";
import type { WorldName } from "./worlds.ts";

/** Spreads seeds over processes, shows progress, and stops all of them at the first failure. */
export interface Failure {
  readonly seed: number;
  readonly outcome: Outcome;
}

interface WorkerLine {
  readonly runs: number;
  readonly events: number;
  readonly failed?: Failure;
}

const PROGRESS_EVERY_MS = 1000;

export interface ManyRuns {
  readonly world: WorldName;
  readonly from: number;
  readonly to: number;
  readonly jobs: number;
  readonly bug: string | null;
  readonly quiet: boolean;
}

export async function runInProcesses({ world, from, to, jobs, bug, quiet }: ManyRuns): Promise<Failure | null> {
  const startedMs = performance.now();
  let runs = 0;
  let events = 0;
  let failure: Failure | null = null;
  let shownMs = startedMs;
  const say = (final: boolean): void => {
    const nowMs = performance.now();
    if (quiet || (!final && nowMs - shownMs < PROGRESS_EVERY_MS)) return;
    shownMs = nowMs;
    const perMinute = Math.round((runs / (nowMs - startedMs)) * 60_000);
    const share = ((100 * runs) / (to - from + 1)).toFixed(1);
    const line = `${runs} schedules (${share} %), ${events} events, ${perMinute} schedules a minute`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${final ? "\n" : ""}`);
    else if (final || runs % 10_000 < 200) process.stderr.write(`${line}\n`);
  };
  const workers = Array.from({ length: Math.max(1, Math.min(jobs, to - from + 1)) }, (_, at) => {
    const main = join(import.meta.dir, "main.ts");
    const preload = bug === null ? [] : ["--preload", join(import.meta.dir, "plant.ts")];
    const tail = bug === null ? [] : ["--bug", bug];
    const args = [
      ...preload,
      main,
      "--seeds",
      `${from + at}..${to}`,
      "--step",
      String(jobs),
      "--world",
      world,
      ...tail,
    ];
    return Bun.spawn([process.execPath, ...args], { stdout: "pipe", stderr: "inherit" });
  });
  const onLine = (text: string): void => {
    const line: WorkerLine = JSON.parse(text);
    runs += line.runs;
    events += line.events;
    if (line.failed !== undefined && failure === null) {
      failure = line.failed;
      for (const worker of workers) worker.kill();
    }
    say(false);
  };
  await Promise.all(workers.map((worker) => readLines(worker.stdout, onLine)));
  const codes = await Promise.all(workers.map((worker) => worker.exited));
  say(true);
  if (failure === null && codes.some((code) => code !== 0)) throw new Error(`a worker ended with ${codes.join(", ")}`);
  return failure;
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
  }
}
