import { guestState } from "./guest-nodes.ts";
import { applyNodeAttributes } from "./unpack-nodes.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode } from "./world.ts";

/** A remote node is as its connection resource is: it is up where the connection is up. */
export function nodeRuns(node: SchedNode): void {
  const connection = node.connection;
  node.unseen = false;
  applyNodeAttributes(node);
  if (connection === undefined) {
    node.online = false;
    node.unclean = false;
    return;
  }
  node.online = connection.role === ROLE.started && !connection.failed;
  if (connection.container !== undefined) guestState(node, connection, connection.container);
  if (connection.role === ROLE.started && connection.nextRole === ROLE.stopped) node.shutdown = true;
  if (!node.online && node.state === undefined) node.unseen = true;
}
