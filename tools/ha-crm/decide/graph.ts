import { ACT, type Input, ORD, type SchedAction } from "./action.ts";
import type { World } from "./world.ts";

/** The actions that shall be carried out, and which waits for which. */
export interface Graph {
  /** In an order in which they can be carried out one after the other. */
  readonly actions: readonly GraphAction[];
  /** Orderings that were given up because they contradict others. */
  readonly dropped: readonly DroppedOrdering[];
}

export interface GraphAction {
  /** From 0; also the place in `Graph.actions`. */
  readonly number: number;
  readonly action: SchedAction;
  /** Numbers of the actions that must be done before it. */
  readonly after: readonly number[];
}

export interface DroppedOrdering {
  readonly first: string;
  readonly next: string;
  /** The constraint's id; empty when it is one that holds for every resource. */
  readonly constraint: string;
}

/** Is it carried out, as against only thought of? */
export function isInGraph(action: SchedAction): boolean {
  if (!action.has(ACT.runnable)) return false;
  if (action.has(ACT.optional) && !action.has(ACT.shown)) return false;
  const resource = action.resource;
  if (resource !== undefined && !resource.managed && action.task !== "monitor" && action.task !== "cancel")
    return false;
  if (action.has(ACT.pseudo) || action.task === "stonith" || action.task === "do_shutdown") return true;
  const node = action.node;
  if (node === undefined) return false;
  if (action.has(ACT.onCoordinator)) return true;
  return node.online && !node.unclean;
}

/** Does an edge count between these two? */
function counts(input: Input): boolean {
  const { action: first, then, flags } = input;
  if (flags === ORD.none) return false;
  if ((flags & ORD.serialize) !== 0 && (first.node === undefined || then.node === undefined))
    return (flags & ~ORD.serialize) !== 0;
  const sameNode = first.node !== undefined && first.node === then.node;
  if ((flags & ORD.load) !== 0 && flags === ORD.load && !sameNode) return false;
  if (flags === ORD.ifOnSameNode && !sameNode) return false;
  return true;
}

/** Edges to each action of the graph, and other tables, by the action's number. */
type Inputs = (readonly Input[] | undefined)[];
const NONE: readonly Input[] = [];

export function buildGraph(world: World): Graph {
  const shown = world.actions.filter(isInGraph);
  const member = new Uint8Array(world.actions.length);
  for (const action of shown) member[action.number] = 1;
  const inputs: Inputs = Array.from({ length: world.actions.length });
  for (const action of shown)
    inputs[action.number] = action.before.filter((input) => member[input.action.number] === 1 && counts(input));
  const given: GivenUp[] = [];
  let order = sortTopologically(shown, inputs, given);
  const dropped = given.filter((one, index) => index >= MOST_TRIED_AGAIN || !takeBack(one, inputs));
  if (dropped.length < given.length) order = sortTopologically(shown, inputs, []);
  const numberOf = new Int32Array(world.actions.length);
  for (const [number, action] of order.entries()) numberOf[action.number] = number;
  const actions = order.map((action, number) => ({
    number,
    action,
    after: (inputs[action.number] ?? NONE)
      .map((input) => numberOf[input.action.number] ?? 0)
      .sort((left, right) => left - right),
  }));
  return {
    actions,
    dropped: dropped.map(({ input }) => ({
      first: input.action.key,
      next: input.then.key,
      constraint: input.source ?? "",
    })),
  };
}

/** Each try may look at the whole plan. */
const MOST_TRIED_AGAIN = 100;

/** An edge that was given up to break a loop, with the flags that it had. */
interface GivenUp {
  readonly input: Input;
  readonly flags: number;
}

/** Where loops share edges, one that was given up first may do no harm any more: it counts again then. */
function takeBack({ input, flags }: GivenUp, inputs: Inputs): boolean {
  const before = [input.action];
  const seen = new Uint8Array(inputs.length);
  for (let action = before.pop(); action !== undefined; action = before.pop()) {
    if (action === input.then) return false;
    for (const one of inputs[action.number] ?? NONE) {
      if (seen[one.action.number] === 1) continue;
      seen[one.action.number] = 1;
      before.push(one.action);
    }
  }
  input.flags = flags;
  inputs[input.then.number] = [...(inputs[input.then.number] ?? NONE), input];
  return true;
}

/** Which edge to give up first when some contradict each other: wishes before musts, written ones before inner ones. */
function strength(input: Input): number {
  if ((input.flags & ORD.preserve) !== 0) return 4;
  if ((input.flags & (ORD.serialize | ORD.ifOnSameNode | ORD.load)) !== 0) return 0;
  if (input.flags === ORD.ordered) return 1;
  return input.source === undefined || input.source === "" ? 3 : 2;
}

function sortTopologically(shown: readonly SchedAction[], inputs: Inputs, given: GivenUp[]): SchedAction[] {
  const missing = new Int32Array(inputs.length);
  const after: (SchedAction[] | undefined)[] = Array.from({ length: inputs.length });
  for (const action of shown) {
    const before = inputs[action.number] ?? NONE;
    missing[action.number] = before.length;
    for (const input of before) {
      const list = after[input.action.number];
      if (list === undefined) after[input.action.number] = [action];
      else list.push(action);
    }
  }
  const order: SchedAction[] = [];
  const done = new Uint8Array(inputs.length);
  let ready = shown.filter((action) => missing[action.number] === 0);
  for (;;) {
    for (let at = 0; at < ready.length; at += 1) {
      const action = ready[at];
      if (action === undefined || done[action.number] === 1) continue;
      done[action.number] = 1;
      order.push(action);
      for (const next of after[action.number] ?? []) {
        const left = (missing[next.number] ?? 1) - 1;
        missing[next.number] = left;
        if (left === 0) ready.push(next);
      }
    }
    if (order.length === shown.length) return order;
    const { action: first, then } = breakLoop(shown, inputs, done, given);
    // An edge that was given up is not counted once more when its first step is done.
    after[first.number] = withoutOne(after[first.number] ?? [], then);
    const left = (missing[then.number] ?? 1) - 1;
    missing[then.number] = left;
    ready = left === 0 ? [then] : [];
  }
}

/** The list without one of its entries for an action: there is one for each edge. */
function withoutOne(list: readonly SchedAction[], action: SchedAction): SchedAction[] {
  const at = list.indexOf(action);
  return list.filter((_, index) => index !== at);
}

/** Finds a loop among what is left and drops its weakest edge. @returns the edge */
function breakLoop(shown: readonly SchedAction[], inputs: Inputs, done: Uint8Array, given: GivenUp[]): Input {
  const loop = findLoop(shown, inputs, done);
  let weakest: Input | undefined;
  for (const input of loop) if (weakest === undefined || strength(input) < strength(weakest)) weakest = input;
  if (weakest === undefined) throw new Error("actions are left, but there is no loop");
  const then = weakest.then;
  inputs[then.number] = (inputs[then.number] ?? NONE).filter((input) => input !== weakest);
  given.push({ input: weakest, flags: weakest.flags });
  weakest.flags = ORD.none;
  return weakest;
}

function findLoop(shown: readonly SchedAction[], inputs: Inputs, done: Uint8Array): Input[] {
  const seen = new Map<SchedAction, number>();
  const path: Input[] = [];
  let at = shown.find((action) => done[action.number] === 0);
  while (at !== undefined) {
    const before = seen.get(at);
    if (before !== undefined) return path.slice(before);
    seen.set(at, path.length);
    const input = (inputs[at.number] ?? NONE).find((one) => done[one.action.number] === 0);
    if (input === undefined) return [];
    path.push(input);
    at = input.action;
  }
  return [];
}
