import { ACT, type Input, ORD, type SchedAction } from "./action.ts";
import { flagsOf } from "./action-flags.ts";
import { roleNow } from "./family.ts";
import { canInterleave, interleave } from "./interleave.ts";
import { firstAction } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import type { Settler } from "./settle.ts";
import type { SchedNode, World } from "./world.ts";

/** Bits of an answer: which side changed. */
export const FIRST = 1;
export const THEN = 2;

/** Everything that is needed on the way down from a clone to its instances. */
export interface Update {
  readonly settler: Settler;
  readonly world: World;
}

/** Lets one edge act on its two actions. */
export function updateOrdered(
  settler: Settler,
  world: World,
  input: Input,
  firstFlags: number,
  thenFlags: number,
): number {
  const { action: first, then } = input;
  const update: Update = { settler, world };
  let node = then.node;
  if ((input.flags & ORD.impliesThenOnNode) !== 0) {
    input.flags = (input.flags & ~ORD.impliesThenOnNode) | ORD.impliesThen;
    node = first.node;
  }
  let changed = 0;
  const has = (flag: number) => (input.flags & flag) !== 0;
  const onThen = (flags: number, filter: number, type: number): number =>
    then.resource === undefined ? 0 : updatePair(update, first, then, node, flags, filter, type);
  if (has(ORD.impliesThen)) {
    if (then.resource !== undefined) changed |= onThen(firstFlags & ACT.optional, ACT.optional, ORD.impliesThen);
    else if ((firstFlags & ACT.optional) === 0 && then.has(ACT.optional)) {
      then.clear(ACT.optional);
      changed |= THEN;
    }
  }
  if (has(ORD.restart)) changed |= onThen(firstFlags, ACT.optional | ACT.runnable, ORD.restart);
  if (has(ORD.impliesFirst)) {
    if (first.resource !== undefined)
      changed |= updatePair(update, first, then, node, firstFlags, ACT.optional, ORD.impliesFirst, true);
    else if ((firstFlags & ACT.optional) === 0 && first.has(ACT.runnable)) {
      first.clear(ACT.runnable);
      changed |= FIRST;
    }
  }
  if (has(ORD.promotedImpliesFirst))
    changed |= onThen(firstFlags & ACT.optional, ACT.optional, ORD.promotedImpliesFirst);
  if (has(ORD.oneOrMore)) changed |= updateOneOrMore(first, then, firstFlags, onThen);
  if (has(ORD.runnableLeft)) {
    if (then.resource !== undefined) changed |= onThen(firstFlags, ACT.runnable, ORD.runnableLeft);
    else if ((firstFlags & ACT.runnable) === 0 && then.has(ACT.runnable)) {
      then.clear(ACT.runnable);
      changed |= THEN;
    }
  }
  if (has(ORD.impliesFirstMigratable)) changed |= onThen(firstFlags, ACT.optional, ORD.impliesFirstMigratable);
  if (has(ORD.pseudoLeft)) changed |= onThen(firstFlags, ACT.optional, ORD.pseudoLeft);
  if (has(ORD.ordered)) changed |= onThen(firstFlags, ACT.runnable, ORD.ordered);
  if (has(ORD.asymmetrical)) changed |= onThen(firstFlags, ACT.runnable, ORD.asymmetrical);
  if (first.has(ACT.runnable) && has(ORD.showThen) && (firstFlags & ACT.optional) === 0) then.set(ACT.shown);
  if (has(ORD.showFirst) && (thenFlags & ACT.optional) === 0) first.set(ACT.shown);
  return changed | updateBlockedStop(input, first, then);
}

function updateOneOrMore(
  first: SchedAction,
  then: SchedAction,
  firstFlags: number,
  onThen: (flags: number, filter: number, type: number) => number,
): number {
  if (then.resource !== undefined) return onThen(firstFlags, ACT.runnable, ORD.oneOrMore);
  if ((firstFlags & ACT.runnable) === 0) return 0;
  then.runnableBefore += 1;
  if (then.runnableBefore < then.requiredRunnableBefore || then.has(ACT.runnable)) return 0;
  then.set(ACT.runnable);
  void first;
  return THEN;
}

/** A stop that is blocked blocks what must come after it. */
function updateBlockedStop(input: Input, first: SchedAction, then: SchedAction): number {
  if ((input.flags & (ORD.impliesThen | ORD.impliesFirst | ORD.restart)) === 0) return 0;
  const resource = first.resource;
  if (
    resource === undefined ||
    resource.managed ||
    !resource.blocked ||
    first.has(ACT.runnable) ||
    first.task !== "stop"
  )
    return 0;
  if (!then.has(ACT.runnable)) return 0;
  then.clear(ACT.runnable);
  return THEN;
}

/** The same for whatever kind of resource the second action (with impliesFirst: the first one) belongs to. */
export function updatePair(
  update: Update,
  first: SchedAction,
  then: SchedAction,
  node: SchedNode | undefined,
  flags: number,
  filter: number,
  type: number,
  byFirst = false,
): number {
  const owner = byFirst ? first.resource : then.resource;
  const kind = owner?.kind ?? "primitive";
  switch (kind) {
    case "primitive":
      return updatePrimitive(update, first, then, flags, filter, type);
    case "group":
      return updateGroup(update, first, then, node, flags, filter, type);
    case "clone":
      return updateClone(update, first, then, node, flags, filter, type);
    default:
      return kind satisfies never;
  }
}

function updateGroup(
  update: Update,
  first: SchedAction,
  then: SchedAction,
  node: SchedNode | undefined,
  flags: number,
  filter: number,
  type: number,
): number {
  let changed = updatePrimitive(update, first, then, flags, filter, type);
  for (const member of then.resource?.children ?? []) {
    const action = firstAction(member, then.task, node);
    if (action !== undefined) changed |= updatePair(update, first, action, node, flags, filter, type);
  }
  return changed;
}

function updateClone(
  update: Update,
  first: SchedAction,
  then: SchedAction,
  node: SchedNode | undefined,
  flags: number,
  filter: number,
  type: number,
): number {
  if (canInterleave(first, then)) return interleave(update, first, then, node, filter, type);
  if (then.resource === undefined) return 0;
  let changed = updatePrimitive(update, first, then, flags, filter, type);
  for (const instance of then.resource.children) {
    const action = firstAction(instance, then.task, node);
    if (action === undefined) continue;
    if ((flagsOf(action, node) & ACT.runnable) !== 0)
      changed |= updatePair(update, first, action, node, flags, filter, type);
  }
  return changed;
}

/** The rules themselves. */
function updatePrimitive(
  update: Update,
  first: SchedAction,
  then: SchedAction,
  flags: number,
  filter: number,
  type: number,
): number {
  const thenBefore = then.flags;
  const firstBefore = first.flags;
  const byNeed = (filter & ACT.optional) !== 0;
  if ((type & ORD.asymmetrical) !== 0) applyAsymmetric(first, then);
  if ((type & ORD.impliesFirst) !== 0 && byNeed && (flags & ACT.optional) === 0 && !then.has(ACT.optional))
    requireFirst(first, then);
  if (
    (type & ORD.promotedImpliesFirst) !== 0 &&
    byNeed &&
    then.resource?.role === ROLE.promoted &&
    !then.has(ACT.optional)
  ) {
    requireFirst(first, then);
  }
  if ((type & ORD.impliesFirstMigratable) !== 0 && byNeed) {
    if (!then.has(ACT.migratable) || !then.has(ACT.runnable)) first.clear(ACT.runnable);
    if (!then.has(ACT.optional)) first.clear(ACT.optional);
  }
  if ((type & ORD.pseudoLeft) !== 0 && byNeed && !first.has(ACT.runnable)) then.clear(ACT.migratable | ACT.pseudo);
  if (
    (type & ORD.runnableLeft) !== 0 &&
    (filter & ACT.runnable) !== 0 &&
    then.has(ACT.runnable) &&
    (flags & ACT.runnable) === 0
  ) {
    then.clear(ACT.runnable | ACT.migratable);
    then.reason ??= first.key;
  }
  if ((type & ORD.impliesThen) !== 0 && byNeed && then.has(ACT.optional)) {
    if ((flags & ACT.optional) === 0 && !first.has(ACT.migratable)) {
      then.clear(ACT.optional);
      then.reason ??= first.key;
    }
  }
  if ((type & ORD.restart) !== 0) applyRestart(first, then, filter);
  let changed = 0;
  if (then.flags !== thenBefore) {
    changed |= THEN;
    update.settler.push(then);
    if (then.resource?.parent !== undefined) update.settler.pushAfter(then);
  }
  if (first.flags !== firstBefore) {
    changed |= FIRST;
    update.settler.push(first);
    update.settler.pushAfter(first);
  }
  return changed;
}

function requireFirst(first: SchedAction, then: SchedAction): void {
  if (first.has(ACT.optional)) first.reason ??= then.key;
  first.clear(ACT.optional);
  if (first.has(ACT.migratable) && !then.has(ACT.migratable)) first.clear(ACT.migratable);
}

/** When the first can't be done, the second can't either, unless it has nothing to do. */
function applyAsymmetric(first: SchedAction, then: SchedAction): void {
  const resource = then.resource;
  if (resource === undefined || first.has(ACT.runnable)) return;
  if (then.has(ACT.optional)) {
    const role = roleNow(resource);
    if (role === ROLE.stopped && then.task === "stop") return;
    const onlyThere = resource.runningOn.length === 1 && resource.runningOn[0] === then.node;
    if (role >= ROLE.started && then.task === "start" && onlyThere) return;
  }
  then.clear(ACT.optional | ACT.runnable);
}

/** Stop and start of one resource, or of neighbours in a group. */
function applyRestart(first: SchedAction, then: SchedAction, filter: number): void {
  const needed = (filter & ACT.optional) !== 0 && !then.has(ACT.optional);
  const stuck =
    (filter & ACT.runnable) !== 0 &&
    !then.has(ACT.runnable) &&
    then.resource?.managed === true &&
    first.resource === then.resource;
  if (!needed && !stuck) return;
  if (first.has(ACT.runnable) || !then.has(ACT.optional)) {
    if (first.has(ACT.optional)) first.reason ??= then.key;
    first.clear(ACT.optional);
  }
  if (!then.has(ACT.migratable)) first.clear(ACT.migratable);
  if (!first.has(ACT.optional) && !first.has(ACT.runnable)) then.clear(ACT.runnable);
}
