import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import type { Order } from "../constraint.ts";
import { checkReasons } from "../check-reasons.ts";
import { parseScore } from "../score.ts";
import { isFalse } from "./values.ts";
import type { ClusterView } from "./view.ts";

interface Edge {
  readonly to: string;
  /** The constraint, or what keeps members of a group in order. */
  readonly by: string;
  readonly isConstraint: boolean;
}

type Graph = Map<string, Edge[]>;

/** Only mandatory orderings can block each other. */
function isMandatory(one: Order): boolean {
  if (one.orderKind !== undefined) return /^mandatory$/i.test(one.orderKind);
  return one.score === undefined || (parseScore(one.score) ?? 0) > 0;
}

function put(graph: Graph, from: string, to: string, by: string, isConstraint: boolean): void {
  graph.set(from, [...(graph.get(from) ?? []), { to, by, isConstraint }]);
}

/** Beginning and end of what is done with a resource; a group begins with its first member and ends with its last. */
const begin = (action: string, id: string) => `begin ${action} ${id}`;
const end = (action: string, id: string) => `end ${action} ${id}`;

function buildGraph(view: ClusterView): Graph {
  const graph: Graph = new Map();
  for (const { primitive, outer } of view.placed) {
    for (const action of ["start", "promote", "stop", "demote"]) {
      put(graph, begin(action, primitive.id), end(action, primitive.id), primitive.id, false);
      for (const one of outer) {
        put(graph, begin(action, one.id), begin(action, primitive.id), one.id, false);
        put(graph, end(action, primitive.id), end(action, one.id), one.id, false);
      }
    }
    for (const id of [primitive.id, ...outer.map((one) => one.id)]) {
      put(graph, end("start", id), begin("promote", id), id, false);
      put(graph, end("demote", id), begin("stop", id), id, false);
    }
  }
  for (const resource of view.placed.flatMap(({ outer }) => outer)) {
    if (resource.kind !== "group") continue;
    for (const [index, member] of resource.members.entries()) {
      const next = resource.members[index + 1];
      if (next !== undefined) put(graph, end("start", member.id), begin("start", next.id), resource.id, false);
    }
  }
  for (const one of view.cluster.constraints) if (one.kind === "order" && isMandatory(one)) addOrder(graph, one);
  return graph;
}

function addOrder(graph: Graph, one: Order): void {
  if (one.first !== undefined && one.then !== undefined) {
    const firstAction = one.firstAction ?? "start";
    put(graph, end(firstAction, one.first), begin(one.thenAction ?? firstAction, one.then), one.id, true);
  }
  for (const [index, set] of one.sets.entries()) {
    const action = set.action ?? "start";
    if (!isFalse(set.sequential)) {
      for (const [place, id] of set.resources.entries()) {
        const next = set.resources[place + 1];
        if (next !== undefined) put(graph, end(action, id), begin(action, next), one.id, true);
      }
    }
    const following = one.sets[index + 1];
    if (following === undefined) continue;
    for (const id of set.resources) {
      for (const next of following.resources)
        put(graph, end(action, id), begin(following.action ?? "start", next), one.id, true);
    }
  }
}

/** Every circle of orderings, each told once. Depth-first, with a stack of its own: chains may be long. */
export function checkOrderLoops(view: ClusterView): readonly Reason[] {
  const graph = buildGraph(view);
  const state = new Map<string, "open" | "done">();
  const found = new Map<string, Reason>();
  for (const start of graph.keys()) {
    if (state.has(start)) continue;
    const stack: {
      readonly node: string;
      readonly edges: readonly Edge[];
      next: number;
      readonly by: Edge | undefined;
    }[] = [{ node: start, edges: graph.get(start) ?? [], next: 0, by: undefined }];
    state.set(start, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = top.edges[top.next];
      if (edge === undefined) {
        state.set(top.node, "done");
        stack.pop();
        continue;
      }
      top.next += 1;
      const seen = state.get(edge.to);
      if (seen === undefined) {
        state.set(edge.to, "open");
        stack.push({ node: edge.to, edges: graph.get(edge.to) ?? [], next: 0, by: edge });
      } else if (seen === "open") {
        const from = stack.findIndex((one) => one.node === edge.to);
        const edges = [...stack.slice(from + 1).map((one) => one.by), edge].filter((one) => one !== undefined);
        addLoop(
          view,
          found,
          stack.slice(from).map((one) => one.node),
          edges,
        );
      }
    }
  }
  return [...found.values()];
}

function addLoop(
  view: ClusterView,
  found: Map<string, Reason>,
  nodes: readonly string[],
  edges: readonly Edge[],
): void {
  const constraints = [...new Set(edges.filter((edge) => edge.isConstraint).map((edge) => edge.by))].toSorted();
  if (constraints.length === 0) return;
  const key = constraints.join(" ");
  if (found.has(key)) return;
  const steps = [...new Set(nodes.map((node) => node.replace(/^(begin|end) /, "")))];
  const at = view.cluster.constraints.find((one) => one.id === constraints[0])?.at;
  const loop = [...steps, steps[0] ?? ""].join(" → ");
  found.set(key, reason(checkReasons, "CRM_CHECK_ORDER_LOOP", { loop, constraints }, at));
}
