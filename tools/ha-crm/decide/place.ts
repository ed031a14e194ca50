import { INFINITY_SCORE } from "../model/score.ts";
import { addColocatedScores, hasInfluence, wishedScores } from "./colocation-scores.ts";
import { applyForDependent } from "./colocation-apply.ts";
import { assignNode } from "./assign.ts";
import { currentNode } from "./family.ts";
import { bestNode, compareNodes } from "./node-order.ts";
import { placeClone } from "./place-clone.ts";
import { placeGroup } from "./place-group.ts";
import { ROLE } from "./roles.ts";
import { anyNodeAvailable, banEverywhere, copyScores } from "./scores.ts";
import { mergeSort } from "./table-order.ts";
import { banCrowded } from "./utilization.ts";
import {
  ABSENT,
  nodeAvailable,
  type SchedColocation,
  type SchedNode,
  type SchedResource,
  type World,
} from "./world.ts";

/** Gives every resource its node. What others depend on is placed before them, on the way. */
export function placeAll(world: World): void {
  if (world.settings.placementStrategy !== "default") sortByWish(world);
  if (world.haveRemoteNodes) {
    for (const resource of world.resources) {
      if (resource.isRemoteConnection) place(world, resource, resource.migrationTarget);
    }
  }
  for (const resource of world.resources) if (!resource.isRemoteConnection) place(world, resource, undefined);
}

/**
 * With any placement strategy but the default one, resources that have more to lose go first: by priority, then by the
 * score on their present node, then by their best nodes.
 */
function sortByWish(world: World): void {
  const nodes = mergeSort(world.nodes, (left, right) =>
    compareNodes(world, left, left.score, right, right.score, undefined),
  );
  const keys = new Map<SchedResource, readonly number[]>();
  for (const resource of world.resources) {
    const wished = wishedScores(world, resource);
    const at = (node: SchedNode | undefined) => {
      const score = node === undefined ? ABSENT : (wished[node.index] ?? ABSENT);
      return score === ABSENT ? -INFINITY_SCORE : score;
    };
    keys.set(resource, [at(currentNode(resource)), ...nodes.map(at)]);
  }
  world.resources = world.resources.toSorted((left, right) => {
    if (left.priority !== right.priority) return right.priority - left.priority;
    const first = keys.get(left) ?? [];
    const second = keys.get(right) ?? [];
    for (let index = 0; index < first.length; index += 1) {
      const difference = (second[index] ?? 0) - (first[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

/** @returns the one node it got, if it is one */
export function place(world: World, resource: SchedResource, prefer: SchedNode | undefined): SchedNode | undefined {
  switch (resource.kind) {
    case "primitive":
      return placePrimitive(world, resource, prefer);
    case "group":
      return placeGroup(world, resource, prefer);
    case "clone":
      placeClone(world, resource);
      return undefined;
    default:
      return resource.kind satisfies never;
  }
}

function placePrimitive(world: World, resource: SchedResource, prefer: SchedNode | undefined): SchedNode | undefined {
  const parent = resource.parent;
  // Never a member before its group, or an instance before its clone.
  if (parent !== undefined && !parent.placing) place(world, parent, prefer);
  if (!resource.provisional) return resource.assigned;
  // Two that wait for each other: the one that was asked first decides without the other.
  if (resource.placing) return undefined;
  resource.placing = true;
  for (const colocation of resource.thisWith.slice()) followPrimary(world, resource, colocation);
  for (const colocation of resource.withThis.slice()) {
    if (hasInfluence(colocation)) followDependents(world, resource, colocation);
  }
  limitByRole(world, resource);
  choose(world, resource, prefer);
  resource.placing = false;
  if (resource.isRemoteConnection) connectionPlaced(world, resource);
  return resource.assigned;
}

/** The other one is placed first; then its node counts. */
function followPrimary(world: World, resource: SchedResource, colocation: SchedColocation): void {
  const revertible =
    colocation.dependentRole >= ROLE.promoted || (colocation.score < 0 && colocation.score > -INFINITY_SCORE);
  const archive = revertible ? copyScores(world, resource.scores) : undefined;
  place(world, colocation.primary, undefined);
  applyForDependent(world, resource, colocation);
  if (archive !== undefined && !anyNodeAvailable(world, resource.scores)) resource.scores = archive;
}

function followDependents(world: World, resource: SchedResource, colocation: SchedColocation): void {
  const before = resource.scores;
  const factor = Math.fround(colocation.score / INFINITY_SCORE);
  const how = { keepUsable: true, positive: false, upwards: false };
  resource.scores = addColocatedScores(world, colocation.dependent, before, colocation.attribute, factor, how);
  if (world.recorder?.wants(resource.id) !== true) return;
  for (const node of world.nodes) {
    const old = before[node.index] ?? 0;
    const score = resource.scores[node.index] ?? 0;
    if (score === old) continue;
    const { id: source, at } = colocation;
    world.recorder.step({
      resource: resource.id,
      node: node.name,
      code: "SCORE_FOLLOWER",
      delta: score - old,
      score,
      source,
      at,
    });
  }
}

function limitByRole(world: World, resource: SchedResource): void {
  if (resource.nextRole === ROLE.stopped) banEverywhere(world, resource, "SCORE_TARGET_ROLE", "target-role");
  else if (resource.nextRole > resource.role && !world.state.quorate && world.settings.noQuorumPolicy === "freeze") {
    resource.nextRole = resource.role;
  }
  // Without a way to fence, nothing may be touched while fencing is asked for.
  if (world.settings.fencingEnabled && !world.haveFenceDevice) resource.managed = false;
}

function choose(world: World, resource: SchedResource, prefer: SchedNode | undefined): void {
  if (!resource.managed) {
    resource.nextRole = resource.role;
    assignNode(world, resource, currentNode(resource), true);
  } else if (world.settings.stopAllResources) assignNode(world, resource, undefined, true);
  else chooseBest(world, resource, prefer);
}

function chooseBest(world: World, resource: SchedResource, wanted: SchedNode | undefined): void {
  const mostFree = banCrowded(world, resource);
  const prefer = wanted ?? mostFree;
  if (!resource.provisional) return;
  const best = bestNode(world, resource.scores, currentNode(resource));
  const score = (node: SchedNode) => resource.scores[node.index] ?? ABSENT;
  let chosen: SchedNode | undefined;
  if (prefer !== undefined && best !== undefined && score(prefer) !== ABSENT) {
    if (score(prefer) >= score(best) && nodeAvailable(prefer)) chosen = prefer;
  }
  chosen ??= best === undefined ? undefined : stayIfEqual(resource, best, score);
  assignNode(world, resource, chosen, false);
}

/** Among nodes that are as good as the best one, it stays where it is. */
function stayIfEqual(resource: SchedResource, best: SchedNode, score: (node: SchedNode) => number): SchedNode {
  if (resource.parent?.kind === "clone" && resource.parent.unique) return best;
  if (score(best) <= 0 || !nodeAvailable(best)) return best;
  const running = currentNode(resource);
  if (running === undefined || !nodeAvailable(running)) return best;
  return score(running) === score(best) ? running : best;
}

/** A remote node is up where its connection will be up. */
function connectionPlaced(world: World, connection: SchedResource): void {
  const node = world.nodesById.get(connection.id);
  if (node === undefined) return;
  if (connection.assigned !== undefined && connection.nextRole !== ROLE.stopped) {
    node.online = true;
    if (node.unseen) node.unclean = false;
  } else node.shutdown = true;
}
