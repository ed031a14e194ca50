import type { HistoryEntry } from "../model/state.ts";
import { ACT, ORD, type SchedAction } from "./action.ts";
import { changeSince } from "./digest.ts";
import { failCount } from "./failures.ts";
import { makeAction, stopAction } from "./make-action.ts";
import { addOrdering } from "./ordering-list.ts";
import { unfenceAnew } from "./unfencing.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

const STARTS: ReadonlySet<string> = new Set(["monitor", "start", "promote", "migrate_from"]);
const CHANGED = "its parameters were changed";

/**
 * What becomes of an operation that was carried out with other parameters than are configured now: a monitor begins
 * anew, an agent that can reads them again (when only reloadable ones changed), and everything else is restarted.
 */
export function followChange(world: World, resource: SchedResource, node: SchedNode, entry: HistoryEntry): void {
  if (entry.intervalMs === 0 && !STARTS.has(entry.operation)) return;
  const change = changeSince(world, resource, node, entry);
  switch (change) {
    case "none":
      return;
    case "restart":
      makeAction(world, resource, restartTask(entry), entry.intervalMs, undefined, false).reason = CHANGED;
      break;
    case "reloadable":
      if (entry.intervalMs > 0)
        makeAction(world, resource, entry.operation, entry.intervalMs, node, true).set(ACT.reschedule);
      else reload(world, resource, node);
      break;
    default:
      change satisfies never;
  }
  unfenceAnew(world, resource, node, CHANGED);
  // What failed with the old parameters may go well with the new ones.
  if (failCount(world, resource, node, true) > 0) clearFailures(world, resource, node);
}

function restartTask(entry: HistoryEntry): string {
  return entry.intervalMs === 0 ? "start" : entry.operation;
}

export function clearFailures(world: World, resource: SchedResource, node: SchedNode): SchedAction {
  const action = makeAction(world, resource, "clear_failcount", 0, node, false);
  action.clear(ACT.optional);
  return action;
}

function reload(world: World, resource: SchedResource, node: SchedNode): void {
  if (!resource.managed || resource.failed) return;
  if (resource.startPending) {
    stopAction(world, resource, node, false);
    return;
  }
  resource.reloading = true;
  const action = makeAction(world, resource, "reload-agent", 0, node, false);
  action.reason = CHANGED;
  // What is stopped anyway needs no reload.
  for (const thenTask of ["stop", "demote"])
    addOrdering(world, {
      firstAction: action,
      then: resource,
      thenTask,
      flags: ORD.ordered | ORD.thenCancelsFirst,
    });
}
