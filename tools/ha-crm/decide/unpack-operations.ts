import { lookUp } from "../../../shared/text/lookup.ts";
import type { NvSet } from "../model/nvset.ts";
import type { Agent, Operation } from "../model/resource.ts";
import { parseTimeMs } from "../model/time.ts";
import { collectPairs } from "./rules.ts";
import { booleanOr } from "./values.ts";
import type { ConfiguredOperation, OnFail, SchedResource, World } from "./world.ts";
import { ROLE, type Role } from "./roles.ts";

/** Configured operations with all defaults; what is nearer to the operation wins. */
export function unpackOperations(
  world: World,
  agent: Agent | undefined,
  operations: readonly Operation[],
  defaults: readonly NvSet[],
): readonly ConfiguredOperation[] {
  return operations.map((operation) => {
    const intervalMs = parseTimeMs(operation.interval) ?? 0;
    const context = { now: world.now, agent, operation: { name: operation.name, intervalMs } };
    const meta = new Map<string, string>(Object.entries(operation.options));
    collectPairs(meta, operation.meta, context);
    collectPairs(meta, defaults, context);
    const parameters = new Map<string, string>();
    collectPairs(parameters, operation.instance, context);
    const blocks = operation.options["on-fail"] === "block";
    return { id: operation.id, name: operation.name, intervalMs, meta, parameters, blocks, at: operation.at };
  });
}

/** The configured operation for a task. One that is disabled says what it would be like, but isn't carried out. */
export function findOperation(
  resource: SchedResource,
  task: string,
  intervalMs: number,
): ConfiguredOperation | undefined {
  return resource.operations.find((one) => one.name === task && one.intervalMs === intervalMs);
}

/** Is it configured, and not disabled? */
export function isWanted(resource: SchedResource, task: string, intervalMs: number): boolean {
  return resource.operations.some(
    (one) => one.name === task && one.intervalMs === intervalMs && booleanOr(one.meta.get("enabled"), true),
  );
}

export interface FailurePlan {
  readonly onFail: OnFail;
  /** The most the resource may do after the failure. */
  readonly role: Role;
}

const WORDS: Readonly<Record<string, OnFail>> = {
  block: "block",
  fence: "fence",
  standby: "standby",
  ignore: "ignore",
  nothing: "ignore",
  migrate: "ban",
  stop: "stop",
  restart: "restart",
  "restart-container": "restart-container",
  demote: "demote",
};

/** What a failure of this operation leads to. */
export function failurePlan(world: World, resource: SchedResource, task: string, intervalMs: number): FailurePlan {
  const afterwards = task === "promote" ? ROLE.unpromoted : ROLE.started;
  const word = configuredOnFail(world, resource, task, intervalMs);
  const named = word === undefined ? undefined : lookUp(WORDS, word);
  const inMachine = resource.container !== undefined;
  const chosen = named === "restart-container" && !inMachine ? undefined : named;
  if (chosen === undefined && inMachine) return { onFail: "restart-container", role: afterwards };
  const dropsConnection = task !== "start" && !(task === "monitor" && intervalMs === 0);
  if (resource.isRemoteConnection && !inMachine && dropsConnection && (chosen === undefined || !resource.managed))
    return {
      onFail: resource.managed ? "reset-remote" : "stop",
      role: resource.managed && resource.reconnectMs === 0 ? afterwards : ROLE.stopped,
    };
  if (chosen === "fence" && !world.settings.fencingEnabled) return { onFail: "stop", role: ROLE.stopped };
  if (chosen === "stop") return { onFail: "stop", role: ROLE.stopped };
  if (chosen !== undefined) return { onFail: chosen, role: afterwards };
  if (task === "stop") return { onFail: world.settings.fencingEnabled ? "fence" : "block", role: afterwards };
  return { onFail: "restart", role: afterwards };
}

/** What the defaults of operations say of one that isn't configured. */
function defaultOnFail(world: World, agent: Agent | undefined, name: string, intervalMs: number): string | undefined {
  if (world.cluster.operationDefaults.length === 0) return undefined;
  const meta = new Map<string, string>();
  collectPairs(meta, world.cluster.operationDefaults, { now: world.now, agent, operation: { name, intervalMs } });
  return meta.get("on-fail");
}

function configuredOnFail(world: World, resource: SchedResource, task: string, intervalMs: number): string | undefined {
  const configured = findOperation(resource, task, intervalMs);
  const written =
    configured === undefined ? defaultOnFail(world, resource.agent, task, intervalMs) : configured.meta.get("on-fail");
  const word = written?.toLowerCase();
  if (word === undefined) return task === "demote" ? promotedMonitorOnFail(resource) : undefined;
  if (task === "stop" && (word === "standby" || word === "demote" || word === "stop")) return undefined;
  if (word === "demote" && task !== "promote") {
    const operation = findOperation(resource, task, intervalMs);
    const promoted = /^(promoted|master)$/i.test(operation?.meta.get("role") ?? "");
    if (task !== "monitor" || intervalMs === 0 || !promoted) return undefined;
  }
  return word;
}

/** A failed demote is handled as the monitor of the promoted role says, when it says something. */
function promotedMonitorOnFail(resource: SchedResource): string | undefined {
  for (const operation of resource.operations) {
    const role = operation.meta.get("role") ?? "";
    const word = operation.meta.get("on-fail")?.toLowerCase();
    if (operation.name !== "monitor" || operation.intervalMs === 0 || !/^(promoted|master)$/i.test(role)) continue;
    if (word !== undefined && word !== "demote" && booleanOr(operation.meta.get("enabled"), true)) return word;
  }
  return undefined;
}
