import { ACT, operationKey, SchedAction } from "./action.ts";
import { isActive } from "./family.ts";
import { canFence, fenceNode } from "./fence-node.ts";
import { ROLE } from "./roles.ts";
import type { NoQuorumPolicy } from "./settings.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/**
 * Gives the action of a resource for a task on a node; makes it when there is none yet. An action that is asked for as
 * needed stays needed.
 * @param name what stands for the task in the key, where a task can be there several times
 */
export function makeAction(
  world: World,
  resource: SchedResource,
  task: string,
  intervalMs: number,
  node: SchedNode | undefined,
  optional: boolean,
  name: string = task,
): SchedAction {
  const key = operationKey(resource.id, name, intervalMs);
  const known = findAction(resource, key, node);
  if (known !== undefined) {
    if (!optional) known.clear(ACT.optional);
    refreshRunnable(world, known);
    return known;
  }
  const flags = ACT.runnable | (optional ? ACT.optional : 0);
  const action = addAction(world, resource, key, task, intervalMs, node, flags);
  if (task === "start" || task === "promote") {
    action.needs = resource.needsFencing ? "fencing" : resource.needsQuorum ? "quorum" : "nothing";
  }
  refreshRunnable(world, action);
  return action;
}

/** An ordering point of a group or a clone. */
export function makePseudo(
  world: World,
  resource: SchedResource,
  task: string,
  optional: boolean,
  runnable: boolean,
): SchedAction {
  const key = operationKey(resource.id, task, 0);
  const action =
    findAction(resource, key, undefined) ?? addAction(world, resource, key, task, 0, undefined, ACT.optional);
  action.set(ACT.pseudo);
  if (!optional) action.clear(ACT.optional);
  if (runnable) action.set(ACT.runnable);
  return action;
}

/** An action that belongs to no resource: fencing, shutdown, ordering points of constraints. */
export function makeFreeAction(
  world: World,
  key: string,
  task: string,
  node: SchedNode | undefined,
  flags: number,
): SchedAction {
  const known = world.freeActions.get(key);
  if (known !== undefined) return known;
  const action = new SchedAction(world.actions.length, undefined, key, task, 0, node, flags);
  world.actions.push(action);
  world.freeActions.set(key, action);
  return action;
}

function addAction(
  world: World,
  resource: SchedResource,
  key: string,
  task: string,
  intervalMs: number,
  node: SchedNode | undefined,
  flags: number,
): SchedAction {
  const action = new SchedAction(world.actions.length, resource, key, task, intervalMs, node, flags);
  world.actions.push(action);
  resource.actions.push(action);
  append(resource.actionsByKey, key, action);
  append(resource.actionsByTask, task, action);
  return action;
}

function append(table: Map<string, SchedAction[]>, name: string, action: SchedAction): void {
  const list = table.get(name);
  if (list === undefined) table.set(name, [action]);
  else list.push(action);
}

/** The action with this key; on this node when one is given. An action without node takes the node it is asked for. */
function findAction(resource: SchedResource, key: string, node: SchedNode | undefined): SchedAction | undefined {
  const actions = resource.actionsByKey.get(key);
  if (actions === undefined) return undefined;
  for (const action of actions) {
    if (node === undefined || action.node === node) return action;
    if (action.node === undefined && !action.has(ACT.pseudo)) {
      action.node = node;
      return action;
    }
  }
  return undefined;
}

/** The first action for a task; of any node, or of one. */
export function firstAction(
  resource: SchedResource,
  task: string,
  node: SchedNode | undefined,
): SchedAction | undefined {
  let elsewhere: SchedAction | undefined;
  for (const action of resource.actionsByTask.get(task) ?? []) {
    if (node === undefined || action.node === node) return action;
    if (action.node === undefined) elsewhere ??= action;
  }
  return elsewhere;
}

/** Can it be carried out, and may it: its node, the quorum and the management of its resource decide. */
function refreshRunnable(world: World, action: SchedAction): void {
  const resource = action.resource;
  if (resource === undefined || action.has(ACT.pseudo)) return;
  if (!resource.managed && action.intervalMs === 0) action.set(ACT.optional);
  const node = action.node;
  if (node === undefined) {
    action.clear(ACT.runnable);
  } else if (!action.has(ACT.onCoordinator) && !node.online && (!node.isGuest || node.remoteRequiresReset)) {
    action.clear(ACT.runnable);
    action.reason = "node offline";
    if (resource.managed && action.task === "stop" && !node.unclean && !node.isRemote) {
      fenceNode(world, node, "resource actions are unrunnable");
    }
  } else if (!action.has(ACT.onCoordinator) && node.pending) {
    action.clear(ACT.runnable);
    action.reason = "node is pending";
  } else if (action.needs === "nothing") {
    if (node.isGuest && !canFence(world, node)) action.clear(ACT.runnable);
    else action.set(ACT.runnable);
  } else refreshByQuorum(world, action, resource);
}

function refreshByQuorum(world: World, action: SchedAction, resource: SchedResource): void {
  const policy = effectivePolicy(world, resource);
  if (!world.state.quorate && policy === "stop") {
    action.clear(ACT.runnable);
    action.reason = "no quorum";
  } else if (!world.state.quorate && policy === "freeze") {
    if (!isActive(resource) || resource.nextRole > resource.role) {
      action.clear(ACT.runnable);
      action.reason = "quorum freeze";
    }
  } else action.set(ACT.runnable);
}

/** With no-quorum-policy=demote, what is promoted is demoted and what is demoted may go on; all else is as with `stop`. */
function effectivePolicy(world: World, resource: SchedResource): NoQuorumPolicy {
  const policy = world.settings.noQuorumPolicy;
  if (world.state.quorate) return "ignore";
  if (policy !== "demote") return policy;
  if (resource.role !== ROLE.promoted && resource.role !== ROLE.unpromoted) return "stop";
  if (resource.nextRole > ROLE.unpromoted) resource.nextRole = ROLE.unpromoted;
  return "ignore";
}

export function startAction(
  world: World,
  resource: SchedResource,
  node: SchedNode | undefined,
  optional: boolean,
): SchedAction {
  return makeAction(world, resource, "start", 0, node, optional);
}

export function stopAction(
  world: World,
  resource: SchedResource,
  node: SchedNode | undefined,
  optional: boolean,
): SchedAction {
  return makeAction(world, resource, "stop", 0, node, optional);
}

export function promoteAction(
  world: World,
  resource: SchedResource,
  node: SchedNode | undefined,
  optional: boolean,
): SchedAction {
  return makeAction(world, resource, "promote", 0, node, optional);
}

export function demoteAction(
  world: World,
  resource: SchedResource,
  node: SchedNode | undefined,
  optional: boolean,
): SchedAction {
  return makeAction(world, resource, "demote", 0, node, optional);
}

/** What becomes of actions that were made before it was known that the resource gets no node. */
export function cancelForNoNode(resource: SchedResource): void {
  for (const action of resource.actions) {
    if (action.task === "stop") action.clear(ACT.optional);
    else if (action.task === "start") action.clear(ACT.runnable);
    else if (action.intervalMs > 0 && action.detail !== "Stopped") action.clear(ACT.runnable);
  }
  if (resource.nextRole !== ROLE.stopped) resource.nextRole = ROLE.stopped;
}
