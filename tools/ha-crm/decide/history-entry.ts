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
  invalid: 9,
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
  const { resource } = run;
  const isProbe = entry.operation === "monitor" && entry.intervalMs === 0;
  if (entry.operation === "notify" || entry.operation === "meta-data") return;
  if (entry.status === STATUS.notInstalled || entry.status === STATUS.cancelled) {
    if (entry.status === STATUS.cancelled) return;
  }
  if (entry.status === STATUS.pending) {
    applyPending(run, entry);
    return;
  }
  const rc = entry.rc === RC.degraded ? RC.ok : entry.rc === RC.degradedPromoted ? RC.promoted : entry.rc;
  if (isProbe) {
    // A probe that found the resource as it should be, or that has no agent to ask, says nothing bad.
    if (rc === RC.notInstalled && !run.node.online) return;
  }
  const status = remapStatus(run, entry, rc, isProbe);
  forgetOfOtherParameters(run, entry);
  if (isExpired(run, entry, rc, isProbe) && rc !== entry.expectedRc && isForgotten(run, entry)) return;
  if (status === STATUS.hard) blockUnstoppable(run, entry);
  switch (status) {
    case STATUS.done:
      succeed(run, entry, rc);
      return;
    case STATUS.notSupported:
    case STATUS.notInstalled:
    case STATUS.hard:
    case STATUS.fatal:
    case STATUS.error:
    case STATUS.timeout:
    case STATUS.notConnected:
    case STATUS.invalid:
      fail(run, entry, rc, status, isProbe);
      return;
    default:
      resource.failed = resource.failed || false;
  }
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
      if (entry.operation === "monitor" && entry.intervalMs === 0) resource.pendingNode = node;
  }
  if (resource.pendingTask === undefined) {
    if (entry.operation === "monitor" && entry.intervalMs === 0) resource.pendingTask = "probe";
    else {
      resource.pendingTask = entry.operation;
      resource.pendingNode = node;
    }
  }
}

export function setActive(resource: SchedResource): void {
  resource.role = resource.top.promotable ? ROLE.unpromoted : ROLE.started;
}

/** What an exit code means here, given what was expected. */
function remapStatus(run: HistoryRun, entry: HistoryEntry, rc: number, isProbe: boolean): number {
  const { resource } = run;
  const expected = entry.expectedRc;
  if (entry.status === STATUS.timeout || entry.status === STATUS.notConnected || entry.status === STATUS.invalid)
    return entry.status;
  if (entry.status === STATUS.notInstalled) return STATUS.hard;
  if (expected >= 0 && expected === rc && entry.status === STATUS.error) return STATUS.done;
  switch (rc) {
    case RC.ok:
      if (isProbe && expected === RC.notRunning) return STATUS.done;
      return entry.status === STATUS.error ? STATUS.done : entry.status;
    case RC.notRunning:
      if (isProbe || expected === rc || !resource.managed) {
        run.onFail = "ignore";
        resource.role = ROLE.stopped;
        resource.nextRole = ROLE.unknown === resource.nextRole ? ROLE.unknown : resource.nextRole;
        return STATUS.done;
      }
      return STATUS.error;
    case RC.promoted:
      if (isProbe && rc !== expected) {
        resource.role = ROLE.promoted;
        return STATUS.done;
      }
      resource.role = ROLE.promoted;
      return expected >= 0 && rc !== expected ? STATUS.error : STATUS.done;
    case RC.promotedFailed:
      resource.role = ROLE.promoted;
      return STATUS.error;
    case RC.notConfigured:
      return STATUS.fatal;
    case RC.unimplemented:
      if (entry.intervalMs > 0) return STATUS.notSupported;
      return STATUS.hard;
    case RC.invalidParameter:
    case RC.insufficientPrivileges:
    case RC.notInstalled:
      return STATUS.hard;
    default:
      if (expected >= 0 && rc === expected) return STATUS.done;
      return entry.status === STATUS.done ? STATUS.error : entry.status;
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

/** Failures are forgotten after the resource's failure-timeout, unless newer ones still count. */
function isExpired(run: HistoryRun, entry: HistoryEntry, rc: number, isProbe: boolean): boolean {
  const { resource, world, node } = run;
  if (resource.failureTimeoutMs <= 0 || entry.lastRcChange === undefined) return false;
  const isOld = world.now >= entry.lastRcChange + Math.trunc(resource.failureTimeoutMs / 1000);
  const counting = failCount(world, resource, node, true, entry);
  if (!isOld) return false;
  if (failCount(world, resource, node, false, entry) > 0) {
    if (counting > 0) return false;
    clearFailures(world, resource, node);
  }
  // What a probe found stays true.
  const found = [RC.ok, RC.notRunning, RC.promoted].some((one) => one === rc);
  return !(isProbe && found);
}

/**
 * An old failure is as if it had never been. A monitor whose failure is forgotten begins anew, as it tells of changes
 * only: a failure that lasts would go unnoticed.
 */
function isForgotten(run: HistoryRun, entry: HistoryEntry): boolean {
  if (entry.intervalMs === 0) return true;
  if (!run.node.online || run.node.unclean) return false;
  if (run.entries.find((one) => one.operationKey === entry.operationKey) === entry) run.world.forgotten.add(entry);
  return true;
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
        setActive(resource);
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
        clears = true;
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
    default:
      run.onFail = "ignore";
      if (run.resource.failureRole !== undefined) {
        run.resource.nextRole = run.resource.roleBeforeFailure;
        run.resource.failureRole = undefined;
      }
  }
}

function fail(run: HistoryRun, entry: HistoryEntry, rc: number, status: number, isProbe: boolean): void {
  const { resource, world, node } = run;
  const plan = failurePlan(world, resource, entry.operation, entry.intervalMs);
  const ignored = plan.onFail === "ignore" || (plan.onFail === "restart-container" && entry.operation === "stop");
  if (ignored) {
    succeed(run, entry, entry.expectedRc < 0 ? RC.ok : entry.expectedRc);
    resource.failureIgnored = true;
    return;
  }
  failAction(run, entry, rc, isProbe);
  const family = resource.top.kind === "clone" && !resource.unique ? resource.top : resource;
  if (status === STATUS.hard)
    addScore(world, family, node, -INFINITY_SCORE, "SCORE_HARD_ERROR", `${entry.operationKey} rc=${rc}`);
  if (status === STATUS.fatal) banEverywhere(world, family, "SCORE_HARD_ERROR", `${entry.operationKey} rc=${rc}`);
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
  if (plan.role !== ROLE.started && resource.nextRole < plan.role) rememberFailureRole(resource, plan.role);
  if (plan.role === ROLE.stopped) {
    const family = resource.top.kind === "clone" && !resource.unique ? resource.top : resource;
    for (const one of world.nodes) family.scores[one.index] = -INFINITY_SCORE;
  }
}

function rememberFailureRole(resource: SchedResource, role: SchedResource["nextRole"]): void {
  resource.roleBeforeFailure = resource.nextRole;
  resource.failureRole = role;
  resource.nextRole = role;
}
