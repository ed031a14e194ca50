import { ACT, ORD, type SchedAction } from "./action.ts";
import { currentNode } from "./family.ts";
import { fenceNode } from "./fence-node.ts";
import { addOrdering } from "./ordering-list.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** How far a remote node can be reached through its connection. */
type Reach = "alive" | "resting" | "unknown" | "stopped" | "failed";

function reachOf(connection: SchedResource, node: SchedNode): Reach {
  const host = currentNode(connection);
  if (connection.nextRole === ROLE.stopped || connection.assigned === undefined) {
    // Nobody will hold the connection any more.
    if (host?.unclean === true) return "failed";
    if (!connection.failed) return "stopped";
    const waits = connection.nextRole === ROLE.stopped && connection.reconnectMs > 0;
    // Whether a fenced node can be reached again is known when the connection is tried again.
    return waits && node.state?.nodeFenced === true && !node.shutdown ? "unknown" : "failed";
  }
  if (host === undefined) return "unknown";
  if (host.unclean || !host.online) return "resting";
  const migrating = connection.migrationSource !== undefined && connection.migrationTarget !== undefined;
  return connection.runningOn.length > 1 && migrating ? "resting" : "alive";
}

/** What is done on a remote node is done while its connection is up; what can't be undone any more is fenced. */
export function orderRemoteActions(world: World): void {
  if (!world.haveRemoteNodes) return;
  for (const action of world.actions.slice()) {
    const resource = action.resource;
    if (resource === undefined) continue;
    if (resource.isRemoteConnection && action.task === "clear_failcount") {
      addOrdering(world, { firstAction: action, then: resource, thenTask: "start", flags: ORD.ordered });
      continue;
    }
    const connection = action.node?.isRemote === true ? action.node.connection : undefined;
    if (connection === undefined || action.has(ACT.pseudo)) continue;
    if (action.task === "start") leaveOnlyWhenUp(world, connection, action);
    if (connection.container === undefined) orderRemoteAction(world, connection, action);
    else orderGuestAction(world, connection, connection.container, action);
  }
}

/** On a guest node, what fails with the machine is recovered with it. */
function orderGuestAction(world: World, connection: SchedResource, machine: SchedResource, action: SchedAction): void {
  if (machine.failed && action.node !== undefined) fenceGuest(action.node);
  switch (action.task) {
    case "start":
    case "promote":
      afterConnection(world, machine, action, ORD.impliesThen);
      afterConnection(world, connection, action, ORD.none);
      break;
    case "stop":
    case "demote":
      // The stop of a failed machine stops everything on it.
      if (!machine.failed) beforeDisconnection(world, connection, action, ORD.none);
      break;
    default:
      afterConnection(world, connection, action, action.intervalMs > 0 ? ORD.impliesThen : ORD.none);
  }
}

function fenceGuest(node: SchedNode): void {
  node.remoteRequiresReset = true;
}

/** What moves to a remote node stays where it is until the connection is there. */
function leaveOnlyWhenUp(world: World, connection: SchedResource, start: SchedAction): void {
  for (const stop of start.resource?.actionsByTask.get("stop") ?? []) {
    if (stop.node === undefined || stop.node === start.node) continue;
    addOrdering(world, { first: connection, firstTask: "start", thenAction: stop, flags: ORD.ordered });
  }
}

function afterConnection(world: World, connection: SchedResource, action: SchedAction, flags: number): void {
  const all = flags | ORD.preserve | ORD.runnableLeft;
  addOrdering(world, { first: connection, firstTask: "start", thenAction: action, flags: all });
}

function beforeDisconnection(world: World, connection: SchedResource, action: SchedAction, flags: number): void {
  addOrdering(world, { firstAction: action, then: connection, thenTask: "stop", flags: flags | ORD.preserve });
}

function orderRemoteAction(world: World, connection: SchedResource, action: SchedAction): void {
  const node = action.node;
  if (node === undefined) return;
  const reach = reachOf(connection, node);
  switch (action.task) {
    case "start":
    case "promote":
      afterConnection(world, connection, action, reach === "failed" ? ORD.impliesThen : ORD.none);
      break;
    case "stop":
    case "migrate_to":
    case "migrate_from":
      if (reach === "alive") beforeDisconnection(world, connection, action, ORD.impliesFirst);
      else if (reach === "failed")
        fenceNode(world, node, "resources are active there and the connection can't be restored");
      else if (connection.nextRole === ROLE.stopped) beforeDisconnection(world, connection, action, ORD.impliesFirst);
      else afterConnection(world, connection, action, ORD.none);
      break;
    case "demote":
      if (reach === "resting" || reach === "unknown") afterConnection(world, connection, action, ORD.none);
      break;
    default:
      if (action.intervalMs > 0) {
        if (!action.has(ACT.cancelled)) afterConnection(world, connection, action, ORD.impliesThen);
      } else orderProbe(world, connection, action, reach);
  }
}

function orderProbe(world: World, connection: SchedResource, action: SchedAction, reach: Reach): void {
  if (action.task === "monitor" && reach === "failed" && action.node !== undefined)
    fenceNode(world, action.node, "it is not known what runs there and the connection can't be restored");
  if (currentNode(connection) !== undefined && reach === "stopped")
    beforeDisconnection(world, connection, action, ORD.runnableLeft);
  else afterConnection(world, connection, action, ORD.none);
}
