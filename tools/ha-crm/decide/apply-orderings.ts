import { ACT, ORD, orderActions, operationKey, type SchedAction } from "./action.ts";
import { roleNow } from "./family.ts";
import { makeAction } from "./make-action.ts";
import { orderMigrations } from "./migration.ts";
import { ROLE } from "./roles.ts";
import type { SchedOrdering, SchedResource, World } from "./world.ts";

/** Turns orderings of tasks into edges between the actions that are there now. */
export function applyOrderings(world: World): void {
  const written = world.orderings.length;
  for (let index = 0; index < written; index += 1) {
    const ordering = world.orderings[index];
    if (ordering !== undefined) orderMigrations(world, ordering);
  }
  for (const ordering of world.orderings) {
    if (ordering.first !== undefined) fromFirst(world, ordering.first, ordering);
    else if (ordering.then !== undefined) toThen(ordering.then, ordering.firstAction, ordering);
    else orderActions(ordering.firstAction, ordering.thenAction, ordering.flags, ordering.id);
  }
}

function actionsFor(resource: SchedResource, task: string): readonly SchedAction[] {
  if (task === "monitor") return resource.actionsByKey.get(operationKey(resource.id, "monitor", 0)) ?? [];
  return resource.actionsByTask.get(task) ?? [];
}

function fromFirst(world: World, first: SchedResource, ordering: SchedOrdering): void {
  let actions = ordering.firstAction === undefined ? actionsFor(first, ordering.firstTask) : [ordering.firstAction];
  if (actions.length === 0) {
    if (ordering.then === first) return;
    const made = placeholder(world, first, ordering.firstTask);
    if (made === undefined) return;
    actions = [made];
  }
  for (const action of actions) {
    if (ordering.then !== undefined && ordering.thenAction === undefined) toThen(ordering.then, action, ordering);
    else orderActions(action, ordering.thenAction, ordering.flags, ordering.id);
  }
}

/** Something must stand for a task that the first resource won't do: an action that isn't needed and has no node. */
function placeholder(world: World, first: SchedResource, task: string): SchedAction | undefined {
  const role = roleNow(first);
  if (task === "stop" && (role === ROLE.stopped || role === ROLE.unknown)) return undefined;
  if (task === "demote" && role <= ROLE.unpromoted) return undefined;
  if (task === "monitor" || task === "migrate_from" || task === "migrate_to") return undefined;
  return makeAction(world, first, task, 0, undefined, true);
}

function toThen(then: SchedResource, first: SchedAction | undefined, ordering: SchedOrdering): void {
  let flags = ordering.flags;
  if (first !== undefined && first.resource === then && first.has(ACT.dangling)) flags &= ~ORD.impliesThen;
  const actions = ordering.thenAction === undefined ? actionsFor(then, ordering.thenTask) : [ordering.thenAction];
  for (const action of actions) {
    if (first !== undefined) orderActions(first, action, flags, ordering.id);
    else if ((flags & ORD.impliesThen) !== 0) action.clear(ACT.runnable);
  }
}
