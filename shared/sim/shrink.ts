import { runSchedule, type Outcome } from "./run.ts";
import type { Schedule, TimedFault } from "./schedule.ts";

/**
 * Cuts a failing schedule down to what is needed for the same kind of failure: first the noise, then faults by ever smaller
 * groups (delta debugging, Zeller and Hildebrandt 2002), then clients and time.
 */
export const MAX_SHRINK_RUNS = 600;

export interface Shrunk {
  readonly schedule: Schedule;
  readonly outcome: Outcome;
  readonly runs: number;
}

export function shrinkSchedule(schedule: Schedule, kind: Outcome["kind"]): Shrunk {
  let best = schedule;
  let outcome = runSchedule(schedule);
  let runs = 1;
  const attempt = (candidate: Schedule): boolean => {
    if (runs >= MAX_SHRINK_RUNS) return false;
    runs += 1;
    const result = runSchedule(candidate);
    if (result.kind !== kind) return false;
    best = candidate;
    outcome = result;
    return true;
  };
  for (const quiet of [{ lossRatio: 0 }, { duplicateRatio: 0 }, { reorderMs: 0 }, { guards: false }]) {
    attempt({ ...best, ...quiet });
  }
  shrinkFaults(() => best, attempt);
  while (best.clients > 1 && attempt({ ...best, clients: best.clients - 1 }));
  const lastMs = best.faults[best.faults.length - 1]?.atMs ?? 0;
  for (const chaosMs of [lastMs + 50, lastMs + 300]) if (chaosMs < best.chaosMs && attempt({ ...best, chaosMs })) break;
  shrinkFaults(() => best, attempt);
  return { schedule: best, outcome, runs };
}

function shrinkFaults(best: () => Schedule, attempt: (candidate: Schedule) => boolean): void {
  let size = Math.ceil(best().faults.length / 2);
  while (size >= 1) {
    let removed = false;
    for (let at = 0; at < best().faults.length;) {
      const faults: readonly TimedFault[] = best().faults.filter((_, place) => place < at || place >= at + size);
      if (attempt({ ...best(), faults })) removed = true;
      else at += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
}
