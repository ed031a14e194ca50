import { cancelForNoNode } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import { ABSENT, nodeAvailable, type SchedNode, type SchedResource, type World } from "./world.ts";

/**
 * Puts a primitive on a node, or on none.
 * @param force also when the node can't run resources: for what is left alone where it is
 * @returns true when it has a node
 */
export function assignNode(
  _world: World,
  resource: SchedResource,
  wanted: SchedNode | undefined,
  force: boolean,
): boolean {
  let node = wanted;
  resource.provisional = false;
  if (!force && node !== undefined) {
    const score = resource.scores[node.index] ?? ABSENT;
    if (score < 0 || !nodeAvailable(node)) {
      resource.nextRole = ROLE.stopped;
      node = undefined;
    }
  }
  if (resource.assigned !== undefined) unassign(resource);
  resource.provisional = false;
  if (node === undefined) {
    cancelForNoNode(resource);
    return false;
  }
  resource.assigned = node;
  resource.assignedScore = resource.scores[node.index] ?? 0;
  node.assigned.push(resource);
  node.assignedCount += 1;
  resource.counts[node.index] = (resource.counts[node.index] ?? 0) + 1;
  for (const [name, amount] of resource.utilization) {
    // A node that doesn't say how much it has, has nothing: the first thing there all the same counts for nothing.
    const left = node.utilization.get(name);
    node.utilization.set(name, left === undefined ? 0 : left - amount);
  }
  return true;
}

/** Takes it from its node again; it may then be placed anew. */
export function unassign(resource: SchedResource): void {
  const node = resource.assigned;
  resource.provisional = true;
  if (node === undefined) return;
  resource.assigned = undefined;
  const at = node.assigned.lastIndexOf(resource);
  if (at >= 0) node.assigned.splice(at, 1);
  node.assignedCount -= 1;
  for (const [name, amount] of resource.utilization) {
    node.utilization.set(name, (node.utilization.get(name) ?? 0) + amount);
  }
}

/** The same for a resource with all that is in it. */
export function unassignAll(resource: SchedResource): void {
  resource.provisional = true;
  unassign(resource);
  for (const child of resource.children) unassignAll(child);
}

/** For a whole family: no node at all. */
export function assignNowhere(world: World, resource: SchedResource): boolean {
  if (resource.children.length === 0) {
    const before = resource.assigned !== undefined;
    assignNode(world, resource, undefined, true);
    return before;
  }
  let changed = false;
  for (const child of resource.children) changed = assignNowhere(world, child) || changed;
  return changed;
}
