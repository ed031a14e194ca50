import type { ResourceHistory } from "../model/state.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import { ACT } from "./action.ts";
import { makeAction } from "./make-action.ts";
import { addScore } from "./scores.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/**
 * With `shutdown-lock`, what is stopped because its node shuts down in good order waits for that node: other nodes are
 * banned until it is back, or until `shutdown-lock-limit` has passed. The history keeps since when.
 */
export function readShutdownLock(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  history: ResourceHistory,
): void {
  const since = history.shutdownLock ?? 0;
  if (!world.settings.shutdownLock || since === 0) return;
  const until = lockEnd(world, since);
  if (until !== undefined && world.now > until) forgetLock(world, resource, node);
  else resource.lock = { node, since };
}

/** @returns undefined when the lock has no limit */
function lockEnd(world: World, since: number): number | undefined {
  const limitMs = world.settings.shutdownLockLimitMs;
  return limitMs === 0 ? undefined : since + Math.trunc(limitMs / 1000);
}

/** The history is what holds the lock. */
function forgetLock(world: World, resource: SchedResource, node: SchedNode): void {
  makeAction(world, resource, "lrm_delete", 0, node, false).set(ACT.onCoordinator | ACT.runnable);
}

/** Bans what is locked from all other nodes. */
export function applyShutdownLocks(world: World): void {
  if (!world.settings.shutdownLock) return;
  for (const resource of world.resources) applyLock(world, resource);
}

/** Only primitives and members of groups can be locked; fencing devices and connections are needed everywhere. */
function applyLock(world: World, resource: SchedResource): void {
  if (resource.kind === "group") {
    for (const child of resource.children) applyLock(world, child);
    return;
  }
  if (resource.kind !== "primitive" || resource.isFenceDevice || resource.isRemoteConnection) return;
  const [node, ...more] = resource.runningOn;
  if (resource.lock !== undefined && node !== undefined) {
    // Started elsewhere in the meantime: it is left alone there.
    forgetLock(world, resource, resource.lock.node);
    resource.lock = undefined;
  } else if (node?.shutdown === true && !node.unclean && more.length === 0)
    resource.lock = { node, since: shutdownTime(world, node) };
  const lock = resource.lock;
  if (lock === undefined) return;
  const until = lockEnd(world, lock.since);
  if (until !== undefined) world.lookAgainAt(until + 1);
  for (const other of world.nodes)
    if (other !== lock.node) addScore(world, resource, other, -INFINITY_SCORE, "SCORE_SHUTDOWN_LOCK", "shutdown-lock");
}

/** The node attribute `shutdown` says when it was asked for. */
function shutdownTime(world: World, node: SchedNode): number {
  const time = Number.parseInt(node.attributes.get("shutdown") ?? "", 10);
  return time > 1 ? time : world.now;
}
