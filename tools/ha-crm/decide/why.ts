import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import { INFINITY_SCORE, formatScore } from "../model/score.ts";
import { whyReasons } from "../model/why-reasons.ts";
import { ACT } from "./action.ts";
import { allPrimitives } from "./family.ts";
import { type ActiveAt, type Placement } from "./placement.ts";
import { Recorder, type ScoreCode, type ScoreStep } from "./recorder.ts";
import { ROLE } from "./roles.ts";
import { readWorld, type ScheduleInput } from "./schedule.ts";
import { simulate } from "./simulate.ts";
import { ABSENT, nodeAvailable, type SchedNode, type SchedResource, type World } from "./world.ts";

/** One line of a score table. */
export interface ScoreRow {
  readonly instance: string;
  readonly node: string;
  /** The score in the end; undefined when the node isn't known to the resource (opt-in cluster). */
  readonly score: string | undefined;
  /** `up`, or what keeps everything off the node. */
  readonly state: string;
  readonly chosen: boolean;
  readonly parts: readonly ScorePart[];
}

export interface ScorePart {
  readonly code: ScoreCode;
  readonly delta: string;
  /** The id of the constraint, or the name of the option. */
  readonly source: string;
  readonly at?: Position | undefined;
}

export interface Explanation {
  readonly resource: string;
  readonly because: Reason;
  readonly now: readonly ActiveAt[];
  readonly then: readonly ActiveAt[];
  readonly rows: readonly ScoreRow[];
}

/** What the scheduler thinks of one resource, ready to be explained. */
export interface Studied {
  readonly world: World;
  /** Primitives that answer for the resource: instances of a clone, the first member of a group. */
  readonly instances: readonly SchedResource[];
  readonly name: string;
  readonly steps: readonly ScoreStep[];
  readonly now: readonly ActiveAt[];
  readonly then: readonly ActiveAt[];
}

/** Resources of a name: a primitive with all its instances, or a group or clone. */
function named(world: World, name: string): readonly SchedResource[] {
  return world.all.filter((one) => one.id === name || one.name === name);
}

/** A group goes where its first member goes. */
function leaders(resource: SchedResource): readonly SchedResource[] {
  if (resource.kind === "primitive") return [resource];
  if (resource.kind === "group") return allPrimitives(resource).slice(0, 1);
  return resource.children.flatMap(leaders);
}

export function resourceNames(input: ScheduleInput): readonly string[] {
  return [...new Set(readWorld(input).all.map((one) => one.name))];
}

/**
 * Runs the scheduler and keeps what it says about one resource.
 * @returns undefined when there is no such resource
 */
export function study(input: Omit<ScheduleInput, "recorder">, name: string): Studied | undefined {
  const first = readWorld(input);
  const watched = new Set(
    named(first, name)
      .flatMap(leaders)
      .map((one) => one.id),
  );
  if (watched.size === 0) return undefined;
  const recorder = new Recorder(watched);
  const { plan, before, after } = simulate({ ...input, recorder });
  const { world } = plan;
  const instances = world.all.filter((one) => watched.has(one.id));
  const names = new Set(instances.map((one) => one.name));
  const active = (placement: Placement) => [...names].flatMap((one) => placement[one] ?? []);
  return {
    world,
    instances,
    name,
    steps: recorder.steps,
    now: active(before),
    then: active(after),
  };
}

export function nodeState(node: SchedNode): string {
  if (nodeAvailable(node)) return "up";
  if (node.unclean) return "not known to be dead or alive";
  if (!node.online) return "offline";
  if (node.shutdown) return "shutting down";
  if (node.pending) return "not ready yet";
  if (node.standby || node.standbyOnFail) return "in standby";
  return "in maintenance";
}

export function scoreOf(resource: SchedResource, node: SchedNode): number | undefined {
  const score = resource.scores[node.index] ?? ABSENT;
  return score === ABSENT ? undefined : score;
}

const shown = (score: number | undefined) => (score === undefined ? undefined : formatScore(score));

/** The same source is told once for a node, with all it has added. */
function partsOf(studied: Studied, instance: SchedResource, node: SchedNode): readonly ScorePart[] {
  const merged = new Map<string, { readonly step: ScoreStep; readonly delta: number }>();
  for (const step of studied.steps) {
    if (step.resource !== instance.id || step.node !== node.name) continue;
    const key = `${step.code} ${step.source}`;
    merged.set(key, { step, delta: (merged.get(key)?.delta ?? 0) + step.delta });
  }
  return [...merged.values()].map(({ step, delta }) => ({
    code: step.code,
    delta: delta > 0 ? `+${formatScore(delta)}` : formatScore(delta),
    source: step.source,
    at: step.at,
  }));
}

/** An instance of a clone may be kept off a node by the others alone, which no constraint says. */
function explainBan(instance: SchedResource, node: SchedNode, parts: readonly ScorePart[]): readonly ScorePart[] {
  const banned = (scoreOf(instance, node) ?? 0) <= -INFINITY_SCORE;
  const delta = formatScore(-INFINITY_SCORE);
  if (!banned || instance.top.kind !== "clone" || parts.some((part) => part.delta === delta)) return parts;
  const source = nodeAvailable(node) ? "clone-node-max: another instance is there" : nodeState(node);
  return [...parts, { code: "SCORE_LIMIT", delta, source }];
}

export function rowsOf(studied: Studied): readonly ScoreRow[] {
  return studied.instances.flatMap((instance) =>
    studied.world.nodes.map((node) => ({
      instance: instance.id,
      node: node.name,
      score: shown(scoreOf(instance, node)),
      state: nodeState(node),
      chosen: instance.assigned === node,
      parts: explainBan(instance, node, partsOf(studied, instance, node)),
    })),
  );
}

/** Why a resource is where it is, or is stopped. */
export function explainWhy(studied: Studied): Explanation {
  const because = whyReason(studied);
  return { resource: studied.name, because, now: studied.now, then: studied.then, rows: rowsOf(studied) };
}

/** What takes a resource out of the cluster's hands. */
function unmanagedBy(world: World, resource: SchedResource): string {
  if (world.settings.maintenance) return "maintenance-mode is set";
  if (world.settings.fencingEnabled && !world.haveFenceDevice) return "fencing is on, but there is no device for it";
  return resource.maintenance || resource.runningOn.some((node) => node.maintenance)
    ? "it or its node is in maintenance"
    : "is-managed is false";
}

/** Without quorum nothing is started, except when the policy says otherwise. */
function lacksQuorum(world: World, resource: SchedResource): boolean {
  const policy = world.settings.noQuorumPolicy;
  return !world.state.quorate && policy !== "ignore" && policy !== "freeze" && !resource.isFenceDevice;
}

function whyReason(studied: Studied): Reason {
  const { world, name, instances } = studied;
  const [first] = instances;
  if (first === undefined) throw new Error("a studied resource has instances");
  if (!first.managed) {
    const state = studied.now.length === 0 ? "stopped" : `on ${studied.now.map((one) => one.node).join(", ")}`;
    const source = unmanagedBy(world, first);
    return reason(whyReasons, "WHY_UNMANAGED", { resource: name, state, source });
  }
  const assigned = instances.filter((one) => one.assigned !== undefined);
  if (assigned.length === 0) return whyStopped(studied, first);
  if (studied.then.length === 0 && lacksQuorum(world, first)) {
    return reason(whyReasons, "WHY_NO_QUORUM", { resource: name, policy: world.settings.noQuorumPolicy });
  }
  if (studied.then.length === 0) {
    const [one] = assigned;
    return reason(whyReasons, "WHY_BLOCKED", {
      resource: name,
      node: one?.assigned?.name ?? "",
      problem: blockingProblem(world, one ?? first),
    });
  }
  if (instances.length > 1) {
    return reason(whyReasons, "WHY_INSTANCES", {
      resource: name,
      nodes: studied.then.map((one) => (one.role === "Started" ? one.node : `${one.node} (${one.role})`)),
      count: assigned.length,
      most: instances.length,
    });
  }
  return whyThere(studied, first, first.assigned);
}

/** What stands in front of its start: orderings whose first part doesn't happen. */
function blockingProblem(world: World, instance: SchedResource): string {
  const family = new Set<SchedResource>();
  for (let one: SchedResource | undefined = instance; one !== undefined; one = one.parent) family.add(one);
  const waits = world.orderings.filter((one) => {
    if (one.id === "" || one.then === undefined || !family.has(one.then) || one.first === undefined) return false;
    return allPrimitives(one.first).every((other) => other.nextRole === ROLE.stopped || other.assigned === undefined);
  });
  if (waits.length > 0) {
    const names = waits.map((one) => `${one.first?.name ?? ""} (${one.id})`);
    return `it comes after ${[...new Set(names)].join(" and ")}, which ${waits.length === 1 ? "doesn't" : "don't"} run`;
  }
  const start = instance.actionsByTask.get("start")?.find((one) => !one.has(ACT.runnable));
  const said = start?.reason;
  if (said !== undefined && said !== "") return said;
  return instance.blocked
    ? "it is blocked after a failure that only a person can judge"
    : "something it needs is missing";
}

function whyStopped(studied: Studied, first: SchedResource): Reason {
  const { world, name } = studied;
  if (world.settings.stopAllResources) return reason(whyReasons, "WHY_STOP_ALL", { resource: name });
  if (first.nextRole === ROLE.stopped && hasStep(studied, "SCORE_TARGET_ROLE")) {
    return reason(whyReasons, "WHY_TARGET_ROLE", { resource: name });
  }
  if (lacksQuorum(world, first)) {
    return reason(whyReasons, "WHY_NO_QUORUM", { resource: name, policy: world.settings.noQuorumPolicy });
  }
  const up = world.nodes.filter(nodeAvailable);
  if (up.length === 0) {
    const nodes = world.nodes.map((node) => `${node.name} is ${nodeState(node)}`);
    return reason(whyReasons, "WHY_NO_NODE_UP", {
      resource: name,
      nodes: nodes.length === 0 ? ["there is none"] : nodes,
    });
  }
  const nodes = up.map((node) => `${node.name}: ${causeText(world, forbiddingPart(studied, first, node))}`);
  return reason(whyReasons, "WHY_NOWHERE", { resource: name, nodes });
}

const hasStep = (studied: Studied, code: ScoreCode) => studied.steps.some((step) => step.code === code);

/** The first part that took the score of a node to -INFINITY. */
export function forbiddingPart(studied: Studied, instance: SchedResource, node: SchedNode): ScorePart | undefined {
  const bans = partsOf(studied, instance, node).filter((part) => part.delta === formatScore(-INFINITY_SCORE));
  // The wish of an administrator says more than what follows from it.
  return bans.find((part) => part.code !== "SCORE_TARGET_ROLE") ?? bans[0];
}

function colocationText(world: World, source: string): string {
  if (source.startsWith("group ")) return `the ${source} stays together`;
  const found = world.colocations.find((one) => one.id === source);
  if (found === undefined) return `the colocation ${source} forbids it`;
  const where = found.primary.assigned?.name;
  const place = where === undefined ? "" : `, which is on ${where}`;
  const how = found.score < 0 ? "away from" : "with";
  return `the colocation ${source} keeps ${found.dependent.name} ${how} ${found.primary.name}${place}`;
}

/** What a ban comes from, in words. */
export function causeText(world: World, part: ScorePart | undefined): string {
  if (part === undefined) return "its score is too low";
  const { source } = part;
  switch (part.code) {
    case "SCORE_LOCATION":
      return `the constraint ${source} forbids it`;
    case "SCORE_COLOCATION":
    case "SCORE_FOLLOWER":
      return colocationText(world, source);
    case "SCORE_FAILURES":
      return `it has failed there too often (${source})`;
    case "SCORE_HARD_ERROR":
      return `it can't work there (${source})`;
    case "SCORE_STOP_FAILED":
      return `it couldn't be stopped there (${source})`;
    case "SCORE_HEALTH":
      return `the node is not healthy (${source})`;
    case "SCORE_CAPACITY":
      return "the node has too little left of what it needs (utilization)";
    case "SCORE_TICKET":
      return `the ticket ${source} is not granted`;
    case "SCORE_LIMIT":
      return `there are enough instances already (${source})`;
    case "SCORE_TARGET_ROLE":
      return "its target-role is Stopped";
    case "SCORE_SHUTDOWN_LOCK":
      return "it waits for the node that was shut down in good order (shutdown-lock)";
    case "SCORE_NODE":
    case "SCORE_STICKINESS":
    case "SCORE_PROMOTION":
    case "SCORE_UNMANAGED":
    case "SCORE_DISCOVERY":
    case "SCORE_ORPHAN":
    case "SCORE_MULTIPLE_ACTIVE":
    case "SCORE_REMOTE":
      return source;
    default:
      return part.code satisfies never;
  }
}

function whyThere(studied: Studied, instance: SchedResource, node: SchedNode | undefined): Reason {
  const { world, name } = studied;
  if (node === undefined) throw new Error("only for resources with a node");
  const resource = { resource: name, node: node.name };
  const others = world.nodes
    .filter((one) => one !== node && nodeAvailable(one))
    .map((one) => ({ node: one, score: scoreOf(instance, one) ?? -INFINITY_SCORE }))
    .toSorted((left, right) => right.score - left.score);
  const allowed = others.filter((one) => one.score > -INFINITY_SCORE);
  const [next] = allowed;
  if (next === undefined) {
    const follows = instance.thisWith.find((one) => one.score >= INFINITY_SCORE && !one.id.startsWith("group "));
    const bound = others.some((one) => forbiddingPart(studied, instance, one.node)?.code === "SCORE_COLOCATION");
    if (follows !== undefined && bound) {
      return reason(whyReasons, "WHY_FOLLOWS", { ...resource, other: follows.primary.name, constraint: follows.id });
    }
    return reason(whyReasons, "WHY_ONLY", resource);
  }
  const score = scoreOf(instance, node) ?? instance.assignedScore;
  if (score > next.score) {
    const nextScore = formatScore(next.score);
    return reason(whyReasons, "WHY_BEST", { ...resource, score: formatScore(score), next: next.node.name, nextScore });
  }
  if (studied.now.some((one) => one.node === node.name)) {
    return reason(whyReasons, "WHY_STAYS", { ...resource, score: formatScore(score) });
  }
  const nodes = [node.name, ...allowed.filter((one) => one.score === score).map((one) => one.node.name)];
  return reason(whyReasons, "WHY_EQUAL", { ...resource, score: formatScore(score), nodes });
}

/** Why a resource is not on a node. @returns undefined when there is no such node */
export function explainWhyNot(studied: Studied, nodeName: string): Explanation | undefined {
  const node = studied.world.nodes.find((one) => one.name === nodeName);
  if (node === undefined) return undefined;
  const because = whyNotReason(studied, node);
  const rows = rowsOf(studied).filter((row) => row.node === nodeName || row.chosen);
  return { resource: studied.name, because, now: studied.now, then: studied.then, rows };
}

function whyNotReason(studied: Studied, node: SchedNode): Reason {
  const { name, instances } = studied;
  const data = { resource: name, node: node.name };
  if (studied.then.some((one) => one.node === node.name)) {
    const isThere = studied.now.some((one) => one.node === node.name);
    return reason(whyReasons, isThere ? "WHY_NOT_IT_DOES" : "WHY_NOT_IT_WILL", data);
  }
  const instance = instances.find((one) => one.assigned === undefined) ?? instances[0];
  if (instance === undefined) throw new Error("a studied resource has instances");
  const state = nodeState(node);
  if (state !== "up") return reason(whyReasons, "WHY_NOT_STATE", { ...data, state });
  const elsewhere = whyReason(studied);
  const general = ["WHY_UNMANAGED", "WHY_TARGET_ROLE", "WHY_STOP_ALL", "WHY_NO_QUORUM", "WHY_BLOCKED"];
  if (general.includes(elsewhere.code)) return elsewhere;
  const score = scoreOf(instance, node);
  if (score === undefined) return reason(whyReasons, "WHY_NOT_UNKNOWN", data);
  if (score <= -INFINITY_SCORE) {
    return reason(whyReasons, "WHY_NOT_FORBIDDEN", {
      ...data,
      cause: causeText(studied.world, forbiddingPart(studied, instance, node)),
    });
  }
  const best = instances.find((one) => one.assigned !== undefined);
  const where = best?.assigned;
  if (best === undefined || where === undefined) return elsewhere;
  const bestScore = scoreOf(best, where) ?? best.assignedScore;
  const does = studied.now.some((one) => one.node === where.name) ? "is" : "goes";
  if (bestScore > score) {
    const scores = { score: formatScore(score), bestScore: formatScore(bestScore) };
    return reason(whyReasons, "WHY_NOT_LOWER", { ...data, ...scores, best: where.name, does });
  }
  return reason(whyReasons, "WHY_NOT_EQUAL", { ...data, best: where.name, score: formatScore(score), does });
}
