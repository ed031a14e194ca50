import { INFINITY_SCORE, addScores, parseScore } from "../model/score.ts";
import { addColocatedScores, hasInfluence } from "./colocation-scores.ts";
import { applyForDependent } from "./colocation-apply.ts";
import { findDescendant, nextLocation, nextLocations, roleNext, roleNow } from "./family.ts";
import { compareInstances } from "./instance-order.ts";
import { ROLE } from "./roles.ts";
import { requirePromotionTickets } from "./tickets.ts";
import { ABSENT, nodeAvailable, type LocationScores, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Which instances of a promotable clone are promoted: by the scores that the agents have set, and by constraints. */
export function addPromotionScores(world: World, clone: SchedResource): void {
  if (clone.promotionAdded) return;
  clone.promotionAdded = true;
  for (const child of clone.children) {
    for (const node of world.nodes) {
      const old = child.scores[node.index] ?? ABSENT;
      if (old === ABSENT || !nodeAvailable(node)) continue;
      const score = promotionScore(child, node)?.score ?? 0;
      if (score > 0) child.scores[node.index] = addScores(old, score);
      if (score > child.priority) child.priority = score;
    }
  }
}

interface PromotionScore {
  readonly score: number;
}

/** The promotion score of an instance on a node; undefined when the agent has never set one. */
function promotionScore(resource: SchedResource, node: SchedNode): PromotionScore | undefined {
  if (resource.children.length > 0) {
    let found: PromotionScore | undefined;
    for (const child of resource.children) {
      const one = promotionScore(child, node);
      if (one !== undefined) found = { score: (found?.score ?? 0) + one.score };
    }
    return found;
  }
  if (!scoreApplies(resource, node)) return undefined;
  const value =
    readAttribute(node, resource.historyName ?? resource.id) ??
    (resource.unique ? undefined : readAttribute(node, resource.name));
  return value === undefined ? undefined : { score: parseScore(value) ?? 0 };
}

function readAttribute(node: SchedNode, name: string): string | undefined {
  return node.attributes.get(`master-${name}`);
}

/** A score counts where the instance is, where the clone was probed, or everywhere when nothing is known at all. */
function scoreApplies(resource: SchedResource, node: SchedNode): boolean {
  const allowedHere =
    (resource.scores[node.index] ?? ABSENT) !== ABSENT && (resource.scores[node.index] ?? ABSENT) >= 0;
  if (!resource.unique) {
    const family = resource.top.children
      .map((child) => findDescendant(child, resource.name))
      .filter((one) => one !== undefined);
    const active = family.find((one) => one.runningOn.includes(node));
    if (active === resource) return allowedHere;
    if (active === undefined && family.some((one) => one.knownOn.has(node))) return allowedHere;
  }
  if (resource.runningOn.length === 0 && resource.knownOn.size === 0) return allowedHere;
  return (resource.knownOn.has(node) || resource.runningOn.includes(node)) && allowedHere;
}

export function setInstanceRoles(world: World, clone: SchedResource): void {
  clone.counts.fill(0);
  for (const instance of clone.children) setPriority(world, clone, instance);
  sortForPromotion(world, clone);
  let promoted = 0;
  for (const instance of clone.children) {
    const node = promoted < clone.promotedMax || !clone.managed ? nodeToPromoteOn(clone, instance) : undefined;
    if (node === undefined || instance.sortIndex < 0) {
      setUnpromoted(instance);
      continue;
    }
    if (instance.role < ROLE.promoted && !world.state.quorate && world.settings.noQuorumPolicy === "freeze") {
      setUnpromoted(instance);
      continue;
    }
    clone.counts[node.index] = (clone.counts[node.index] ?? 0) + 1;
    setPromoted(instance);
    promoted += 1;
  }
}

function setPriority(world: World, clone: SchedResource, instance: SchedResource): void {
  if (roleNow(instance) === ROLE.started) makeUnpromotedNow(instance);
  const node = nextLocation(instance);
  if (node === undefined) {
    instance.sortIndex = instance.priority < 0 ? instance.priority : instance.sortIndex;
    instance.sortIndex = -1;
    return;
  }
  const next = roleNext(instance);
  switch (next) {
    case ROLE.started:
    case ROLE.unknown:
      instance.priority = promotionScore(instance, node)?.score ?? -1;
      break;
    case ROLE.unpromoted:
    case ROLE.stopped:
      instance.priority = -INFINITY_SCORE;
      break;
    default:
  }
  addPromotedLocations(instance, instance.locations, node);
  addPromotedLocations(instance, clone.locations, node);
  for (const colocation of instance.thisWith) applyForDependent(world, instance, colocation);
  instance.sortIndex = next === ROLE.promoted ? INFINITY_SCORE : instance.priority;
}

function makeUnpromotedNow(resource: SchedResource): void {
  if (resource.role === ROLE.started) resource.role = ROLE.unpromoted;
  for (const child of resource.children) makeUnpromotedNow(child);
}

function addPromotedLocations(instance: SchedResource, locations: readonly LocationScores[], node: SchedNode): void {
  for (const location of locations) {
    if (location.role !== ROLE.promoted) continue;
    for (const one of location.nodes) {
      if (one.node === node) {
        instance.priority = addScores(instance.priority, one.score);
        break;
      }
    }
  }
}

/** Adds what colocations with the promoted role say about the nodes, and puts the best candidates first. */
function sortForPromotion(world: World, clone: SchedResource): void {
  if (clone.promotionSorted) return;
  clone.promotionSorted = true;
  clone.merging = true;
  for (const instance of clone.children) {
    const node = instance.sortIndex < 0 ? undefined : nextLocation(instance);
    if (node === undefined) continue;
    clone.scores[node.index] = addScores(instance.sortIndex, clone.scores[node.index] ?? 0);
  }
  const factorOf = (score: number) => Math.fround(score / INFINITY_SCORE);
  for (const colocation of clone.thisWith) {
    if (colocation.dependentRole !== ROLE.promoted) continue;
    const how = { keepUsable: colocation.score < INFINITY_SCORE, positive: false, upwards: false };
    clone.scores = addColocatedScores(
      world,
      colocation.primary,
      clone.scores,
      colocation.attribute,
      factorOf(colocation.score),
      how,
    );
  }
  for (const colocation of clone.withThis) {
    if (colocation.primaryRole !== ROLE.promoted || !hasInfluence(colocation)) continue;
    const how = { keepUsable: true, positive: true, upwards: false };
    clone.scores = addColocatedScores(
      world,
      colocation.dependent,
      clone.scores,
      colocation.attribute,
      factorOf(colocation.score),
      how,
    );
  }
  requirePromotionTickets(world, clone);
  for (const instance of clone.children) {
    const node = nextLocation(instance);
    if (!instance.managed && instance.nextRole === ROLE.promoted) instance.sortIndex = INFINITY_SCORE;
    else if (node !== undefined && instance.sortIndex >= 0) instance.sortIndex = clone.scores[node.index] ?? 0;
  }
  clone.children = clone.children.toSorted((left, right) => comparePromotion(world, left, right));
  clone.merging = false;
}

function comparePromotion(world: World, left: SchedResource, right: SchedResource): number {
  if (left.sortIndex !== right.sortIndex) return right.sortIndex - left.sortIndex;
  const role1 = roleNow(left);
  const role2 = roleNow(right);
  if (role1 !== role2) return role2 - role1;
  return compareInstances(world, left, right);
}

function nodeToPromoteOn(clone: SchedResource, instance: SchedResource): SchedNode | undefined {
  for (const child of instance.children) if (nodeToPromoteOn(clone, child) === undefined) return undefined;
  const node = nextLocation(instance);
  if (node === undefined) return undefined;
  if (!instance.managed) {
    if (roleNow(instance) !== ROLE.promoted) return undefined;
  } else if (instance.priority < 0 || !nodeAvailable(node)) return undefined;
  if ((clone.scores[node.index] ?? ABSENT) === ABSENT) return undefined;
  if ((clone.counts[node.index] ?? 0) >= clone.promotedNodeMax && instance.managed) return undefined;
  return node;
}

function setUnpromoted(resource: SchedResource): void {
  resource.nextRole = nextLocations(resource).length === 0 ? ROLE.stopped : ROLE.unpromoted;
  for (const child of resource.children) setUnpromoted(child);
}

function setPromoted(resource: SchedResource): void {
  if (resource.nextRole === ROLE.unknown) resource.nextRole = ROLE.promoted;
  for (const child of resource.children) setPromoted(child);
}
