import { ACT } from "./action.ts";
import { makePseudo } from "./make-action.ts";
import { createNotificationPoints } from "./notifications.ts";
import { createPrimitiveActions } from "./role-actions.ts";
import type { SchedResource, World } from "./world.ts";

/** Makes the actions of a resource with all that is in it, and the ordering points of groups and clones. */
export function createActions(world: World, resource: SchedResource): void {
  switch (resource.kind) {
    case "primitive":
      createPrimitiveActions(world, resource);
      break;
    case "group":
      createGroupActions(world, resource);
      break;
    case "clone":
      if (resource.promotable) createPromotableActions(world, resource);
      else createInstanceActions(world, resource);
      createNotificationPoints(world, resource);
      break;
    default:
      resource.kind satisfies never;
  }
}

function createGroupActions(world: World, group: SchedResource): void {
  for (const member of group.children) createActions(world, member);
  const tasks = ["start", "running", "stop", "stopped"];
  if (group.top.promotable) tasks.push("demote", "demoted", "promote", "promoted");
  for (const task of tasks) makePseudo(world, group, task, true, true);
}

interface InstanceState {
  starting: boolean;
  stopping: boolean;
  active: boolean;
  restarting: boolean;
  promoting: boolean;
  demoting: boolean;
}

function createInstanceActions(world: World, clone: SchedResource): InstanceState {
  const state: InstanceState = {
    starting: false,
    stopping: false,
    active: false,
    restarting: false,
    promoting: false,
    demoting: false,
  };
  for (const instance of clone.children) {
    createActions(world, instance);
    checkInstance(instance, state);
  }
  makePseudo(world, clone, "start", !state.starting, true);
  const started = makePseudo(world, clone, "running", !state.starting, state.active || state.starting);
  if (!state.active && !state.starting) started.clear(ACT.runnable);
  const stop = makePseudo(world, clone, "stop", !state.stopping, true);
  makePseudo(world, clone, "stopped", !state.stopping, true);
  if (!state.restarting) stop.set(ACT.migratable);
  return state;
}

function checkInstance(instance: SchedResource, state: InstanceState): void {
  if (instance.children.length > 0) {
    for (const child of instance.children) checkInstance(child, state);
    return;
  }
  let starting = false;
  let stopping = false;
  for (const action of instance.actions) {
    const needed = !action.has(ACT.optional);
    if (action.task === "start") starting ||= needed && action.has(ACT.runnable);
    else if (action.task === "stop") stopping ||= needed && action.has(ACT.runnable | ACT.pseudo);
    else if (action.task === "promote") state.promoting ||= needed;
    else if (action.task === "demote") state.demoting ||= needed;
  }
  if (instance.runningOn.length > 0) state.active = true;
  if (starting) state.starting = true;
  if (stopping) state.stopping = true;
  if (starting && stopping) state.restarting = true;
}

function createPromotableActions(world: World, clone: SchedResource): void {
  const state = createInstanceActions(world, clone);
  makePseudo(world, clone, "promote", !state.promoting, true);
  makePseudo(world, clone, "promoted", !state.promoting, true);
  makePseudo(world, clone, "demote", !state.demoting, true);
  makePseudo(world, clone, "demoted", !state.demoting, true);
  // Priorities of instances were promotion scores for a while.
  for (const instance of clone.children) instance.priority = clone.priority;
}
