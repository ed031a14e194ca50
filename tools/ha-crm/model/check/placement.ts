import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import type { Colocation } from "../constraint.ts";
import { checkReasons } from "../check-reasons.ts";
import { primitivesOf } from "../resource.ts";
import { INFINITY_SCORE, formatScore, parseScore } from "../score.ts";
import type { ClusterView, Placed } from "./view.ts";

/** What keeps a running resource where it is: of a group, the sum over its members. */
export function stickinessOf(view: ClusterView, placed: Placed): number {
  const members = new Set(primitivesOf(placed.top).map((one) => one.id));
  const counted = placed.top.kind === "group" ? view.placed.filter((one) => members.has(one.primitive.id)) : [placed];
  return counted.reduce((sum, one) => {
    // Clones stick a little by themselves.
    const usual = one.top.kind === "clone" ? "1" : "0";
    return sum + (parseScore(view.meta(one, "resource-stickiness") ?? usual) ?? 0);
  }, 0);
}

/** Preferences that are too weak to have an effect. */
export function checkStickiness(view: ClusterView): readonly Reason[] {
  const found: Reason[] = [];
  const seen = new Set<string>();
  for (const placed of view.placed) {
    if (view.isStonith(placed) || placed.top.kind === "clone") continue;
    const stickiness = stickinessOf(view, placed);
    for (const one of view.locations(placed)) {
      const score = parseScore(one.score ?? "0") ?? 0;
      if (seen.has(one.id) || one.node === undefined || score <= 0 || score >= INFINITY_SCORE || score > stickiness)
        continue;
      seen.add(one.id);
      const data = {
        resource: one.resource ?? "",
        node: one.node,
        score: formatScore(score),
        stickiness: formatScore(stickiness),
      };
      found.push(reason(checkReasons, "CRM_CHECK_STICKINESS", data, one.at));
    }
  }
  return found;
}

/** Constraints between single resources that count always: no roles, no sets, no attribute other than the node. */
function plainColocations(
  view: ClusterView,
): readonly (Colocation & { readonly dependent: string; readonly primary: string })[] {
  return view.cluster.constraints.flatMap((one) => {
    if (one.kind !== "colocation" || one.dependent === undefined || one.primary === undefined) return [];
    if (one.lifetime !== undefined || one.nodeAttribute !== undefined) return [];
    const roles = [one.dependentRole, one.primaryRole].filter((role) => role !== undefined && role !== "Started");
    const single = [one.dependent, one.primary].every(
      (id) => view.topOf(id)?.kind !== "clone" && view.topOf(id) !== undefined,
    );
    return roles.length > 0 || !single ? [] : [{ ...one, dependent: one.dependent, primary: one.primary }];
  });
}

/** Pacemaker counts a missing score as 0. */
const scoreOf = (one: Colocation) => parseScore(one.score ?? "0") ?? 0;

/** Together and apart at once; and together without a node that takes both. */
export function checkColocations(view: ClusterView): readonly Reason[] {
  const plain = plainColocations(view);
  const must = plain.filter((one) => scoreOf(one) >= INFINITY_SCORE);
  const mustNot = plain.filter((one) => scoreOf(one) <= -INFINITY_SCORE);
  return [...checkContradictions(view, must, mustNot), ...checkCommonNodes(view, must)];
}

function checkContradictions(
  view: ClusterView,
  must: ReturnType<typeof plainColocations>,
  mustNot: ReturnType<typeof plainColocations>,
): readonly Reason[] {
  // Everything in one group is together, and what must be together is so through others too.
  const neighbours = new Map<string, { readonly to: string; readonly by: string }[]>();
  const join = (left: string, right: string, by: string) => {
    neighbours.set(left, [...(neighbours.get(left) ?? []), { to: right, by }]);
    neighbours.set(right, [...(neighbours.get(right) ?? []), { to: left, by }]);
  };
  for (const one of must) join(one.dependent, one.primary, one.id);
  for (const placed of view.placed) {
    if (placed.top.kind === "group") join(placed.primitive.id, placed.top.id, placed.top.id);
  }
  const found: Reason[] = [];
  for (const one of mustNot) {
    const way = wayBetween(neighbours, one.dependent, one.primary);
    if (way === undefined) continue;
    const data = { first: one.dependent, second: one.primary, together: way.join(", "), apart: one.id };
    found.push(reason(checkReasons, "CRM_CHECK_COLOCATION_IMPOSSIBLE", data, one.at));
  }
  return found;
}

/** Names of the links on the shortest way from one to the other. */
function wayBetween(
  neighbours: ReadonlyMap<string, readonly { readonly to: string; readonly by: string }[]>,
  from: string,
  to: string,
): readonly string[] | undefined {
  const ways = new Map<string, readonly string[]>([[from, []]]);
  const queue = [from];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const way = ways.get(next) ?? [];
    if (next === to) return [...new Set(way)];
    for (const step of neighbours.get(next) ?? []) {
      if (ways.has(step.to)) continue;
      ways.set(step.to, [...way, step.by]);
      queue.push(step.to);
    }
  }
  return undefined;
}

function placedOf(view: ClusterView, id: string): Placed | undefined {
  return view.placed.find((one) => one.primitive.id === id || one.outer.some((outer) => outer.id === id));
}

function checkCommonNodes(view: ClusterView, must: ReturnType<typeof plainColocations>): readonly Reason[] {
  return must.flatMap((one) => {
    const [first, second] = [placedOf(view, one.dependent), placedOf(view, one.primary)];
    if (first === undefined || second === undefined) return [];
    const [left, right] = [view.allowedNodes(first), view.allowedNodes(second)];
    // A resource without any node is another finding.
    if (left.length === 0 || right.length === 0 || left.some((node) => right.includes(node))) return [];
    const data = {
      first: one.dependent,
      second: one.primary,
      firstNodes: left,
      secondNodes: right,
      constraint: one.id,
    };
    return [reason(checkReasons, "CRM_CHECK_COLOCATION_NO_NODE", data, one.at)];
  });
}

/** Resources that are kept off every node. */
export function checkNowhere(view: ClusterView): readonly Reason[] {
  if (view.cluster.nodes.length === 0) return [];
  return view.placed.flatMap((placed) => {
    if (view.allowedNodes(placed).length > 0) return [];
    const constraints = view.locations(placed).map((one) => one.id);
    const data = {
      resource: placed.primitive.id,
      constraints: constraints.length === 0 ? ["symmetric-cluster=false"] : constraints,
    };
    return [reason(checkReasons, "CRM_CHECK_NOWHERE", data, placed.primitive.at)];
  });
}

/** What moving by hand has left behind. */
export function checkLeftOvers(view: ClusterView): readonly Reason[] {
  return view.cluster.constraints.flatMap((one) => {
    if (one.kind !== "location" || !/^cli-(prefer|ban)-/.test(one.id) || one.rules.length > 0) return [];
    return [reason(checkReasons, "CRM_CHECK_LEFT_OVER", { constraint: one.id, resource: one.resource ?? "" }, one.at)];
  });
}
