import { knownNodes } from "./scores.ts";
import { mergeSort } from "./table-order.ts";
import { compareNames } from "./unpack-nodes.ts";
import { ABSENT, nodeAvailable, type SchedNode, type World } from "./world.ts";

/** Which node is better: by score, then by the placement strategy, then by name. */
export function compareNodes(
  world: World,
  left: SchedNode,
  leftScore: number,
  right: SchedNode,
  rightScore: number,
  active: SchedNode | undefined,
): number {
  const first = nodeAvailable(left) ? leftScore : -1_000_000;
  const second = nodeAvailable(right) ? rightScore : -1_000_000;
  if (first !== second) return first > second ? -1 : 1;
  const strategy = world.settings.placementStrategy;
  if (strategy !== "minimal") {
    if (strategy === "balanced") {
      const room = compareCapacity(left, right);
      if (room !== 0) return room;
    }
    if (left.assignedCount !== right.assignedCount) return left.assignedCount < right.assignedCount ? -1 : 1;
    if (left === active) return -1;
    if (right === active) return 1;
  }
  return left.name < right.name ? -1 : left.name > right.name ? 1 : compareNames(left.name, right.name);
}

/** Nodes a resource knows, the best one first. */
export function sortedNodes(world: World, scores: Int32Array, active: SchedNode | undefined): readonly SchedNode[] {
  const compare = (left: SchedNode, right: SchedNode) =>
    compareNodes(world, left, scores[left.index] ?? ABSENT, right, scores[right.index] ?? ABSENT, active);
  // By capacities there may be no order: n1 before n2, n2 before n3, n3 before n1.
  if (world.settings.placementStrategy === "balanced")
    return mergeSort(knownNodes(world, scores).toReversed(), compare);
  return world.nodes.filter((node) => scores[node.index] !== ABSENT).sort(compare);
}

/** The first of `sortedNodes`. */
export function bestNode(world: World, scores: Int32Array, active: SchedNode | undefined): SchedNode | undefined {
  if (world.settings.placementStrategy === "balanced") return sortedNodes(world, scores, active)[0];
  let best: SchedNode | undefined;
  let bestScore = ABSENT;
  for (const node of world.nodes) {
    const score = scores[node.index] ?? ABSENT;
    if (score === ABSENT) continue;
    if (best !== undefined && compareNodes(world, node, score, best, bestScore, active) >= 0) continue;
    best = node;
    bestScore = score;
  }
  return best;
}

/** Negative when `left` has more room in more respects. */
export function compareCapacity(left: SchedNode, right: SchedNode): number {
  let result = 0;
  for (const [name, amount] of left.utilization) {
    const other = right.utilization.get(name) ?? 0;
    if (amount > other) result -= 1;
    else if (amount < other) result += 1;
  }
  for (const [name, amount] of right.utilization) if (!left.utilization.has(name) && amount > 0) result += 1;
  return result;
}
