import type { Position } from "../../../shared/text/position.ts";
import type { Colocation, ResourceSet } from "../model/constraint.ts";
import { INFINITY_SCORE, parseScore } from "../model/score.ts";
import { ORD } from "./action.ts";
import { addOrdering } from "./ordering-list.ts";
import { parseRole, ROLE, type Role } from "./roles.ts";
import { ruleHolds } from "./rules.ts";
import { isTagOrTemplate, resolveSet, resolveTargets } from "./targets.ts";
import { booleanOr } from "./values.ts";
import { KIND_RANK, type SchedColocation, type SchedResource, type World } from "./world.ts";

/** Turns colocation constraints into pairs "this with that". */
export function unpackColocation(world: World, constraint: Colocation): void {
  if (constraint.lifetime !== undefined && !ruleHolds(constraint.lifetime, { now: world.now })) return;
  const score = parseScore(constraint.score ?? "0") ?? 0;
  if (constraint.sets.length > 0) {
    unpackSets(world, constraint, score);
    return;
  }
  const { dependent, primary } = constraint;
  if (dependent === undefined || primary === undefined) return;
  const spread = [dependent, primary].filter((name) => isTagOrTemplate(world, name));
  // Two tags or templates can't be colocated: which of them would be with which isn't said.
  if (spread.length === 2) return;
  // A tag on one side is a set without order of its own; as in sets it is always the node that they share.
  const sets = spread.length > 0;
  const attribute = sets ? "#uname" : (constraint.nodeAttribute ?? "#uname");
  for (const one of resolveTargets(world, dependent)) {
    for (const other of resolveTargets(world, primary)) {
      addColocation(world, {
        ...base(constraint, one),
        attribute,
        dependent: one,
        primary: other,
        score,
        dependentRole: roleOf(constraint.dependentRole),
        primaryRole: roleOf(constraint.primaryRole),
      });
    }
  }
}

function roleOf(word: string | undefined): Role {
  const role = parseRole(word);
  return role === undefined || role === ROLE.started ? ROLE.unknown : role;
}

function base(constraint: Colocation, dependent: SchedResource) {
  return {
    id: constraint.id,
    attribute: "#uname",
    influence: booleanOr(constraint.influence, dependent.critical),
    at: constraint.at,
  };
}

function unpackSets(world: World, constraint: Colocation, score: number): void {
  let last: ResourceSet | undefined;
  for (const set of constraint.sets) {
    unpackWithin(world, constraint, set, score);
    if (last !== undefined) unpackBetween(world, constraint, set, last, score);
    last = set;
  }
}

function unpackWithin(world: World, constraint: Colocation, set: ResourceSet, outer: number): void {
  const members = resolveSet(world, set);
  const score = set.score === undefined ? outer : (parseScore(set.score) ?? 0);
  if (members === undefined || score === 0 || !booleanOr(set.sequential, true)) return;
  const role = roleOf(set.role);
  const add = (dependent: SchedResource, primary: SchedResource) =>
    addColocation(world, {
      ...base(constraint, dependent),
      dependent,
      primary,
      score,
      dependentRole: role,
      primaryRole: role,
    });
  if (score > 0) {
    // Each follows the one before it; with ordering="listed" written the other way round the one after it.
    const listed = set.ordering === undefined || set.ordering === "group";
    for (let index = 1; index < members.length; index += 1) {
      const before = members[index - 1];
      const after = members[index];
      if (before === undefined || after === undefined) continue;
      if (listed) add(after, before);
      else add(before, after);
    }
  } else {
    // All avoid each other.
    for (const [index, dependent] of members.entries()) {
      for (const primary of members.slice(0, index)) add(dependent, primary);
    }
  }
}

/** The resources of one set follow those of the one written before it. */
function unpackBetween(world: World, constraint: Colocation, set: ResourceSet, last: ResourceSet, outer: number): void {
  // In a list of sets the earlier one depends on the later one.
  const dependents = resolveSet(world, last);
  const primaries = resolveSet(world, set);
  if (dependents === undefined || primaries === undefined || outer === 0) return;
  const dependentRole = roleOf(last.role);
  const primaryRole = roleOf(set.role);
  const first = dependents.at(0);
  const final = primaries.at(-1);
  const chosenDependents = booleanOr(last.sequential, true) ? (first === undefined ? [] : [first]) : dependents;
  const chosenPrimaries = booleanOr(set.sequential, true) ? (final === undefined ? [] : [final]) : primaries;
  for (const dependent of chosenDependents) {
    for (const primary of chosenPrimaries) {
      addColocation(world, {
        ...base(constraint, dependent),
        dependent,
        primary,
        score: outer,
        dependentRole,
        primaryRole,
      });
    }
  }
}

export function addColocation(world: World, colocation: SchedColocation): void {
  if (colocation.score === 0) return;
  world.colocations.push(colocation);
  insertSorted(colocation.dependent.thisWith, colocation, byPrimary);
  insertSorted(colocation.primary.withThis, colocation, byDependent);
  if (colocation.score <= -INFINITY_SCORE) {
    orderApart(
      world,
      colocation.dependent,
      colocation.dependentRole,
      colocation.primary,
      colocation.primaryRole,
      colocation.id,
      colocation.at,
    );
    orderApart(
      world,
      colocation.primary,
      colocation.primaryRole,
      colocation.dependent,
      colocation.dependentRole,
      colocation.id,
      colocation.at,
    );
  }
}

/** Behind all that are not greater. */
export function insertSorted(
  list: SchedColocation[],
  item: SchedColocation,
  compare: (left: SchedColocation, right: SchedColocation) => number,
): void {
  let at = list.length;
  while (at > 0) {
    const before = list[at - 1];
    if (before === undefined || compare(before, item) < 0) break;
    // Equal ones: the newer one stands before the older ones.
    at -= 1;
  }
  list.splice(at, 0, item);
}

export function byPrimary(left: SchedColocation, right: SchedColocation): number {
  return compareResources(left.primary, right.primary);
}

export function byDependent(left: SchedColocation, right: SchedColocation): number {
  return compareResources(left.dependent, right.dependent);
}

/** Higher priority first, clones before groups before primitives, promotable clones before others, then by id. */
function compareResources(left: SchedResource, right: SchedResource): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  const rank = KIND_RANK[right.kind] - KIND_RANK[left.kind];
  if (rank !== 0) return rank;
  if (left.kind === "clone" && left.promotable !== right.promotable) return left.promotable ? -1 : 1;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}

/** Two that must not meet: the one leaves a node before the other comes to it. */
function orderApart(
  world: World,
  first: SchedResource,
  firstRole: Role,
  then: SchedResource,
  thenRole: Role,
  id: string,
  at: Position | undefined,
): void {
  const leave =
    firstRole === ROLE.promoted ? ["demote"] : firstRole === ROLE.unpromoted ? ["stop", "promote"] : ["stop"];
  const come =
    thenRole === ROLE.promoted ? ["promote"] : thenRole === ROLE.unpromoted ? ["start", "demote"] : ["start"];
  for (const firstTask of leave) {
    for (const thenTask of come)
      addOrdering(world, { id, first, firstTask, then, thenTask, flags: ORD.ifOnSameNode, at });
  }
}
