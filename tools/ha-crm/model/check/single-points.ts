import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { checkReasons } from "../check-reasons.ts";
import type { CheckOptions } from "./fencing.ts";
import type { ClusterView } from "./view.ts";

/** Attributes of nodes that by custom name something that several of them share, and that can fail. */
export const SHARED_ATTRIBUTES: readonly string[] = [
  "switch",
  "psu",
  "pdu",
  "ups",
  "power",
  "rack",
  "row",
  "room",
  "site",
  "zone",
  "datacenter",
  "hypervisor",
  "chassis",
  "storage",
];

/** How many nodes have each value of an attribute; undefined when a node has none: then nothing is known. */
function countValues(view: ClusterView, attribute: string): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const node of view.members) {
    const value = view.nodeAttribute(node, attribute);
    if (value === undefined) return undefined;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** Things that all nodes, most nodes, or all nodes of one resource depend on. */
export function checkSinglePoints(view: ClusterView, options: CheckOptions): readonly Reason[] {
  const nodes = view.members.length;
  if (nodes < 2) return [];
  const found: Reason[] = [];
  for (const attribute of new Set([...SHARED_ATTRIBUTES, ...options.sharedAttributes])) {
    const counts = countValues(view, attribute);
    if (counts === undefined) continue;
    if (counts.size === 1) {
      const [value = ""] = counts.keys();
      found.push(reason(checkReasons, "CRM_CHECK_SPOF", { attribute, value }, view.members[0]?.at));
      continue;
    }
    for (const [value, count] of counts) {
      // Two nodes have no majority to lose that a second one could keep.
      const left = nodes - count;
      if (nodes > 2 && left * 2 <= nodes && !options.witness) {
        found.push(
          reason(checkReasons, "CRM_CHECK_SPOF_QUORUM", { attribute, value, count, nodes }, view.members[0]?.at),
        );
      }
    }
    found.push(...checkResources(view, attribute));
  }
  return found;
}

function checkResources(view: ClusterView, attribute: string): readonly Reason[] {
  const seen = new Set<string>();
  return view.placed.flatMap((placed) => {
    if (seen.has(placed.top.id) || view.isStonith(placed)) return [];
    seen.add(placed.top.id);
    const allowed = view.allowedNodes(placed);
    const values = new Set(
      view.members.filter((node) => allowed.includes(node.name)).map((node) => view.nodeAttribute(node, attribute)),
    );
    const [value] = values;
    if (values.size !== 1 || value === undefined || allowed.length < 2) return [];
    const data = { resource: placed.top.id, attribute, value, nodes: allowed };
    return [reason(checkReasons, "CRM_CHECK_SPOF_RESOURCE", data, placed.top.at)];
  });
}
