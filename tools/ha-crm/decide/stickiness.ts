import { addScore } from "./scores.ts";
import { ABSENT, type SchedResource, type World } from "./world.ts";

/** A managed resource that is active on exactly one node prefers to stay there. */
export function applyStickiness(world: World, resource: SchedResource): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) applyStickiness(world, child);
    return;
  }
  const node = resource.runningOn[0];
  if (!resource.managed || resource.stickiness < 1 || node === undefined || resource.runningOn.length !== 1) return;
  // In an opt-in cluster the node must still be allowed.
  if (!world.settings.symmetric && (resource.scores[node.index] ?? ABSENT) === ABSENT) return;
  addScore(world, resource, node, resource.stickiness, "SCORE_STICKINESS", "resource-stickiness");
}
