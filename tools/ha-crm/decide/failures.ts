import type { HistoryEntry } from "../model/state.ts";
import { INFINITY_SCORE, addScores, parseScore } from "../model/score.ts";
import { addScore } from "./scores.ts";
import { isInClone } from "./family.ts";
import { isOlder } from "./values.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** Failure counts, as node attributes named `fail-count-RESOURCE#OPERATION_INTERVAL`. */
const COUNT = "fail-count-";
const LAST = "last-failure-";

interface FailureAttribute {
  readonly resource: string;
  readonly value: string;
}

/** Attributes of a node by the resource they speak of; read once. */
const tables = new WeakMap<
  SchedNode,
  { readonly counts: Map<string, FailureAttribute[]>; readonly last: Map<string, FailureAttribute[]> }
>();

function tableOf(world: World, node: SchedNode) {
  const known = tables.get(node);
  if (known !== undefined) return known;
  const counts = new Map<string, FailureAttribute[]>();
  const last = new Map<string, FailureAttribute[]>();
  for (const [name, value] of node.attributes) {
    const prefix = name.startsWith(COUNT) ? COUNT : name.startsWith(LAST) ? LAST : undefined;
    if (prefix === undefined || !isCounted(world, name)) continue;
    const resource = name.slice(prefix.length).replace(/#.*$/, "");
    const table = prefix === COUNT ? counts : last;
    const list = table.get(resource);
    if (list === undefined) table.set(resource, [{ resource, value }]);
    else list.push({ resource, value });
  }
  const made = { counts, last };
  tables.set(node, made);
  return made;
}

/** From this feature set on, failures are counted by operation, and older counts mean nothing; before it those alone do. */
const COUNTED_BY_OPERATION = [3, 0, 13];

function isCounted(world: World, name: string): boolean {
  const version = world.state.featureSet;
  return version === undefined || name.includes("#") !== isOlder(version, COUNTED_BY_OPERATION);
}

function attributesOf(
  table: ReadonlyMap<string, FailureAttribute[]>,
  resource: SchedResource,
): readonly FailureAttribute[] {
  if (resource.unique || !isInClone(resource)) return table.get(resource.id) ?? [];
  const plain = table.get(resource.name) ?? [];
  // Old histories count with instance numbers.
  const numbered = [...table].flatMap(([name, list]) => (name.startsWith(`${resource.name}:`) ? list : []));
  return numbered.length === 0 ? plain : [...plain, ...numbered];
}

/**
 * How often a resource failed on a node. A failure that blocks the resource ends its failure-timeout: it must be cleaned
 * up by hand.
 * @param effective failures older than failure-timeout don't count
 * @param entry the entry of the history that the question is about; without one it is about all of the node's
 */
export function failCount(
  world: World,
  resource: SchedResource,
  node: SchedNode,
  effective: boolean,
  entry?: HistoryEntry,
): number {
  const table = tableOf(world, node);
  if (table.counts.size === 0) return 0;
  let count = 0;
  for (const attribute of attributesOf(table.counts, resource))
    count = addScores(count, parseScore(attribute.value) ?? 0);
  if (count <= 0 || resource.failureTimeoutMs <= 0) return Math.max(0, count);
  const entries = entry === undefined ? (resource.history.get(node) ?? []) : [entry];
  if (entries.some((one) => blocks(resource, one))) resource.failureTimeoutMs = 0;
  const last = lastFailure(world, resource, node);
  if (effective && resource.failureTimeoutMs > 0 && last > 0) {
    const until = last + Math.trunc(resource.failureTimeoutMs / 1000);
    if (world.now > until) return 0;
    world.lookAgainAt(until + 1);
  }
  return count;
}

function lastFailure(world: World, resource: SchedResource, node: SchedNode): number {
  let last = 0;
  for (const attribute of attributesOf(tableOf(world, node).last, resource))
    last = Math.max(last, Number.parseInt(attribute.value, 10) || 0);
  return last;
}

/** Is this a failure of an operation that is to block the resource when it fails? */
function blocks(resource: SchedResource, entry: HistoryEntry): boolean {
  const { name } = resource;
  return resource.operations.some(
    (one) =>
      one.blocks &&
      one.name === entry.operation &&
      one.intervalMs === entry.intervalMs &&
      (entry.id === `${name}_last_failure_0` ||
        (entry.id === `${name}_${one.name}_${one.intervalMs}` && entry.rc !== entry.expectedRc)),
  );
}

/** Bans resources from nodes on which they failed as often as their migration-threshold allows. */
export function applyFailureThresholds(world: World): void {
  for (const node of world.nodes) {
    if (tableOf(world, node).counts.size === 0) continue;
    for (const resource of world.resources) applyThreshold(world, resource, node);
  }
}

function applyThreshold(world: World, resource: SchedResource, node: SchedNode): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) applyThreshold(world, child, node);
    return;
  }
  if (resource.migrationThreshold === 0 || resource.failureIgnored) return;
  // What is about to be forgotten is no reason to leave.
  if (resource.actionsByTask.get("clear_failcount")?.some((one) => one.node === node) === true) return;
  const count = failCountWithin(world, resource, node);
  if (count <= 0 || resource.migrationThreshold - count > 0) return;
  const banned = isInClone(resource) && !resource.unique ? resource.top : resource;
  addScore(
    world,
    banned,
    node,
    -INFINITY_SCORE,
    "SCORE_FAILURES",
    `migration-threshold=${resource.migrationThreshold}`,
  );
}

/** Failures of what is in a machine are the machine's too. */
function failCountWithin(world: World, resource: SchedResource, node: SchedNode): number {
  const own = failCount(world, resource, node, true);
  return resource.fillers.reduce((sum, one) => sum + failCountWithin(world, one, node), own);
}
