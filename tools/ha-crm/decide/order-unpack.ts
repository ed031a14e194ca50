import { lookUp } from "../../../shared/text/lookup.ts";
import type { Order, ResourceSet } from "../model/constraint.ts";
import { parseScore } from "../model/score.ts";
import { ACT, ORD } from "./action.ts";
import { makeFreeAction } from "./make-action.ts";
import { addOrdering, orderTasks } from "./ordering-list.ts";
import { ruleHolds } from "./rules.ts";
import { resolveSet, resolveTargets } from "./targets.ts";
import { booleanOr, isTrue } from "./values.ts";
import type { SchedResource, World } from "./world.ts";

type OrderKind = "mandatory" | "optional" | "serialize";
type Symmetry = "asymmetric" | "symmetric" | "inverse";

/** Turns order constraints into orderings of tasks, and of the opposite tasks in the opposite order. */
export function unpackOrder(world: World, constraint: Order): void {
  if (constraint.lifetime !== undefined && !ruleHolds(constraint.lifetime, { now: world.now })) return;
  const kind = kindOf(constraint.orderKind, constraint.score);
  const symmetry = symmetryOf(kind, constraint.symmetrical);
  if (constraint.sets.length > 0) {
    unpackSets(world, constraint, constraint.sets, kind, symmetry);
    return;
  }
  const { first, then } = constraint;
  if (first === undefined || then === undefined) return;
  const firsts = resolveTargets(world, first);
  const thens = resolveTargets(world, then);
  const [one] = firsts;
  const [other] = thens;
  if (one === undefined || other === undefined) return;
  if (isTag(world, first) || isTag(world, then)) {
    unpackSets(
      world,
      constraint,
      [tagSet(first, constraint.firstAction), tagSet(then, constraint.thenAction)],
      kind,
      symmetry,
    );
    return;
  }
  unpackSimple(world, constraint, one, other, kind, symmetry);
}

const isTag = (world: World, name: string) => !world.byName.has(name) && world.tags.has(name);

function tagSet(name: string, action: string | undefined): ResourceSet {
  return { id: name, resources: [name], sequential: "false", action };
}

function kindOf(word: string | undefined, score: string | undefined): OrderKind {
  if (word === undefined) {
    if (score === undefined) return "mandatory";
    return (parseScore(score) ?? 0) === 0 ? "optional" : "mandatory";
  }
  const lower = word.toLowerCase();
  return lower === "optional" || lower === "serialize" ? lower : "mandatory";
}

function symmetryOf(kind: OrderKind, word: string | undefined): Symmetry {
  if (kind === "serialize") return "asymmetric";
  return booleanOr(word, true) ? "symmetric" : "asymmetric";
}

function flagsFor(kind: OrderKind, firstTask: string, symmetry: Symmetry): number {
  if (kind === "optional") return ORD.ordered;
  if (kind === "serialize") return ORD.serialize;
  if (symmetry === "asymmetric") return ORD.ordered | ORD.asymmetrical;
  if (symmetry === "inverse") return ORD.ordered | ORD.impliesFirst;
  const runnable = firstTask === "start" || firstTask === "promote" ? ORD.runnableLeft : 0;
  return ORD.ordered | ORD.impliesThen | runnable;
}

const OPPOSITE: Readonly<Record<string, string>> = {
  start: "stop",
  stop: "start",
  promote: "demote",
  demote: "promote",
  promoted: "demoted",
  demoted: "promoted",
  running: "stopped",
  stopped: "running",
};

export function oppositeTask(task: string): string | undefined {
  return lookUp(OPPOSITE, task);
}

function unpackSimple(
  world: World,
  constraint: Order,
  first: SchedResource,
  then: SchedResource,
  kind: OrderKind,
  symmetry: Symmetry,
): void {
  const firstTask = constraint.firstAction ?? "start";
  const thenTask = constraint.thenAction ?? firstTask;
  const flags = flagsFor(kind, firstTask, symmetry === "symmetric" ? "symmetric" : symmetry);
  const minimum = first.kind === "clone" && first.cloneMin > 0 ? first.cloneMin : undefined;
  const anyOf =
    minimum ??
    (first.kind === "clone" && constraint.requireAll !== undefined && !booleanOr(constraint.requireAll, true)
      ? 1
      : undefined);
  if (anyOf !== undefined) orderAfterSome(world, constraint, first, firstTask, then, thenTask, flags, anyOf);
  else orderTasks(world, first, firstTask, then, thenTask, flags, constraint.id, constraint.at);
  if (symmetry !== "symmetric") return;
  const inverseFirst = oppositeTask(thenTask);
  const inverseThen = oppositeTask(firstTask);
  if (inverseFirst === undefined || inverseThen === undefined) return;
  orderTasks(
    world,
    then,
    inverseFirst,
    first,
    inverseThen,
    flagsFor(kind, inverseFirst, "inverse"),
    constraint.id,
    constraint.at,
  );
}

/** `then` waits for some instances of a clone, not for all. */
function orderAfterSome(
  world: World,
  constraint: Order,
  first: SchedResource,
  firstTask: string,
  then: SchedResource,
  thenTask: string,
  flags: number,
  minimum: number,
): void {
  const point = makeFreeAction(
    world,
    `clone-one-or-more:${constraint.id}`,
    "clone-one-or-more",
    undefined,
    ACT.pseudo | ACT.optional | ACT.runnable,
  );
  point.set(ACT.requiresAny);
  point.requiredRunnableBefore = minimum;
  for (const child of first.children) {
    addOrdering(world, {
      id: constraint.id,
      first: child,
      firstTask,
      thenAction: point,
      flags: ORD.oneOrMore | ORD.showThen,
      at: constraint.at,
    });
  }
  addOrdering(world, {
    id: constraint.id,
    firstAction: point,
    then,
    thenTask,
    flags: flags | ORD.runnableLeft,
    at: constraint.at,
  });
}

function unpackSets(
  world: World,
  constraint: Order,
  sets: readonly ResourceSet[],
  kind: OrderKind,
  symmetry: Symmetry,
): void {
  let last: ResourceSet | undefined;
  for (const set of sets) {
    if (!unpackWithin(world, constraint, set, kind)) return;
    if (last !== undefined) {
      unpackBetween(world, constraint, last, set, kind, symmetry);
      if (symmetry === "symmetric") unpackBetween(world, constraint, set, last, kind, "inverse");
    }
    last = set;
  }
}

function unpackWithin(world: World, constraint: Order, set: ResourceSet, outer: OrderKind): boolean {
  const members = resolveSet(world, set);
  if (members === undefined) return false;
  const kind = set.kindOfOrder === undefined ? outer : kindOf(set.kindOfOrder, undefined);
  const symmetry = symmetryOf(kind, constraint.symmetrical);
  const task = set.action ?? "start";
  const sequential = booleanOr(set.sequential, true);
  const flags = flagsFor(kind, task, symmetry);
  for (const [index, member] of members.entries()) {
    if (kind === "serialize") {
      for (const later of members.slice(index + 1))
        orderTasks(world, member, task, later, task, flags, constraint.id, constraint.at);
    } else if (sequential && index > 0) {
      const before = members[index - 1];
      if (before !== undefined) orderTasks(world, before, task, member, task, flags, constraint.id, constraint.at);
    }
  }
  const opposite = oppositeTask(task);
  if (symmetry === "asymmetric" || !sequential || opposite === undefined) return true;
  const inverse = flagsFor(kind, opposite, "inverse");
  for (let index = 1; index < members.length; index += 1) {
    const before = members[index - 1];
    const after = members[index];
    if (before !== undefined && after !== undefined)
      orderTasks(world, after, opposite, before, opposite, inverse, constraint.id, constraint.at);
  }
  return true;
}

function unpackBetween(
  world: World,
  constraint: Order,
  set1: ResourceSet,
  set2: ResourceSet,
  kind: OrderKind,
  symmetry: Symmetry,
): void {
  const inverse = symmetry === "inverse";
  const taskOf = (set: ResourceSet) =>
    inverse ? (oppositeTask(set.action ?? "start") ?? "stop") : (set.action ?? "start");
  const firstTask = taskOf(set1);
  const thenTask = taskOf(set2);
  const firsts = resolveSet(world, set1) ?? [];
  const thens = resolveSet(world, set2) ?? [];
  const goesDown = firstTask === "stop" || firstTask === "demote";
  const requireAll = goesDown || booleanOr(set1.requireAll, true);
  const flags = flagsFor(kind, firstTask, symmetry);
  if (!requireAll) {
    const point = makeFreeAction(
      world,
      `one-or-more:${set1.id}`,
      "one-or-more",
      undefined,
      ACT.pseudo | ACT.optional | ACT.runnable,
    );
    point.set(ACT.requiresAny);
    for (const first of firsts) {
      addOrdering(world, {
        id: constraint.id,
        first,
        firstTask,
        thenAction: point,
        flags: ORD.oneOrMore | ORD.showThen,
        at: constraint.at,
      });
    }
    for (const then of thens) {
      addOrdering(world, {
        id: constraint.id,
        firstAction: point,
        then,
        thenTask,
        flags: flags | ORD.runnableLeft,
        at: constraint.at,
      });
    }
    return;
  }
  // In a set that is in order itself, the last of the first set and the first of the second one stand for all.
  const chosenFirsts = isTrue(set1.sequential) ? [inverse ? firsts.at(0) : firsts.at(-1)] : firsts;
  const chosenThens = isTrue(set2.sequential) ? [inverse ? thens.at(-1) : thens.at(0)] : thens;
  for (const first of chosenFirsts) {
    for (const then of chosenThens) {
      if (first !== undefined && then !== undefined)
        orderTasks(world, first, firstTask, then, thenTask, flags, constraint.id, constraint.at);
    }
  }
}
