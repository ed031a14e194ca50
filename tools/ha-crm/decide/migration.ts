import { ACT, ORD } from "./action.ts";
import { makeAction, startAction, stopAction } from "./make-action.ts";
import { orderTasks } from "./ordering-list.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode, SchedOrdering, SchedResource, World } from "./world.ts";

/** Live migration: the source hands over, the target takes over, the source is stopped; the start is implied. */
export function canMigrate(resource: SchedResource, current: SchedNode): boolean {
  const target = resource.assigned;
  return (
    resource.allowMigrate &&
    resource.managed &&
    !resource.failed &&
    !resource.startPending &&
    !current.unclean &&
    target !== undefined &&
    !target.unclean
  );
}

export function createMigration(world: World, resource: SchedResource, current: SchedNode): void {
  const target = resource.assigned;
  const start = startAction(world, resource, target, true);
  const stop = stopAction(world, resource, current, true);
  const continued = resource.migrationTarget !== undefined;
  const from = makeAction(world, resource, "migrate_from", 0, target, true);
  start.set(ACT.migratable | ACT.pseudo);
  stop.set(ACT.migratable);
  from.set(ACT.migratable);
  if (continued) from.needs = start.needs;
  else {
    const to = makeAction(world, resource, "migrate_to", 0, current, true);
    to.set(ACT.migratable);
    to.needs = start.needs;
    orderTasks(world, resource, "monitor", resource, "migrate_to", ORD.ordered);
    orderTasks(world, resource, "migrate_to", resource, "migrate_from", ORD.ordered | ORD.impliesFirstMigratable);
  }
  orderTasks(world, resource, "migrate_from", resource, "stop", ORD.ordered | ORD.impliesFirstMigratable);
  orderTasks(
    world,
    resource,
    "migrate_from",
    resource,
    "start",
    ORD.ordered | ORD.impliesFirstMigratable | ORD.pseudoLeft,
  );
  for (const action of [start, stop]) action.clear(action === start && !action.has(ACT.runnable) ? ACT.pseudo : 0);
}

/** The target has taken over, but the source was never stopped. */
export function abortDangling(world: World, resource: SchedResource, node: SchedNode): void {
  const stop = stopAction(world, resource, node, false);
  stop.set(ACT.dangling);
}

function isInside(resource: SchedResource, outer: SchedResource): boolean {
  for (let at = resource.parent; at !== undefined; at = at.parent) if (at === outer) return true;
  return false;
}

/** An order between two that may be migrated counts for their migrations as well. */
export function orderMigrations(world: World, ordering: SchedOrdering): void {
  const { first, then, id, at } = ordering;
  if (first === undefined || then === undefined || first === then) return;
  if (isInside(first, then) || isInside(then, first)) return;
  if (ordering.firstAction !== undefined || ordering.thenAction !== undefined) return;
  const firstCan = first.kind === "primitive" && first.allowMigrate && first.actionsByTask.has("migrate_to");
  const thenCan = then.kind === "primitive" && then.allowMigrate && then.actionsByTask.has("migrate_to");
  if (!firstCan && !thenCan) return;
  const add = (firstTask: string, thenTask: string, flags: number = ORD.ordered) =>
    orderTasks(world, first, firstTask, then, thenTask, flags, id, at);
  if (ordering.firstTask === "start" && ordering.thenTask === "start") {
    if (firstCan && thenCan) add("migrate_to", "migrate_to");
    if (thenCan) add("start", "migrate_to", ordering.flags & ~ORD.impliesThen);
  } else if (ordering.firstTask === "stop" && ordering.thenTask === "stop") {
    if (firstCan) add("migrate_from", "stop");
    // While the first one comes over, the other one isn't stopped.
    if (thenCan && first.nextRole === ROLE.stopped) add("stop", "migrate_to");
  } else if (ordering.firstTask === "start" && ordering.thenTask === "promote" && firstCan)
    add("migrate_from", "promote");
}
