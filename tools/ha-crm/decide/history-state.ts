import { INFINITY_SCORE } from "../model/score.ts";
import { demoteAction, stopAction } from "./make-action.ts";
import { ACT } from "./action.ts";
import { fenceNode } from "./fence-node.ts";
import type { HistoryRun } from "./history-entry.ts";
import { ROLE } from "./roles.ts";
import { addRunning } from "./running.ts";
import { addScore } from "./scores.ts";
import type { OnFail } from "./world.ts";

/** After all entries were replayed: what the role found and the failures mean for node and resource. */
export function finishResourceState(run: HistoryRun): void {
  const { resource, node, world } = run;
  if (resource.role !== ROLE.unknown) rememberKnown(run);
  const active = resource.role > ROLE.stopped;
  if (active && !node.online && !node.maintenance && resource.managed) {
    if (node.isGuest) {
      // It comes back with its machine, with or without fencing devices.
      resource.failed = true;
      resource.stopOnFail = true;
      fenceNode(world, node, `${resource.id} is thought to be active there`);
    } else if (world.settings.fencingEnabled && !node.isRemote)
      fenceNode(world, node, `${resource.id} is thought to be active there`);
    else if (world.settings.fencingEnabled && node.isRemote) {
      if (node.connection !== undefined && !node.connection.failed) node.unseen = true;
      fenceNode(world, node, `${resource.id} is thought to be active there`);
    }
  }
  const wanted = run.onFail;
  const onFail: OnFail = node.unclean ? "ignore" : run.onFail;
  applyFailure(run, onFail);
  if (resource.role !== ROLE.stopped && resource.role !== ROLE.unknown) {
    addRunning(world, resource, node, wanted !== "ignore");
    if (onFail === "demote" || onFail === "block") resource.failed = true;
    else if (onFail !== "ignore") {
      resource.failed = true;
      resource.stopOnFail = true;
    }
  } else {
    // What was planned because of failures isn't needed: it is stopped.
    const stops = resource.actionsByTask.get("stop");
    if (stops !== undefined) for (const action of stops) if (action.node === node) action.set(ACT.optional);
  }
  if (resource.role === ROLE.stopped && resource.migrationSource === node && resource.migrationTarget !== undefined) {
    resource.role = ROLE.started;
  }
}

function rememberKnown(run: HistoryRun): void {
  let at = run.resource;
  for (;;) {
    at.knownOn.add(run.node);
    if (at.unique || at.parent === undefined) return;
    at = at.parent;
  }
}

function applyFailure(run: HistoryRun, onFail: OnFail): void {
  const { resource, node, world } = run;
  switch (onFail) {
    case "ignore":
      break;
    case "demote":
      resource.failed = true;
      demoteAction(world, resource, node, false);
      break;
    case "fence":
      fenceNode(world, node, `${resource.id} failed there`);
      break;
    case "standby":
      node.standby = true;
      node.standbyOnFail = true;
      break;
    case "block":
      resource.managed = false;
      resource.blocked = true;
      break;
    case "ban":
      addScore(world, resource, node, -INFINITY_SCORE, "SCORE_FAILURES", "on-fail=migrate");
      break;
    case "stop":
      resource.nextRole = ROLE.stopped;
      break;
    case "reset-remote": {
      resource.failed = true;
      resource.stopOnFail = true;
      const remote = world.nodesById.get(resource.id);
      if (world.settings.fencingEnabled && remote !== undefined && remote.state?.nodeFenced !== true)
        fenceNode(world, remote, "remote connection is unrecoverable");
      if (resource.role > ROLE.stopped) stopAction(world, resource, node, false);
      if (resource.reconnectMs > 0) resource.nextRole = ROLE.stopped;
      break;
    }
    case "restart-container":
      resource.failed = true;
      resource.stopOnFail = true;
      if (resource.container !== undefined) stopAction(world, resource.container, node, false);
      else if (resource.role > ROLE.stopped) stopAction(world, resource, node, false);
      break;
    case "restart":
      if (resource.role !== ROLE.stopped && resource.role !== ROLE.unknown) {
        resource.failed = true;
        resource.stopOnFail = true;
        stopAction(world, resource, node, false);
      }
      break;
    default:
      onFail satisfies never;
  }
}
