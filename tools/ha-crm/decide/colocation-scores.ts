import { INFINITY_SCORE, addScores } from "../model/score.ts";
import { anyNodeAvailable, copyScores } from "./scores.ts";
import {
  ABSENT,
  nodeAvailable,
  type SchedColocation,
  type SchedNode,
  type SchedResource,
  type World,
} from "./world.ts";

/** How scores of others are taken over. */
export interface TakeOver {
  /** Not at all when no node would be left. */
  readonly keepUsable: boolean;
  /** Nothing that would turn a good node into a bad one. */
  readonly positive: boolean;
  /** Follow the resources this one depends on, not those that depend on it. */
  readonly upwards: boolean;
}

/** Marks a node whose score would have become bad; no sum of scores comes near it. */
const SPOILED = -100 * INFINITY_SCORE;

/**
 * Has a colocation's attribute the same value on two nodes? Remote nodes that were not reached yet have no name: they are
 * alike, except (`byName`) where things must be together.
 */
export function alike(left: SchedNode, right: SchedNode, attribute: string, byName: boolean): boolean {
  if (left === right) return true;
  if (attribute === "#uname") return !byName && !left.named && !right.named;
  return left.attributes.get(attribute)?.toLowerCase() === right.attributes.get(attribute)?.toLowerCase();
}

/** The best score of a resource on nodes that are like this one. */
function bestScore(world: World, source: SchedResource, target: SchedNode, attribute: string, byName: boolean): number {
  const at = (node: SchedNode) => {
    const score = source.scores[node.index] ?? ABSENT;
    return nodeAvailable(node) ? score : ABSENT;
  };
  let best = Math.max(-INFINITY_SCORE, at(target));
  if (attribute === "#uname" && (byName || target.named)) return best;
  for (const node of world.nodes) {
    if (at(node) > best && alike(node, target, attribute, byName)) best = at(node);
  }
  return best;
}

function addMatching(
  world: World,
  scores: Int32Array,
  source: SchedResource,
  attribute: string,
  factor: number,
  positive: boolean,
): void {
  const must = factor >= 1;
  for (const node of world.nodes) {
    const old = scores[node.index] ?? ABSENT;
    if (old === ABSENT || old === SPOILED) continue;
    const theirs = bestScore(world, source, node, attribute, must);
    // To avoid what is avoided is no reason to go there.
    if (factor < 0 && theirs < 0) continue;
    const exact = Math.fround(factor * theirs);
    let delta = Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
    if (delta === 0 && theirs !== 0) {
      // However small, a preference stays one.
      if (factor > 0) delta = 1;
      else if (factor < 0) delta = -1;
    }
    const sum = addScores(delta, old);
    if (positive && sum < 0 && old > 0) {
      scores[node.index] = SPOILED;
      continue;
    }
    if (positive && sum < 0 && old === 0) continue;
    scores[node.index] = sum;
  }
}

/** Does the dependent have a say in where the primary goes? */
export function hasInfluence(colocation: SchedColocation, primary: SchedResource = colocation.primary): boolean {
  return colocation.influence || primary.runningOn.length === 0;
}

/**
 * Adds to `scores` what a resource and everything around it would like, weakened by the factors on the way.
 * @returns the new scores, or the old ones when they were better kept
 */
export function addColocatedScores(
  world: World,
  resource: SchedResource,
  scores: Int32Array,
  attribute: string,
  factor: number,
  how: TakeOver,
): Int32Array {
  if (resource.merging) return scores;
  resource.merging = true;
  let result: Int32Array;
  if (resource.kind === "group") {
    result = addGroupScores(world, resource, scores, attribute, factor, how);
  } else {
    const work = copyScores(world, scores);
    addMatching(world, work, resource, attribute, factor, how.positive);
    const others = how.upwards ? resource.thisWith : resource.withThis;
    result = followOthers(world, others, scores, work, factor < 0 ? -1 : 1, how);
  }
  resource.merging = false;
  return result;
}

function followOthers(
  world: World,
  others: readonly SchedColocation[],
  before: Int32Array,
  started: Int32Array,
  sign: number,
  how: TakeOver,
): Int32Array {
  let work = started;
  if (anyNodeAvailable(world, work)) {
    for (const colocation of others) {
      if (!how.upwards && !hasInfluence(colocation)) continue;
      const other = how.upwards ? colocation.primary : colocation.dependent;
      // Only the last step of a chain weakens a wish, not all steps together; but each may turn it round.
      const next = Math.fround((sign * colocation.score) / INFINITY_SCORE);
      work = addColocatedScores(world, other, work, colocation.attribute, next, { ...how, keepUsable: true });
    }
  } else if (how.keepUsable) return before;
  if (how.positive) for (let index = 0; index < work.length; index += 1) if (work[index] === SPOILED) work[index] = 1;
  return work;
}

/**
 * A group is as its first member is, which has the wishes of the others already, and as those wish that it goes with, or
 * that go with its last one.
 */
function addGroupScores(
  world: World,
  group: SchedResource,
  scores: Int32Array,
  attribute: string,
  factor: number,
  how: TakeOver,
): Int32Array {
  const first = group.children[0];
  const last = group.children.at(-1);
  if (first === undefined || last === undefined) return scores;
  // Pacemaker's table is copied here and once more for the member.
  const table = world.settings.placementStrategy === "default" ? scores : copyScores(world, scores);
  const work = addColocatedScores(world, first, table, attribute, factor, how);
  const others = how.upwards ? group.thisWith : last.withThis;
  return followOthers(world, others, scores, work, factor < 0 ? -1 : 1, how);
}

/** What the resource with all it depends on would like: the order of placement is made of it. */
export function wishedScores(world: World, resource: SchedResource): Int32Array {
  resource.merging = true;
  // The last member of a group depends on all others.
  const last = resource.kind === "group" ? resource.children.at(-1) : undefined;
  const work = last === undefined ? resource.scores.slice() : wishedScores(world, last);
  const how = { keepUsable: false, positive: false, upwards: true };
  const result = followOthers(world, resource.thisWith, work, work, 1, how);
  resource.merging = false;
  return result;
}
