import type { HistoryEntry } from "../model/state.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import { clearFailures } from "./changed-parameters.ts";
import { changeSince } from "./digest.ts";
import { failCount } from "./failures.ts";
import { canFence } from "./fence-node.ts";
import { type OnFail, type SchedNode, type SchedResource, type World } from "./world.ts";
import { migrateFromFailed, migrateToFailed, migrateToPending, migrateToSucceeded } from "./history-migration.ts";
import { ROLE } from "./roles.ts";
import { addScore, banEverywhere } from "./scores.ts";
import { failurePlan } from "./unpack-operations.ts";

/** One resource on one node while its history is replayed. */
export interface HistoryRun {
  readonly world: World;
  readonly resource: SchedResource;
  readonly node: SchedNode;
  /** The worst that the failures so far ask for. */
  onFail: OnFail;
  lastFailure: HistoryEntry | undefined;
  readonly entries: readonly HistoryEntry[];
}

const RC = {
  ok: 0,
  invalidParameter: 2,
  unimplemented: 3,
  insufficientPrivileges: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  promoted: 8,
  promotedFailed: 9,
  degraded: 190,
  degradedPromoted: 191,
} as const;

const STATUS = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  hard: 5,
  fatal: 6,
  notInstalled: 7,
  notConnected: 8,
  noFenceDevice: 10,
  noSecrets: 11,
} as const;

/** How grave the answers to a failure are; the gravest of all failures counts. */
const GRAVITY: Readonly<Record<OnFail, number>> = {
  ignore: 1,
  demote: 2,
  restart: 3,
  "reset-remote": 4,
  "restart-container": 5,
  ban: 6,
  block: 7,
  stop: 8,
  standby: 9,
  fence: 10,
};

export function isGraver(one: OnFail, other: OnFail): boolean {
  return GRAVITY[one] > GRAVITY[other];
}

export function applyEntry(run: HistoryRun, entry: HistoryEntry): void {
  const isProbe = entry.operation === "monitor" && entry.intervalMs === 0;
  if (entry.operation === "notify" || entry.operation === "meta-data") return;
  const rc = entry.operation === "monitor" ? healthyRc(entry.rc) : entry.rc;
  const old = entry.status !== STATUS.notInstalled && isOld(run, entry);
  if (!old && entry.status !== STATUS.notInstalled) forgetOfOtherParameters(run, entry);
  if (isProbe && isImpossible(entry)) {
    applyImpossible(run, entry, old);
    return;
  }
  const status = remapStatus(run, entry, rc, isProbe);
  if (status === STATUS.hard) blockUnstoppable(run, entry);
  if (old && rc !== entry.expectedRc && isForgotten(run, entry, rc, isProbe)) return;
  switch (status) {
    case STATUS.pending:
      applyPending(run, entry);
      return;
    case STATUS.done:
      succeed(run, entry, rc);
      return;
    case STATUS.cancelled:
      return;
    case STATUS.notConnected:
      failConnection(run.node);
      fail(run, entry, rc, status, isProbe);
      return;
    default:
      fail(run, entry, rc, status, isProbe);
  }
}

/** A monitor may say that all is not quite well: for the cluster that is as good as well. */
function healthyRc(rc: number): number {
  return rc === RC.degraded ? RC.ok : rc === RC.degradedPromoted ? RC.promoted : rc;
}

/** A probe that found that the resource can't run there at all. */
function isImpossible(entry: HistoryEntry): boolean {
  return entry.rc === RC.notInstalled || entry.rc === RC.invalidParameter || entry.status === STATUS.notInstalled;
}

/** It isn't running there then, and is not put there; when that is long ago, nothing is known. */
function applyImpossible(run: HistoryRun, entry: HistoryEntry, old: boolean): void {
  const { resource, world, node } = run;
  run.onFail = "ignore";
  forgetFailureRole(resource);
  resource.role = old && entry.rc !== entry.expectedRc ? ROLE.unknown : ROLE.stopped;
  if (resource.role === ROLE.unknown) return;
  addScore(
    world,
    familyOf(resource),
    node,
    -INFINITY_SCORE,
    "SCORE_HARD_ERROR",
    `${entry.operationKey} rc=${entry.rc}`,
  );
}

/** Instances that are all alike succeed and fail together. */
function familyOf(resource: SchedResource): SchedResource {
  return resource.top.kind === "clone" && !resource.unique ? resource.top : resource;
}

function applyPending(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, node } = run;
  switch (entry.operation) {
    case "start":
      resource.startPending = true;
      setActive(resource);
      break;
    case "promote":
      resource.role = ROLE.promoted;
      break;
    case "migrate_to":
      migrateToPending(run, entry);
      break;
    default:
  }
  const isProbe = entry.operation === "monitor" && entry.intervalMs === 0;
  if (resource.pendingNode === undefined && !isProbe) resource.pendingNode = node;
}

export function setActive(resource: SchedResource): void {
  resource.role = resource.top.promotable ? ROLE.unpromoted : ROLE.started;
}

/** What an exit code means here, given what was expected. */
function remapStatus(run: HistoryRun, entry: HistoryEntry, rc: number, isProbe: boolean): number {
  const { resource } = run;
  const expected = entry.expectedRc;
  if (entry.status === STATUS.noFenceDevice || entry.status === STATUS.noSecrets) return STATUS.hard;
  if (entry.status !== STATUS.done && entry.status !== STATUS.error) return entry.status;
  const status = expected === rc ? STATUS.done : STATUS.error;
  switch (rc) {
    case RC.ok:
      return isProbe && expected === RC.notRunning ? STATUS.done : status;
    case RC.notRunning:
      if (!isProbe && expected !== rc && resource.managed) return status;
      run.onFail = "ignore";
      forgetFailureRole(resource);
      resource.role = ROLE.stopped;
      return STATUS.done;
    case RC.promoted:
      resource.role = ROLE.promoted;
      return isProbe ? STATUS.done : status;
    case RC.degradedPromoted:
    case RC.promotedFailed:
      resource.role = ROLE.promoted;
      return STATUS.error;
    case RC.notConfigured:
      return STATUS.fatal;
    case RC.unimplemented:
      return entry.intervalMs > 0 ? STATUS.notSupported : STATUS.hard;
    case RC.invalidParameter:
    case RC.insufficientPrivileges:
    case RC.notInstalled:
      return STATUS.hard;
    default:
      return STATUS.error;
  }
}

/** What can't be stopped for a lasting reason, on a node that can't be fenced, is beyond help: it is left alone. */
function blockUnstoppable(run: HistoryRun, entry: HistoryEntry): void {
  if (entry.operation !== "stop" || canFence(run.world, run.node)) return;
  if (entry.status !== STATUS.done && entry.status !== STATUS.error) return;
  run.resource.managed = false;
  run.resource.blocked = true;
}

/** A failure with other parameters than today's doesn't count for today's. */
function forgetOfOtherParameters(run: HistoryRun, entry: HistoryEntry): void {
  const { resource, world, node } = run;
  if (entry.digest === undefined || !entry.id.endsWith("_last_failure_0")) return;
  if (entry.operation !== "start" && entry.operation !== "monitor") return;
  if (changeSince(world, resource, node, entry) !== "none") clearFailures(world, resource, node);
}

/** Older than the resource's failure-timeout, and no newer failures count. */
function isOld(run: HistoryRun, entry: HistoryEntry): boolean {
  const { resource, world, node } = run;
  if (resource.failureTimeoutMs <= 0 || entry.lastRcChange === undefined) return false;
  const isPast = world.now >= entry.lastRcChange + Math.trunc(resource.failureTimeoutMs / 1000);
  const counting = failCount(world, resource, node, true, entry);
  if (!isPast || waitsForFencing(run, entry)) return false;
  if (failCount(world, resource, node, false, entry) > 0) {
    if (counting > 0) return false;
    clearFailures(world, resource, node);
  } else if (resource.reconnectMs > 0 && entry.id.endsWith("_last_failure_0")) clearFailures(world, resource, node);
  return true;
}

/** Is an old failure one that no longer counts? */
function isForgotten(run: HistoryRun, entry: HistoryEntry, rc: number, isProbe: boolean): boolean {
  // What a probe found stays true.
  if (isProbe) return ![RC.ok, RC.notRunning, RC.promoted].some((one) => one === rc);
  if (entry.intervalMs === 0) return true;
  if (!run.node.online || run.node.unclean) return false;
  // Only changes of a monitor's result are told: begun anew, it tells if it still finds the same. Pacemaker sees to it by
  // the parameters, which it compares once for each operation.
  if (run.entries.find((one) => one.operationKey === entry.operationKey) === entry) run.world.forgotten.add(entry);
  return true;
}

/** That a connection with a reconnect_interval was lost counts until the node behind it was fenced. */
function waitsForFencing(run: HistoryRun, entry: HistoryEntry): boolean {
  const { resource, world } = run;
  if (resource.reconnectMs === 0 || !world.settings.fencingEnabled) return false;
  if (entry.operation !== "monitor" || entry.intervalMs === 0) return false;
  const remote = world.nodesById.get(resource.id);
  return remote !== undefined && remote.state?.nodeFenced !== true;
}

function succeed(run: HistoryRun, entry: HistoryEntry, rc: number): void {
  const { resource } = run;
  let clears = false;
  if (rc === RC.notRunning) clears = true;
  else if (rc === RC.notInstalled) resource.role = ROLE.stopped;
  else {
    switch (entry.operation) {
      case "monitor":
        clears = run.lastFailure !== undefined && run.lastFailure.operationKey === entry.operationKey;
        if (resource.role < ROLE.started) setActive(resource);
        break;
      case "start":
      case "migrate_from":
        // Of a promotable clone, too: it is known to be unpromoted once a monitor has said so, or the roles are given out.
        resource.role = ROLE.started;
        clears = true;
        break;
      case "stop":
        resource.role = ROLE.stopped;
        clears = true;
        break;
      case "promote":
        resource.role = ROLE.promoted;
        clears = true;
        break;
      case "demote":
        resource.role = ROLE.unpromoted;
        clears = run.onFail === "demote";
        break;
      case "migrate_to":
        migrateToSucceeded(run, entry);
        break;
      default:
        if (resource.role < ROLE.started) setActive(resource);
    }
  }
  if (clears) clearFailure(run);
}

/** A success ends what an earlier failure began, but not a ban, a stop, a standby or a fencing. */
function clearFailure(run: HistoryRun): void {
  switch (run.onFail) {
    case "stop":
    case "fence":
    case "ban":
    case "standby":
      return;
    case "reset-remote":
      // Until the interval is over the connection stays down.
      if (run.resource.reconnectMs > 0) return;
      break;
    default:
  }
  run.onFail = "ignore";
  forgetFailureRole(run.resource);
}

/** Nothing could be asked for there: the connection to the node is no good, whatever it says of itself. */
function failConnection(node: SchedNode): void {
  const { connection } = node;
  if (connection === undefined || !connection.managed) return;
  connection.failed = true;
  connection.stopOnFail = true;
}

function forgetFailureRole(resource: SchedResource): void {
  if (resource.failureRole === undefined) return;
  resource.nextRole = resource.roleBeforeFailure;
  resource.failureRole = undefined;
}

function fail(run: HistoryRun, entry: HistoryEntry, rc: number, status: number, isProbe: boolean): void {
  const { resource, world, node } = run;
  const plan = failurePlan(world, resource, entry.operation, entry.intervalMs);
  const ignored = plan.onFail === "ignore" || (plan.onFail === "restart-container" && entry.operation === "stop");
  if (ignored && status !== STATUS.notInstalled) {
    succeed(run, entry, entry.expectedRc);
    resource.failureIgnored = true;
    if (plan.onFail === "restart-container" && !isGraver(run.onFail, "restart")) run.onFail = plan.onFail;
    return;
  }
  if (ignored) run.onFail = "ban";
  failAction(run, entry, rc, isProbe);
  const cause = `${entry.operationKey} rc=${rc}`;
  if (status === STATUS.hard || status === STATUS.notInstalled)
    addScore(world, familyOf(resource), node, -INFINITY_SCORE, "SCORE_HARD_ERROR", cause);
  if (status === STATUS.fatal) banEverywhere(world, familyOf(resource), "SCORE_HARD_ERROR", cause);
}

function failAction(run: HistoryRun, entry: HistoryEntry, rc: number, isProbe: boolean): void {
  const { resource, world, node } = run;
  run.lastFailure = entry;
  const plan = failurePlan(world, resource, entry.operation, entry.intervalMs);
  if (isGraver(plan.onFail, run.onFail)) run.onFail = plan.onFail;
  switch (entry.operation) {
    case "stop":
      addScore(world, resource, node, -INFINITY_SCORE, "SCORE_STOP_FAILED", entry.operationKey);
      break;
    case "migrate_to":
      migrateToFailed(run, entry);
      break;
    case "migrate_from":
      migrateFromFailed(run, entry);
      break;
    case "promote":
      resource.role = ROLE.promoted;
      break;
    case "demote":
      if (plan.onFail === "block") {
        resource.role = ROLE.promoted;
        resource.nextRole = ROLE.stopped;
      } else resource.role = rc === RC.notRunning ? ROLE.stopped : ROLE.unpromoted;
      break;
    default:
  }
  if (isProbe && rc === RC.notInstalled) resource.role = ROLE.stopped;
  else if (resource.role < ROLE.started) setActive(resource);
  if (plan.role !== ROLE.started && (resource.nextRole === ROLE.unknown || plan.role < resource.nextRole))
    rememberFailureRole(resource, plan.role);
  if (plan.role === ROLE.stopped) for (const one of world.nodes) familyOf(resource).scores[one.index] = -INFINITY_SCORE;
}

function rememberFailureRole(resource: SchedResource, role: SchedResource["nextRole"]): void {
  resource.roleBeforeFailure = resource.nextRole;
  resource.failureRole = role;
  resource.nextRole = role;
}
