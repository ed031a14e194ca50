import { runSchedule, type Outcome } from "./run.ts";
import { runPresence } from "./presence/run.ts";
import type { PresenceSchedule } from "./presence/schedule.ts";
import type { Schedule } from "./schedule.ts";

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

interface Faulty<Fault> {
  readonly faults: readonly Fault[];
}

/** Takes faults out, by ever smaller groups, as long as `attempt` finds the same kind of failure without them. */
function shrinkFaults<Fault, One extends Faulty<Fault>>(best: () => One, attempt: (candidate: One) => boolean): void {
  let size = Math.ceil(best().faults.length / 2);
  while (size >= 1) {
    let removed = false;
    for (let at = 0; at < best().faults.length;) {
      const faults = best().faults.filter((_, place) => place < at || place >= at + size);
      if (attempt({ ...best(), faults })) removed = true;
      else at += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
}

/** Cuts a failing membership schedule down. */
export function shrinkPresence(schedule: PresenceSchedule, kind: Outcome["kind"]): PresenceSchedule {
  let best = schedule;
  let runs = 0;
  const attempt = (candidate: PresenceSchedule): boolean => {
    runs += 1;
    if (runs > MAX_SHRINK_RUNS || runPresence(candidate).kind !== kind) return false;
    best = candidate;
    return true;
  };
  attempt({ ...best, finale: [] });
  attempt({ ...best, lossRatio: 0 });
  attempt({ ...best, latencyMs: 2 });
  shrinkFaults(() => best, attempt);
  const lastMs = best.faults[best.faults.length - 1]?.atMs ?? 0;
  for (const chaosMs of [lastMs + 500, lastMs + 3000])
    if (chaosMs < best.chaosMs && attempt({ ...best, chaosMs })) break;
  return best;
}
