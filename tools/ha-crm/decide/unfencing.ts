import { ACT, orderActions, ORD, type SchedAction } from "./action.ts";
import { makeFreeAction } from "./make-action.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** Nodes whose access must be switched on by a fence device before anything that asks for it may start on them. */
export function needsUnfencing(world: World, resource: SchedResource): boolean {
  if (!world.settings.fencingEnabled) return false;
  if (resource.isFenceDevice) return false;
  return world.unfencingEnabled && (resource.needsUnfencing || resource.needsFencing);
}

/** A node is unfenced when its attribute says when; it is cleared with the rest of its state. */
export function isUnfenced(node: SchedNode): boolean {
  const value = node.attributes.get("#node-unfenced");
  return value !== undefined && value !== "0" && value !== "";
}

export function unfenceAction(world: World, node: SchedNode, optional: boolean): SchedAction {
  const key = `stonith-${node.name}-on`;
  const action = makeFreeAction(world, key, "stonith", node, ACT.runnable | ACT.optional);
  action.detail = "on";
  if (!optional) action.clear(ACT.optional);
  return action;
}

/** Puts the unfencing of a node before an action there (or the action before it). */
export function orderUnfencing(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  action: SchedAction,
  flags: number,
  actionFirst: boolean,
): void {
  if (!needsUnfencing(world, resource) || node.isRemote) return;
  const unfence = unfenceAction(world, node, true);
  if (actionFirst) orderActions(action, unfence, flags);
  else {
    orderActions(unfence, action, flags);
    if (!isUnfenced(node)) unfence.clear(ACT.optional);
  }
}

/** A new unfencing restarts what is on the node. */
export function orderRestartAfterUnfencing(world: World, resource: SchedResource, node: SchedNode): void {
  if (!needsUnfencing(world, resource) || node.isRemote) return;
  const unfence = unfenceAction(world, node, true);
  const stops = resource.actionsByTask.get("stop")?.filter((one) => one.node === node) ?? [];
  for (const stop of stops) orderActions(stop, unfence, ORD.ordered | ORD.sameNode);
}
