import { SafetyViolation } from "../check/log.ts";
import type { Outcome } from "../run.ts";
import { DISK_TTL_MS, type DiskSchedule } from "./schedule.ts";
import { DiskWorld } from "./world.ts";

/** After all is mended: operations that hang end, late writes arrive, whoever died is waited out, and a claim ripens. */
const HEAL_BOUND_MS = 12 * DISK_TTL_MS;
const HEAL_STEP_MS = 100;
/** Once one node holds the vote and no late write is on its way, it keeps it for so long at least. */
const STEADY_MS = 3 * DISK_TTL_MS;

/** Runs one schedule to its end. The same schedule always gives the same outcome. */
export function runDisk(schedule: DiskSchedule, traced = false): Outcome {
  let world: DiskWorld | null = null;
  try {
    world = new DiskWorld(schedule, traced);
    world.runUntil(schedule.chaosMs);
    world.mend();
    let illness = heal(world);
    const holder = world.nodes[holderOf(world)];
    if (illness === null && schedule.holderDies && holder !== undefined) {
      world.loseForGood(holder);
      illness = heal(world);
    }
    if (illness !== null) return { kind: "liveness", what: illness, trace: world.trace ?? [] };
    const { events, gains, nowMs } = world;
    return { kind: "ok", stats: { events, committed: 0, answered: gains, virtualMs: nowMs, met: {} } };
  } catch (error) {
    const trace = world?.trace ?? [];
    if (error instanceof SafetyViolation) return { kind: "safety", what: error.message, trace };
    const what = error instanceof Error ? (traced ? (error.stack ?? error.message) : error.message) : String(error);
    return { kind: "crash", what, trace };
  }
}

function holderOf(world: DiskWorld): number {
  return world.nodes.findIndex((node) => world.holds(node) && node.vote !== null);
}

function heal(world: DiskWorld): string | null {
  // What hangs, or is late, is over by then.
  const deadlineMs = world.nowMs + world.schedule.strayMs + HEAL_BOUND_MS;
  let steadyMs = 0;
  let last = -1;
  while (world.nowMs < deadlineMs) {
    world.runUntil(world.nowMs + HEAL_STEP_MS);
    const holder = holderOf(world);
    steadyMs = holder >= 0 && holder === last ? steadyMs + HEAL_STEP_MS : 0;
    last = holder;
    if (steadyMs >= STEADY_MS) return null;
  }
  return last < 0 ? "nobody gets the vote" : "the vote goes to and fro";
}
