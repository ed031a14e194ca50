import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, type SchedAction } from "./action.ts";
import { firstAction } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import type { Settler } from "./settle.ts";
import type { SchedResource } from "./world.ts";

/**
 * When a start (or a promote) is impossible, what must be together with it can't start either. Of a group or a clone
 * only when none of its members or instances can.
 */
export function blockFollowers(action: SchedAction, settler: Settler): void {
  const { resource, task } = action;
  if (resource === undefined || action.has(ACT.runnable) || (task !== "start" && task !== "promote")) return;
  const whole = resource.top;
  for (const child of whole.children) {
    const other = firstAction(child, task, undefined);
    if (other === undefined || other.has(ACT.runnable)) return;
  }
  for (const colocation of whole.withThis) {
    if (colocation.score < INFINITY_SCORE) continue;
    // What isn't promoted may still be there for those who are content with that.
    if (task === "promote" && colocation.primaryRole !== ROLE.promoted) continue;
    const blocked = colocation.dependentRole === ROLE.promoted ? "promote" : "start";
    markUnrunnable(colocation.dependent, blocked, settler);
  }
}

function markUnrunnable(resource: SchedResource, task: "start" | "promote", settler: Settler): void {
  for (const action of resource.actionsByTask.get(task) ?? []) {
    if (!action.has(ACT.runnable)) continue;
    action.clear(ACT.runnable);
    settler.push(action);
    settler.pushAfter(action);
    blockFollowers(action, settler);
  }
  for (const child of resource.children) markUnrunnable(child, task, settler);
}
