import { Random } from "./random.ts";
import { tree, type Tree } from "./xml-tree.ts";

/** What some clusters have besides: drawn apart, so that all the rest of a seed's cluster stays as it is. */
export const EXTRAS = ["notify", "pattern", "shutdownLock", "guest", "fencingDelay"] as const;
export type ExtraKind = (typeof EXTRAS)[number];

const CHANCE = 0.06;

export function pickExtras(seed: number): ReadonlySet<ExtraKind> {
  const random = new Random(seed * 40_503 + 11);
  return new Set(EXTRAS.filter(() => random.chance(CHANCE)));
}

/** The cluster with its extras. */
export function addExtras(seed: number, cib: Tree, extras: ReadonlySet<ExtraKind>): Tree {
  const random = new Random(seed * 69_069 + 5);
  let result = cib;
  if (extras.has("notify")) result = map(result, (one) => (one.name === "clone" ? withMeta(one, "notify", true) : one));
  if (extras.has("guest")) result = withGuest(result, random);
  if (extras.has("pattern")) result = withPattern(result, random);
  if (extras.has("shutdownLock")) result = withProperty(result, "shutdown-lock", "true");
  if (extras.has("fencingDelay")) result = withProperty(result, "priority-fencing-delay", "15s");
  return result;
}

function map(node: Tree, change: (one: Tree) => Tree): Tree {
  const changed = change(node);
  return { ...changed, children: changed.children.map((child) => map(child, change)) };
}

function withMeta(resource: Tree, name: string, value: string | boolean): Tree {
  const id = `extra-${resource.attributes["id"]}`;
  const pair = tree("nvpair", { id: `${id}-${name}`, name, value });
  const known = resource.children.find((child) => child.name === "meta_attributes");
  if (known === undefined)
    return { ...resource, children: [tree("meta_attributes", { id }, [pair]), ...resource.children] };
  const longer = { ...known, children: [...known.children, pair] };
  return { ...resource, children: resource.children.map((child) => (child === known ? longer : child)) };
}

function withProperty(cib: Tree, name: string, value: string): Tree {
  const pair = tree("nvpair", { id: `extra-${name}`, name, value });
  return map(cib, (one) => (one.name === "cluster_property_set" ? { ...one, children: [...one.children, pair] } : one));
}

/** One plain resource is a virtual machine that runs Pacemaker's remote daemon. */
function withGuest(cib: Tree, random: Random): Tree {
  const resources = find(cib, "resources")?.children ?? [];
  const machines = resources.filter((one) => one.name === "primitive" && one.attributes["type"] === "Dummy");
  if (machines.length === 0) return cib;
  const chosen = random.pick(machines).attributes["id"];
  return map(cib, (one) =>
    one.name === "primitive" && one.attributes["id"] === chosen ? withMeta(one, "remote-node", "guest1") : one,
  );
}

function withPattern(cib: Tree, random: Random): Tree {
  const nodes = find(cib, "nodes")?.children ?? [];
  if (nodes.length === 0) return cib;
  const location = tree("rsc_location", {
    id: "extra-pattern",
    "rsc-pattern": random.pick(["^p", "[1-3]$", "m"]),
    node: random.pick(nodes).attributes["uname"],
    score: random.pick(["100", "-100", "-INFINITY"]),
  });
  return map(cib, (one) => (one.name === "constraints" ? { ...one, children: [...one.children, location] } : one));
}

function find(node: Tree, name: string): Tree | undefined {
  if (node.name === name) return node;
  for (const child of node.children) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
