import { ACT, ORD } from "./action.ts";
import { nextLocation } from "./family.ts";
import { guestConnectionIn } from "./guest-nodes.ts";
import { makeAction } from "./make-action.ts";
import { addOrdering } from "./ordering-list.ts";
import { ROLE } from "./roles.ts";
import { orderAfterUnfencing } from "./unfencing.ts";
import { ABSENT, DISCOVERY, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Looks for resources on nodes where it isn't known whether they run: before anything is started. */
export function createProbes(world: World): void {
  if (!world.settings.startupProbes) return;
  for (const node of world.nodes) {
    if (!node.online || node.unclean || !node.discovery) continue;
    for (const resource of world.resources) probe(world, resource, node);
  }
}

function probe(world: World, resource: SchedResource, node: SchedNode): boolean {
  switch (resource.kind) {
    case "primitive":
      return probePrimitive(world, resource, node);
    case "group":
      return probeAll(world, resource.children, node);
    case "clone":
      return probeClone(world, resource, node);
    default:
      return resource.kind satisfies never;
  }
}

function probeAll(world: World, resources: readonly SchedResource[], node: SchedNode): boolean {
  let any = false;
  for (const resource of resources) any = probe(world, resource, node) || any;
  return any;
}

function isKnownOn(resource: SchedResource, node: SchedNode): boolean {
  return resource.children.length > 0
    ? resource.children.some((child) => isKnownOn(child, node))
    : resource.knownOn.has(node);
}

/**
 * Instances that are all alike are probed by one: one whose state there is known (then it needs none), the one that
 * will be there, or else the first.
 */
function probeClone(world: World, clone: SchedResource, node: SchedNode): boolean {
  if (clone.exclusiveDiscovery && !isExclusive(clone, node)) return false;
  clone.children.sort((left, right) => instanceNumber(left) - instanceNumber(right));
  if (clone.unique) return probeAll(world, clone.children, node);
  const chosen =
    clone.children.find((one) => isKnownOn(one, node)) ??
    clone.children.find((one) => nextLocation(one) === node) ??
    clone.children[0];
  return chosen === undefined ? false : probe(world, chosen, node);
}

function instanceNumber(resource: SchedResource): number {
  return Number(resource.id.slice(resource.id.lastIndexOf(":") + 1));
}

/** Nothing runs on a guest node that is stopped, and what runs on one that will stop, move or restart needs no look. */
function guestStays(node: SchedNode): boolean {
  const machine = node.connection?.container;
  if (machine === undefined) return true;
  if (machine.role === ROLE.stopped || machine.nextRole === ROLE.stopped) return false;
  if (node.remoteRequiresReset || node.unclean || machine.failed) return false;
  return machine.assigned === undefined || machine.runningOn.includes(machine.assigned);
}

function isExclusive(resource: SchedResource, node: SchedNode): boolean {
  return resource.scores[node.index] !== ABSENT && resource.discoveryMode[node.index] === DISCOVERY.exclusive;
}

function probePrimitive(world: World, resource: SchedResource, node: SchedNode): boolean {
  if (resource.orphan) return false;
  // What is in a container can be nowhere else.
  if (resource.container !== undefined && !resource.isRemoteConnection) return false;
  if (resource.isRemoteConnection && node.isRemote) return false;
  if (node.isGuest && (guestConnectionIn(resource) !== undefined || !guestStays(node))) return false;
  if (node.isRemote && (resource.isFenceDevice || resource.agent?.class === "stonith")) return false;
  if (resource.knownOn.has(node)) return false;
  const exclusive = resource.exclusiveDiscovery || resource.top.exclusiveDiscovery;
  if (exclusive && !isExclusive(resource, node)) return false;
  if (resource.discoveryMode[node.index] === DISCOVERY.never && resource.scores[node.index] !== ABSENT) return false;
  const action = makeAction(world, resource, "monitor", 0, node, false);
  action.clear(ACT.optional);
  orderAfterUnfencing(world, resource, node, action, ORD.ordered);
  const top = resource.top.kind === "clone" ? resource.top : resource;
  // What may run there unknown to us is not started elsewhere; but a probe is no reason to stop what runs already.
  const blocks = !action.has(ACT.runnable) && resource.runningOn.length === 0;
  const flags = blocks ? ORD.ordered | ORD.runnableLeft : ORD.ordered;
  addOrdering(world, { firstAction: action, then: top, thenTask: "start", flags });
  return true;
}
