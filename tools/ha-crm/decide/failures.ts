import { INFINITY_SCORE, addScores, parseScore } from "../model/score.ts";
import { addScore } from "./scores.ts";
import { findOperation } from "./unpack-operations.ts";
import { isInClone } from "./family.ts";
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

function tableOf(node: SchedNode) {
  const known = tables.get(node);
  if (known !== undefined) return known;
  const counts = new Map<string, FailureAttribute[]>();
  const last = new Map<string, FailureAttribute[]>();
  for (const [name, value] of node.attributes) {
    const prefix = name.startsWith(COUNT) ? COUNT : name.startsWith(LAST) ? LAST : undefined;
    if (prefix === undefined) continue;
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
 * How often a resource failed on a node.
 * @param effective failures older than failure-timeout don't count
 */
export function failCount(world: World, resource: SchedResource, node: SchedNode, effective: boolean): number {
  const table = tableOf(node);
  if (table.counts.size === 0) return 0;
  let count = 0;
  for (const attribute of attributesOf(table.counts, resource))
    count = addScores(count, parseScore(attribute.value) ?? 0);
  if (count <= 0 || !effective) return Math.max(0, count);
  const last = lastFailure(resource, node);
  if (resource.failureTimeoutMs > 0 && last > 0 && !blocksOnFailure(resource, node)) {
    const until = last + Math.trunc(resource.failureTimeoutMs / 1000);
    if (world.now > until) return 0;
    world.lookAgainAt(until + 1);
  }
  return count;
}

export function lastFailure(resource: SchedResource, node: SchedNode): number {
  let last = 0;
  for (const attribute of attributesOf(tableOf(node).last, resource))
    last = Math.max(last, Number.parseInt(attribute.value, 10) || 0);
  return last;
}

/** A failure that blocks the resource because that was asked for must be cleaned up by hand. */
function blocksOnFailure(resource: SchedResource, node: SchedNode): boolean {
  for (const entry of resource.history.get(node) ?? []) {
    if (entry.rc === entry.expectedRc || entry.status === 0) continue;
    if (findOperation(resource, entry.operation, entry.intervalMs)?.meta.get("on-fail") === "block") return true;
  }
  return false;
}

/** Bans resources from nodes on which they failed as often as their migration-threshold allows. */
export function applyFailureThresholds(world: World): void {
  for (const node of world.nodes) {
    if (tableOf(node).counts.size === 0) continue;
    for (const resource of world.resources) applyThreshold(world, resource, node);
  }
}

function applyThreshold(world: World, resource: SchedResource, node: SchedNode): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) applyThreshold(world, child, node);
    return;
  }
  if (resource.migrationThreshold === 0 || resource.failureIgnored) return;
  const count = failCount(world, resource, node, true);
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
