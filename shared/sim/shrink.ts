import { runSchedule, type Outcome } from "./run.ts";
import { runDisk } from "./disk/run.ts";
import type { DiskSchedule } from "./disk/schedule.ts";
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
  shrinkList(
    () => best.faults,
    (faults) => attempt({ ...best, faults }),
  );
  while (best.clients > 1 && attempt({ ...best, clients: best.clients - 1 }));
  const lastMs = best.faults[best.faults.length - 1]?.atMs ?? 0;
  for (const chaosMs of [lastMs + 50, lastMs + 300]) if (chaosMs < best.chaosMs && attempt({ ...best, chaosMs })) break;
  shrinkList(
    () => best.faults,
    (faults) => attempt({ ...best, faults }),
  );
  return { schedule: best, outcome, runs };
}

/** Takes parts out, by ever smaller groups, as long as `attempt` finds the same kind of failure without them. */
function shrinkList<Item>(list: () => readonly Item[], attempt: (shorter: readonly Item[]) => boolean): void {
  let size = Math.ceil(list().length / 2);
  while (size >= 1) {
    let removed = false;
    for (let at = 0; at < list().length;) {
      if (attempt(list().filter((_, place) => place < at || place >= at + size))) removed = true;
      else at += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
}

/** Cuts a failing schedule of a witness disk down. */
export function shrinkDisk(schedule: DiskSchedule, kind: Outcome["kind"]): DiskSchedule {
  let best = schedule;
  let runs = 0;
  shrinkList(
    () => best.diskFaults,
    (diskFaults) => {
      const candidate = { ...best, diskFaults };
      runs += 1;
      if (runs > MAX_SHRINK_RUNS || runDisk(candidate).kind !== kind) return false;
      best = candidate;
      return true;
    },
  );
  return best;
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
  shrinkList(
    () => best.faults,
    (faults) => attempt({ ...best, faults }),
  );
  const lastMs = best.faults[best.faults.length - 1]?.atMs ?? 0;
  for (const chaosMs of [lastMs + 500, lastMs + 3000])
    if (chaosMs < best.chaosMs && attempt({ ...best, chaosMs })) break;
  return best;
}
