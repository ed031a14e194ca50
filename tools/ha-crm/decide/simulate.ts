import { currentPlacement, type Placement } from "./placement.ts";
import { execute, type FailingAction } from "./execute.ts";
import { readWorld, scheduleWorld, type Schedule, type ScheduleInput } from "./schedule.ts";
import type { ClusterState } from "../model/state.ts";

export interface Simulation {
  readonly plan: Schedule;
  readonly before: Placement;
  readonly after: Placement;
  /** The status after the transition. */
  readonly state: ClusterState;
}

/** What would happen: the plan, and where everything is when it was carried out. */
export function simulate(input: ScheduleInput, failing: readonly FailingAction[] = []): Simulation {
  const world = readWorld(input);
  const before = currentPlacement(world);
  const plan = scheduleWorld(world);
  const { state } = execute(plan, failing);
  const after = readWorld({ cluster: input.cluster, state, now: input.now });
  return { plan, before, after: currentPlacement(after), state };
}
