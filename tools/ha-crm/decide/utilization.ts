import { INFINITY_SCORE } from "../model/score.ts";
import { compareCapacity } from "./node-order.ts";
import { addScore, knownNodes } from "./scores.ts";
import { ROLE, type Role } from "./roles.ts";
import {
  ABSENT,
  nodeAvailable,
  type SchedColocation,
  type SchedNode,
  type SchedResource,
  type World,
} from "./world.ts";

/**
 * Bans nodes without room for a resource and all that must go with it; when no node has room for all of them, nodes
 * without room for the resource alone.
 * @returns the node with most room when no node has room for all
 */
export function banCrowded(world: World, resource: SchedResource): SchedNode | undefined {
  if (world.settings.placementStrategy === "default") return undefined;
  const together = sumTogether(resource);
  let mostFree: SchedNode | undefined;
  let anyFits = false;
  for (const node of candidates(world, resource)) {
    if (fits(node, together)) anyFits = true;
    if (mostFree === undefined || compareCapacity(node, mostFree) < 0) mostFree = node;
  }
  const needed = anyFits ? together : resource.utilization;
  for (const node of candidates(world, resource)) {
    if (!fits(node, needed)) addScore(world, resource, node, -INFINITY_SCORE, "SCORE_CAPACITY", "utilization");
  }
  return anyFits ? undefined : mostFree;
}

function candidates(world: World, resource: SchedResource): readonly SchedNode[] {
  return knownNodes(world, resource.scores).filter(
    (node) => (resource.scores[node.index] ?? ABSENT) >= 0 && nodeAvailable(node),
  );
}

function fits(node: SchedNode, needed: ReadonlyMap<string, number>): boolean {
  for (const [name, amount] of needed) if (amount > (node.utilization.get(name) ?? 0)) return false;
  return true;
}

/** What all need that are not placed yet and must be on the same node. */
function sumTogether(resource: SchedResource): ReadonlyMap<string, number> {
  const family = new Set<SchedResource>();
  collect(resource, resource, family);
  const sum = new Map<string, number>();
  for (const one of family) addNeeds(one, sum, family);
  return sum;
}

function addNeeds(resource: SchedResource, sum: Map<string, number>, family: ReadonlySet<SchedResource>): void {
  if (!resource.provisional) return;
  switch (resource.kind) {
    case "primitive":
      for (const [name, amount] of resource.utilization) sum.set(name, (sum.get(name) ?? 0) + amount);
      break;
    case "group":
      // Members that are in the family are counted as such.
      for (const member of membersTogether(resource)) if (!family.has(member)) addNeeds(member, sum, family);
      break;
    case "clone":
      addInstanceNeeds(resource, sum, family);
      break;
    default:
      resource.kind satisfies never;
  }
}

/** Of a clone one instance will be there: the one that is in the family already, or else any. */
function addInstanceNeeds(clone: SchedResource, sum: Map<string, number>, family: ReadonlySet<SchedResource>): void {
  let known = false;
  for (const instance of clone.children) {
    if (family.has(instance)) known = true;
    else if (instance.children.some((member) => family.has(member))) {
      known = true;
      addNeeds(instance, sum, family);
    }
  }
  const [first] = clone.children;
  if (!known && first !== undefined) addNeeds(first, sum, family);
}

/** Members that are on one node; of others the first one stands for all. */
function membersTogether(group: SchedResource): readonly SchedResource[] {
  return group.groupColocated || group.parent?.kind === "clone" ? group.children : group.children.slice(0, 1);
}

function collect(resource: SchedResource, origin: SchedResource, family: Set<SchedResource>): void {
  if (resource.kind === "group") for (const member of membersTogether(resource)) collect(member, origin, family);
  if (family.has(resource)) return;
  family.add(resource);
  for (const colocation of resource.thisWith) {
    const { primary } = colocation;
    if (primary !== origin && bindsTogether(resource, primary, colocation)) collect(primary, origin, family);
  }
  for (const colocation of resource.withThis) {
    const { dependent } = colocation;
    // Which instance of a clone something will be with isn't known.
    if (dependent === origin || (resource.kind === "clone" && dependent.kind !== "clone")) continue;
    if (bindsTogether(dependent, resource, colocation)) collect(dependent, origin, family);
  }
}

function bindsTogether(dependent: SchedResource, primary: SchedResource, colocation: SchedColocation): boolean {
  const { score, dependentRole, primaryRole } = colocation;
  const aboutPromotion = dependentRole >= ROLE.unpromoted && dependent.parent?.promotable === true;
  if (score < INFINITY_SCORE || (aboutPromotion && !dependent.provisional)) return false;
  const fits = (role: Role, resource: SchedResource) => role === ROLE.unknown || role === resource.nextRole;
  return fits(dependentRole, dependent) && fits(primaryRole, primary);
}
