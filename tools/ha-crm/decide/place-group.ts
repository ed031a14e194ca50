import { INFINITY_SCORE } from "../model/score.ts";
import { byDependent, byPrimary, insertSorted } from "./colocation-unpack.ts";
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
  for (const colocation of group.thisWith) insertSorted(first.thisWith, colocation, byPrimary);
  // Past a member that is left alone, the chain is broken: a must counts for each of the others.
  let broken = !first.managed;
  for (const member of others) {
    if (broken) {
      for (const colocation of group.thisWith)
        if (colocation.score >= INFINITY_SCORE) insertSorted(member.thisWith, colocation, byPrimary);
    } else if (!member.managed) broken = true;
  }
  group.thisWith = [];
  for (const colocation of group.withThis) insertSorted(last.withThis, colocation, byDependent);
  group.withThis = [];
}
