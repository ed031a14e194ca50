import type { ClusterState, HistoryEntry, NodeState, ResourceHistory } from "../model/state.ts";
import type { SchedAction } from "./action.ts";
import type { Schedule } from "./schedule.ts";
import type { GraphAction } from "./graph.ts";
import { CANCEL } from "./recurring.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";
import { ACT } from "./action.ts";
import { digestOf, operationParameters } from "./digest.ts";
import { ROLE } from "./roles.ts";

/** An action that shall fail in the simulation: `db_start_0@n1=1`. */
export interface FailingAction {
  readonly key: string;
  readonly node: string;
  readonly rc: number;
}

/** Parses the form that crm_simulate takes; undefined when it isn't that. */
export function parseFailing(text: string): FailingAction | undefined {
  const found = /^(.+)@([^@=]+)=(\d+)$/.exec(text);
  return found === null ? undefined : { key: found[1] ?? "", node: found[2] ?? "", rc: Number(found[3]) };
}

interface Execution {
  readonly state: ClusterState;
  /** Actions that were carried out, in order; nothing is after a failure. */
  readonly done: readonly SchedAction[];
  readonly failed: readonly SchedAction[];
}

/** Mutable copy of what is known of one node. */
interface NodeCopy {
  state: NodeState;
  histories: Map<string, { base: ResourceHistory; entries: HistoryEntry[] }>;
  callId: number;
}

/** Carries out a plan as if all went well, but for the actions named, and gives the status that this leads to. */
export function execute(plan: Schedule, failing: readonly FailingAction[] = []): Execution {
  const { world, graph } = plan;
  const copies = new Map<string, NodeCopy>();
  for (const state of world.state.nodes) copies.set(state.id, copyNode(state));
  const done: SchedAction[] = [];
  const failed: SchedAction[] = [];
  for (const { action } of inTurns(world, graph.actions)) {
    const failure = failing.find(
      (one) =>
        one.key === `${historyName(action)}_${action.task}_${action.intervalMs}` && one.node === action.node?.name,
    );
    done.push(action);
    carryOut(world, copies, action, failure?.rc);
    if (failure === undefined) continue;
    // A failure ends the transition: what is not yet begun is left to the next plan.
    failed.push(action);
    break;
  }
  return { state: { ...world.state, nodes: [...copies.values()].map(finishNode) }, done, failed };
}

/**
 * The order in which an executor comes to the steps: it goes through them resource by resource, again and again, and
 * takes what is ready. It tells what was done before a failure, and which of two steps without an order had the last word.
 */
function inTurns(world: World, steps: readonly GraphAction[]): readonly GraphAction[] {
  const places = new Map<SchedResource | undefined, number>();
  const visit = (resource: SchedResource) => {
    places.set(resource, places.size);
    resource.children.forEach(visit);
  };
  world.resources.forEach(visit);
  const place = ({ action }: GraphAction) => places.get(action.resource) ?? places.size;
  let waiting = steps.toSorted((left, right) => place(left) - place(right) || right.action.number - left.action.number);
  const done = new Set<number>();
  const order: GraphAction[] = [];
  while (waiting.length > 0) {
    const later: GraphAction[] = [];
    for (const step of waiting) {
      if (step.after.every((one) => done.has(one))) {
        done.add(step.number);
        order.push(step);
      } else later.push(step);
    }
    if (later.length === waiting.length) throw new Error("a plan goes in a circle");
    waiting = later;
  }
  return order;
}

function copyNode(state: NodeState): NodeCopy {
  const histories: NodeCopy["histories"] = new Map();
  let callId = 0;
  for (const base of state.history) {
    histories.set(base.resource, { base, entries: [...base.entries] });
    for (const entry of base.entries) callId = Math.max(callId, entry.callId);
  }
  return { state, histories, callId };
}

function finishNode(copy: NodeCopy): NodeState {
  const history = [...copy.histories.values()].map(({ base, entries }) => ({ ...base, entries }));
  return { ...copy.state, history };
}

function copyOf(copies: Map<string, NodeCopy>, node: SchedNode): NodeCopy {
  const known = copies.get(node.id);
  if (known !== undefined) return known;
  const made = copyNode({
    id: node.id,
    name: node.name,
    inCluster: true,
    peerOnline: true,
    join: "member",
    expected: "member",
    remoteNode: node.isRemote,
    nodeFenced: false,
    inMaintenance: false,
    attributes: [],
    history: [],
  });
  copies.set(node.id, made);
  return made;
}

/** The name under which the history speaks of a resource: instances that are all alike have no number. */
function historyName(action: SchedAction): string {
  const resource = action.resource;
  if (resource === undefined) return "";
  if (resource.orphan && resource.historyName !== undefined) return resource.historyName;
  return resource.unique ? resource.id : resource.name;
}

/**
 * The name under which a node's history speaks of the resource of a step. Old histories give every instance its number,
 * also where all are alike; what a node knows by such a name goes on under it.
 */
function nameInHistory(copy: NodeCopy, action: SchedAction): string {
  const name = historyName(action);
  const resource = action.resource;
  if (resource === undefined || resource.orphan || resource.unique || resource.id === name) return name;
  const numbered = resource.historyName ?? resource.id;
  return copy.histories.has(numbered) ? numbered : name;
}

const EXPECTED_STOPPED = 7;
const EXPECTED_PROMOTED = 8;

function carryOut(world: World, copies: Map<string, NodeCopy>, action: SchedAction, failure: number | undefined): void {
  const node = action.node;
  if (action.task === "stonith") {
    if (node !== undefined && action.detail !== "on" && !action.has(ACT.pseudo)) fence(copies, node);
    return;
  }
  if (node === undefined || action.resource === undefined || action.has(ACT.pseudo)) return;
  const copy = copyOf(copies, node);
  if (action.task === "clear_failcount") {
    clearFailures(copy, historyName(action));
    return;
  }
  if (action.task === "cancel") {
    noteEnd(world, copy, action);
    return;
  }
  const forgets = action.task === "delete" || action.task === "lrm_delete";
  if (action.task === "notify" || action.task === "do_shutdown" || forgets) {
    if (forgets) copy.histories.delete(nameInHistory(copy, action));
    return;
  }
  record(world, copy, action, failure);
}

/** Steps on paper are of no transition. This is how crm_simulate, which histories may come from, names itself. */
const ON_PAPER = { id: -1, planner: "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" } as const;

/** What a monitor found last stays known when it is ended; that it doesn't run any more is one more entry. */
function noteEnd(world: World, copy: NodeCopy, action: SchedAction): void {
  const name = nameInHistory(copy, action);
  const history = copy.histories.get(name);
  if (history === undefined) return;
  copy.callId += 1;
  const end: HistoryEntry = {
    id: `${name}_${CANCEL}_${action.intervalMs}`,
    operation: CANCEL,
    operationKey: `${name}_${action.detail}_${action.intervalMs}`,
    intervalMs: 0,
    callId: copy.callId,
    rc: 0,
    status: 0,
    expectedRc: 0,
    lastRcChange: world.now,
  };
  history.entries = [...history.entries.filter((one) => one.id !== end.id), end];
}

function record(world: World, copy: NodeCopy, action: SchedAction, failure: number | undefined): void {
  const resource = action.resource;
  const node = action.node;
  if (resource === undefined || node === undefined) return;
  const name = nameInHistory(copy, action);
  let history = copy.histories.get(name);
  if (history === undefined) {
    const agent = resource.agent;
    history = {
      base: { resource: name, class: agent?.class, provider: agent?.provider, type: agent?.type, entries: [] },
      entries: [],
    };
    copy.histories.set(name, history);
  }
  copy.callId += 1;
  const expected = expectedRc(action);
  // An agent that read its parameters again is as if it had been started with them.
  const task = action.task === "reload-agent" ? "start" : action.task;
  const operationKey = `${name}_${task}_${action.intervalMs}`;
  const isFailure = failure !== undefined && failure !== expected;
  const entry: HistoryEntry = {
    id: isFailure ? `${name}_last_failure_0` : action.intervalMs > 0 ? operationKey : `${name}_last_0`,
    operation: task,
    intervalMs: action.intervalMs,
    callId: copy.callId,
    rc: failure ?? expected,
    status: isFailure ? 4 : 0,
    expectedRc: expected,
    transition: ON_PAPER,
    lastRcChange: world.now,
    operationKey,
    digest: digestOf(world, operationParameters(world, resource, node, task, action.intervalMs).parameters),
    ...migrationPeers(action),
  };
  history.base = { ...history.base, shutdownLock: task === "stop" ? resource.lock?.since : undefined };
  const others = history.entries.filter((one) => one.id !== entry.id);
  history.entries = [...others, entry];
}

function migrationPeers(action: SchedAction): Pick<HistoryEntry, "migrateSource" | "migrateTarget"> {
  const resource = action.resource;
  if (resource === undefined || (action.task !== "migrate_to" && action.task !== "migrate_from")) return {};
  const source = resource.migrationSource ?? resource.runningOn[0];
  return { migrateSource: source?.name, migrateTarget: resource.assigned?.name };
}

function expectedRc(action: SchedAction): number {
  const { resource, node } = action;
  if (resource === undefined || node === undefined || action.task !== "monitor") return 0;
  if (action.intervalMs === 0) {
    if (!resource.runningOn.includes(node)) return EXPECTED_STOPPED;
    return resource.role === ROLE.promoted ? EXPECTED_PROMOTED : 0;
  }
  const operation = resource.operations.find((one) => one.name === "monitor" && one.intervalMs === action.intervalMs);
  if (/^stopped$/i.test(operation?.meta.get("role") ?? "")) return EXPECTED_STOPPED;
  return resource.nextRole === ROLE.promoted ? EXPECTED_PROMOTED : 0;
}

/** A fenced node is down, and nothing of what was known of it counts any more. */
function fence(copies: Map<string, NodeCopy>, node: SchedNode): void {
  const copy = copyOf(copies, node);
  copy.histories.clear();
  copy.state = { ...copy.state, inCluster: false, peerOnline: false, join: "down", expected: "down", attributes: [] };
}

function clearFailures(copy: NodeCopy, name: string): void {
  const prefixes = [`fail-count-${name}#`, `last-failure-${name}#`];
  const exact = [`fail-count-${name}`, `last-failure-${name}`];
  const keep = (one: string) => !exact.includes(one) && !prefixes.some((prefix) => one.startsWith(prefix));
  copy.state = {
    ...copy.state,
    attributes: copy.state.attributes.map((set) => ({ ...set, pairs: set.pairs.filter((pair) => keep(pair.name)) })),
  };
}
