import type { SchedNode, World } from "./world.ts";

/** Marks a node as not to be trusted until it was fenced. The action itself is made by `fencing.ts`. */
export function fenceNode(world: World, node: SchedNode, why: string): void {
  if (node.isGuest) {
    recoverMachine(world, node, why);
    return;
  }
  if (node.unclean) return;
  node.unclean = true;
  node.fenceReason = why;
  world.recorder?.decide("DECIDE_NODE_UNCLEAN", { node: node.name, why });
}

/** A guest node isn't marked: once its machine is recovered, things may run on it again. */
function recoverMachine(world: World, node: SchedNode, why: string): void {
  const machine = node.connection?.container;
  if (machine === undefined || machine.failed || !machine.managed) return;
  node.remoteRequiresReset = true;
  machine.failed = true;
  machine.stopOnFail = true;
  world.recorder?.decide("DECIDE_NODE_UNCLEAN", { node: node.name, why });
}

/** Can fencing be carried out at all? A guest node is fenced by stopping its machine. */
export function canFence(world: World, node: SchedNode): boolean {
  if (node.isGuest) {
    const hosts = node.connection?.container?.runningOn ?? [];
    return hosts.every((host) => host.online || canFence(world, host));
  }
  if (!world.settings.fencingEnabled || !world.haveFenceDevice) return false;
  if (world.state.quorate || world.settings.noQuorumPolicy === "ignore") return true;
  return node.online;
}
