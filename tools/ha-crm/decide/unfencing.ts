import { ACT, orderActions, ORD, type SchedAction } from "./action.ts";
import { digestOf, operationParameters } from "./digest.ts";
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
  const known = world.freeActions.get(key);
  if (known !== undefined) return known;
  const action = makeFreeAction(world, key, "stonith", node, ACT.runnable | ACT.optional);
  action.detail = "on";
  const changed = world.unfencingDevices.find((device) => !knowsDevice(world, device, node));
  if (changed !== undefined && canFence(world, node)) {
    action.clear(ACT.optional);
    action.reason = `the parameters of ${changed.id} were changed`;
  }
  return action;
}

/** What a device is told of passwords may change without nodes being unfenced anew. */
const SECRET: ReadonlySet<string> = new Set(["passwd", "password", "user"]);

/**
 * Is a device still the one that a node was unfenced by? Its attributes name each device with the digest of its
 * parameters: with all of them, and without secrets. A node without these attributes is not asked.
 */
function knowsDevice(world: World, device: SchedResource, node: SchedNode): boolean {
  const all = node.attributes.get("#digests-all");
  if (all === undefined) return true;
  const { parameters } = operationParameters(world, device, node, "stonith-on", 0);
  const names = (digest: string) => `${device.id}:${device.agent?.type ?? ""}:${digest}`;
  if (all.includes(names(digestOf(world, parameters)))) return true;
  const open = new Map([...parameters].filter(([name]) => !SECRET.has(name)));
  return node.attributes.get("#digests-secure")?.includes(names(digestOf(world, open))) ?? false;
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

/**
 * A node whose device was changed is unfenced anew; when nothing can be done there now, all nodes are that the device may
 * run on.
 */
export function unfenceAnew(world: World, device: SchedResource, node: SchedNode, reason: string): void {
  if (!world.unfencingEnabled || !device.isFenceDevice) return;
  const ready = (one: SchedNode) => one.online && !one.unclean && !one.shutdown;
  const nodes = ready(node)
    ? [node]
    : world.nodes.filter((one) => ready(one) && (device.scores[one.index] ?? ABSENT) !== ABSENT);
  for (const one of nodes) {
    const unfence = unfenceAction(world, one);
    if (!canFence(world, one)) continue;
    unfence.clear(ACT.optional);
    unfence.reason ??= `${device.id}: ${reason}`;
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
