import { lookUp } from "../../../shared/text/lookup.ts";
import { ACT, type Input, orderActions, ORD, type SchedAction } from "./action.ts";
import { flagsForOrdering } from "./action-flags.ts";
import { blockFollowers } from "./block-followers.ts";
import { nextLocation } from "./family.ts";
import { FIRST, THEN, updateOrdered } from "./update-ordered.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** Every action can change a few times at most; this many looks at one action mean that something turns in circles. */
const MOST_LOOKS_PER_ACTION = 2000;

/**
 * Lets all orderings act on their actions until nothing changes any more. Bits only ever go one way, apart from
 * counting points, so this ends.
 */
export class Settler {
  private readonly world: World;
  private readonly queued: Uint8Array[] = [];
  private queue: SchedAction[] = [];
  private looks = 0;
  private waiting = new Uint8Array(0);

  constructor(world: World) {
    this.world = world;
  }

  run(): void {
    const actions = this.world.actions;
    this.waiting = new Uint8Array(actions.length);
    for (const action of actions) blockFollowers(action, this);
    for (const action of actions) this.push(action);
    const limit = actions.length * MOST_LOOKS_PER_ACTION + 1000;
    for (let at = 0; at < this.queue.length; at += 1) {
      const action = this.queue[at];
      if (action === undefined) break;
      this.waiting[action.number] = 0;
      this.update(action);
      this.looks += 1;
      if (this.looks > limit) throw new Error("orderings don't settle");
      if (at > 65_536) {
        this.queue = this.queue.slice(at + 1);
        at = -1;
      }
    }
    this.queued.length = 0;
  }

  push(action: SchedAction): void {
    if (action.number >= this.waiting.length) {
      const larger = new Uint8Array(action.number * 2 + 16);
      larger.set(this.waiting);
      this.waiting = larger;
    }
    if (this.waiting[action.number] === 1) return;
    this.waiting[action.number] = 1;
    this.queue.push(action);
  }

  pushAfter(action: SchedAction): void {
    for (const input of action.after) this.push(input.then);
  }

  private update(then: SchedAction): void {
    const before = then.flags;
    let changed = 0;
    if (then.has(ACT.requiresAny)) {
      then.runnableBefore = 0;
      if (then.requiredRunnableBefore === 0) then.requiredRunnableBefore = 1;
      then.clear(ACT.runnable);
    }
    for (let index = 0; index < then.before.length; index += 1) {
      const input = then.before[index];
      if (input !== undefined && input.flags !== ORD.none) changed |= this.updateInput(input, then);
    }
    if (then.has(ACT.requiresAny)) changed = then.flags === before ? changed & ~THEN : changed | THEN;
    if ((changed & THEN) === 0) return;
    if ((before & ACT.runnable) !== 0 && !then.has(ACT.runnable)) blockFollowers(then, this);
    this.push(then);
    this.pushAfter(then);
  }

  private updateInput(input: Input, then: SchedAction): number {
    const original = input.action;
    const firstNode = placeOf(original);
    const thenNode = placeOf(then);
    if (
      (input.flags & ORD.sameNode) !== 0 &&
      firstNode !== undefined &&
      thenNode !== undefined &&
      firstNode !== thenNode
    ) {
      input.flags = ORD.none;
      return 0;
    }
    if ((input.flags & ORD.thenCancelsFirst) !== 0 && original.resource !== undefined && !then.has(ACT.optional)) {
      original.set(ACT.optional);
    }
    const first = completed(original, then);
    if (first !== original) {
      const added = orderActions(first, then, input.flags, input.source);
      if (added) input.flags = ORD.none;
      return added ? THEN : 0;
    }
    const changed = updateOrdered(
      this,
      this.world,
      input,
      flagsForOrdering(first, thenNode),
      flagsForOrdering(then, firstNode),
    );
    if ((changed & FIRST) !== 0) {
      this.push(first);
      this.pushAfter(first);
    }
    return changed & THEN;
  }
}

/** The start of a group is where the group will be. */
function placeOf(action: SchedAction): SchedNode | undefined {
  const resource = action.resource;
  return resource?.kind === "group" && action.task === "start" ? nextLocation(resource) : action.node;
}

const DONE: Readonly<Record<string, string>> = {
  start: "running",
  stop: "stopped",
  promote: "promoted",
  demote: "demoted",
};

/** What comes after a group or a clone comes after all of it. */
function completed(first: SchedAction, then: SchedAction): SchedAction {
  const resource = first.resource;
  const other = then.resource;
  if (resource === undefined || other === undefined || resource === other || resource.kind === "primitive")
    return first;
  if (isAncestor(resource, other)) return first;
  const task = lookUp(DONE, first.task);
  return task === undefined ? first : (resource.actionsByTask.get(task)?.[0] ?? first);
}

function isAncestor(ancestor: SchedResource, of: SchedResource): boolean {
  for (let at = of.parent; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}
