import { addExtras, EXTRAS, pickExtras, type ExtraKind } from "./generate-extras.ts";
import { addLater, LATER, pickLater, type LaterKind } from "./generate-later.ts";
import { makeConstraints } from "./generate-constraints.ts";
import { makeResources, type MadeResource } from "./generate-resources.ts";
import { makeStatus } from "./generate-status.ts";
import { Random } from "./random.ts";
import { tree, type Tree } from "./xml-tree.ts";

/** What a random cluster may have. Every seed has some of these, so that differences can be told apart by kind. */
export const KINDS = [
  ...EXTRAS,
  ...LATER,
  "group",
  "clone",
  "unique",
  "promotable",
  "template",
  "sets",
  "tags",
  "location",
  "rules",
  "dates",
  "colocation",
  "order",
  "tickets",
  "utilization",
  "migration",
  "failures",
  "onFail",
  "fencing",
  "topology",
  "standby",
  "maintenance",
  "multiple",
  "health",
  "remote",
  "unfencing",
  "pending",
  "probes",
  "unclean",
  "optIn",
  "stickiness",
  "targetRole",
  "priority",
  "quorum",
  "monitors",
  "orphans",
  "unmanaged",
  "active",
  "critical",
  "interleave",
  "shutdown",
] as const;
export type FeatureKind = (typeof KINDS)[number];

export interface GeneratedNode {
  readonly id: string;
  readonly name: string;
  readonly remote: boolean;
}

/** All that the parts of the generator share. */
export interface Making {
  readonly random: Random;
  readonly has: (kind: FeatureKind) => boolean;
  readonly nodes: readonly GeneratedNode[];
  readonly resources: readonly MadeResource[];
  /** A fresh id. */
  readonly id: (word: string) => string;
}

export interface Generated {
  readonly seed: number;
  readonly kinds: readonly FeatureKind[];
  readonly cib: Tree;
}

const CHANCE: Partial<Record<FeatureKind, number>> = {
  active: 0.85,
  monitors: 0.5,
  colocation: 0.45,
  order: 0.45,
  location: 0.5,
  group: 0.4,
  clone: 0.4,
  promotable: 0.3,
  fencing: 0.5,
};

const APART: readonly string[] = [...EXTRAS, ...LATER];
const isExtra = (kind: FeatureKind): kind is ExtraKind | LaterKind => APART.includes(kind);
const DRAWN = KINDS.filter((kind) => !isExtra(kind));

function pickKinds(random: Random): ReadonlySet<FeatureKind> {
  // Some clusters are plain, some have nearly everything.
  const weight = random.pick([0.4, 0.7, 1, 1, 1.6]);
  const kinds = new Set<FeatureKind>();
  for (const kind of DRAWN) if (random.chance((CHANCE[kind] ?? 0.18) * weight)) kinds.add(kind);
  return kinds;
}

const FENCE_NEEDS: readonly FeatureKind[] = ["topology", "unfencing", "unclean"];

/** One random cluster; the same seed gives the same cluster. */
export function generate(seed: number): Generated {
  const random = new Random(seed * 2_654_435_761 + 97);
  const kinds = new Set(pickKinds(random));
  if (FENCE_NEEDS.some((kind) => kinds.has(kind)) && random.chance(0.9)) kinds.add("fencing");
  const nodeCount = random.chance(0.85) ? random.whole(1, 5) : random.whole(6, 16);
  const nodes: GeneratedNode[] = [];
  for (let index = 1; index <= nodeCount; index += 1)
    nodes.push({ id: String(index), name: `n${index}`, remote: false });
  if (kinds.has("remote")) {
    const most = random.whole(1, 2);
    for (let index = 1; index <= most; index += 1)
      nodes.push({ id: `remote${index}`, name: `remote${index}`, remote: true });
  }
  let counter = 0;
  const id = (word: string) => `${word}-${(counter += 1)}`;
  const making = { random, has: (kind: FeatureKind) => kinds.has(kind), nodes, resources: [], id };
  const size = random.chance(0.8)
    ? random.whole(1, 8)
    : random.chance(0.8)
      ? random.whole(9, 25)
      : random.whole(26, 100);
  const made = makeResources(making, size);
  const full: Making = { ...making, resources: made.resources };
  const constraints = makeConstraints(full);
  const status = makeStatus(full);
  const configuration = tree("configuration", {}, [
    tree("crm_config", {}, [nvset(full, "cluster_property_set", properties(full))]),
    tree(
      "nodes",
      {},
      nodes.filter((node) => !node.remote).map((node) => makeNode(full, node)),
    ),
    tree("resources", {}, made.trees),
    tree("constraints", {}, constraints.constraints),
    constraints.tags.length > 0 ? tree("tags", {}, constraints.tags) : undefined,
    made.topology.length > 0 ? tree("fencing-topology", {}, made.topology) : undefined,
    made.defaults.length > 0 ? tree("rsc_defaults", {}, made.defaults) : undefined,
  ]);
  const quorate = !(kinds.has("quorum") && random.chance(0.6));
  const cib = tree(
    "cib",
    {
      "validate-with": "pacemaker-3.9",
      crm_feature_set: "3.16.1",
      epoch: 1,
      num_updates: 0,
      admin_epoch: 0,
      "have-quorum": quorate ? 1 : 0,
      "dc-uuid": "1",
    },
    [configuration, status],
  );
  const extras = pickExtras(seed);
  const later = pickLater(seed);
  return {
    seed,
    kinds: [...kinds, ...extras, ...later],
    cib: addLater(seed, addExtras(seed, cib, extras), later),
  };
}

/** A set of named values. */
export function nvset(
  making: Pick<Making, "id">,
  element: string,
  values: Readonly<Record<string, string | number | boolean>>,
  extra: readonly Tree[] = [],
): Tree | undefined {
  const entries = Object.entries(values);
  if (entries.length === 0 && element !== "cluster_property_set") return undefined;
  const set = making.id("set");
  const pairs = entries.map(([name, value]) =>
    tree("nvpair", { id: `${set}-${name.replaceAll(/[^A-Za-z0-9_.-]/g, "_")}`, name, value }),
  );
  return tree(element, { id: set }, [...extra, ...pairs]);
}

function properties(making: Making): Record<string, string | number | boolean> {
  const { random, has } = making;
  const all: Record<string, string | number | boolean> = { "stonith-enabled": has("fencing") };
  if (has("optIn") && random.chance(0.6)) all["symmetric-cluster"] = false;
  if (has("quorum")) all["no-quorum-policy"] = random.pick(["stop", "freeze", "ignore", "demote", "suicide"]);
  if (has("utilization")) all["placement-strategy"] = random.pick(["utilization", "minimal", "balanced", "default"]);
  if (has("health"))
    all["node-health-strategy"] = random.pick(["migrate-on-red", "only-green", "progressive", "custom"]);
  if (has("health") && random.chance(0.3)) all["node-health-base"] = random.pick([-50, 50, 200]);
  if (has("failures") && random.chance(0.4)) all["start-failure-is-fatal"] = random.chance(0.5);
  if (has("maintenance") && random.chance(0.15)) all["maintenance-mode"] = true;
  if (has("probes") && random.chance(0.15)) all["enable-startup-probes"] = false;
  if (has("unclean") && random.chance(0.3)) all["startup-fencing"] = random.chance(0.5);
  if (has("fencing") && random.chance(0.2)) all["concurrent-fencing"] = random.chance(0.5);
  if (has("fencing") && random.chance(0.2)) all["stonith-action"] = random.pick(["off", "reboot"]);
  if (has("orphans") && random.chance(0.3)) all["stop-orphan-resources"] = random.chance(0.5);
  if (has("targetRole") && random.chance(0.06)) all["stop-all-resources"] = true;
  return all;
}

function makeNode(making: Making, node: GeneratedNode): Tree {
  const { random, has } = making;
  const attributes: Record<string, string | number> = {};
  if (has("standby") && random.chance(0.3)) attributes["standby"] = random.pick(["on", "off", "true"]);
  if (has("maintenance") && random.chance(0.15)) attributes["maintenance"] = "true";
  if (has("rules") && random.chance(0.7)) attributes["site"] = random.pick(["A", "B"]);
  if (has("rules") && random.chance(0.5)) attributes["cpus"] = random.whole(1, 20);
  if (has("health") && random.chance(0.3))
    attributes["#health-disk"] = random.pick(["red", "yellow", "green", "-10", "30"]);
  if (has("colocation") && random.chance(0.3)) attributes["rack"] = random.pick(["r1", "r2", "r3"]);
  const capacity: Record<string, number> = has("utilization")
    ? { cpu: random.whole(0, 8), ram: random.whole(0, 16) }
    : {};
  return tree("node", { id: node.id, uname: node.name }, [
    nvset(making, "instance_attributes", attributes),
    nvset(making, "utilization", capacity),
  ]);
}
