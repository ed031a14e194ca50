import type { Cluster } from "../model/cluster.ts";
import type { NvSet } from "../model/nvset.ts";
import {
  withInherited,
  type Clone,
  type Group,
  type Operation,
  type Primitive,
  type Resource,
  type Template,
} from "../model/resource.ts";
import { INFINITY_SCORE, addScores, parseScore } from "../model/score.ts";
import { parseTimeMs } from "../model/time.ts";
import { parseRole, ROLE } from "./roles.ts";
import { collectPairs } from "./rules.ts";
import { unpackOperations } from "./unpack-operations.ts";
import { booleanOr, isTrue, wholeOr } from "./values.ts";
import { ABSENT, type Kind, SchedResource, type World } from "./world.ts";

/** Builds all resources with their options, in the order of their priority. */
export function unpackResources(world: World): void {
  const templates = new Map(world.cluster.templates.map((template) => [template.id, template]));
  // A watchdog is a fencing device that every node has.
  if (world.settings.haveWatchdog) world.haveFenceDevice = true;
  world.unfencingEnabled = speaksOfUnfencing(world.cluster);
  for (const config of world.cluster.resources) {
    const resource = new ResourceBuilder(world, templates).build(config, undefined, "");
    if (resource !== undefined) world.resources.push(resource);
  }
  world.resources = world.resources.toSorted((left, right) => right.priority - left.priority);
}

/** Nodes are unfenced as soon as anything provides or requires it, be it a template or for certain times alone. */
function speaksOfUnfencing(cluster: Cluster): boolean {
  const says = (set: NvSet) =>
    set.pairs.some(({ name, value }) => (name === "provides" || name === "requires") && value === "unfencing");
  const within = (resource: Resource): boolean => {
    if (resource.meta.some(says)) return true;
    if (resource.kind === "group") return resource.members.some(within);
    return resource.kind === "clone" && within(resource.child);
  };
  const templates = cluster.templates.some((one) => one.meta.some(says));
  return templates || cluster.resourceDefaults.some(says) || cluster.resources.some(within);
}

/** Names of the remote nodes whose connections are configured: they are nodes too. */
export function remoteNames(resources: readonly Resource[]): readonly string[] {
  const names: string[] = [];
  const visit = (resource: Resource): void => {
    if (resource.kind === "group") resource.members.forEach(visit);
    else if (resource.kind === "clone") visit(resource.child);
    else if (isRemoteAgent(resource)) names.push(resource.id);
  };
  resources.forEach(visit);
  return names;
}

function isRemoteAgent(primitive: Primitive): boolean {
  const agent = primitive.agent;
  return agent?.class === "ocf" && agent.provider === "pacemaker" && agent.type === "remote";
}

/** The meta attributes that a primitive has itself, before its parent's and the defaults. */
interface Merged {
  readonly agent?: Primitive["agent"] | undefined;
  readonly meta: readonly NvSet[];
  readonly instance: readonly NvSet[];
  readonly utilization: readonly NvSet[];
  readonly operations: readonly Operation[];
}

/** A primitive with what its template says where it says nothing itself. */
export function mergeTemplate(primitive: Primitive, template: Template | undefined): Merged {
  if (template === undefined) return primitive;
  return {
    agent: primitive.agent ?? template.agent,
    meta: [...template.meta, ...primitive.meta],
    instance: [...template.instance, ...primitive.instance],
    utilization: [...template.utilization, ...primitive.utilization],
    operations: withInherited(primitive.operations, template.operations),
  };
}

export class ResourceBuilder {
  private readonly world: World;
  private readonly templates: ReadonlyMap<string, Template>;

  constructor(world: World, templates: ReadonlyMap<string, Template>) {
    this.world = world;
    this.templates = templates;
  }

  build(config: Resource, parent: SchedResource | undefined, suffix: string): SchedResource | undefined {
    switch (config.kind) {
      case "primitive":
        return this.buildPrimitive(config, parent, suffix);
      case "group":
        return this.buildGroup(config, parent, suffix);
      case "clone":
        return this.buildClone(config);
      default:
        return config satisfies never;
    }
  }

  private make(config: Resource, kind: Kind, parent: SchedResource | undefined, suffix: string): SchedResource {
    const world = this.world;
    const id = config.id + suffix;
    const resource = new SchedResource(world.all.length, id, config.id, kind, world.nodes.length, config);
    resource.parent = parent;
    // Whatever isn't an instance of a clone is there once.
    resource.unique = kind !== "clone" && resource.top.kind !== "clone";
    world.all.push(resource);
    world.byId.set(id, resource);
    const named = world.byName.get(config.id);
    if (named === undefined) world.byName.set(config.id, [resource]);
    else named.push(resource);
    return resource;
  }

  private readMeta(resource: SchedResource, sets: readonly NvSet[]): void {
    const world = this.world;
    const context = { now: world.now, agent: resource.agent };
    collectPairs(resource.meta, sets, context);
    for (const [name, value] of resource.parent?.meta ?? []) {
      if (!resource.meta.has(name)) resource.meta.set(name, value);
    }
    collectPairs(resource.meta, world.cluster.resourceDefaults, context);
  }

  private buildPrimitive(config: Primitive, parent: SchedResource | undefined, suffix: string): SchedResource {
    const world = this.world;
    const merged = mergeTemplate(
      config,
      config.template === undefined ? undefined : this.templates.get(config.template),
    );
    const resource = this.make(config, "primitive", parent, suffix);
    resource.agent = merged.agent;
    resource.parameterSets = merged.instance;
    this.readMeta(resource, merged.meta);
    resource.operations = unpackOperations(world, merged.agent, merged.operations, world.cluster.operationDefaults);
    const utilization = new Map<string, string>();
    collectPairs(utilization, merged.utilization, { now: world.now });
    for (const [name, value] of utilization) resource.utilization.set(name, wholeOr(value, 0));
    if (resource.agent?.class === "stonith") {
      resource.isFenceDevice = true;
      world.haveFenceDevice = true;
      if (resource.meta.get("provides")?.toLowerCase() === "unfencing") world.unfencingDevices.push(resource);
    }
    if (isRemoteAgent({ ...config, agent: merged.agent })) {
      resource.isRemoteConnection = true;
      const node = world.nodesById.get(config.id);
      if (node !== undefined) node.connection = resource;
    }
    this.applyOptions(resource);
    return resource;
  }

  /** A connection with a reconnect_interval: failures are forgotten after it, and not tried again before. */
  private readReconnect(resource: SchedResource): void {
    const parameters = new Map<string, string>();
    collectPairs(parameters, resource.parameterSets, { now: this.world.now });
    const written = parameters.get("reconnect_interval");
    if (written === undefined) return;
    resource.reconnectMs = parseTimeMs(written) ?? 0;
    resource.failureTimeoutMs = resource.reconnectMs;
  }

  private buildGroup(config: Group, parent: SchedResource | undefined, suffix: string): SchedResource | undefined {
    if (config.members.length === 0) return undefined;
    const resource = this.make(config, "group", parent, suffix);
    resource.parameterSets = config.instance;
    this.readMeta(resource, config.meta);
    this.applyOptions(resource);
    resource.groupOrdered = booleanOr(resource.meta.get("ordered"), true);
    resource.groupColocated = booleanOr(resource.meta.get("collocated"), true);
    for (const member of config.members) resource.children.push(this.buildPrimitive(member, resource, suffix));
    return resource;
  }

  /** The classes of what is cloned. */
  private classesIn(config: Clone): readonly string[] {
    const primitives = config.child.kind === "group" ? config.child.members : [config.child];
    return primitives.map((one) => {
      const template = one.template === undefined ? undefined : this.templates.get(one.template);
      return (one.agent ?? template?.agent)?.class.toLowerCase() ?? "";
    });
  }

  /** Only OCF agents can be promoted; a clone of others that should be is none. */
  private isPromotable(config: Clone): boolean {
    const meta = new Map<string, string>();
    collectPairs(meta, config.meta, { now: this.world.now });
    return config.element === "master" || isTrue(meta.get("promotable"));
  }

  private buildClone(config: Clone): SchedResource | undefined {
    const classes = this.classesIn(config);
    if (this.isPromotable(config) && classes.some((one) => one !== "ocf")) return undefined;
    const resource = this.make(config, "clone", undefined, "");
    resource.parameterSets = config.instance;
    this.readMeta(resource, config.meta);
    this.applyOptions(resource);
    const meta = resource.meta;
    resource.promotable = this.isPromotable(config);
    if (resource.promotable) meta.set("promotable", "true");
    resource.unique = isTrue(meta.get("globally-unique"));
    resource.interleave = isTrue(meta.get("interleave"));
    resource.ordered = isTrue(meta.get("ordered"));
    resource.cloneMax = Math.max(0, wholeOr(meta.get("clone-max"), Math.max(1, this.world.nodes.length)));
    resource.cloneNodeMaxWritten = wholeOr(meta.get("clone-node-max"), 1);
    if (resource.unique && classes.some((one) => one !== "ocf" && one !== "stonith"))
      makeAnonymous(resource, this.world.nodes.length);
    resource.cloneNodeMax = resource.unique ? resource.cloneNodeMaxWritten : Math.min(1, resource.cloneNodeMaxWritten);
    resource.cloneMin = wholeOr(meta.get("clone-min"), 0);
    resource.promotedMax = wholeOr(meta.get("promoted-max") ?? meta.get("master-max"), 1);
    resource.promotedNodeMax = wholeOr(meta.get("promoted-node-max") ?? meta.get("master-node-max"), 1);
    // Instances stick to where they are, if only a little: they would be shuffled for nothing otherwise.
    if (!meta.has("resource-stickiness")) meta.set("resource-stickiness", "1");
    readTargetRole(resource);
    for (let number = 0; number < resource.cloneMax; number += 1) this.addInstance(resource, config, number);
    return resource;
  }

  /** One more instance; also for instances found in the history that the configuration doesn't provide for. */
  addInstance(clone: SchedResource, config: Clone, number: number): SchedResource | undefined {
    const child = this.build(config.child, clone, `:${number}`);
    if (child === undefined) return undefined;
    inherit(child, clone);
    clone.children.push(child);
    return child;
  }

  private applyOptions(resource: SchedResource): void {
    const world = this.world;
    const get = (name: string) => resource.meta.get(name);
    resource.priority = parseScore(get("priority") ?? "0") ?? 0;
    resource.managed = booleanOr(get("is-managed"), true);
    resource.maintenance = booleanOr(get("maintenance"), false);
    if (world.settings.maintenance) resource.maintenance = true;
    if (resource.maintenance) resource.managed = false;
    resource.critical = booleanOr(get("critical"), true);
    resource.notify = isTrue(get("notify"));
    const hasOwnHost = resource.isRemoteConnection && get("container") === undefined;
    resource.allowMigrate = booleanOr(get("allow-migrate"), hasOwnHost);
    resource.stickiness = parseScore(get("resource-stickiness") ?? "0") ?? 0;
    resource.migrationThreshold = readThreshold(get("migration-threshold"));
    resource.failureTimeoutMs = parseTimeMs(get("failure-timeout")) ?? 0;
    if (resource.isRemoteConnection) this.readReconnect(resource);
    resource.multipleActive = readMultipleActive(get("multiple-active"));
    readTargetRole(resource);
    readRequires(world, resource);
    allowEverywhere(world, resource);
  }
}

/** Services can't tell their instances apart: all are alike whatever is written. */
function makeAnonymous(clone: SchedResource, nodes: number): void {
  clone.unique = false;
  clone.meta.set("globally-unique", "false");
  clone.cloneNodeMaxWritten = 1;
  clone.cloneMax = Math.min(clone.cloneMax, nodes);
}

function inherit(child: SchedResource, clone: SchedResource): void {
  child.unique = clone.unique;
  child.promotable = clone.promotable;
  readTargetRole(child);
  for (const grandchild of child.children) inherit(grandchild, clone);
}

function readThreshold(text: string | undefined): number {
  const score = text === undefined ? INFINITY_SCORE : (parseScore(text) ?? INFINITY_SCORE);
  return score < 0 ? INFINITY_SCORE : score;
}

function readMultipleActive(text: string | undefined): SchedResource["multipleActive"] {
  if (text === "stop_only" || text === "block" || text === "stop_unexpected") return text;
  return "stop_start";
}

/** A target role below what the resource would do anyway is where it ends. */
function readTargetRole(resource: SchedResource): void {
  const role = parseRole(resource.meta.get("target-role"));
  if (role === undefined || role === ROLE.started) return;
  if (role > ROLE.started) {
    if (!resource.top.promotable || role === ROLE.promoted) return;
  }
  resource.nextRole = role;
}

function readRequires(world: World, resource: SchedResource): void {
  const text = resource.meta.get("requires")?.toLowerCase();
  let requires = text ?? "";
  if (!["nothing", "quorum", "fencing", "unfencing"].includes(requires)) requires = defaultRequires(world, resource);
  if (requires === "unfencing" && (resource.isFenceDevice || !world.settings.fencingEnabled)) requires = "quorum";
  resource.needsUnfencing = requires === "unfencing";
  resource.needsFencing = requires === "fencing" || requires === "unfencing";
  resource.needsQuorum = requires === "quorum";
}

function defaultRequires(world: World, resource: SchedResource): string {
  if (resource.isFenceDevice || resource.isRemoteConnection) return "quorum";
  if (world.unfencingEnabled) return "unfencing";
  if (world.settings.fencingEnabled) return "fencing";
  return world.settings.noQuorumPolicy === "ignore" ? "nothing" : "quorum";
}

/**
 * In a symmetric cluster every node starts with the score of the node itself. The connection to a guest node may be
 * anywhere in every cluster: its machine says where.
 */
function allowEverywhere(world: World, resource: SchedResource): void {
  const ofGuest = resource.isRemoteConnection && resource.meta.has("container");
  if (!world.settings.symmetric && !ofGuest) return;
  for (const node of world.nodes) resource.scores[node.index] = addScores(node.score, 0);
}

/** Adds to the score of one node; a node the resource didn't know becomes allowed. */
export function addNodeScore(resource: SchedResource, index: number, nodeScore: number, delta: number): number {
  const known = resource.scores[index] ?? ABSENT;
  const score = addScores(known === ABSENT ? nodeScore : known, delta);
  resource.scores[index] = score;
  return score;
}
