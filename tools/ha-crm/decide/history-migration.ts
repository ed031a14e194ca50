import type { HistoryEntry } from "../model/state.ts";
import type { HistoryRun } from "./history-entry.ts";
import { findNode, type SchedNode } from "./world.ts";
import { ROLE } from "./roles.ts";
import { stopAction } from "./make-action.ts";
import { addRunning } from "./running.ts";

/** Live migrations in the history: who has the resource after one that was cut short, failed, or was only half done. */
interface Peers {
  readonly source: SchedNode | undefined;
  readonly target: SchedNode | undefined;
}

function peers(run: HistoryRun, entry: HistoryEntry): Peers {
  const find = (name: string | undefined) => (name === undefined ? undefined : findNode(run.world, name));
  return { source: find(entry.migrateSource), target: find(entry.migrateTarget) };
}

/** The newest entry of an operation of this resource on another node. */
function newestOn(run: HistoryRun, node: SchedNode, operation: string): HistoryEntry | undefined {
  const name = run.resource.historyName ?? run.resource.name;
  const history = node.state?.history.find((one) => one.resource === name);
  let newest: HistoryEntry | undefined;
  for (const entry of history?.entries ?? []) {
    if (entry.operation === operation && (newest === undefined || entry.callId >= newest.callId)) newest = entry;
  }
  return newest;
}

function laterThan(run: HistoryRun, node: SchedNode, entry: HistoryEntry, operations: readonly string[]): boolean {
  const name = run.resource.historyName ?? run.resource.name;
  const history = node.state?.history.find((one) => one.resource === name);
  return (history?.entries ?? []).some(
    (one) => operations.includes(one.operation) && one.callId > entry.callId && one.status !== -1,
  );
}

/** A hand-over that was under way on a node that is lost: the target may have it, and is stopped. */
export function migrateToPending(run: HistoryRun, entry: HistoryEntry): void {
  const { target } = peers(run, entry);
  if (run.node.unclean && target !== undefined) stopAction(run.world, run.resource, target, false);
}

/** The source has handed over. Whether the target has taken it is in the target's history. */
export function migrateToSucceeded(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, node, world } = run;
  const { target } = peers(run, entry);
  if (laterThan(run, node, entry, ["stop", "start"])) return;
  if (target === undefined) {
    resource.role = ROLE.started;
    return;
  }
  const from = newestOn(run, target, "migrate_from");
  const later =
    from !== undefined && ["stop", "start"].some((one) => (newestOn(run, target, one)?.callId ?? -1) > from.callId);
  resource.role = ROLE.started;
  if (from !== undefined && from.status !== -1 && from.rc === 0) {
    // Complete, but the source was not stopped yet.
    if (!later) addDangling(run, node);
    return;
  }
  if (from !== undefined && from.status !== -1) {
    if (target.online) addRunning(world, resource, target, true);
    return;
  }
  if (target.online && !target.unclean) {
    resource.migrationTarget = target;
    resource.migrationSource = node;
    addRunning(world, resource, target, false);
  } else {
    resource.failed = true;
    resource.stopOnFail = true;
  }
}

function addDangling(run: HistoryRun, source: SchedNode): void {
  if (run.resource.role !== ROLE.stopped) {
    run.resource.role = ROLE.stopped;
    run.resource.danglingMigrations.push(source);
  }
}

/** The hand-over failed: the resource may be on both nodes. */
export function migrateToFailed(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, world } = run;
  const { target } = peers(run, entry);
  resource.role = ROLE.started;
  if (target === undefined) return;
  const stop = newestOn(run, target, "stop");
  const from = newestOn(run, target, "migrate_from");
  const stopped = stop !== undefined && stop.rc === 0 && stop.callId > (from?.callId ?? -1);
  if (!stopped && target.online && from !== undefined) addRunning(world, resource, target, true);
}

/** Taking over failed: the resource may still be on the source. */
export function migrateFromFailed(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, world } = run;
  const { source } = peers(run, entry);
  resource.role = ROLE.started;
  if (source === undefined) return;
  const stop = newestOn(run, source, "stop");
  const to = newestOn(run, source, "migrate_to");
  const stopped = stop !== undefined && stop.rc === 0 && stop.callId > (to?.callId ?? -1);
  if (!stopped && source.online) addRunning(world, resource, source, true);
}
