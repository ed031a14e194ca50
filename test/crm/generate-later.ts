import { Random } from "./random.ts";
import { tree, type Tree } from "./xml-tree.ts";

/** Kinds that came when many seeds had been looked at: only later seeds have them, and all others stay as they are. */
export const LATER = [
  "numbered",
  "remoteEntry",
  "reconnect",
  "operationDefaults",
  "requiresUnfencing",
  "strayMonitor",
  "service",
  "otherAgent",
] as const;
export type LaterKind = (typeof LATER)[number];

/** The first seed with these kinds. */
const SINCE = 60_001;
const CHANCE = 0.12;

type Change = (cib: Tree, random: Random) => Tree;

const CHANGES: Readonly<Record<LaterKind, Change>> = {
  numbered: withNumbers,
  remoteEntry: withRemoteEntries,
  reconnect: (cib, random) => changeRemotes(cib, (one) => withReconnect(one, random.pick(["60s", "10min", "1h"]))),
  operationDefaults: withOperationDefaults,
  requiresUnfencing: withUnfencing,
  strayMonitor: withStrayMonitors,
  service: withServices,
  otherAgent: (cib, random) =>
    changeHistories(cib, (one) =>
      one.attributes["type"] === "Dummy" && random.chance(0.2) ? withAttribute(one, "type", "Delay") : one,
    ),
};

export function pickLater(seed: number): ReadonlySet<LaterKind> {
  if (seed < SINCE) return new Set();
  const random = new Random(seed * 48_271 + 3);
  return new Set(LATER.filter(() => random.chance(CHANCE)));
}

export function addLater(seed: number, cib: Tree, kinds: ReadonlySet<LaterKind>): Tree {
  const random = new Random(seed * 16_807 + 29);
  return LATER.reduce((changed, kind) => (kinds.has(kind) ? CHANGES[kind](changed, random) : changed), cib);
}

function map(node: Tree, change: (one: Tree) => Tree): Tree {
  const changed = change(node);
  return { ...changed, children: changed.children.map((child) => map(child, change)) };
}

function all(node: Tree, name: string): readonly Tree[] {
  return [...(node.name === name ? [node] : []), ...node.children.flatMap((child) => all(child, name))];
}

const withAttribute = (one: Tree, name: string, value: string): Tree => ({
  ...one,
  attributes: { ...one.attributes, [name]: value },
});
const changeHistories = (cib: Tree, change: (one: Tree) => Tree) =>
  map(cib, (one) => (one.name === "lrm_resource" ? change(one) : one));
const isRemote = (one: Tree) => one.name === "primitive" && one.attributes["type"] === "remote";
const changeRemotes = (cib: Tree, change: (one: Tree) => Tree) =>
  map(cib, (one) => (isRemote(one) ? change(one) : one));
const isPair = (name: string, value: string) => (one: Tree) =>
  one.attributes["name"] === name && one.attributes["value"] === value;

/** Ids of the primitives in clones for which `wanted` holds. */
function cloned(cib: Tree, wanted: (clone: Tree) => boolean): ReadonlySet<string> {
  const clones = [...all(cib, "clone"), ...all(cib, "master")].filter(wanted);
  return new Set(clones.flatMap((one) => all(one, "primitive").map((child) => child.attributes["id"] ?? "")));
}

/** Histories as they were written long ago: instances have numbers although all are alike. */
function withNumbers(cib: Tree): Tree {
  const ids = cloned(cib, (one) => !all(one, "nvpair").some(isPair("globally-unique", "true")));
  const counts = new Map<string, number>();
  return changeHistories(cib, (one) => {
    const id = one.attributes["id"] ?? "";
    if (!ids.has(id)) return one;
    const number = counts.get(id) ?? 0;
    counts.set(id, number + 1);
    const numbered = (text: string | undefined) => `${id}:${number}${(text ?? "").slice(id.length)}`;
    const entries = one.children.map((entry) => withAttribute(entry, "id", numbered(entry.attributes["id"])));
    return { ...withAttribute(one, "id", `${id}:${number}`), children: entries };
  });
}

/** Remote nodes have entries of their own among the nodes, with the id of their connection. */
function withRemoteEntries(cib: Tree): Tree {
  const known = new Set(all(cib, "node").map((one) => one.attributes["id"]));
  const entries = all(cib, "primitive")
    .filter((one) => isRemote(one) && !known.has(one.attributes["id"]))
    .map(({ attributes: { id } }) => tree("node", { id, uname: id, type: "remote" }));
  return map(cib, (one) => (one.name === "nodes" ? { ...one, children: [...one.children, ...entries] } : one));
}

function withReconnect(connection: Tree, interval: string): Tree {
  const id = `later-${connection.attributes["id"]}`;
  const pair = tree("nvpair", { id: `${id}-reconnect`, name: "reconnect_interval", value: interval });
  return { ...connection, children: [...connection.children, tree("instance_attributes", { id }, [pair])] };
}

function withOperationDefaults(cib: Tree, random: Random): Tree {
  if (all(cib, "op_defaults").length > 0) return cib;
  const value = random.pick(["restart", "ignore", "block", "standby", "stop"]);
  const pair = tree("nvpair", { id: "later-on-fail", name: "on-fail", value });
  const defaults = tree("op_defaults", {}, [tree("meta_attributes", { id: "later-operations" }, [pair])]);
  return map(cib, (one) => (one.name === "configuration" ? { ...one, children: [...one.children, defaults] } : one));
}

function withUnfencing(cib: Tree, random: Random): Tree {
  const plain = all(cib, "primitive").filter((one) => one.attributes["type"] === "Dummy");
  if (plain.length === 0) return cib;
  const chosen = random.pick(plain).attributes["id"];
  const pair = tree("nvpair", { id: "later-requires", name: "requires", value: "unfencing" });
  const meta = tree("meta_attributes", { id: "later-unfencing" }, [pair]);
  return map(cib, (one) =>
    one.name === "primitive" && one.attributes["id"] === chosen ? { ...one, children: [...one.children, meta] } : one,
  );
}

/** Monitors with an interval that nobody configured. */
function withStrayMonitors(cib: Tree, random: Random): Tree {
  return changeHistories(cib, (one) => {
    const start = one.children.find((entry) => entry.attributes["operation"] === "start");
    if (start === undefined || start.attributes["rc-code"] !== "0" || !random.chance(0.2)) return one;
    const id = `${one.attributes["id"]}_monitor_77000`;
    const call = String(Number(start.attributes["call-id"]) + 1);
    const words = { id, operation_key: id, operation: "monitor", interval: "77000", "call-id": call };
    return { ...one, children: [...one.children, { ...start, attributes: { ...start.attributes, ...words } }] };
  });
}

/** Clones of services: their instances can't be told apart, whatever is written. */
function withServices(cib: Tree): Tree {
  const promotable = (one: Tree) => one.name === "master" || all(one, "nvpair").some(isPair("promotable", "true"));
  const ids = cloned(cib, (one) => !promotable(one));
  return map(cib, (one) => {
    const id = one.attributes["id"]?.replace(/:\d+$/, "") ?? "";
    if ((one.name !== "primitive" && one.name !== "lrm_resource") || !ids.has(id)) return one;
    if (one.attributes["class"] !== "ocf") return one;
    const { provider: _none, ...others } = one.attributes;
    return { ...one, attributes: { ...others, class: "lsb" } };
  });
}
