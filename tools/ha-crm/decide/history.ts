import type { HistoryEntry, NodeState, ResourceHistory } from "../model/state.ts";
import { activeLocations, findDescendant } from "./family.ts";
import { applyEntry, type HistoryRun } from "./history-entry.ts";
import { finishResourceState } from "./history-state.ts";
import { addOrphan, addOrphanInstance } from "./orphans.ts";
import { ROLE } from "./roles.ts";
import { readShutdownLock } from "./shutdown-lock.ts";
import { addTransientAttributes } from "./node-status.ts";
import { nodeRuns } from "./remote-nodes.ts";
import { type SchedNode, type SchedResource, type World } from "./world.ts";

interface NodeHistory {
  readonly node: SchedNode;
  readonly state: NodeState;
}

/**
 * Replays the remembered actions of all nodes: where everything is, in which role, what failed. What ran on a remote node
 * can be judged only once it is known that its connection is up, so it is read again and again what has become known
 * meanwhile. The order counts: instances of a clone get their numbers in it.
 */
export function unpackHistory(world: World): void {
  let waiting: NodeHistory[] = [];
  for (const state of world.state.nodes) {
    const node = world.nodesById.get(state.id) ?? world.nodesByName.get(state.name.toLowerCase());
    if (node !== undefined) waiting.push({ node, state });
  }
  for (let before = Number.POSITIVE_INFINITY; waiting.length < before;) {
    before = waiting.length;
    const left: NodeHistory[] = [];
    for (const one of waiting) {
      if (canBeJudged(world, one.node)) unpackNode(world, one);
      else left.push(one);
    }
    waiting = left;
  }
  // With fencing, what may run on the others counts too: it is why they are fenced.
  if (world.settings.fencingEnabled) for (const one of waiting.splice(0)) unpackNode(world, one);
  const unread = new Set(waiting.map((one) => one.node));
  for (const node of world.nodes) if (node.isRemote && (node.state === undefined || unread.has(node))) nodeRuns(node);
}

/** Is it known whether the node is there, so that what ran on it can be judged? */
function canBeJudged(world: World, node: SchedNode): boolean {
  const { fencingEnabled, shutdownLock } = world.settings;
  if (!node.isRemote) return node.online || fencingEnabled || shutdownLock;
  const { connection } = node;
  if (connection === undefined) return false;
  const machine = connection.container;
  if (machine === undefined && shutdownLock) return true;
  return connection.role === ROLE.started && (machine === undefined || machine.role === ROLE.started);
}

function unpackNode(world: World, { node, state }: NodeHistory): void {
  if (node.isRemote) {
    node.named = true;
    addTransientAttributes(world, node, state);
    nodeRuns(node);
    // Nobody looks after a connection that is left alone: nothing new is put on the node.
    if (node.connection?.managed === false) node.maintenance = true;
  }
  for (const history of state.history) unpackResource(world, node, history);
}

/** Oldest first; of those that nothing tells apart, the one that is written last. */
function sortEntries(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  if (entries.length < 2) return entries;
  return entries.toReversed().toSorted((left, right) => {
    if (left.callId === right.callId) return (left.lastRcChange ?? 0) - (right.lastRcChange ?? 0);
    if (left.callId >= 0 && right.callId >= 0) return left.callId - right.callId;
    return comparePending(left, right);
  });
}

/** What is still under way is last, unless a later transition had something else done since. */
function comparePending(left: HistoryEntry, right: HistoryEntry): number {
  const [one, other] = [left.transition, right.transition];
  const supersedes = one !== undefined && one.planner === other?.planner && one.id !== other.id;
  if (!supersedes) return left.callId < 0 ? 1 : -1;
  // A shutdown is part of no transition, and the last thing of all.
  if (one.id < 0 || other.id < 0) return one.id < 0 ? 1 : -1;
  return one.id - other.id;
}

function unpackResource(world: World, node: SchedNode, history: ResourceHistory): void {
  if (history.entries.length === 0 && history.container === undefined && !history.shutdownLock) return;
  const entries = sortEntries(history.entries);
  const known = findResource(world, node, history);
  const resource = known ?? (entries.length === 0 ? undefined : addOrphan(world, node, history));
  if (resource === undefined) return;
  readShutdownLock(world, resource, node, history);
  if (entries.length === 0 && history.container === undefined) return;
  resource.history.set(node, entries);
  if (differs(resource, history)) resource.agentChangedOn.add(node);
  const saved = resource.role;
  resource.role = ROLE.unknown;
  const run: HistoryRun = { world, resource, node, onFail: "ignore", lastFailure: undefined, entries };
  for (const entry of entries) {
    if (entry.intervalMs > 0) resource.monitoredOn.add(node);
    applyEntry(run, entry);
  }
  finishResourceState(run);
  // The role is the highest of all nodes it is active on.
  if (saved > resource.role) resource.role = saved;
}

function differs(resource: SchedResource, history: ResourceHistory): boolean {
  const agent = resource.agent;
  return (
    agent !== undefined &&
    history.type !== undefined &&
    (agent.type !== history.type || agent.class !== history.class || agent.provider !== history.provider)
  );
}

/** The configured resource (or the instance) that an entry of the history speaks of. */
function findResource(world: World, node: SchedNode, history: ResourceHistory): SchedResource | undefined {
  const exact = world.byId.get(history.resource);
  if (
    exact !== undefined &&
    exact.kind === "primitive" &&
    (exact.parent === undefined || exact.unique || !exact.id.includes(":"))
  ) {
    return rememberName(exact, history);
  }
  const name = history.resource.replace(/:\d+$/, "");
  const instances = world.byName.get(name);
  const first = instances?.[0];
  if (first === undefined || first.kind !== "primitive") return undefined;
  const clone = first.top;
  if (clone.kind !== "clone") return name === history.resource ? rememberName(first, history) : undefined;
  // Of instances with numbers of their own, a number too many is a resource that was removed.
  if (clone.unique) return exact;
  return rememberName(findInstance(world, clone, name, node), history);
}

function rememberName(resource: SchedResource, history: ResourceHistory): SchedResource {
  resource.historyName = history.resource;
  return resource;
}

/** Instances of an anonymous clone are all alike: the one that is on the node already, or else one that is nowhere. */
function findInstance(world: World, clone: SchedResource, name: string, node: SchedNode): SchedResource {
  let found: SchedResource | undefined;
  let inactive: SchedResource | undefined;
  let skipInactive = false;
  for (const child of clone.children) {
    const locations = activeLocations(child);
    if (locations.length > 0) {
      if (locations[0] !== node) continue;
      found = findDescendant(child, name);
      if (found !== undefined && found.runningOn.length > 0) {
        // Two on one node: the second one is a stray.
        found = undefined;
        skipInactive = true;
      }
      if (found !== undefined) break;
    } else if (!skipInactive && inactive === undefined && !child.blocked) {
      const candidate = findDescendant(child, name);
      if (candidate?.pendingNode === undefined || candidate.pendingNode === node) inactive = candidate;
    }
  }
  if (found === undefined && !skipInactive) found = inactive;
  // A guest node is fenced by the stop of its machine: nothing has to wait for more.
  const away = !node.isGuest && (!node.online || node.unclean);
  if (found !== undefined && !found.needsFencing && away && clone.cloneMax < world.nodes.length * clone.cloneNodeMax) {
    found = undefined;
  }
  return found ?? addOrphanInstance(world, clone, name, `${name}:${clone.children.length}`);
}
