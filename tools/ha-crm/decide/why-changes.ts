import type { Cluster } from "../model/cluster.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import type { ClusterState } from "../model/state.ts";
import type { ActiveAt } from "./placement.ts";
import type { ScheduleInput } from "./schedule.ts";
import { simulate } from "./simulate.ts";
import { changeNode, changeTicket, setMeta, setProperty, switchNode } from "./what-if.ts";
import { nodeState, type Studied } from "./why.ts";
import type { World } from "./world.ts";

/** One change that would put a resource elsewhere, tried out with the scheduler itself. */
export interface Change {
  /** What to do or what would have to happen, in words. */
  readonly change: string;
  /** The same as words of pcs, to be carried out one after the other; empty for what isn't done by configuration. */
  readonly commands: readonly string[];
  /** Where the resource would be then. */
  readonly then: readonly ActiveAt[];
}

interface Trial {
  readonly change: string;
  readonly commands?: readonly string[];
  readonly cluster: Cluster;
  readonly state: ClusterState;
}

/** Each trial is a whole run of the scheduler, so there is a limit; in large clusters a lower one. */
const MOST_TRIALS = 24;
const LEAST_TRIALS = 3;
/** Trials times nodes times resources: an answer shall come within about a second. */
const MOST_TRIAL_WORK = 64_000;

function trialsFor(world: World): number {
  const most = Math.floor(MOST_TRIAL_WORK / Math.max(1, world.nodes.length * world.all.length));
  return Math.min(MOST_TRIALS, Math.max(LEAST_TRIALS, most));
}

type Input = Omit<ScheduleInput, "recorder">;

function withoutConstraint(cluster: Cluster, id: string): Cluster {
  return { ...cluster, constraints: cluster.constraints.filter((one) => one.id !== id) };
}

/** Constraints that count for the resource: those that gave it a score, tickets and orderings that name it. */
function constraintIds(input: Input, studied: Studied): readonly string[] {
  const scored = studied.steps.map((step) => step.source);
  const tickets = new Set(studied.steps.filter((step) => step.code === "SCORE_TICKET").map((step) => step.source));
  const family = new Set(studied.instances.flatMap((one) => [one.name, one.top.name]));
  return input.cluster.constraints
    .filter((one) => {
      if (scored.includes(one.id)) return true;
      if (one.kind === "ticket") return tickets.has(one.ticket);
      return one.kind === "order" && one.then !== undefined && family.has(one.then) && studied.then.length === 0;
    })
    .map((one) => one.id);
}

function trials(input: Input, studied: Studied, wanted: string | undefined): readonly Trial[] {
  const top = studied.instances[0]?.top.name ?? studied.name;
  return [
    ...(wanted === undefined ? [] : nodeTrials(input, studied, wanted)),
    ...optionTrials(input, studied, top),
    ...statusTrials(input, studied, wanted),
    ...constraintIds(input, studied).map((id) => ({
      ...input,
      change: `without the constraint ${id}`,
      commands: [`constraint delete ${id}`],
      cluster: withoutConstraint(input.cluster, id),
    })),
    ...(wanted === undefined ? [] : preferTrials(input, studied, top, wanted)),
  ].slice(0, trialsFor(studied.world));
}

/** The node itself is out of the game. */
function nodeTrials(input: Input, studied: Studied, wanted: string): readonly Trial[] {
  const node = studied.world.nodes.find((one) => one.name === wanted);
  if (node === undefined || nodeState(node) === "up") return [];
  const up = changeNode(input.cluster, input.state, wanted, (one) => switchNode(one, "up"));
  const all: Trial[] = up === undefined ? [] : [{ ...input, change: `${wanted} is up`, state: up }];
  const without = (name: string) => ({
    ...input.cluster,
    nodes: input.cluster.nodes.map((one) =>
      one.name === wanted
        ? {
            ...one,
            attributes: one.attributes.map((set) => ({
              ...set,
              pairs: set.pairs.filter((pair) => pair.name !== name),
            })),
          }
        : one,
    ),
  });
  const leave = (name: string, word: string) =>
    all.push({
      ...input,
      change: `${wanted} leaves ${name}`,
      commands: [`node ${word} ${wanted}`],
      cluster: without(name),
    });
  if (node.standby) leave("standby", "unstandby");
  if (node.maintenance) leave("maintenance", "unmaintenance");
  return all;
}

const METAS: readonly (readonly [string, string])[] = [
  ["target-role", "Started"],
  ["is-managed", "true"],
  ["resource-stickiness", "0"],
];
const PROPERTIES: readonly (readonly [string, string])[] = [
  ["stop-all-resources", "false"],
  ["maintenance-mode", "false"],
];

/** The same with a device; which one doesn't matter. */
function withDevice(cluster: Cluster): Cluster {
  const device = {
    kind: "primitive",
    id: "what-if-device",
    agent: { class: "stonith", type: "fence_what_if" },
    meta: [],
    instance: [],
    operations: [],
    utilization: [],
  } as const;
  return { ...cluster, resources: [...cluster.resources, device] };
}

function optionTrials(input: Input, studied: Studied, top: string): readonly Trial[] {
  const all: Trial[] = [];
  for (const [name, value] of METAS) {
    const changed = setMeta(input.cluster, top, name, value);
    const commands = [`resource meta ${top} ${name}=${value}`];
    if (changed !== undefined)
      all.push({ ...input, change: `${top} has ${name}=${value}`, commands, cluster: changed });
  }
  const isSet = (name: string) => input.cluster.properties.some((set) => set.pairs.some((pair) => pair.name === name));
  for (const [name, value] of PROPERTIES) {
    const commands = [`property set ${name}=${value}`];
    const cluster = setProperty(input.cluster, name, value);
    if (isSet(name)) all.push({ ...input, change: `${name}=${value}`, commands, cluster });
  }
  if (studied.world.settings.fencingEnabled && !studied.world.haveFenceDevice) {
    all.push({ ...input, change: "there is a fencing device", cluster: withDevice(input.cluster) });
  }
  if (!studied.world.state.quorate) {
    all.push({ ...input, change: "there is quorum", state: { ...input.state, quorate: true } });
  }
  return all;
}

function statusTrials(input: Input, studied: Studied, wanted: string | undefined): readonly Trial[] {
  const all: Trial[] = [];
  const tickets = studied.steps.filter((step) => step.code === "SCORE_TICKET").map((step) => step.source);
  for (const ticket of new Set(tickets)) {
    all.push({
      ...input,
      change: `the ticket ${ticket} is granted`,
      state: changeTicket(input.state, ticket, "granted"),
    });
  }
  if (studied.steps.some((step) => /FAILURES|HARD_ERROR|STOP_FAILED/.test(step.code))) {
    const change = `the failures of ${studied.name} are forgotten (resource cleanup)`;
    all.push({ ...input, change, state: forgetFailures(input.state, studied) });
  }
  if (wanted !== undefined) return all;
  for (const at of studied.then) {
    const failed = changeNode(input.cluster, input.state, at.node, (one) => switchNode(one, "fail"));
    if (failed !== undefined) all.push({ ...input, change: `${at.node} fails`, state: failed });
  }
  return all;
}

/** A wish above all others; where a constraint forbids the node, together with dropping that. */
function preferTrials(input: Input, studied: Studied, top: string, wanted: string): readonly Trial[] {
  const wish = `${top} prefers ${wanted} with INFINITY`;
  const forbidding = new Set(
    studied.steps.filter((step) => step.node === wanted && step.delta <= -INFINITY_SCORE).map((step) => step.source),
  );
  const known = input.cluster.constraints.filter((one) => forbidding.has(one.id));
  const commands = [preferCommand(top, wanted)];
  return [
    { ...input, change: wish, commands, cluster: preferring(input.cluster, top, wanted) },
    ...known.map((one) => ({
      ...input,
      change: `without the constraint ${one.id}, and ${wish}`,
      commands: [`constraint delete ${one.id}`, ...commands],
      cluster: preferring(withoutConstraint(input.cluster, one.id), top, wanted),
    })),
  ];
}

const preferCommand = (top: string, wanted: string) => `constraint location ${top} prefers ${wanted}=INFINITY`;

/** When nothing brings the resource to a node alone, the same together with a wish above all others may. */
function withWish(trial: Trial, top: string, wanted: string): Trial {
  return {
    ...trial,
    change: `${trial.change}, and ${top} prefers ${wanted} with INFINITY`,
    ...(trial.commands === undefined ? {} : { commands: [...trial.commands, preferCommand(top, wanted)] }),
    cluster: preferring(trial.cluster, top, wanted),
  };
}

function preferring(cluster: Cluster, resource: string, node: string): Cluster {
  const constraint = {
    kind: "location",
    id: "what-if-prefers",
    resource,
    node,
    score: "INFINITY",
    sets: [],
    rules: [],
  } as const;
  return { ...cluster, constraints: [...cluster.constraints, constraint] };
}

/** Takes failed entries and their counts out of the status, as a cleanup does. */
function forgetFailures(state: ClusterState, studied: Studied): ClusterState {
  const ids = new Set(studied.instances.flatMap((one) => [one.id, one.name]));
  return {
    ...state,
    nodes: state.nodes.map((node) => ({
      ...node,
      attributes: node.attributes.map((set) => ({
        ...set,
        pairs: set.pairs.filter((pair) => {
          const found = /^(?:fail-count|last-failure)-([^#]+)/.exec(pair.name);
          return found === null || !ids.has(found[1] ?? "");
        }),
      })),
      history: node.history.map((one) =>
        ids.has(one.resource)
          ? { ...one, entries: one.entries.filter((entry) => entry.rc === 0 || entry.rc === 7 || entry.rc === 8) }
          : one,
      ),
    })),
  };
}

const key = (places: readonly ActiveAt[]) => places.map((one) => `${one.node} ${one.role}`).join(" ");

/**
 * What would put the resource elsewhere, or on the node that was asked for. Each answer was tried out.
 * @param wanted only changes that bring the resource to this node
 */
export function findChanges(input: Input, studied: Studied, wanted?: string): readonly Change[] {
  const names = new Set(studied.instances.map((one) => one.name));
  const before = key(studied.then);
  const found: Change[] = [];
  if (wanted !== undefined && studied.then.some((one) => one.node === wanted)) return [];
  const tryOut = (trial: Trial) => {
    // What one change brings about needs no second one.
    if (found.some((one) => trial.change.endsWith(`, and ${one.change}`))) return;
    const after = simulate({ cluster: trial.cluster, state: trial.state, now: input.now }).after;
    const then = [...names].flatMap((name) => after[name] ?? []);
    const good = wanted === undefined ? key(then) !== before : then.some((one) => one.node === wanted);
    if (good) found.push({ change: trial.change, commands: trial.commands ?? [], then });
  };
  const single = trials(input, studied, wanted);
  single.forEach(tryOut);
  if (found.length > 0 || wanted === undefined) return found;
  const top = studied.instances[0]?.top.name ?? studied.name;
  const alone = single.filter((one) => !one.change.includes(" prefers "));
  for (const trial of alone) tryOut(withWish(trial, top, wanted));
  return found;
}
