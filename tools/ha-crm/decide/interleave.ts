import { ACT, orderActions, ORD, type SchedAction } from "./action.ts";
import { baseTask } from "./action-flags.ts";
import { assignNowhere } from "./assign.ts";
import { findCompatible } from "./interleave-match.ts";
import { firstAction } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import { THEN, type Update, updatePair } from "./update-ordered.ts";
import type { SchedNode, SchedResource } from "./world.ts";

/** With `interleave` an instance waits only for the instance of the other clone on its own node. */
export function canInterleave(first: SchedAction, then: SchedAction): boolean {
  const one = first.resource;
  const other = then.resource;
  if (one === undefined || other === undefined || one === other) return false;
  if (one.kind !== "clone" || other.kind !== "clone") return false;
  // Of a stop it is the clone that goes first which follows the other one.
  const follower = then.task === "stop" || then.task === "demote" ? one : other;
  return follower.interleave;
}

export function interleave(
  update: Update,
  first: SchedAction,
  then: SchedAction,
  node: SchedNode | undefined,
  filter: number,
  type: number,
): number {
  const current = first.key.endsWith("_stopped_0") || first.key.endsWith("_demoted_0");
  const firstTask = baseTask(first.task);
  let changed = 0;
  for (const instance of then.resource?.children ?? []) {
    const partner =
      first.resource === undefined
        ? undefined
        : findCompatible(update.world, instance, first.resource, ROLE.unknown, current);
    if (partner === undefined) {
      if (unassign(update, instance, type, current)) changed |= THEN;
      continue;
    }
    const firstOne = actionOf(partner, firstTask);
    const thenOne = actionOf(instance, then.task);
    if (firstOne === undefined || thenOne === undefined) continue;
    if (orderActions(firstOne, thenOne, type)) {
      changed |= THEN;
      update.settler.push(thenOne);
    }
    changed |= updatePair(update, firstOne, thenOne, node, firstOne.flags, filter, type);
  }
  return changed;
}

function actionOf(resource: SchedResource, task: string): SchedAction | undefined {
  return firstAction(resource, task, undefined);
}

/** Nothing to wait for: when it must wait, it can't come up. */
function unassign(update: Update, instance: SchedResource, type: number, current: boolean): boolean {
  if (current || (type & (ORD.runnableLeft | ORD.impliesThen)) === 0) return false;
  const before = instance.actions.filter((one) => one.has(ACT.runnable)).length;
  const changed = assignNowhere(update.world, instance);
  if (changed || before !== instance.actions.filter((one) => one.has(ACT.runnable)).length) {
    for (const action of instance.actions) {
      update.settler.push(action);
      update.settler.pushAfter(action);
    }
  }
  return changed;
}
