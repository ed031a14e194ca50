import { INFINITY_SCORE } from "../model/score.ts";
import { unassignAll } from "./assign.ts";
import { addColocatedScores, hasInfluence } from "./colocation-scores.ts";
import { byDependent, byPrimary, insertSorted } from "./colocation-unpack.ts";
import { currentNode, nextLocation, nextLocations } from "./family.ts";
import { sortInstances } from "./instance-order.ts";
import { place } from "./place.ts";
import { addPromotionScores, setInstanceRoles } from "./promotable.ts";
import { banEverywhere, copyScores } from "./scores.ts";
import { ABSENT, nodeAvailable, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Spreads the instances of a clone over the nodes. */
export function placeClone(world: World, clone: SchedResource): void {
  if (!clone.provisional || clone.placing) return;
  if (clone.promotable) addPromotionScores(world, clone);
  clone.placing = true;
  for (const colocation of clone.thisWith) place(world, colocation.primary, undefined);
  for (const colocation of clone.withThis) {
    if (!hasInfluence(colocation)) continue;
    const factor = Math.fround(colocation.score / INFINITY_SCORE);
    const how = { keepUsable: true, positive: true, upwards: false };
    clone.scores = addColocatedScores(world, colocation.dependent, clone.scores, colocation.attribute, factor, how);
  }
  clone.children = sortInstances(world, clone.children);
  spread(world, clone);
  if (clone.promotable) setInstanceRoles(world, clone);
  clone.provisional = false;
  clone.placing = false;
}

function spread(world: World, clone: SchedResource): void {
  let available = 0;
  for (const node of world.nodes) {
    clone.counts[node.index] = 0;
    if (clone.scores[node.index] !== ABSENT && nodeAvailable(node)) available += 1;
  }
  const share = Math.max(1, available > 0 ? Math.trunc(clone.cloneMax / available) : 1);
  const allColocations = clone.cloneMax < available;
  let placed = 0;
  // First, instances stay where they are, up to a fair share for each node.
  for (const child of clone.children) {
    if (placed >= clone.cloneMax) break;
    if (child.runningOn.length === 0 || !child.provisional || child.failed) continue;
    const node = currentNode(child);
    if (node === undefined || !nodeAvailable(node) || node.score < 0) continue;
    if ((clone.counts[node.index] ?? 0) >= share) continue;
    if (placeInstance(world, clone, child, node, allColocations)) placed += 1;
  }
  for (const child of clone.children) {
    if (!child.provisional) continue;
    if (placed >= clone.cloneMax) banTree(world, child);
    else if (placeInstance(world, clone, child, undefined, allColocations)) placed += 1;
  }
}

function banTree(world: World, resource: SchedResource): void {
  banEverywhere(world, resource, "SCORE_LIMIT", "clone-max");
  for (const child of resource.children) banTree(world, child);
}

/** @returns true when the instance has a node now */
function placeInstance(
  world: World,
  clone: SchedResource,
  instance: SchedResource,
  prefer: SchedNode | undefined,
  allColocations: boolean,
): boolean {
  if (!instance.provisional) return nextLocation(instance) !== undefined;
  if (instance.placing) return false;
  takeParentColocations(clone, instance, allColocations);
  if (prefer !== undefined && (instance.scores[prefer.index] ?? ABSENT) < 0) return false;
  banFullNodes(world, clone, instance);
  const backups = backupScores(world, instance);
  const chosen = place(world, instance, prefer);
  if (chosen !== undefined && prefer !== undefined && chosen !== prefer) {
    for (const [one, scores] of backups) one.scores = scores;
    unassignAll(instance);
    return false;
  }
  if (chosen === undefined && prefer !== undefined) {
    // It may do better once others have their nodes.
    return false;
  }
  if (chosen === undefined) return false;
  // A member that is left alone may be on another node than the rest: there is no room for a second one there either.
  for (const node of nextLocations(instance)) clone.counts[node.index] = (clone.counts[node.index] ?? 0) + 1;
  return true;
}

function backupScores(world: World, resource: SchedResource): readonly (readonly [SchedResource, Int32Array])[] {
  const copy = copyScores(world, resource.scores);
  return [[resource, copy], ...resource.children.flatMap((child) => [...backupScores(world, child)])];
}

/**
 * The clone's colocations count for its instances. What merely would like to be with the clone counts only when not
 * every node gets an instance. An instance that was tried on its present node in vain gets them once more, and they
 * count twice for it, as with Pacemaker.
 */
function takeParentColocations(clone: SchedResource, instance: SchedResource, all: boolean): void {
  for (const colocation of clone.thisWith) {
    const counts = all || colocation.score < 0 || colocation.score >= INFINITY_SCORE;
    if (counts) insertSorted(instance.thisWith, colocation, byPrimary);
  }
  for (const colocation of clone.withThis) {
    if (!hasInfluence(colocation, instance)) continue;
    const counts = all || colocation.score < 0;
    if (counts) insertSorted(instance.withThis, colocation, byDependent);
  }
}

/** Nodes that have as many instances as they may, or where the clone isn't allowed. */
function banFullNodes(world: World, clone: SchedResource, instance: SchedResource): void {
  for (const node of world.nodes) {
    if (instance.scores[node.index] === ABSENT) continue;
    const allowed = clone.scores[node.index] ?? ABSENT;
    const fits =
      !instance.orphan && nodeAvailable(node) && allowed >= 0 && (clone.counts[node.index] ?? 0) < clone.cloneNodeMax;
    if (fits) continue;
    instance.scores[node.index] = -INFINITY_SCORE;
    for (const child of instance.children) {
      if (child.scores[node.index] !== ABSENT) child.scores[node.index] = -INFINITY_SCORE;
    }
  }
}
