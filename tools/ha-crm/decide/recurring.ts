import type { HistoryEntry } from "../model/state.ts";
import { clearFailures, followChange } from "./changed-parameters.ts";
import { ACT, ORD, operationKey, type SchedAction } from "./action.ts";
import { failCount } from "./failures.ts";
import { makeAction, startAction, stopAction } from "./make-action.ts";
import { addOrdering, orderTasks } from "./ordering-list.ts";
import { parseRole, ROLE } from "./roles.ts";
import { isWanted } from "./unpack-operations.ts";
import { unfenceAnew } from "./unfencing.ts";
import { booleanOr } from "./values.ts";
import { nodeAvailable, type ConfiguredOperation, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Monitors that repeat: which ones must be begun, which ones ended. */
export function createRecurring(world: World, resource: SchedResource): void {
  if (resource.blocked || resource.maintenance) return;
  const node = resource.assigned;
  const wanted = resource.operations.filter(
    (one) =>
      one.intervalMs > 0 && one.name !== "start" && one.name !== "stop" && booleanOr(one.meta.get("enabled"), true),
  );
  if (node !== undefined && !node.maintenance && (resource.nextRole !== ROLE.stopped || !resource.managed)) {
    const start = startAction(world, resource, node, true);
    for (const operation of wanted) {
      if (parseRole(operation.meta.get("role")) !== ROLE.stopped)
        createForActive(world, resource, start, node, operation);
    }
  }
  for (const operation of wanted) {
    if (parseRole(operation.meta.get("role")) === ROLE.stopped) createForInactive(world, resource, node, operation);
  }
}

function existing(resource: SchedResource, key: string, node: SchedNode): SchedAction | undefined {
  return resource.actionsByKey.get(key)?.find((one) => one.node === node && one.task !== "cancel");
}

/** Is the operation meant for the role that the resource will have? */
function fitsRole(resource: SchedResource, operation: ConfiguredOperation): boolean {
  const word = operation.meta.get("role");
  if (word === undefined) return resource.nextRole !== ROLE.promoted;
  return parseRole(word) === resource.nextRole;
}

function createForActive(
  world: World,
  resource: SchedResource,
  start: SchedAction,
  node: SchedNode,
  operation: ConfiguredOperation,
): void {
  const { name, intervalMs } = operation;
  const known = existing(resource, operationKey(resource.id, name, intervalMs), node);
  const optional = known !== undefined && start.has(ACT.optional) && !known.has(ACT.reschedule);
  if (!fitsRole(resource, operation)) {
    if (optional) cancelForRole(world, resource, node, operation);
    return;
  }
  const action = makeAction(world, resource, name, intervalMs, node, optional);
  if (!start.has(ACT.runnable)) action.clear(ACT.runnable);
  else if (!node.online || node.unclean) action.clear(ACT.runnable);
  if (!resource.managed) return;
  addOrdering(world, {
    first: resource,
    firstTask: "start",
    thenAction: action,
    flags: ORD.impliesThen | ORD.runnableLeft,
  });
  if (resource.reloading) {
    const flags = ORD.impliesThen | ORD.runnableLeft;
    addOrdering(world, { first: resource, firstTask: "reload-agent", thenAction: action, flags });
  }
  if (resource.nextRole === ROLE.promoted) {
    addOrdering(world, {
      first: resource,
      firstTask: "promote",
      thenAction: action,
      flags: ORD.ordered | ORD.runnableLeft,
    });
  } else if (resource.role === ROLE.promoted) {
    addOrdering(world, {
      first: resource,
      firstTask: "demote",
      thenAction: action,
      flags: ORD.ordered | ORD.runnableLeft,
    });
  }
}

/** Ends a monitor of the role that the resource is about to leave. */
function cancelForRole(world: World, resource: SchedResource, node: SchedNode, operation: ConfiguredOperation): void {
  const cancel = cancelAction(world, resource, node, operation.name, operation.intervalMs);
  const role = parseRole(operation.meta.get("role"));
  if (role === ROLE.promoted)
    addOrdering(world, { firstAction: cancel, then: resource, thenTask: "demote", flags: ORD.ordered });
  else addOrdering(world, { firstAction: cancel, then: resource, thenTask: "promote", flags: ORD.ordered });
}

export function cancelAction(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  name: string,
  intervalMs: number,
): SchedAction {
  existing(resource, operationKey(resource.id, name, intervalMs), node)?.set(ACT.optional | ACT.cancelled);
  const action = makeAction(world, resource, "cancel", intervalMs, node, false);
  action.clear(ACT.optional);
  action.detail = name;
  return action;
}

/** Monitors with role Stopped watch that a resource is not running where it shouldn't be. */
function createForInactive(
  world: World,
  resource: SchedResource,
  target: SchedNode | undefined,
  operation: ConfiguredOperation,
): void {
  const { name, intervalMs } = operation;
  const key = operationKey(resource.id, name, intervalMs);
  if (target !== undefined && resource.nextRole !== ROLE.stopped) {
    const known = existing(resource, key, target);
    if (known !== undefined) cancelAction(world, resource, target, name, intervalMs);
  }
  if (!resource.unique) return;
  for (const node of world.nodes) {
    if (node === target) continue;
    const known = existing(resource, key, node);
    const action = makeAction(world, resource, name, intervalMs, node, known !== undefined);
    action.detail = "Stopped";
    for (const stop of resource.actionsByTask.get("stop") ?? []) {
      if (stop.node !== node) continue;
      if (!stop.has(ACT.runnable)) action.clear(ACT.runnable);
      const flags = ORD.impliesThen | ORD.runnableLeft;
      if (resource.managed) addOrdering(world, { firstAction: stop, then: resource, thenAction: action, flags });
    }
    if (!node.online || node.unclean) action.clear(ACT.runnable);
  }
}

interface ActiveRange {
  readonly start: number;
  readonly stop: number;
}

/** From where on the entries of a history describe what is going on now. */
function activeRange(entries: readonly HistoryEntry[]): ActiveRange {
  let start = -1;
  let stop = -1;
  let impliedMonitor = -1;
  let impliedClone = -1;
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index];
    if (entry === undefined) continue;
    if (entry.operation === "stop" && entry.status === 0) stop = index;
    else if (entry.operation === "start" || entry.operation === "migrate_from") start = index;
    else if (impliedMonitor <= stop && entry.operation === "monitor") {
      if (entry.rc === 0 || entry.rc === 8) impliedMonitor = index;
    } else if (entry.operation === "promote" || entry.operation === "demote") impliedClone = index;
  }
  if (start === -1) start = impliedClone !== -1 ? impliedClone : impliedMonitor;
  return { start, stop };
}

/** An entry of this operation says that the monitor with the same key was ended. */
export const CANCEL = "cancel";

function isEnded(entries: readonly HistoryEntry[], monitor: HistoryEntry): boolean {
  return entries.some(
    (one) => one.operation === CANCEL && one.operationKey === monitor.operationKey && one.callId > monitor.callId,
  );
}

/** Notes the monitors that are running on a node now. */
export function noteRunningMonitors(world: World, resource: SchedResource, node: SchedNode): void {
  if (!node.online) return;
  const entries = resource.history.get(node) ?? [];
  const { start, stop } = activeRange(entries);
  for (const [index, entry] of entries.entries()) {
    if (entry.intervalMs === 0 || entry.status === -1) continue;
    if (index < start || (start < stop && index <= stop) || isEnded(entries, entry)) continue;
    makeAction(world, resource, entry.operation, entry.intervalMs, node, true);
  }
}

/**
 * Ends monitors that nobody asks for any more, and all of them in maintenance; forgets what is left of resources that
 * were removed from the configuration.
 */
export function cancelStrayMonitors(world: World): void {
  for (const resource of world.all) {
    if (resource.kind !== "primitive") continue;
    const settled = !resource.orphan && resource.agentChangedOn.size === 0;
    if (settled && resource.runningOn.length === 0) continue;
    for (const node of resource.history.nodes) {
      if (settled && !resource.runningOn.includes(node)) continue;
      if (!(node.maintenance || nodeAvailable(node))) continue;
      if (resource.orphan && (resource.top.kind !== "clone" || resource.unique)) forget(world, resource, node);
      else if (resource.agentChangedOn.has(node)) {
        unfenceAnew(world, resource, node, "its agent was changed");
        const alike = resource.unique ? [resource] : knownAs(world, resource);
        for (const one of alike) {
          if (one.runningOn.includes(node)) stopAction(world, one, node, false);
          forget(world, one, node);
        }
      }
      if (!resource.orphan && resource.runningOn.includes(node)) followHistory(world, resource, node);
    }
  }
}

/** Instances that the histories of some nodes were taken for: all that are wanted and go by the same name there. */
function knownAs(world: World, resource: SchedResource): readonly SchedResource[] {
  return (world.byName.get(resource.name) ?? []).filter(
    (one) => !one.orphan && one.historyName === resource.historyName,
  );
}

/** Removes the history of a resource from a node, after it was stopped there. */
export function forget(world: World, resource: SchedResource, node: SchedNode): void {
  if (resource.failed || node.unclean || !node.online) return;
  makeAction(world, resource, "delete", 0, node, false).set(ACT.onCoordinator);
  orderTasks(world, resource, "stop", resource, "delete", ORD.ordered);
  orderTasks(world, resource, "delete", resource, "start", ORD.ordered);
}

/** What stops as well is stopped first. */
function endStray(world: World, resource: SchedResource, node: SchedNode, monitor: HistoryEntry): void {
  const end = cancelAction(world, resource, node, monitor.operation, monitor.intervalMs);
  addOrdering(world, { first: resource, firstTask: "stop", thenAction: end, flags: ORD.ordered });
}

/** Ends monitors that nobody asks for, and follows changed parameters. */
function followHistory(world: World, resource: SchedResource, node: SchedNode): void {
  const entries = resource.history.get(node) ?? [];
  const { start, stop } = activeRange(entries);
  if (start < stop) return;
  for (const [index, entry] of entries.entries()) {
    const repeats = entry.intervalMs > 0;
    if (index < start || (repeats && isEnded(entries, entry))) continue;
    const wanted = !repeats || isWanted(resource, entry.operation, entry.intervalMs);
    if (repeats && (resource.maintenance || node.maintenance)) endStray(world, resource, node, entry);
    else if (wanted) followChange(world, resource, node, entry);
    else {
      if (world.settings.stopOrphanActions) endStray(world, resource, node, entry);
      // Failures of what is no longer asked for don't count any more.
      if (failCount(world, resource, node, true) > 0) clearFailures(world, resource, node);
    }
  }
}
