import { INFINITY_SCORE } from "../model/score.ts";
import { ORD } from "./action.ts";
import { addColocation } from "./colocation-unpack.ts";
import { addContainerOrders, guestConnectionIn } from "./guest-nodes.ts";
import { orderTasks } from "./ordering-list.ts";
import { ROLE } from "./roles.ts";
import { addUnfencingOrders } from "./unfencing.ts";
import type { SchedResource, World } from "./world.ts";

/** What holds for every resource without being written: stop before start, members in order, instances inside of their clone. */
export function addInternalOrders(world: World, resource: SchedResource): void {
  switch (resource.kind) {
    case "primitive":
      ordersOfPrimitive(world, resource);
      break;
    case "group":
      ordersOfGroup(world, resource);
      break;
    case "clone":
      ordersOfClone(world, resource);
      break;
    default:
      resource.kind satisfies never;
  }
}

function ordersOfPrimitive(world: World, resource: SchedResource): void {
  if (!resource.managed) return;
  const order = (first: string, then: string, flags: number) =>
    orderTasks(world, resource, first, resource, then, flags);
  order("stop", "start", ORD.ordered | ORD.impliesThen | ORD.restart);
  order("delete", "monitor", ORD.sameNode | ORD.thenCancelsFirst);
  if (resource.top.promotable || resource.role > ROLE.unpromoted) {
    order("demote", "stop", ORD.promotedImpliesFirst);
    order("start", "promote", ORD.runnableLeft);
  }
  addUnfencingOrders(world, resource);
  addContainerOrders(world, resource);
  if (resource.isRemoteConnection || resource.isFenceDevice || guestConnectionIn(resource) !== undefined)
    avoidRemotes(world, resource);
}

/** Connections, fencing devices and the machines of guest nodes are for nodes of the cluster itself. */
function avoidRemotes(world: World, resource: SchedResource): void {
  for (const node of world.nodes) if (node.isRemote) resource.scores[node.index] = -INFINITY_SCORE;
}

function ordersOfGroup(world: World, group: SchedResource): void {
  orderTasks(world, group, "stop", group, "stopped", ORD.runnableLeft);
  orderTasks(world, group, "stopped", group, "start", ORD.ordered);
  orderTasks(world, group, "start", group, "running", ORD.runnableLeft);
  let previous: SchedResource | undefined;
  let lastActive: SchedResource | undefined;
  for (const member of group.children) {
    addInternalOrders(world, member);
    colocateMember(world, group, member, previous);
    orderMember(world, group, member, previous);
    if (member.runningOn.length > 0) {
      const gap = previous !== undefined && previous.runningOn.length === 0 && lastActive !== undefined;
      if (group.groupOrdered && gap && lastActive !== undefined)
        orderTasks(world, member, "stop", lastActive, "stop", ORD.ordered);
      lastActive = member;
    }
    previous = member;
  }
}

function colocateMember(
  world: World,
  group: SchedResource,
  member: SchedResource,
  previous: SchedResource | undefined,
): void {
  if (previous === undefined || !group.groupColocated) return;
  addColocation(world, {
    id: `group ${group.id}`,
    dependent: member,
    primary: previous,
    dependentRole: ROLE.unknown,
    primaryRole: ROLE.unknown,
    attribute: "#uname",
    score: INFINITY_SCORE,
    influence: member.critical,
    at: group.config?.at,
  });
}

const NEEDS_BOTH = ORD.runnableLeft | ORD.impliesThen;

function orderMember(
  world: World,
  group: SchedResource,
  member: SchedResource,
  previous: SchedResource | undefined,
): void {
  const order = (first: SchedResource, firstTask: string, then: SchedResource, thenTask: string, flags: number) =>
    orderTasks(world, first, firstTask, then, thenTask, flags);
  const promotable = group.top.promotable;
  const isFirst = previous === undefined;
  const down = isFirst && group.groupOrdered ? ORD.showFirst | ORD.ordered : ORD.showFirst;
  const afterDown = isFirst && group.groupOrdered ? ORD.impliesThen : ORD.showThen;
  if (promotable) {
    order(group, "demote", member, "demote", down);
    order(member, "demote", group, "demoted", afterDown);
    order(member, "promote", group, "promoted", NEEDS_BOTH | ORD.showThen);
    order(group, "promote", member, "promote", ORD.showFirst);
  }
  order(group, "stop", member, "stop", down);
  order(member, "stop", group, "stopped", afterDown);
  order(group, "start", member, "start", ORD.showFirst);
  order(member, "start", group, "running", NEEDS_BOTH | ORD.showThen);
  if (group.groupOrdered && previous !== undefined) {
    order(previous, "start", member, "start", NEEDS_BOTH);
    order(member, "stop", previous, "stop", ORD.ordered | ORD.restart);
    if (promotable) {
      order(previous, "promote", member, "promote", NEEDS_BOTH);
      order(member, "demote", previous, "demote", ORD.ordered);
    }
  }
}

function ordersOfClone(world: World, clone: SchedResource): void {
  const order = (firstTask: string, thenTask: string, flags: number) =>
    orderTasks(world, clone, firstTask, clone, thenTask, flags);
  order("stopped", "start", ORD.ordered);
  order("start", "running", ORD.runnableLeft);
  order("stop", "stopped", ORD.runnableLeft);
  if (clone.promotable) {
    order("demoted", "stop", ORD.ordered);
    order("running", "promote", ORD.runnableLeft);
  }
  if (clone.ordered) clone.children.sort((left, right) => numberOf(left) - numberOf(right));
  let previous: SchedResource | undefined;
  for (const instance of clone.children) {
    addInternalOrders(world, instance);
    orderTasks(world, clone, "start", instance, "start", ORD.runnableLeft | ORD.showFirst);
    orderTasks(world, instance, "start", clone, "running", ORD.showThen);
    orderTasks(world, clone, "stop", instance, "stop", ORD.showFirst);
    orderTasks(world, instance, "stop", clone, "stopped", ORD.showThen);
    if (clone.ordered && previous !== undefined) {
      orderTasks(world, previous, "start", instance, "start", ORD.ordered);
      orderTasks(world, instance, "stop", previous, "stop", ORD.ordered);
    }
    if (clone.promotable) ordersOfPromotable(world, clone, instance, previous);
    previous = instance;
  }
  if (clone.promotable) ordersOfPromotion(world, clone);
}

function numberOf(resource: SchedResource): number {
  return Number(resource.id.slice(resource.id.lastIndexOf(":") + 1));
}

function ordersOfPromotion(world: World, clone: SchedResource): void {
  const order = (firstTask: string, thenTask: string, flags: number) =>
    orderTasks(world, clone, firstTask, clone, thenTask, flags);
  order("stopped", "start", ORD.ordered);
  order("stopped", "promote", ORD.ordered);
  order("demote", "demoted", ORD.runnableLeft);
  order("demoted", "start", ORD.ordered);
  order("demoted", "promote", ORD.ordered);
  order("promote", "promoted", ORD.runnableLeft);
}

function ordersOfPromotable(
  world: World,
  clone: SchedResource,
  instance: SchedResource,
  previous: SchedResource | undefined,
): void {
  orderTasks(world, instance, "demote", instance, "promote", ORD.ordered);
  orderTasks(world, clone, "promote", instance, "promote", ORD.ordered);
  orderTasks(world, instance, "promote", clone, "promoted", ORD.ordered);
  orderTasks(world, clone, "demote", instance, "demote", ORD.showFirst);
  orderTasks(world, instance, "demote", clone, "demoted", ORD.showThen);
  if (previous === undefined || !clone.ordered) return;
  orderTasks(world, previous, "promote", instance, "promote", ORD.ordered);
  orderTasks(world, instance, "demote", previous, "demote", ORD.ordered);
}
