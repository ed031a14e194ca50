import { ACT, ORD } from "./action.ts";
import { activeNode } from "./family.ts";
import { demoteAction, promoteAction, startAction, stopAction } from "./make-action.ts";
import { abortDangling, canMigrate, createMigration } from "./migration.ts";
import { createRecurring, forget } from "./recurring.ts";
import { ROLE, type Role } from "./roles.ts";
import { orderAfterUnfencing, orderStopBeforeUnfencing } from "./unfencing.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/**
 * The actions of a primitive: down where it is, up where it shall be. Also those that aren't needed are made, as
 * optional ones: orderings may make them needed.
 */
export function createPrimitiveActions(world: World, resource: SchedResource): void {
  if (resource.nextRole === ROLE.unknown)
    resource.nextRole = resource.assigned === undefined ? ROLE.stopped : ROLE.started;
  const active = activeNode(resource);
  const current = active.node;
  for (const node of resource.danglingMigrations) abortDangling(world, resource, node);
  const target = resource.assigned;
  const moving =
    current !== undefined && target !== undefined && current !== target && resource.nextRole >= ROLE.started;
  let migrates = moving && canMigrate(resource, current);
  let needStop = moving;
  let needPromote = false;
  let multiple = false;
  if (continuesMigration(resource, migrates, active.all, current)) {
    // The target is still where it should go.
  } else if (resource.migrationSource !== undefined || resource.migrationTarget !== undefined) {
    needStop = true;
    resource.migrationSource = undefined;
    resource.migrationTarget = undefined;
    migrates = false;
  } else multiple = (resource.needsFencing ? active.all : active.clean) > 1;
  if (multiple) {
    if (resource.multipleActive === "stop_start") needStop = true;
    else if (resource.multipleActive === "stop_unexpected") {
      needStop = true;
      resource.stopUnexpected = true;
    }
  } else resource.stopUnexpected = false;
  if (resource.startPending) startAction(world, resource, target, true).set(ACT.shown);
  if (moving) {
    // What follows is for those that stay.
  } else if (resource.failed) {
    if (resource.stopOnFail) needStop = true;
    else if (resource.nextRole === ROLE.promoted) needPromote = true;
  } else if (resource.blocked) needStop = true;
  else if (resource.role > ROLE.started && current !== undefined && target !== undefined) {
    if (!startAction(world, resource, target, true).has(ACT.optional)) needStop = true;
  }
  restart(world, resource, current, needStop, needPromote);
  change(world, resource);
  createRecurring(world, resource);
  if (migrates && current !== undefined) createMigration(world, resource, current);
}

function continuesMigration(
  resource: SchedResource,
  allowed: boolean,
  active: number,
  current: SchedNode | undefined,
): boolean {
  return (
    resource.migrationSource !== undefined &&
    resource.migrationTarget !== undefined &&
    allowed &&
    active === 2 &&
    current === resource.migrationSource &&
    resource.assigned === resource.migrationTarget
  );
}

/** The next role on the way from one role to another. */
export function stepTowards(role: Role, target: Role): Role {
  switch (role) {
    case ROLE.unknown:
      return target === ROLE.unknown ? ROLE.unknown : ROLE.stopped;
    case ROLE.stopped:
      if (target === ROLE.started) return ROLE.started;
      return target === ROLE.unpromoted || target === ROLE.promoted ? ROLE.unpromoted : ROLE.stopped;
    case ROLE.started:
      return target === ROLE.unknown ? ROLE.stopped : target;
    case ROLE.unpromoted:
      return target === ROLE.unpromoted || target === ROLE.promoted ? target : ROLE.stopped;
    case ROLE.promoted:
      if (target === ROLE.unknown) return ROLE.stopped;
      return target === ROLE.promoted ? ROLE.promoted : ROLE.unpromoted;
    default:
      return role satisfies never;
  }
}

type Transition = "none" | "stop" | "start" | "promote" | "demote";

/** The action that takes a resource from a role to a neighbouring one. */
function transition(role: Role, next: Role): Transition {
  if (next === ROLE.stopped) return role === ROLE.stopped ? "none" : role === ROLE.promoted ? "demote" : "stop";
  if (role === ROLE.stopped) return "start";
  if (role === ROLE.promoted) return next === ROLE.promoted ? "none" : "demote";
  if (next === ROLE.promoted) return "promote";
  return role === ROLE.unpromoted && next === ROLE.started ? "stop" : "none";
}

function restart(
  world: World,
  resource: SchedResource,
  current: SchedNode | undefined,
  needStop: boolean,
  needPromote: boolean,
): void {
  let role = resource.role;
  resource.restarting = true;
  while (role !== ROLE.stopped) {
    const next = stepTowards(role, ROLE.stopped);
    const how = transition(role, next);
    if (how === "none") break;
    carryOut(world, resource, how, current, !needStop);
    role = next;
  }
  while (resource.role <= resource.nextRole && role !== resource.role && !resource.blocked) {
    const next = stepTowards(role, resource.role);
    const how = transition(role, next);
    if (how === "none") break;
    const required = needStop || (next === ROLE.promoted && needPromote);
    carryOut(world, resource, how, resource.assigned, !required);
    role = next;
  }
  resource.restarting = false;
}

function change(world: World, resource: SchedResource): void {
  let role = resource.role;
  while (role !== resource.nextRole) {
    const next = stepTowards(role, resource.nextRole);
    const how = transition(role, next);
    if (how === "none") break;
    carryOut(world, resource, how, resource.assigned, false);
    role = next;
  }
}

function carryOut(
  world: World,
  resource: SchedResource,
  how: Transition,
  node: SchedNode | undefined,
  optional: boolean,
): void {
  switch (how) {
    case "stop":
      stopEverywhere(world, resource, optional);
      break;
    case "start":
      start(world, resource, node, optional);
      break;
    case "promote":
      promote(world, resource, node, optional);
      break;
    case "demote":
      for (const one of resource.runningOn)
        if (!isExpectedNode(resource, one)) demoteAction(world, resource, one, optional);
      break;
    case "none":
      break;
    default:
      how satisfies never;
  }
}

/** With multiple-active=stop_unexpected, the node where it may stay. */
function isExpectedNode(resource: SchedResource, node: SchedNode | undefined): boolean {
  return (
    resource.stopUnexpected && resource.restarting && resource.nextRole > ROLE.stopped && resource.assigned === node
  );
}

function stopEverywhere(world: World, resource: SchedResource, optional: boolean): void {
  for (const node of resource.runningOn) {
    if (isExpectedNode(resource, node)) continue;
    let needed = !optional;
    if (resource.migrationTarget !== undefined) {
      // A migration that goes on: the target isn't stopped.
      if (resource.migrationTarget === node && resource.migrationTarget === resource.assigned) continue;
      needed = true;
    }
    const stop = stopAction(world, resource, node, !needed);
    if (!resource.managed) stop.clear(ACT.runnable);
    if (world.settings.removeAfterStop) forget(world, resource, node);
    orderStopBeforeUnfencing(world, resource, node, stop);
  }
}

function start(world: World, resource: SchedResource, node: SchedNode | undefined, optional: boolean): void {
  const action = startAction(world, resource, node, true);
  if (node !== undefined) orderAfterUnfencing(world, resource, node, action, ORD.impliesThen);
  if (action.has(ACT.runnable) && !optional) action.clear(ACT.optional);
  if (isExpectedNode(resource, node)) action.set(ACT.pseudo);
}

/** A promote can only run when the start before it can. */
function promote(world: World, resource: SchedResource, node: SchedNode | undefined, optional: boolean): void {
  const starts = (resource.actionsByTask.get("start") ?? []).filter((one) => node === undefined || one.node === node);
  const runnable = starts.every((one) => one.has(ACT.runnable));
  if (runnable) {
    const action = promoteAction(world, resource, node, optional);
    if (isExpectedNode(resource, node)) action.set(ACT.pseudo);
    return;
  }
  for (const action of resource.actionsByTask.get("promote") ?? [])
    if (action.node === node) action.clear(ACT.runnable);
}
