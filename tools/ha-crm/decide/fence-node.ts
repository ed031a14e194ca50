import type { SchedNode, World } from "./world.ts";

/** Marks a node as not to be trusted until it was fenced. The action itself is made by `fencing.ts`. */
export function fenceNode(world: World, node: SchedNode, why: string): void {
  if (node.isGuest) {
    node.remoteRequiresReset = true;
    return;
  }
  if (node.unclean) return;
  node.unclean = true;
  node.fenceReason = why;
  world.recorder?.decide("DECIDE_NODE_UNCLEAN", { node: node.name, why });
}

/** Can fencing be carried out at all? */
export function canFence(world: World, node: SchedNode): boolean {
  if (!world.settings.fencingEnabled || !world.haveFenceDevice) return false;
  if (world.state.quorate || world.settings.noQuorumPolicy === "ignore") return true;
  return node.online;
}
