import { applyNodeAttributes } from "./unpack-nodes.ts";
import { fenceNode } from "./fence-node.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode, World } from "./world.ts";

/** A remote node is as its connection resource is: it is up where the connection is up. */
export function nodeRuns(world: World, node: SchedNode): void {
  const connection = node.connection;
  node.unseen = false;
  applyNodeAttributes(node);
  if (connection === undefined) {
    node.online = false;
    node.unclean = false;
    return;
  }
  node.unclean = false;
  const active = connection.runningOn.length > 0 && connection.role === ROLE.started;
  node.online = active;
  if (connection.role === ROLE.started && connection.nextRole === ROLE.stopped) node.shutdown = true;
  if (connection.failed && active) {
    node.online = false;
    if (world.settings.fencingEnabled) fenceNode(world, node, "connection resource has failed");
  }
  if (connection.nextRole === ROLE.stopped || connection.role === ROLE.stopped) {
    node.online = active && connection.nextRole !== ROLE.stopped;
  }
  if (connection.runningOn.length === 1 && connection.runningOn[0] !== undefined) {
    const host = connection.runningOn[0];
    if (!host.online && !host.isRemote) node.online = false;
  }
  if (!node.online && node.state === undefined) node.unseen = true;
}
