import type { Position } from "../../../shared/text/position.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import type { ScoreCode } from "./recorder.ts";
import { tableOrder } from "./table-order.ts";
import { addNodeScore } from "./unpack-resources.ts";
import { ABSENT, nodeAvailable, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Adds a score on one node, for the resource with all that is in it, and says why. */
export function addScore(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  delta: number,
  code: ScoreCode,
  source: string,
  at?: Position,
): void {
  for (const child of resource.children) addScore(world, child, node, delta, code, source, at);
  const score = addNodeScore(resource, node.index, node.score, delta);
  if (world.recorder?.wants(resource.id) === true) {
    world.recorder.step({ resource: resource.id, node: node.name, code, delta, score, source, at });
  }
}

/**
 * A copy of scores that takes their place. Each copy of one of Pacemaker's tables may list the nodes in another order,
 * and where capacities count that order decides between equal nodes: the copies are counted then.
 */
export function copyScores(world: World, scores: Int32Array): Int32Array {
  const copy = scores.slice();
  if (world.settings.placementStrategy !== "default")
    world.scoreCopies.set(copy, (world.scoreCopies.get(scores) ?? 0) + 1);
  return copy;
}

/** The nodes that scores are known for, in the order of Pacemaker's table of them. */
export function knownNodes(world: World, scores: Int32Array): readonly SchedNode[] {
  let order = tableOrder(world.nodes.filter((node) => scores[node.index] !== ABSENT));
  for (let copies = world.scoreCopies.get(scores) ?? 0; copies > 0; copies -= 1) {
    const next = tableOrder(order);
    // After a few copies nothing changes any more.
    if (next.every((node, index) => node === order[index])) break;
    order = next;
  }
  return order;
}

export function banEverywhere(
  world: World,
  resource: SchedResource,
  code: ScoreCode,
  source: string,
  at?: Position,
): void {
  for (const node of world.nodes) addScore(world, resource, node, -INFINITY_SCORE, code, source, at);
}

/** Is there a node with a score of 0 or more that can run resources? */
export function anyNodeAvailable(world: World, scores: Int32Array): boolean {
  for (const node of world.nodes) {
    const score = scores[node.index] ?? ABSENT;
    if (score >= 0 && nodeAvailable(node)) return true;
  }
  return false;
}
