import { ACT, ORD, orderActions, type SchedAction } from "./action.ts";
import { allPrimitives } from "./family.ts";
import { firstAction, makeAction, makePseudo } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/**
 * Clones with `notify=true` tell their instances what is about to happen to the others and what has happened: all
 * instances are told before, it is done, all are told after. Four points in time for each of start, stop, promote and
 * demote; the notifications themselves lie between the first and the second, and between the third and the fourth.
 */
export interface NotificationPoints {
  readonly task: Task;
  /** What the clone does, and the point at which that is done. */
  readonly action: SchedAction;
  readonly done: SchedAction;
  readonly pre: SchedAction;
  readonly preDone: SchedAction;
  readonly post: SchedAction;
  readonly postDone: SchedAction;
}

type Task = "start" | "stop" | "promote" | "demote";
/** What a clone does, and the point in time at which that is done. */
const TASKS: readonly { readonly task: Task; readonly doneTask: string; readonly onlyPromotable: boolean }[] = [
  { task: "start", doneTask: "running", onlyPromotable: false },
  { task: "stop", doneTask: "stopped", onlyPromotable: false },
  { task: "promote", doneTask: "promoted", onlyPromotable: true },
  { task: "demote", doneTask: "demoted", onlyPromotable: true },
];

/** Makes the points around what a clone does. */
export function createNotificationPoints(world: World, clone: SchedResource): void {
  if (!clone.notify) return;
  for (const { task, doneTask, onlyPromotable } of TASKS) {
    if (onlyPromotable && !clone.promotable) continue;
    const action = clone.actionsByTask.get(task)?.[0];
    const done = clone.actionsByTask.get(doneTask)?.[0];
    if (action !== undefined && done !== undefined)
      clone.notifications.push(pointsAround(world, clone, task, action, done));
  }
}

function pointsAround(
  world: World,
  clone: SchedResource,
  task: Task,
  action: SchedAction,
  done: SchedAction,
): NotificationPoints {
  const point = (name: string, of: SchedAction, runnable: boolean) => {
    const made = makePseudo(world, clone, `${name}_${of.task}`, of.has(ACT.optional), runnable);
    made.detail = of.task;
    return made;
  };
  const ends = done.has(ACT.runnable);
  const pre = point("pre_notify", action, true);
  const preDone = point("confirmed-pre_notify", action, true);
  const post = point("post_notify", done, ends);
  const postDone = point("confirmed-post_notify", done, ends);
  orderActions(pre, preDone, ORD.ordered);
  orderActions(preDone, action, ORD.ordered);
  orderActions(done, post, ORD.impliesThen);
  orderActions(post, postDone, ORD.impliesThen);
  orderActions(preDone, post, ORD.ordered);
  return { task, action, done, pre, preDone, post, postDone };
}

/** Makes the notifications, once it is settled what will happen. */
export function createNotifications(world: World): void {
  for (const clone of world.resources) {
    for (const points of clone.notifications) {
      const instances = clone.children.flatMap((one) => [...allPrimitives(one)]);
      // A stop may be implied by fencing: it is told of in any case.
      if (points.task !== "stop" && !instances.some((one) => willDo(one, points.task))) continue;
      requirePoints(points);
      for (const instance of instances) notifyInstance(world, instance, points);
    }
  }
}

/** Orderings may have made necessary what was not so when the points around it were made. */
function requirePoints({ action, done, pre, preDone, post, postDone }: NotificationPoints): void {
  if (!action.has(ACT.optional)) for (const point of [pre, preDone]) point.clear(ACT.optional);
  if (!done.has(ACT.optional)) for (const point of [post, postDone]) point.clear(ACT.optional);
}

function willDo(resource: SchedResource, task: Task): boolean {
  return (resource.actionsByTask.get(task) ?? []).some(
    (one) => !one.has(ACT.optional) && one.node !== undefined && one.has(ACT.runnable),
  );
}

function notifyInstance(world: World, instance: SchedResource, points: NotificationPoints): void {
  const { task, pre, preDone, post, postDone } = points;
  const before = (node: SchedNode) => notify(world, instance, node, pre, preDone);
  const after = (node: SchedNode) => {
    notify(world, instance, node, post, postDone);
    // Monitors begin when everybody knows.
    for (const action of instance.actions)
      if (action.intervalMs > 0 && action.task !== "cancel") orderActions(postDone, action, ORD.ordered);
  };
  if (task === "stop" || task === "demote") {
    if (instance.role === ROLE.stopped || instance.role === ROLE.unknown) return;
    const stop = firstAction(instance, "stop", undefined);
    for (const node of instance.runningOn) {
      // Nobody is left there to be told.
      if (stop?.has(ACT.pseudo) === true && (node.unclean || node.remoteRequiresReset)) continue;
      before(node);
      if (task === "demote" || stop === undefined || stop.has(ACT.optional)) after(node);
    }
    return;
  }
  const node = instance.assigned;
  if (instance.nextRole === ROLE.stopped || node === undefined) return;
  const start = firstAction(instance, "start", undefined);
  if (task !== "start" || start === undefined || start.has(ACT.optional)) before(node);
  after(node);
}

function notify(world: World, instance: SchedResource, node: SchedNode, from: SchedAction, until: SchedAction): void {
  if (!node.online || !from.has(ACT.runnable)) return;
  const action = makeAction(world, instance, "notify", 0, node, from.has(ACT.optional), from.task);
  orderActions(from, action, ORD.ordered);
  orderActions(action, until, ORD.ordered);
}

/** `pre_notify_start` is told as `pre-start`. */
export function notificationName(action: SchedAction): string | undefined {
  const [, when = "", task = ""] = /_(pre|post)_notify_([a-z]+)_0$/.exec(action.key) ?? [];
  const first = TASKS.find(({ doneTask }) => doneTask === task);
  return when === "" ? undefined : `${when}-${first?.task ?? task}`;
}
