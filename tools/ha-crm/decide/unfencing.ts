import { ACT, orderActions, ORD, type SchedAction } from "./action.ts";
import { canFence } from "./fence-node.ts";
import { makeFreeAction } from "./make-action.ts";
import { addOrdering } from "./ordering-list.ts";
import { ABSENT, type SchedNode, type SchedResource, type World } from "./world.ts";

/**
 * Nodes whose access must be switched on by a fence device before anything that asks for it may start on them. It is
 * asked for by resources that require it, and by the fence devices themselves once one of them provides it.
 */
function concerns(world: World, resource: SchedResource): boolean {
  return resource.needsUnfencing || (resource.isFenceDevice && world.unfencingEnabled);
}

/** A node is unfenced when its attribute says when; it is cleared with the rest of its state. */
function isUnfenced(node: SchedNode): boolean {
  return (Number.parseInt(node.attributes.get("#node-unfenced") ?? "", 10) || 0) !== 0;
}

function unfenceAction(world: World, node: SchedNode): SchedAction {
  const key = `stonith-${node.name}-on`;
  const action = makeFreeAction(world, key, "stonith", node, ACT.runnable | ACT.optional);
  action.detail = "on";
  return action;
}

/** Puts the unfencing of a node before an action there; one that was never done is needed. */
export function orderAfterUnfencing(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  action: SchedAction,
  flags: number,
): void {
  if (!concerns(world, resource)) return;
  const unfence = unfenceAction(world, node);
  orderActions(unfence, action, flags);
  if (isUnfenced(node) || !world.unfencingEnabled) return;
  if (node.online && !node.unclean && !node.shutdown && canFence(world, node)) {
    unfence.clear(ACT.optional);
    unfence.reason ??= `${resource.id} needs it`;
  }
}

/** What is running stops before its node is unfenced. */
export function orderStopBeforeUnfencing(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  stop: SchedAction,
): void {
  if (resource.needsUnfencing) orderActions(stop, unfenceAction(world, node), ORD.impliesFirst);
}

/** Whatever is stopped is stopped before, and started after, the unfencing of its node. */
export function addUnfencingOrders(world: World, resource: SchedResource): void {
  if (resource.isFenceDevice || !world.unfencingEnabled || !resource.needsUnfencing) return;
  for (const node of world.nodes) {
    if ((resource.scores[node.index] ?? ABSENT) === ABSENT) continue;
    const unfence = unfenceAction(world, node);
    const flags = ORD.ordered | ORD.sameNode;
    addOrdering(world, { first: resource, firstTask: "stop", thenAction: unfence, flags });
    const after = ORD.impliesThenOnNode | ORD.sameNode;
    addOrdering(world, { firstAction: unfence, then: resource, thenTask: "start", flags: after });
  }
}
