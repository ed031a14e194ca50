import { INFINITY_SCORE } from "../model/score.ts";
import { addScore } from "./scores.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** Notes that a resource is active on a node, and what follows when it is active on more than one. */
export function addRunning(world: World, resource: SchedResource, node: SchedNode, _failed: boolean): void {
  if (resource.runningOn.includes(node)) return;
  resource.runningOn.push(node);
  if (resource.kind === "primitive") {
    node.running.push(resource);
    if (node.maintenance) resource.managed = false;
  }
  if (!resource.managed) {
    // What is around it is not held there by it.
    addScore(world, resource, node, INFINITY_SCORE, "SCORE_UNMANAGED", "is-managed");
    return;
  }
  if (resource.kind === "primitive" && countActive(resource) > 1) handleMultiple(world, resource);
  if (resource.parent !== undefined) addRunning(world, resource.parent, node, false);
}

/** On nodes that are to be fenced it counts as active only when it waits for the fencing. */
function countActive(resource: SchedResource): number {
  if (resource.needsFencing) return resource.runningOn.length;
  return resource.runningOn.filter((node) => node.online && !node.unclean).length;
}

function handleMultiple(world: World, resource: SchedResource): void {
  switch (resource.multipleActive) {
    case "stop_only":
      for (const node of world.nodes) resource.scores[node.index] = -INFINITY_SCORE;
      break;
    case "block":
      blockFamily(resource);
      break;
    default:
  }
}

/** With multiple-active=block a whole group stands still. */
function blockFamily(resource: SchedResource): void {
  resource.managed = false;
  resource.blocked = true;
  const parent = resource.parent;
  if (parent === undefined || parent.kind !== "group" || parent.multipleActive !== "block") return;
  parent.managed = false;
  parent.blocked = true;
  for (const child of parent.children) {
    child.managed = false;
    child.blocked = true;
  }
}
