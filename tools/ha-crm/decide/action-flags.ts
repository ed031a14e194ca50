import { lookUp } from "../../../shared/text/lookup.ts";
import { ACT, type SchedAction } from "./action.ts";
import { firstAction } from "./make-action.ts";
import type { SchedNode, SchedResource } from "./world.ts";

/** What the points of groups and clones wait for: the same task of their members and instances. */
const BASE: Readonly<Record<string, string>> = {
  running: "start",
  stopped: "stop",
  promoted: "promote",
  demoted: "demote",
};

export function baseTask(task: string): string {
  return lookUp(BASE, task) ?? task;
}

/**
 * The bits of an action as orderings see them: for a group all members together, for a clone its instances (those on
 * one node, when a node is given). What is found also changes the action itself.
 */
export function flagsOf(action: SchedAction, node: SchedNode | undefined): number {
  const resource = action.resource;
  if (resource === undefined) return action.flags;
  switch (resource.kind) {
    case "primitive":
      return action.flags;
    case "group":
      return groupFlags(action, resource, node);
    case "clone":
      return cloneFlags(action, resource, node);
    default:
      return resource.kind satisfies never;
  }
}

function groupFlags(action: SchedAction, group: SchedResource, node: SchedNode | undefined): number {
  let flags: number = ACT.optional | ACT.runnable | ACT.pseudo;
  const task = baseTask(action.task);
  for (const member of group.children) {
    const one = firstAction(member, task, node);
    if (one !== undefined) {
      if ((flags & ACT.optional) !== 0 && !one.has(ACT.optional)) {
        flags &= ~ACT.optional;
        action.clear(ACT.optional);
      }
      if (task !== action.task && (flags & ACT.runnable) !== 0 && !one.has(ACT.runnable)) {
        flags &= ~ACT.runnable;
        action.clear(ACT.runnable);
      }
    } else if (task !== "stop" && task !== "demote") flags &= ~ACT.runnable;
  }
  return flags;
}

function cloneFlags(action: SchedAction, clone: SchedResource, node: SchedNode | undefined): number {
  let flags: number = ACT.optional | ACT.runnable | ACT.pseudo;
  // A point around notifications goes with what is notified of.
  const about = action.detail ?? action.task;
  const task = baseTask(about);
  let anyRunnable = false;
  for (const instance of clone.children) {
    const isPrimitive = instance.kind === "primitive";
    // A group is started when all of it is: its own point says so, and not the point before its members.
    const one = firstAction(instance, isPrimitive ? task : about, isPrimitive ? node : undefined);
    if (one === undefined) continue;
    const theirs = flagsOf(one, node);
    if ((flags & ACT.optional) !== 0 && (theirs & ACT.optional) === 0) {
      flags &= ~ACT.optional;
      action.clear(ACT.optional);
    }
    if ((theirs & ACT.runnable) !== 0) anyRunnable = true;
  }
  if (!anyRunnable) {
    flags &= ~ACT.runnable;
    if (node === undefined) action.clear(ACT.runnable);
  }
  return flags;
}

/** For orderings, what can run anywhere can run. */
export function flagsForOrdering(action: SchedAction, node: SchedNode | undefined): number {
  if (action.resource === undefined) return action.flags;
  const flags = flagsOf(action, undefined);
  if (node === undefined || action.resource.kind !== "clone") return flags;
  const here = flagsOf(action, node);
  return (flags & ACT.runnable) !== 0 ? here | ACT.runnable : here;
}
