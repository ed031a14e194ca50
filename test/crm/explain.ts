import { judge, type Comparison, type Outcome } from "./compare-run.ts";
import { askOracle } from "./oracle.ts";
import { overfills } from "./overfull.ts";
import { writeTree, type Tree } from "./xml-tree.ts";

/**
 * Classes of known differences (docs/ha-crm-differences.md). A difference belongs to a class when it is gone once what
 * the class is about is taken out of the CIB.
 */
export const CLASSES = ["remote-unreached", "moving-clone-group", "unmanaged-machine", "deleted-history"] as const;
type DifferenceClass = (typeof CLASSES)[number];

/** Lane of its own, so that no file of a comparison under way is written over. */
const LANE = 77;

/** A copy in which every element may be replaced, dropped (undefined) or kept. */
function rewrite(tree: Tree, change: (one: Tree) => Tree | undefined): Tree | undefined {
  const changed = change(tree);
  if (changed === undefined) return undefined;
  return { ...changed, children: changed.children.flatMap((child) => rewrite(child, change) ?? []) };
}

function elements(tree: Tree, name: string): readonly Tree[] {
  return [...(tree.name === name ? [tree] : []), ...tree.children.flatMap((child) => elements(child, name))];
}

const attribute = (tree: Tree, name: string) => tree.attributes[name];

/** As if every remote node were reached already. */
function withReachedRemotes(cib: Tree): Tree | undefined {
  const remotes = elements(cib, "primitive").filter((one) => attribute(one, "type") === "remote");
  const host = elements(cib, "node_state").find(
    (one) => attribute(one, "crmd") === "online" && attribute(one, "join") === "member",
  );
  if (remotes.length === 0 || host === undefined) return undefined;
  const ids = new Set(remotes.map((one) => attribute(one, "id") ?? ""));
  const stripped = rewrite(cib, (one) =>
    one.name === "lrm_resource" && ids.has(attribute(one, "id") ?? "") ? undefined : one,
  );
  const histories = [...ids].map(startedHistory);
  const id = attribute(host, "id") ?? "";
  const known = new Set(elements(cib, "node_state").map((one) => attribute(one, "id")));
  const unknown = [...ids].filter((one) => !known.has(one));
  return (
    stripped &&
    rewrite(stripped, (one) => {
      if (one.name === "status") return { ...one, children: [...one.children, ...unknown.map(remoteState)] };
      if (one.name === "node_state" && attribute(one, "id") === id && elements(one, "lrm").length === 0)
        return { ...one, children: [...one.children, lrm(id, histories)] };
      if (one.name !== "lrm" || attribute(one, "id") !== id || elements(one, "lrm_rsc_op").some(isConnection))
        return one;
      return lrm(id, [...elements(one, "lrm_resource"), ...histories]);
    })
  );
}

/** The same for guest nodes that nothing tells to have been up: their machines are none, and remote nodes are reached. */
function withoutUnreachedGuests(cib: Tree): Tree {
  const wasUp = (one: Tree) => elements(one, "lrm_rsc_op").some((entry) => attribute(entry, "rc-code") === "0");
  const seen = new Set(elements(cib, "lrm_resource").flatMap((one) => (wasUp(one) ? [attribute(one, "id")] : [])));
  const isGuest = (one: Tree) =>
    one.name === "nvpair" && attribute(one, "name") === "remote-node" && !seen.has(attribute(one, "value"));
  const names = new Set(elements(cib, "nvpair").flatMap((one) => (isGuest(one) ? [attribute(one, "value")] : [])));
  const goes = (one: Tree) =>
    isGuest(one) ||
    ((one.name === "node_state" || one.name === "lrm_resource") && names.has(attribute(one, "id") ?? ""));
  const rest = rewrite(cib, (one) => (goes(one) ? undefined : one)) ?? cib;
  return withReachedRemotes(rest) ?? rest;
}

const remoteState = (id: string): Tree => ({
  name: "node_state",
  attributes: { id, uname: id, remote_node: "true" },
  children: [],
});
const isConnection = (one: Tree) => attribute(one, "call-id") === CONNECTION_CALL;
const CONNECTION_CALL = "4";

function lrm(id: string, histories: readonly Tree[]): Tree {
  const children = [{ name: "lrm_resources", attributes: {}, children: histories }];
  return { name: "lrm", attributes: { id }, children };
}

function startedHistory(id: string): Tree {
  const key = "5:1:0:2668bbeb-06d5-40f9-936d-24cab7f87006";
  const start = {
    id: `${id}_start_0`,
    operation_key: `${id}_start_0`,
    operation: "start",
    crm_feature_set: "3.16.1",
    "transition-key": key,
    "transition-magic": `0:0;${key}`,
    "call-id": CONNECTION_CALL,
    "rc-code": "0",
    "op-status": "0",
    interval: "0",
  };
  return {
    name: "lrm_resource",
    attributes: { id, class: "ocf", provider: "pacemaker", type: "remote" },
    children: [{ name: "lrm_rsc_op", attributes: start, children: [] }],
  };
}

/** The machines of guest nodes are managed. */
function withManagedMachines(cib: Tree): Tree | undefined {
  const isPair = (one: Tree, name: string) => one.name === "nvpair" && attribute(one, "name") === name;
  return rewrite(cib, (one) =>
    one.name === "primitive" && elements(one, "nvpair").some((pair) => isPair(pair, "remote-node"))
      ? rewrite(one, (inner) => (isPair(inner, "is-managed") ? undefined : inner))
      : one,
  );
}

/** Without what is active of cloned groups: nothing of them moves then. */
function withoutClonedGroups(cib: Tree): Tree | undefined {
  const clones = elements(cib, "clone").filter((one) => one.children.some((child) => child.name === "group"));
  const ids = new Set(clones.flatMap((one) => elements(one, "primitive").map((child) => attribute(child, "id"))));
  if (ids.size === 0) return undefined;
  return rewrite(cib, (one) =>
    one.name === "lrm_resource" && ids.has(attribute(one, "id")?.replace(/:\d+$/, "")) ? undefined : one,
  );
}

/** The history of every primitive is of the agent that it has now: none of it is to be deleted. */
function withPresentAgents(cib: Tree): Tree | undefined {
  const agents = new Map<string, Readonly<Record<string, string>>>();
  const templates = new Map(elements(cib, "template").map((one) => [attribute(one, "id"), one]));
  for (const one of elements(cib, "primitive")) {
    const { class: kind, provider, type } = (templates.get(attribute(one, "template")) ?? one).attributes;
    if (kind === undefined || type === undefined) continue;
    agents.set(attribute(one, "id") ?? "", { class: kind, type, ...(provider === undefined ? {} : { provider }) });
  }
  return rewrite(cib, (one) => {
    if (one.name !== "lrm_resource") return one;
    const { class: _class, provider: _provider, type: _type, ...others } = one.attributes;
    const agent = agents.get(attribute(one, "id")?.replace(/:\d+$/, "") ?? "");
    return agent === undefined ? one : { ...one, attributes: { ...others, ...agent } };
  });
}

const REPAIRS: readonly (readonly [DifferenceClass, (cib: Tree) => Tree | undefined])[] = [
  ["moving-clone-group", withoutClonedGroups],
  ["remote-unreached", withReachedRemotes],
  ["unmanaged-machine", withManagedMachines],
  ["deleted-history", withPresentAgents],
  ["remote-unreached", withoutUnreachedGuests],
];

const withoutOrders = (cib: Tree) => rewrite(cib, (one) => (one.name === "rsc_order" ? undefined : one));

async function outcomeOf(cib: Tree): Promise<Outcome> {
  const xml = writeTree(cib);
  return judge(xml, await askOracle(xml, LANE)).outcome;
}

/** Is the difference gone from the repaired CIB? */
async function explains(one: Comparison, repaired: Tree): Promise<boolean> {
  const isGone = (outcome: Outcome) => outcome === "equal" || (one.outcome === "placement" && outcome === "actions");
  if (writeTree(repaired) === writeTree(one.cib)) return false;
  const outcome = await outcomeOf(repaired);
  if (outcome !== "refused" || one.outcome !== "placement") return isGone(outcome);
  // Orders in a circle may have the oracle refuse it. They have no say in the placement, so the rest must differ too.
  const before = withoutOrders(one.cib);
  const after = withoutOrders(repaired);
  if (before === undefined || after === undefined || (await outcomeOf(before)) !== "placement") return false;
  return isGone(await outcomeOf(after));
}

/** Something is placed otherwise, though the oracle keeps the limits of cloned groups: there is nothing wrong with that. */
async function keepsLimits(one: Comparison): Promise<boolean> {
  const xml = writeTree(one.cib);
  const answer = await askOracle(xml, LANE);
  return one.outcome === "placement" && "verdict" in answer && !overfills(xml, answer.verdict);
}

/** The class of a difference (`a + b` when it takes several); undefined when it belongs to none. */
export async function classOf(one: Comparison): Promise<string | undefined> {
  const used = new Set<DifferenceClass>();
  let all = one.cib;
  for (const [name, repair] of REPAIRS) {
    const repaired = repair(one.cib);
    if (repaired === undefined) continue;
    if (name === "moving-clone-group" && (await keepsLimits(one))) continue;
    if (await explains(one, repaired)) return name;
    const more = repair(all);
    if (more === undefined || writeTree(more) === writeTree(all)) continue;
    all = more;
    used.add(name);
  }
  return used.size > 1 && (await explains(one, all)) ? [...used].join(" + ") : undefined;
}
