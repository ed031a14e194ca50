import type { Cluster } from "../model/cluster.ts";
import type { NvSet } from "../model/nvset.ts";
import type { Resource, Template } from "../model/resource.ts";
import type { ClusterState, HistoryEntry, NodeState, TicketState } from "../model/state.ts";
import type { FailingAction } from "./execute.ts";

/** Changes to a status before the scheduler looks at it: "what if this node were gone?" */
export type NodeChange = "up" | "down" | "fail";

function emptyNode(id: string, name: string): NodeState {
  return {
    id,
    name,
    inCluster: false,
    peerOnline: false,
    join: "down",
    expected: "down",
    remoteNode: false,
    nodeFenced: false,
    inMaintenance: false,
    attributes: [],
    history: [],
  };
}

/** @returns undefined when there is no such node */
export function changeNode(
  cluster: Cluster,
  state: ClusterState,
  name: string,
  change: (node: NodeState) => NodeState,
): ClusterState | undefined {
  const config = cluster.nodes.find((node) => node.name === name);
  const known = state.nodes.find((node) => node.name === name || node.id === config?.id);
  if (known !== undefined) {
    return { ...state, nodes: state.nodes.map((node) => (node === known ? change(node) : node)) };
  }
  if (config === undefined) return undefined;
  return { ...state, nodes: [...state.nodes, change(emptyNode(config.id, config.name))] };
}

/** A node comes, goes in good order, or vanishes while it is expected to be there. */
export function switchNode(node: NodeState, change: NodeChange): NodeState {
  switch (change) {
    case "up":
      return { ...node, inCluster: true, peerOnline: true, join: "member", expected: "member" };
    case "down":
      return {
        ...node,
        inCluster: false,
        peerOnline: false,
        join: "down",
        expected: "down",
        // It stopped everything before it went, and what doesn't outlive it is gone with it.
        attributes: [],
        history: [],
      };
    case "fail":
      return { ...node, inCluster: false, peerOnline: true, join: "member", expected: "member" };
    default:
      return change satisfies never;
  }
}

const NOT_RUNNING = 7;

/** Writes the outcome of an operation into the history of a node, with the count of failures. */
export function injectOutcome(node: NodeState, one: FailingAction, nowSeconds: number): NodeState | undefined {
  const parts = /^(.+)_([a-z-]+|migrate_to|migrate_from)_(\d+)$/.exec(one.key);
  if (parts === null) return undefined;
  const [, resource = "", operation = "", interval = "0"] = parts;
  const intervalMs = Number(interval);
  const known = node.history.find((history) => history.resource === resource);
  const calls = node.history.flatMap((history) => history.entries.map((entry) => entry.callId));
  const isProbe = operation === "monitor" && intervalMs === 0;
  const failed = one.rc !== 0 && !(isProbe && one.rc === NOT_RUNNING);
  const entry: HistoryEntry = {
    id: failed ? `${resource}_last_failure_0` : intervalMs > 0 ? one.key : `${resource}_last_0`,
    operation,
    intervalMs,
    callId: Math.max(0, ...calls) + 1,
    rc: one.rc,
    status: 0,
    expectedRc: 0,
    lastRcChange: nowSeconds,
    operationKey: one.key,
  };
  const entries = [...(known?.entries ?? []).filter((other) => other.id !== entry.id), entry];
  const history = known === undefined ? [...node.history, { resource, entries }] : node.history;
  const changed = {
    ...node,
    history: history.map((other) => (other === known ? { ...other, entries } : other)),
  };
  if (!failed) return changed;
  return addFailure(changed, `${resource}#${operation}_${intervalMs}`, nowSeconds);
}

/** Counts a failure: the attributes `fail-count-…` and `last-failure-…` of the node. */
export function addFailure(node: NodeState, name: string, nowSeconds: number): NodeState {
  const countName = `fail-count-${name}`;
  const lastName = `last-failure-${name}`;
  const pairs = node.attributes.flatMap((set) => [...set.pairs]);
  const count = Number(pairs.find((pair) => pair.name === countName)?.value ?? 0);
  const others = node.attributes.map((set) => ({
    ...set,
    pairs: set.pairs.filter((pair) => pair.name !== countName && pair.name !== lastName),
  }));
  const added: NvSet = {
    id: `failures-${name}`,
    pairs: [
      { id: countName, name: countName, value: String(count + 1) },
      { id: lastName, name: lastName, value: String(nowSeconds) },
    ],
  };
  return { ...node, attributes: [...others, added] };
}

export type TicketChange = "granted" | "revoked" | "standby" | "active";

export function changeTicket(state: ClusterState, id: string, change: TicketChange): ClusterState {
  const known: TicketState = state.tickets.find((one) => one.id === id) ?? { id, granted: false, standby: false };
  const changed: TicketState = {
    ...known,
    ...(change === "granted" ? { granted: true } : {}),
    ...(change === "revoked" ? { granted: false } : {}),
    ...(change === "standby" ? { standby: true } : {}),
    ...(change === "active" ? { standby: false } : {}),
  };
  return { ...state, tickets: [...state.tickets.filter((one) => one.id !== id), changed] };
}

/** Sets a meta attribute of a resource, as if it had been configured. @returns undefined when there is no such resource */
export function setMeta(cluster: Cluster, id: string, name: string, value: string): Cluster | undefined {
  let found = false;
  const withMeta = (sets: readonly NvSet[]): readonly NvSet[] => {
    found = true;
    const own: NvSet = {
      id: `what-if-${id}`,
      score: Number.MAX_SAFE_INTEGER,
      pairs: [{ id: `what-if-${id}-${name}`, name, value }],
    };
    return [...sets, own];
  };
  const visit = (resource: Resource): Resource => {
    const here = resource.id === id ? { ...resource, meta: withMeta(resource.meta) } : resource;
    switch (here.kind) {
      case "primitive":
        return here;
      case "group":
        return { ...here, members: here.members.map((member) => visitPrimitive(member)) };
      case "clone":
        return {
          ...here,
          child: here.child.kind === "group" ? visitGroup(here.child) : visitPrimitive(here.child),
        };
      default:
        return here satisfies never;
    }
  };
  const visitPrimitive = <One extends { readonly id: string; readonly meta: readonly NvSet[] }>(one: One): One =>
    one.id === id ? { ...one, meta: withMeta(one.meta) } : one;
  const visitGroup = (group: Extract<Resource, { kind: "group" }>) => {
    const here = visitPrimitive(group);
    return { ...here, members: here.members.map((member) => visitPrimitive(member)) };
  };
  const resources = cluster.resources.map(visit);
  const templates: readonly Template[] = cluster.templates.map((one) => visitPrimitive(one));
  return found ? { ...cluster, resources, templates } : undefined;
}

/** Sets a cluster option for this run. */
export function setProperty(cluster: Cluster, name: string, value: string): Cluster {
  const own: NvSet = { id: "cib-bootstrap-options", pairs: [{ id: `what-if-${name}`, name, value }] };
  return { ...cluster, properties: [...cluster.properties, own] };
}
