import { anyBlocked, currentLocation, nextLocation, roleNext, roleNow } from "./family.ts";
import { sortedNodes } from "./node-order.ts";
import { ROLE, type Role } from "./roles.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** Which instance of another clone belongs to this one: the one on the same node. */
export function instanceMatches(instance: SchedResource, node: SchedNode, role: Role, current: boolean): boolean {
  if (role !== ROLE.unknown && role !== (current ? roleNow(instance) : roleNext(instance))) return false;
  if (anyBlocked(instance)) return false;
  return (current ? currentLocation(instance) : nextLocation(instance)) === node;
}

export function findCompatible(
  world: World,
  match: SchedResource,
  clone: SchedResource,
  role: Role,
  current: boolean,
): SchedResource | undefined {
  const node = current ? currentLocation(match) : nextLocation(match);
  if (node !== undefined) return onNode(clone, node, role, current);
  for (const one of sortedNodes(world, match.scores, undefined)) {
    const found = onNode(clone, one, role, current);
    if (found !== undefined) return found;
  }
  return undefined;
}

function onNode(clone: SchedResource, node: SchedNode, role: Role, current: boolean): SchedResource | undefined {
  return clone.children.find((instance) => instanceMatches(instance, node, role, current));
}
