import type { Position } from "../../../shared/text/position.ts";
import type { SchedAction } from "./action.ts";
import type { SchedResource, World } from "./world.ts";

export interface NewOrdering {
  readonly id?: string;
  readonly first?: SchedResource | undefined;
  readonly firstTask?: string;
  readonly firstAction?: SchedAction | undefined;
  readonly then?: SchedResource | undefined;
  readonly thenTask?: string;
  readonly thenAction?: SchedAction | undefined;
  readonly flags: number;
  readonly at?: Position | undefined;
}

/** Keeps an ordering until all actions are there; `apply-orderings.ts` then turns it into edges. */
export function addOrdering(world: World, ordering: NewOrdering): void {
  world.orderings.push({
    id: ordering.id ?? "",
    first: ordering.first ?? ordering.firstAction?.resource,
    firstTask: ordering.firstTask ?? ordering.firstAction?.task ?? "",
    firstAction: ordering.firstAction,
    then: ordering.then ?? ordering.thenAction?.resource,
    thenTask: ordering.thenTask ?? ordering.thenAction?.task ?? "",
    thenAction: ordering.thenAction,
    flags: ordering.flags,
    at: ordering.at,
  });
}

/** Orders the tasks of two resources (or of one). */
export function orderTasks(
  world: World,
  first: SchedResource,
  firstTask: string,
  then: SchedResource,
  thenTask: string,
  flags: number,
  id = "",
  at?: Position,
): void {
  world.orderings.push({
    id,
    first,
    firstTask,
    firstAction: undefined,
    then,
    thenTask,
    thenAction: undefined,
    flags,
    at,
  });
}
