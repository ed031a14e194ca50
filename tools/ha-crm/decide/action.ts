import type { SchedNode, SchedResource } from "./world.ts";

/** Bits of an action. */
export const ACT = {
  /** Not needed: it is only there so that orderings can make it needed. */
  optional: 1,
  /** Could be carried out. */
  runnable: 2,
  /** A point in time, nothing to do. */
  pseudo: 4,
  /** Part of the graph though it is optional: it is already under way, or an ordering point of something that is. */
  shown: 8,
  /** May be replaced by a live migration. */
  migratable: 16,
  dangling: 32,
  /** Runnable as soon as enough of the actions before it are. */
  requiresAny: 64,
  /** Carried out by the coordinator, wherever its node is. */
  onCoordinator: 128,
  /** Implied by the fencing of its node. */
  missed: 256,
  /** A monitor that shall begin anew, with other parameters. */
  reschedule: 512,
  /** A monitor that is being ended: nothing begins it anew. */
  cancelled: 1024,
} as const;

/** Bits of an ordering between two actions: what one side means for the other. */
export const ORD = {
  none: 0,
  /** If both happen, in this order. */
  ordered: 1,
  /** When `then` is needed, `first` is needed. */
  impliesFirst: 2,
  /** When `first` is needed, `then` is needed. */
  impliesThen: 4,
  /** As impliesFirst, but only while the resource is promoted. */
  promotedImpliesFirst: 8,
  /** When `then` is needed and isn't migrated, `first` is needed. */
  impliesFirstMigratable: 16,
  /** When `first` can't run, `then` is no mere point in time any more. */
  pseudoLeft: 32,
  /** `then` can only run when `first` can. */
  runnableLeft: 64,
  /** `then` starts what `first` stopped. */
  restart: 128,
  /** Not at the same time; in whichever order. */
  serialize: 512,
  /** Only when both are on the same node. */
  sameNode: 1024,
  /** `first` is shown when `then` is needed. */
  showFirst: 2048,
  /** `then` is shown when `first` is needed. */
  showThen: 4096,
  asymmetrical: 8192,
  /** Free the room before it is used: only when both happen on one node. */
  load: 16384,
  /** One of several `first` is enough. */
  oneOrMore: 32768,
  /** When `then` is needed, `first` is not. */
  thenCancelsFirst: 1 << 16,
  /** impliesThen, for instances of `then` on the node of `first`. */
  impliesThenOnNode: 1 << 18,
  /** Never dropped to break a loop. */
  preserve: 1 << 19,
  /** For anti-colocation: the one leaves a node before the other comes to it. */
  ifOnSameNode: 1 << 20,
} as const;

/** An edge: `action` comes before the action that holds the edge. */
export interface Input {
  readonly action: SchedAction;
  readonly then: SchedAction;
  flags: number;
  /** Constraint it comes from, when there is one. */
  readonly source: string | undefined;
}

export class SchedAction {
  flags: number;
  readonly before: Input[] = [];
  readonly after: Input[] = [];
  /** Same inputs by the number of the action before. */
  readonly inputIndex = new Map<number, Input>();
  requiredRunnableBefore = 0;
  runnableBefore = 0;
  priority = 0;
  /** Of a fencing: how long it waits before it strikes. */
  delayMs = 0;
  needs: "nothing" | "quorum" | "fencing" = "nothing";
  meta: Map<string, string> | undefined;
  /** Why it is needed or can't run, in a word. */
  reason: string | undefined;
  /** Task of the action that was cancelled or that notifications are about, or the kind of fencing. */
  detail: string | undefined;
  node: SchedNode | undefined;
  readonly number: number;
  readonly resource: SchedResource | undefined;
  /** `db_start_0` */
  readonly key: string;
  readonly task: string;
  readonly intervalMs: number;

  constructor(
    number: number,
    resource: SchedResource | undefined,
    key: string,
    task: string,
    intervalMs: number,
    node: SchedNode | undefined,
    flags: number,
  ) {
    this.number = number;
    this.resource = resource;
    this.key = key;
    this.task = task;
    this.intervalMs = intervalMs;
    this.node = node;
    this.flags = flags;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  set(flag: number): void {
    this.flags |= flag;
  }

  clear(flag: number): void {
    this.flags &= ~flag;
  }
}

/**
 * Puts `first` before `then`.
 * @returns true when this pair had no edge with these bits before
 */
export function orderActions(
  first: SchedAction | undefined,
  then: SchedAction | undefined,
  flags: number,
  source?: string,
): boolean {
  if (first === undefined || then === undefined || flags === ORD.none || first === then) return false;
  const known = then.inputIndex.get(first.number);
  if (known !== undefined) {
    if ((known.flags & flags) === flags || isRepeated(known, flags, source)) return false;
    known.flags |= flags;
    return true;
  }
  const input: Input = { action: first, then, flags, source };
  then.before.push(input);
  then.inputIndex.set(first.number, input);
  first.after.push(input);
  return true;
}

/** Of several written orders of the same two actions the first one counts, as in Pacemaker. */
function isRepeated(known: Input, flags: number, source: string | undefined): boolean {
  if (!known.source || !source || known.source === source) return false;
  return (known.flags & flags) !== 0 || ((known.flags | flags) & ORD.serialize) !== 0;
}

export function operationKey(id: string, task: string, intervalMs: number): string {
  return `${id}_${task}_${intervalMs}`;
}
