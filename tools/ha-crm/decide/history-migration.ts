import type { HistoryEntry } from "../model/state.ts";
import type { HistoryRun } from "./history-entry.ts";
import { stopAction } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import { addRunning } from "./running.ts";
import { findNode, type SchedNode } from "./world.ts";

/** Live migrations in the history: who has the resource after one that was cut short, failed, or was only half done. */
interface Peers {
  readonly source: SchedNode | undefined;
  readonly target: SchedNode | undefined;
}

function peers(run: HistoryRun, entry: HistoryEntry): Peers {
  const find = (name: string | undefined) => (name === undefined ? undefined : findNode(run.world, name));
  return { source: find(entry.migrateSource), target: find(entry.migrateTarget) };
}

/** Instances that are all alike have one name in the histories: what is told there may be of another instance. */
function entriesOn(run: HistoryRun, node: SchedNode): readonly HistoryEntry[] {
  return node.state?.history.find((one) => one.resource === run.resource.id)?.entries ?? [];
}

/** Call numbers tell the order on one node, times the order between nodes. */
function isNewer(one: HistoryEntry, than: HistoryEntry, sameNode: boolean): boolean {
  if (one === than || (one.callId < 0 && than.callId < 0)) return false;
  if (sameNode && one.callId >= 0 && than.callId >= 0 && one.callId !== than.callId) return one.callId > than.callId;
  const at = one.lastRcChange;
  const other = than.lastRcChange;
  return at !== undefined && other !== undefined && at > other;
}

const CHANGES: ReadonlySet<string> = new Set(["start", "stop", "migrate_to", "migrate_from"]);
const NOT_RUNNING = 7;
const NO_ANSWER_YET = 193;

/** Was it started, stopped or moved there since? */
function changedAfter(run: HistoryRun, node: SchedNode, entry: HistoryEntry, sameNode: boolean): boolean {
  return entriesOn(run, node).some((one) => CHANGES.has(one.operation) && isNewer(one, entry, sameNode));
}

/** Is there anything newer that says what became of it there? */
function newerState(run: HistoryRun, node: SchedNode, entry: HistoryEntry, sameNode: boolean): boolean {
  const stopped = (one: HistoryEntry) =>
    one.operation === "monitor" && one.rc === NOT_RUNNING && isNewer(one, entry, sameNode);
  return changedAfter(run, node, entry, sameNode) || entriesOn(run, node).some(stopped);
}

/** Nothing at all is known of it there: a probe will tell. */
function unknownOn(run: HistoryRun, node: SchedNode): boolean {
  return entriesOn(run, node).every((one) => one.rc === NO_ANSWER_YET);
}

/** A hand-over that was under way on a node that is lost: the target may have it, and is stopped. */
export function migrateToPending(run: HistoryRun, entry: HistoryEntry): void {
  const { target } = peers(run, entry);
  if (run.node.unclean && target !== undefined) stopAction(run.world, run.resource, target, false);
}

/** The source has handed over. Whether the target has taken it is in the target's history. */
export function migrateToSucceeded(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, node, world } = run;
  const { source, target } = peers(run, entry);
  if (source === undefined) return;
  const movedOn = changedAfter(run, source, entry, true);
  if (target === undefined) {
    // The target is no node any more.
    resource.role = ROLE.started;
    if (!movedOn) needsRecovery(run);
    return;
  }
  const from = entriesOn(run, target).findLast(
    (one) => one.operation === "migrate_from" && one.migrateSource === source.name,
  );
  if (from !== undefined && movedOn) return;
  const settled = newerState(run, target, from ?? entry, from !== undefined);
  if (movedOn && settled) return;
  if (from !== undefined && from.rc === 0 && from.status === 0) {
    // Complete, but the source was not stopped yet.
    resource.role = ROLE.stopped;
    resource.danglingMigrations.push(node);
    return;
  }
  resource.role = ROLE.started;
  const there = !settled && target.online;
  if (from !== undefined && from.status !== -1) {
    if (there) addRunning(world, resource, target, true);
    else needsRecovery(run);
    return;
  }
  if (target.online && unknownOn(run, target)) return;
  if (there) {
    addRunning(world, resource, target, false);
    if (source.online) {
      resource.migrationTarget = target;
      resource.migrationSource = source;
    }
  } else if (!movedOn) needsRecovery(run);
}

function needsRecovery(run: HistoryRun): void {
  run.resource.failed = true;
  run.resource.stopOnFail = true;
  run.resource.allowMigrate = false;
}

/** The hand-over failed: unless something newer is known, the resource may be on both nodes. */
export function migrateToFailed(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, world, node } = run;
  const { source, target } = peers(run, entry);
  resource.role = ROLE.started;
  if (source === undefined || target === undefined) return;
  if (!newerState(run, target, entry, false)) {
    if (target.online && !unknownOn(run, target)) addRunning(world, resource, target, false);
  } else if (!changedAfter(run, source, entry, true)) resource.danglingMigrations.push(node);
}

/** Taking over failed: unless something newer is known, the resource may still be on the source. */
export function migrateFromFailed(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, world } = run;
  const { source } = peers(run, entry);
  resource.role = ROLE.started;
  if (source === undefined || unknownOn(run, source)) return;
  const to = entriesOn(run, source).findLast((one) => one.operation === "migrate_to");
  if (!newerState(run, source, to ?? entry, to !== undefined) && source.online)
    addRunning(world, resource, source, true);
}
