import { INFINITY_SCORE, addScores } from "../model/score.ts";
import { assignNode } from "./assign.ts";
import { alike } from "./colocation-scores.ts";
import { anyBlocked, nextLocation, roleNext } from "./family.ts";
import { findCompatible } from "./interleave-match.ts";
import { ROLE, type Role } from "./roles.ts";
import { anyNodeAvailable, copyScores } from "./scores.ts";
import { ABSENT, type SchedColocation, type SchedNode, type SchedResource, type World } from "./world.ts";

type Effect = "nothing" | "location" | "role";

/** Roles are a condition for "with"; for "not with", as in Pacemaker 2.1, it is the other roles that count. */
function effectOf(dependent: SchedResource, primary: SchedResource, colocation: SchedColocation): Effect {
  if (primary.provisional) return "nothing";
  const promotable = dependent.parent?.promotable === true;
  if (colocation.dependentRole >= ROLE.unpromoted && promotable && !dependent.provisional) return "role";
  if (!dependent.provisional) return "nothing";
  const { dependentRole, primaryRole, score } = colocation;
  if (dependentRole !== ROLE.unknown && score > 0 !== (dependentRole === dependent.nextRole)) return "nothing";
  if (primaryRole !== ROLE.unknown && score > 0 !== (primaryRole === primary.nextRole)) return "nothing";
  return "location";
}

/** Lets one colocation act on a primitive that is being placed (or is given its role), whatever it goes together with. */
export function applyColocation(
  world: World,
  dependent: SchedResource,
  primary: SchedResource,
  colocation: SchedColocation,
): void {
  switch (primary.kind) {
    case "primitive":
      applyToPrimitive(world, dependent, primary, colocation);
      break;
    case "group":
      applyToGroup(world, dependent, primary, colocation);
      break;
    case "clone":
      applyToClone(world, dependent, primary, colocation);
      break;
    default:
      primary.kind satisfies never;
  }
}

function applyToPrimitive(
  world: World,
  dependent: SchedResource,
  primary: SchedResource,
  colocation: SchedColocation,
): void {
  switch (effectOf(dependent, primary, colocation)) {
    case "nothing":
      break;
    case "role":
      applyToPriority(dependent, primary, colocation);
      break;
    case "location":
      applyToScores(world, dependent, primary, colocation);
      break;
  }
}

function applyToScores(
  world: World,
  dependent: SchedResource,
  primary: SchedResource,
  colocation: SchedColocation,
): void {
  const node = primary.assigned;
  if (node === undefined && colocation.score < 0) return;
  const together = colocation.score >= INFINITY_SCORE;
  const apart = colocation.score <= -INFINITY_SCORE;
  let work = shiftScores(world, dependent.scores, node, colocation, together);
  // Rather than nowhere, it goes to another node that has no name yet.
  if (apart && !anyNodeAvailable(world, work)) work = shiftScores(world, dependent.scores, node, colocation, true);
  if (!together && !apart && !anyNodeAvailable(world, work)) return;
  record(world, dependent, work, colocation);
  dependent.scores = work;
}

/** The scores of a dependent whose primary is on `node`, or nowhere. */
function shiftScores(
  world: World,
  before: Int32Array,
  node: SchedNode | undefined,
  colocation: SchedColocation,
  byName: boolean,
): Int32Array {
  const work = copyScores(world, before);
  for (const one of world.nodes) {
    const score = work[one.index] ?? ABSENT;
    if (score === ABSENT) continue;
    if (node === undefined) work[one.index] = addScores(-colocation.score, score);
    else if (alike(one, node, colocation.attribute, byName)) {
      if (colocation.score < INFINITY_SCORE) work[one.index] = addScores(colocation.score, score);
    } else if (colocation.score >= INFINITY_SCORE) work[one.index] = addScores(-colocation.score, score);
  }
  return work;
}

function record(world: World, dependent: SchedResource, work: Int32Array, colocation: SchedColocation): void {
  if (world.recorder?.wants(dependent.id) !== true) return;
  for (const node of world.nodes) {
    const before = dependent.scores[node.index] ?? 0;
    const after = work[node.index] ?? 0;
    if (before === after) continue;
    world.recorder.step({
      resource: dependent.id,
      node: node.name,
      code: "SCORE_COLOCATION",
      delta: after <= -INFINITY_SCORE ? -INFINITY_SCORE : after - before,
      score: after,
      source: colocation.id,
      at: colocation.at,
    });
  }
}

/** Among instances that have their nodes already: who is promoted. */
function applyToPriority(dependent: SchedResource, primary: SchedResource, colocation: SchedColocation): void {
  const mine = dependent.assigned;
  const theirs = primary.assigned;
  if (mine === undefined || theirs === undefined) return;
  if (!alike(mine, theirs, colocation.attribute, colocation.score >= INFINITY_SCORE)) {
    if (colocation.score >= INFINITY_SCORE && colocation.dependentRole === ROLE.promoted)
      dependent.priority = -INFINITY_SCORE;
    return;
  }
  if (colocation.primaryRole !== ROLE.unknown && colocation.primaryRole !== primary.nextRole) return;
  const sign = colocation.dependentRole === ROLE.unpromoted ? -1 : 1;
  dependent.priority = addScores(sign * colocation.score, dependent.priority);
}

function applyToGroup(world: World, dependent: SchedResource, group: SchedResource, colocation: SchedColocation): void {
  if (group.provisional) return;
  if (group.groupColocated) {
    // A must waits for the whole group; for a wish the first member is enough.
    const member = colocation.score >= INFINITY_SCORE ? group.children.at(-1) : group.children[0];
    if (member !== undefined) applyColocation(world, dependent, member, colocation);
    return;
  }
  if (colocation.score >= INFINITY_SCORE) return;
  for (const member of group.children) applyColocation(world, dependent, member, colocation);
}

function applyToClone(world: World, dependent: SchedResource, clone: SchedResource, colocation: SchedColocation): void {
  if (clone.promotable && colocation.primaryRole !== ROLE.unknown) {
    if (clone.provisional) return;
    if (dependent.provisional) followRole(world, dependent, clone, colocation);
    else if (colocation.dependentRole === ROLE.promoted) followRoleByPriority(world, dependent, clone, colocation);
    return;
  }
  const own = dependent.top;
  const interleaved = own.kind === "clone" && own.interleave && own.cloneNodeMaxWritten === clone.cloneNodeMaxWritten;
  if (clone.provisional) return;
  if (interleaved) {
    const partner = findCompatible(world, dependent, clone, ROLE.unknown, false);
    if (partner !== undefined) applyColocation(world, dependent, partner, colocation);
    else if (colocation.score >= INFINITY_SCORE) assignNode(world, dependent, undefined, true);
    return;
  }
  if (colocation.score >= INFINITY_SCORE) {
    const nodes = clone.children.filter((child) => !anyBlocked(child)).flatMap((child) => nextLocation(child) ?? []);
    keepOnly(world, dependent, nodes, undefined, colocation);
    return;
  }
  for (const child of clone.children) applyColocation(world, dependent, child, colocation);
}

/**
 * Bans all nodes but those of a clone's instances; when none of them is left, all but those that are like them by the
 * colocation's attribute.
 */
function keepOnly(
  world: World,
  dependent: SchedResource,
  nodes: readonly SchedNode[],
  add: ReadonlyMap<SchedNode, number> | undefined,
  colocation: SchedColocation,
): void {
  const { attribute } = colocation;
  const before = dependent.scores;
  let work = keepScores(world, before, (node) => nodes.includes(node), add);
  if (attribute !== "#uname" && !anyNodeAvailable(world, work))
    work = keepScores(world, before, (node) => nodes.some((one) => alike(one, node, attribute, true)), add);
  record(world, dependent, work, colocation);
  dependent.scores.set(work);
}

function keepScores(
  world: World,
  before: Int32Array,
  keeps: (node: SchedNode) => boolean,
  add: ReadonlyMap<SchedNode, number> | undefined,
): Int32Array {
  const work = before.slice();
  for (const node of world.nodes) {
    const score = work[node.index] ?? ABSENT;
    if (score === ABSENT) continue;
    work[node.index] = keeps(node) ? addScores(score, add?.get(node) ?? 0) : -INFINITY_SCORE;
  }
  return work;
}

/** With the instances of a clone that have a certain role. */
function followRole(world: World, dependent: SchedResource, clone: SchedResource, colocation: SchedColocation): void {
  const nodes: SchedNode[] = [];
  const scores = new Map<SchedNode, number>();
  for (const instance of clone.children) {
    const node = nextLocation(instance);
    if (node === undefined || roleNext(instance) !== colocation.primaryRole) continue;
    if (colocation.score < INFINITY_SCORE) {
      for (const one of world.nodes) {
        const score = dependent.scores[one.index] ?? ABSENT;
        if (score !== ABSENT && alike(one, node, colocation.attribute, false))
          dependent.scores[one.index] = addScores(score, colocation.score);
      }
    }
    nodes.push(node);
    scores.set(node, scoreAtAssignment(instance));
  }
  const bothPromoted = colocation.dependentRole === ROLE.promoted && colocation.primaryRole === ROLE.promoted;
  if (colocation.score >= INFINITY_SCORE && !bothPromoted) keepOnly(world, dependent, nodes, scores, colocation);
}

function scoreAtAssignment(instance: SchedResource): number {
  return (instance.children[0] ?? instance).assignedScore;
}

function followRoleByPriority(
  world: World,
  dependent: SchedResource,
  clone: SchedResource,
  colocation: SchedColocation,
): void {
  const role: Role = colocation.primaryRole;
  const partner = findCompatible(world, dependent, clone, role, false);
  if (partner !== undefined) dependent.priority = addScores(dependent.priority, colocation.score);
  else if (colocation.score >= INFINITY_SCORE) dependent.priority = -INFINITY_SCORE;
}

/** The same on behalf of a group: its first member (or, when they may be apart, every member) is placed with the other. */
export function applyForDependent(world: World, dependent: SchedResource, colocation: SchedColocation): void {
  if (dependent.kind !== "group") {
    applyColocation(world, dependent, colocation.primary, colocation);
    return;
  }
  if (dependent.groupColocated) {
    const first = dependent.children[0];
    if (first !== undefined) applyForDependent(world, first, colocation);
    return;
  }
  if (colocation.score >= INFINITY_SCORE) return;
  for (const member of dependent.children) applyForDependent(world, member, colocation);
}
