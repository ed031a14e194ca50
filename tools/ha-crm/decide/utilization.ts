import { INFINITY_SCORE } from "../model/score.ts";
import { compareCapacity } from "./node-order.ts";
import { addScore } from "./scores.ts";
import { tableOrder } from "./table-order.ts";
import { ROLE } from "./roles.ts";
import { ABSENT, nodeAvailable, type SchedNode, type SchedResource, type World } from "./world.ts";

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
  const known = world.nodes.filter((node) => resource.scores[node.index] !== ABSENT);
  return tableOrder(known).filter((node) => (resource.scores[node.index] ?? ABSENT) >= 0 && nodeAvailable(node));
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

function addNeeds(resource: SchedResource, sum: Map<string, number>, _family: ReadonlySet<SchedResource>): void {
  if (!resource.provisional || resource.kind !== "primitive") return;
  for (const [name, amount] of resource.utilization) sum.set(name, (sum.get(name) ?? 0) + amount);
}

function collect(resource: SchedResource, origin: SchedResource, family: Set<SchedResource>): void {
  if (family.has(resource)) return;
  family.add(resource);
  if (resource.kind === "group") {
    const members =
      resource.groupColocated || resource.top.kind === "clone" ? resource.children : resource.children.slice(0, 1);
    for (const member of members) collect(member, origin, family);
  } else if (resource.kind === "clone") {
    const instance = resource.children[0];
    if (instance !== undefined && resource.provisional) collect(instance, origin, family);
    return;
  }
  for (const colocation of resource.thisWith) {
    if (colocation.primary !== origin && counts(colocation.score, colocation.dependentRole, colocation.dependent)) {
      collect(colocation.primary, origin, family);
    }
  }
  for (const colocation of resource.withThis) {
    const dependent = colocation.dependent;
    if (dependent === origin || (resource.top.kind === "clone" && dependent.top.kind !== "clone")) continue;
    if (counts(colocation.score, colocation.dependentRole, dependent)) collect(dependent, origin, family);
  }
}

function counts(score: number, role: number, dependent: SchedResource): boolean {
  return score >= INFINITY_SCORE && (role === ROLE.unknown || role === dependent.nextRole);
}
