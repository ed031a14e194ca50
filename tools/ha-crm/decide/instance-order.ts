import { INFINITY_SCORE } from "../model/score.ts";
import { addColocatedScores, hasInfluence } from "./colocation-scores.ts";
import { activeNode, anyFailed } from "./family.ts";
import { compareNames } from "./unpack-nodes.ts";
import { ABSENT, nodeAvailable, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Which instance gets its node first. */
export function sortInstances(world: World, instances: readonly SchedResource[]): SchedResource[] {
  return instances.toSorted((left, right) => compareInstances(world, left, right));
}

const ascending = (left: number, right: number) => (left < right ? -1 : left > right ? 1 : 0);
/** What is true goes first. */
const first = (left: boolean, right: boolean) => (left === right ? 0 : left ? -1 : 1);

export function compareInstances(world: World, left: SchedResource, right: SchedResource): number {
  const one = activeNode(left);
  const other = activeNode(right);
  const crowded = ascending(activeTimes(left), activeTimes(right));
  if (one.all > 0 && other.all > 0 && crowded !== 0) return crowded;
  const node1 = allowed(left, one.node);
  const node2 = allowed(right, other.node);
  const steps = [
    () => first(node1 !== undefined || one.node === undefined, node2 !== undefined || other.node === undefined),
    () => ascending(right.priority, left.priority),
  ];
  for (const step of steps) {
    const order = step();
    if (order !== 0) return order;
  }
  if (node1 === undefined && node2 === undefined) return 0;
  if (node1 === undefined || node2 === undefined) return node1 === undefined ? 1 : -1;
  const can = first(nodeAvailable(node1), nodeAvailable(node2));
  if (can !== 0) return can;
  return compareActive(world, left, node1, right, node2);
}

/** On how many nodes it is active; a member that is left alone counts its node once more, as with Pacemaker. */
function activeTimes(instance: SchedResource): number {
  if (instance.children.length === 0) return instance.runningOn.length;
  const nodes: SchedNode[] = [];
  for (const member of instance.children)
    for (const node of member.runningOn) if (member.managed ? !nodes.includes(node) : node.online) nodes.push(node);
  return nodes.length;
}

/** A node it isn't allowed on any more counts as none. */
function allowed(instance: SchedResource, node: SchedNode | undefined): SchedNode | undefined {
  if (node === undefined) return undefined;
  return (instance.scores[node.index] ?? ABSENT) < 0 ? undefined : node;
}

function compareActive(
  world: World,
  left: SchedResource,
  node1: SchedNode,
  right: SchedResource,
  node2: SchedNode,
): number {
  const known1 = (left.top.scores[node1.index] ?? ABSENT) !== ABSENT;
  const known2 = (right.top.scores[node2.index] ?? ABSENT) !== ABSENT;
  if (!known1 && !known2) return 0;
  if (known1 !== known2) return known1 ? -1 : 1;
  const crowd = ascending(left.top.counts[node1.index] ?? 0, right.top.counts[node2.index] ?? 0);
  if (crowd !== 0) return crowd;
  const healthy = first(!anyFailed(left), !anyFailed(right));
  if (healthy !== 0) return healthy;
  const score1 = colocationScore(world, left, node1);
  const score2 = colocationScore(world, right, node2);
  if (score1 !== score2) return ascending(score2, score1);
  return compareNames(left.id, right.id);
}

/** What the others around the clone think of the instance's present node. */
function colocationScore(world: World, instance: SchedResource, node: SchedNode): number {
  const clone = instance.parent;
  if (clone === undefined) return 0;
  let scores: Int32Array = new Int32Array(world.nodes.length).fill(ABSENT);
  scores[node.index] = node.score;
  const factorOf = (score: number) => Math.fround(score / INFINITY_SCORE);
  for (const colocation of clone.thisWith) {
    const how = { keepUsable: false, positive: false, upwards: false };
    scores = addColocatedScores(
      world,
      colocation.primary,
      scores,
      colocation.attribute,
      factorOf(colocation.score),
      how,
    );
  }
  for (const colocation of clone.withThis) {
    if (!hasInfluence(colocation, instance)) continue;
    const how = { keepUsable: false, positive: true, upwards: false };
    scores = addColocatedScores(
      world,
      colocation.dependent,
      scores,
      colocation.attribute,
      factorOf(colocation.score),
      how,
    );
  }
  return scores[node.index] ?? 0;
}
