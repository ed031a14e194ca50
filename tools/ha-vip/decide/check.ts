/** What a stream of results says about a check, and what checks say about a router. Pure. */
import type { CheckSettings } from "../model/configuration.ts";
import type { Holder } from "../model/holders.ts";
import type { RouterHealth } from "../model/messages.ts";
import { PRIORITY_OWNER } from "../model/packet.ts";
import type { RouterSettings, TrackedDevice } from "../model/router.ts";

export interface CheckState {
  /** Undefined until it has run often enough to know. A check that hasn't passed yet counts as failing. */
  readonly passing: boolean | undefined;
  /** Results in a row that contradict `passing`. */
  readonly streak: number;
  /** The number that a tracked file holds. */
  readonly value?: number;
}

export const UNCHECKED: CheckState = { passing: undefined, streak: 0 };

/** Takes one result in. `passing` changes after `rise` successes or `fall` failures in a row; the first result counts at once. */
export function afterResult(settings: CheckSettings, state: CheckState, passed: boolean, value?: number): CheckState {
  const number = value === undefined ? {} : { value };
  if (state.passing === undefined || state.passing === passed) return { passing: passed, streak: 0, ...number };
  const streak = state.streak + 1;
  return streak >= (passed ? settings.rise : settings.fall)
    ? { passing: passed, streak: 0, ...number }
    : { passing: state.passing, streak, ...number };
}

export interface Effect {
  readonly adjustment: number;
  readonly fault: boolean;
}

const NOTHING: Effect = { adjustment: 0, fault: false };

/**
 * What one tracked thing does to a router (keepalived.conf(5), track_script): weight 0 makes failing a fault; a positive
 * weight is added while it passes, a negative one while it fails; `reverse` turns the direction round.
 */
export function effectOf(weight: number, reverse: boolean, passing: boolean): Effect {
  if (weight === 0) return passing === reverse ? { adjustment: 0, fault: true } : NOTHING;
  const applies = weight > 0 === passing;
  return applies ? { adjustment: reverse ? -weight : weight, fault: false } : NOTHING;
}

/** A tracked file's number times the weight; below -253 is a fault, and so is any but 0 with weight 0. */
export function effectOfValue(weight: number, reverse: boolean, value: number): Effect {
  if (weight === 0) return { adjustment: 0, fault: (value !== 0) !== reverse };
  const product = value * weight * (reverse ? -1 : 1);
  return product < -253 ? { adjustment: 0, fault: true } : { adjustment: Math.min(253, product), fault: false };
}

export type Checks = ReadonlyMap<string, { readonly settings: CheckSettings; readonly state: CheckState }>;

/** How the fault of a check without a result ends. */
export const NOT_RUN_YET = "has not run yet";

/** Is all that is wrong that checks have no result yet? Then the router only waits, and nobody needs to be told. */
export function onlyWaits(faults: readonly string[]): boolean {
  return faults.length > 0 && faults.every((fault) => fault.endsWith(NOT_RUN_YET));
}

/** Faults and adjustment of a router's priority from its checks. */
export function healthOf(router: Pick<Holder, "settings" | "tracks">, checks: Checks): RouterHealth {
  const faults: string[] = [];
  let adjustment = 0;
  for (const track of router.tracks) {
    const check = checks.get(track.check);
    if (check === undefined) continue;
    const { settings, state } = check;
    const weight = track.weight ?? settings.weight;
    const reverse = track.reverse ?? settings.reverse ?? false;
    const effect =
      state.value === undefined || settings.target.kind !== "file"
        ? effectOf(weight, reverse, state.passing === true)
        : effectOfValue(weight, reverse, state.value);
    if (weight === 0 && state.passing === undefined) faults.push(`check ${track.check} ${NOT_RUN_YET}`);
    else if (effect.fault) faults.push(`check ${track.check} ${reverse ? "passes" : "fails"}`);
    adjustment += effect.adjustment;
  }
  return { name: router.settings.name, adjustment, faults };
}

/** The same for tracked interfaces. @param isUp whether an interface can carry packets now */
export function deviceHealth(
  devices: readonly TrackedDevice[],
  isUp: (device: string) => boolean,
): { readonly adjustment: number; readonly faults: readonly string[] } {
  const faults: string[] = [];
  let adjustment = 0;
  for (const { device, reverse, weight } of devices) {
    const up = isUp(device);
    const effect = effectOf(weight, reverse, up);
    if (effect.fault) faults.push(`${device} is ${up ? "up" : "down"}`);
    adjustment += effect.adjustment;
  }
  return { adjustment, faults };
}

/** The owner stays the owner; anyone else never becomes it, and never says 0, which means leaving. */
export function priorityWith(settings: RouterSettings, adjustment: number): number {
  const { priority } = settings;
  return priority === PRIORITY_OWNER ? priority : Math.max(1, Math.min(254, priority + adjustment));
}
