import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, type SchedAction } from "./action.ts";
import { ROLE } from "./roles.ts";
import type { Settler } from "./settle.ts";
import type { SchedColocation, SchedResource, World } from "./world.ts";

/** When a start (or a promote) turns out to be impossible, what must be together with it can't start either. */
export function blockFollowers(world: World, action: SchedAction, settler: Settler): void {
  const resource = action.resource;
  if (resource === undefined) return;
  if (action.task === "start") blockFor(resource, "start", settler);
  else if (action.task === "promote") blockFor(resource, "promote", settler);
  void world;
}

function blockFor(resource: SchedResource, task: "start" | "promote", settler: Settler): void {
  const whole = resource.parent?.kind === "group" && resource.parent.groupColocated ? resource.parent : resource;
  const colocations = new Set<SchedColocation>([...resource.withThis, ...whole.withThis]);
  for (const colocation of colocations) {
    if (colocation.score < INFINITY_SCORE) continue;
    if (colocation.primaryRole === ROLE.promoted ? task !== "promote" : task !== "start") continue;
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
    blockFor(resource, task, settler);
  }
  for (const child of resource.children) markUnrunnable(child, task, settler);
}
