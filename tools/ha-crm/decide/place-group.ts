import { INFINITY_SCORE } from "../model/score.ts";
import { place } from "./place.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** The members one after the other; each goes with the one before it. */
export function placeGroup(world: World, group: SchedResource, prefer: SchedNode | undefined): SchedNode | undefined {
  if (!group.provisional) return group.assigned;
  if (group.placing) return undefined;
  const first = group.children[0];
  if (first === undefined) {
    group.provisional = false;
    return undefined;
  }
  group.placing = true;
  group.role = first.role;
  expandColocations(group);
  let node: SchedNode | undefined;
  for (const member of group.children) {
    const placed = place(world, member, prefer);
    node ??= placed;
  }
  group.nextRole = first.nextRole;
  group.placing = false;
  group.provisional = false;
  return group.groupColocated ? node : undefined;
}

/** "Group with X" is "first member with X"; "X with group" is "X with last member". */
function expandColocations(group: SchedResource): void {
  if (group.colocationsExpanded) return;
  group.colocationsExpanded = true;
  const [first, ...others] = group.children;
  const last = group.children.at(-1);
  if (first === undefined || last === undefined) return;
  first.thisWith = [...first.thisWith, ...group.thisWith];
  // Past a member that is left alone, the chain is broken: a must counts for each of the others.
  let broken = !first.managed;
  for (const member of others) {
    if (broken)
      member.thisWith = [
        ...group.thisWith.filter((one) => one.score >= INFINITY_SCORE).toReversed(),
        ...member.thisWith,
      ];
    else if (!member.managed) broken = true;
  }
  group.thisWith = [];
  last.withThis = [...last.withThis, ...group.withThis];
  group.withThis = [];
}
