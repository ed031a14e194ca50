import { ACT, type SchedAction } from "./action.ts";
import type { FailingAction } from "./execute.ts";
import { levelsOf } from "./fencing-levels.ts";
import type { DroppedOrdering } from "./graph.ts";
import { notificationName } from "./notifications.ts";
import type { Placement } from "./placement.ts";
import { type Decision, Recorder, type ScoreStep } from "./recorder.ts";
import type { ScheduleInput } from "./schedule.ts";
import { simulate } from "./simulate.ts";
import type { World } from "./world.ts";
import type { ClusterState } from "../model/state.ts";

/** One step of a plan, as plain data. */
export interface PlannedAction {
  /** From 0, in an order in which the steps can be taken one after the other. */
  readonly number: number;
  readonly kind: "resource" | "fence" | "shutdown" | "point";
  /** `start`, `stop`, `monitor`, `promote`, `demote`, `migrate_to`, `reboot`, `off`, … */
  readonly task: string;
  /** The primitive's id without instance number; absent for steps that belong to no resource. */
  readonly resource?: string | undefined;
  /** The id with instance number, where there is one. */
  readonly instance?: string | undefined;
  readonly node?: string | undefined;
  /** Only of monitors that repeat. */
  readonly intervalMs?: number | undefined;
  /** Numbers of the steps that must be done before. */
  readonly after: readonly number[];
  /** Of a notification: what it tells of, such as `pre-start` or `post-promote`. */
  readonly tellsOf?: string | undefined;
  /** Of a fencing with a topology: the devices of each level, in the order in which they are tried. */
  readonly levels?: readonly (readonly string[])[] | undefined;
  /** Of a fencing: how long it waits, so that the node with the more important resources wins. */
  readonly delaySeconds?: number | undefined;
  /** What made it needed: the key of another action, or a few words. */
  readonly reason?: string | undefined;
}

/** The scheduler's answer as plain data, with the reasons for every score and every step. */
export interface Plan {
  /** Where everything is before. */
  readonly before: Placement;
  /** Where everything is once the plan was carried out. */
  readonly placement: Placement;
  readonly actions: readonly PlannedAction[];
  /** Orderings that were given up because they contradict others. */
  readonly dropped: readonly DroppedOrdering[];
  /** When time alone will change the plan (rules with dates, failures that are forgotten); seconds since 1970. */
  readonly recheckAt: number | undefined;
  /** How every score came about, in the order of the additions; the last step of a pair is its final score. */
  readonly steps: readonly ScoreStep[];
  readonly decisions: readonly Decision[];
  /** The status after the plan. */
  readonly state: ClusterState;
}

export interface PlanOptions {
  readonly failing?: readonly FailingAction[];
  /** Keep the steps of these resources only (ids with instance numbers); absent keeps all. */
  readonly only?: ReadonlySet<string>;
}

/** Schedules, carries the plan out on paper and tells everything about it. Pure. */
export function makePlan(input: Omit<ScheduleInput, "recorder">, options: PlanOptions = {}): Plan {
  const recorder = new Recorder(options.only);
  const result = simulate({ ...input, recorder }, options.failing);
  return {
    before: result.before,
    placement: result.after,
    actions: result.plan.graph.actions.map(({ number, action, after }) =>
      plainAction(result.plan.world, number, action, after),
    ),
    dropped: result.plan.graph.dropped,
    recheckAt: result.plan.world.recheckAt,
    steps: recorder.steps,
    decisions: recorder.decisions,
    state: result.state,
  };
}

function plainAction(world: World, number: number, action: SchedAction, after: readonly number[]): PlannedAction {
  const resource = action.resource;
  const node = action.node?.name;
  const reason = action.reason;
  // A guest node is fenced by its machine's recovery: this step only stands for it.
  if (action.task === "stonith" && action.has(ACT.pseudo))
    return { number, kind: "point", task: action.detail ?? "reboot", node, after, reason };
  if (action.task === "stonith") {
    const delaySeconds = action.delayMs === 0 ? undefined : action.delayMs / 1000;
    const levels = action.node === undefined ? [] : levelsOf(world, action.node);
    const topology = levels.length === 0 ? {} : { levels };
    return { number, kind: "fence", task: action.detail ?? "reboot", node, after, ...topology, delaySeconds, reason };
  }
  if (action.task === "do_shutdown") return { number, kind: "shutdown", task: "shutdown", node, after, reason };
  const kind = action.has(ACT.pseudo) || resource === undefined ? "point" : "resource";
  return {
    number,
    kind,
    task: action.task === "lrm_delete" ? "delete" : action.task,
    resource: resource?.name,
    instance: resource === undefined || resource.id === resource.name ? undefined : resource.id,
    node,
    intervalMs: action.intervalMs > 0 ? action.intervalMs : undefined,
    after,
    tellsOf: action.task === "notify" ? notificationName(action) : undefined,
    reason,
  };
}
