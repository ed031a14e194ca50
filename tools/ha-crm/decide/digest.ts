import type { HistoryEntry } from "../model/state.ts";
import { parseTimeMs } from "../model/time.ts";
import { md5 } from "./md5.ts";
import { collectPairs } from "./rules.ts";
import { findOperation } from "./unpack-operations.ts";
import { isOlder } from "./values.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/**
 * Digests of parameters, as Pacemaker writes them into its history: MD5 over one XML element with the parameters in the
 * order of their names. They tell whether an agent was last called with the parameters that are configured now.
 */
type Parameters = ReadonlyMap<string, string>;

/** The cluster fills these in itself; they say nothing about the configuration. */
const NO_PARAMETERS: ReadonlySet<string> = new Set([
  "id",
  "crm_feature_set",
  "op-digest",
  "on_node",
  "on_node_uuid",
  "pcmk_external_ip",
]);

const TIMEOUT = "CRM_meta_timeout";
const DEFAULT_TIMEOUT_MS = 20_000;

export function digestOf(world: World, parameters: Parameters): string {
  const sorted = [...parameters].toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  const text = ` <parameters${sorted.map(([name, value]) => ` ${name}="${escaped(value)}"`).join("")}/>\n`;
  const known = world.digests.get(text);
  if (known !== undefined) return known;
  const digest = md5(text);
  world.digests.set(text, digest);
  return digest;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&apos;"],
  ["\t", "    "],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);

function escaped(value: string): string {
  return value.replace(/[&<>"'\t\n\r]/g, (sign) => ESCAPES.get(sign) ?? sign);
}

/** What the agent of a resource is given on a node, by the rules that hold there. */
export function parametersOn(world: World, resource: SchedResource, node: SchedNode): Parameters {
  const parameters = new Map<string, string>();
  const context = {
    now: world.now,
    agent: resource.agent,
    nodeAttribute: (name: string) => node.attributes.get(name),
  };
  for (let at: SchedResource | undefined = resource; at !== undefined; at = at.parent)
    collectPairs(parameters, at.parameterSets, context);
  return parameters;
}

/** The parameters of one operation: the resource's, its own, and the timeout when it repeats. */
export function operationParameters(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  task: string,
  intervalMs: number,
): { readonly parameters: Parameters; readonly ownCount: number } {
  const operation = findOperation(resource, task, intervalMs);
  const own = operation?.parameters ?? new Map<string, string>();
  const parameters = new Map([...parametersOn(world, resource, node), ...own]);
  for (const name of parameters.keys())
    if (NO_PARAMETERS.has(name) || name.startsWith("CRM_meta_")) parameters.delete(name);
  if (intervalMs > 0)
    parameters.set(TIMEOUT, String(parseTimeMs(operation?.meta.get("timeout")) ?? DEFAULT_TIMEOUT_MS));
  return { parameters, ownCount: own.size };
}

export type Change = "none" | "reloadable" | "restart";

/**
 * Has the configuration changed since an operation was carried out? A history without digest counts as changed.
 * Parameters that a report hides (passwords) are left out when the rest is known to be the same.
 */
export function changeSince(world: World, resource: SchedResource, node: SchedNode, entry: HistoryEntry): Change {
  // A probe, a promotion or a migration that found or made it active stands for the start.
  const task = entry.intervalMs === 0 ? "start" : entry.operation;
  const { parameters, ownCount } = operationParameters(world, resource, node, task, entry.intervalMs);
  const change = compare(world, entry, parameters, ownCount);
  return change !== "none" && onlySecretsChanged(world, resource, entry, parameters) ? "none" : change;
}

function compare(world: World, entry: HistoryEntry, parameters: Parameters, ownCount: number): Change {
  const restart = world.forgotten.has(entry) ? "forgotten" : entry.restartDigest;
  if (restart !== undefined && digestOf(world, kept(parameters, entry.restartParameters)) !== restart) return "restart";
  if (entry.digest !== undefined && entry.digest === digestOf(world, parameters)) return "none";
  const mayReload = entry.digest !== undefined && restart !== undefined && ownCount === 0;
  return mayReload || entry.intervalMs > 0 ? "reloadable" : "restart";
}

function kept(parameters: Parameters, names: readonly string[] | undefined): Parameters {
  return names === undefined ? parameters : new Map([...parameters].filter(([name]) => names.includes(name)));
}

/** From this feature set on, digests of fencing devices hold the cluster's own options, and those of monitors a timeout. */
const COMPLETE_SECURE_DIGEST = [3, 16, 0];

function onlySecretsChanged(
  world: World,
  resource: SchedResource,
  entry: HistoryEntry,
  parameters: Parameters,
): boolean {
  if (entry.secureDigest === undefined) return false;
  const older = isOlder(entry.featureSet, COMPLETE_SECURE_DIGEST);
  const secret = new Set(entry.secureParameters);
  const open = [...parameters].filter(
    ([name]) =>
      !secret.has(name) &&
      !(older && (name === TIMEOUT || (resource.agent?.class === "stonith" && name.startsWith("pcmk_")))),
  );
  return digestOf(world, new Map(open)) === entry.secureDigest;
}
