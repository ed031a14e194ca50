import type { Position } from "../../../shared/text/position.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import type { ScoreCode } from "./recorder.ts";
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
