import { runDisk } from "../../shared/sim/disk/run.ts";
import { makeDiskSchedule, type DiskSchedule } from "../../shared/sim/disk/schedule.ts";
import { runPresence } from "../../shared/sim/presence/run.ts";
import { makePresenceSchedule, makeStorm, type PresenceSchedule } from "../../shared/sim/presence/schedule.ts";
import { runSchedule, type Outcome } from "../../shared/sim/run.ts";
import { makeDirectedSchedule, type Schedule } from "../../shared/sim/schedule.ts";
import { shrinkDisk, shrinkPresence, shrinkSchedule } from "../../shared/sim/shrink.ts";

/**
 * Which simulated world: consensus with store and leases; the same with schedules aimed at lock holders, at leaders that fall
 * one after the other, or at single moments; membership with quorum and fencing, at random or aimed at its second lines of
 * defence; or the vote of a witness disk.
 */
export const WORLDS = ["consensus", "holders", "reigns", "ambushes", "membership", "storms", "disk"] as const;
export type WorldName = (typeof WORLDS)[number];
export type AnySchedule = Schedule | PresenceSchedule | DiskSchedule;

/** The worlds that a word means: one, all, or none when it is unknown. */
export function lookUpWorlds(word: string): readonly WorldName[] {
  return word === "all" ? WORLDS : WORLDS.filter((world) => world === word);
}

export function scheduleOf(world: WorldName, seed: number): AnySchedule {
  if (world === "membership") return makePresenceSchedule(seed);
  if (world === "storms") return makeStorm(seed);
  if (world === "disk") return makeDiskSchedule(seed);
  return makeDirectedSchedule(world === "consensus" ? "any" : world, seed);
}

export function runAny(schedule: AnySchedule, traced: boolean): Outcome {
  if ("diskFaults" in schedule) return runDisk(schedule, traced);
  return "quorum" in schedule ? runPresence(schedule, traced) : runSchedule(schedule, traced);
}

/** The schedule, cut down to what the same kind of failure needs. */
export function shrinkAny(schedule: AnySchedule, kind: Outcome["kind"]): AnySchedule {
  if ("diskFaults" in schedule) return shrinkDisk(schedule, kind);
  return "quorum" in schedule ? shrinkPresence(schedule, kind) : shrinkSchedule(schedule, kind).schedule;
}
