/** What a stream of results says about a check, and what checks say about a router. Pure. */
import type { CheckSettings, RouterConfiguration } from "../model/configuration.ts";
import type { RouterHealth } from "../model/messages.ts";
import { PRIORITY_OWNER } from "../model/packet.ts";

export interface CheckState {
  /** Undefined until it has run often enough to know. A check that hasn't passed yet counts as failing. */
  readonly passing: boolean | undefined;
  /** Results in a row that contradict `passing`. */
  readonly streak: number;
}

export const UNCHECKED: CheckState = { passing: undefined, streak: 0 };

/** Takes one result in. `passing` changes after `rise` successes or `fall` failures in a row; the first result counts at once. */
export function afterResult(settings: CheckSettings, state: CheckState, passed: boolean): CheckState {
  if (state.passing === undefined) return { passing: passed, streak: 0 };
  if (state.passing === passed) return { passing: passed, streak: 0 };
  const streak = state.streak + 1;
  return streak >= (passed ? settings.rise : settings.fall)
    ? { passing: passed, streak: 0 }
    : { passing: state.passing, streak };
}

/**
 * Priority and faults of a router: a failing check without weight is a fault; a positive weight is added while
 * the check passes, a negative one while it fails (keepalived.conf(5), "weight"). 1 to 254 remain.
 */
export function healthOf(
  router: RouterConfiguration,
  checks: ReadonlyMap<string, { readonly settings: CheckSettings; readonly state: CheckState }>,
): RouterHealth {
  const { name, priority: base } = router.settings;
  const faults: string[] = [];
  let priority = base;
  for (const track of router.tracks) {
    const check = checks.get(track.check);
    if (check === undefined) continue;
    const weight = track.weight ?? check.settings.weight;
    const passing = check.state.passing === true;
    if (weight === 0 && !passing) faults.push(`check ${track.check} fails`);
    if (weight > 0 && passing) priority += weight;
    if (weight < 0 && !passing) priority += weight;
  }
  // The owner stays the owner; anyone else never becomes it, and never says 0, which means leaving.
  return { name, priority: base === PRIORITY_OWNER ? base : Math.max(1, Math.min(254, priority)), faults };
}
