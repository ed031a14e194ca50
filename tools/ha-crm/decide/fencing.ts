import { ACT, orderActions, ORD, type SchedAction } from "./action.ts";
import { canFence } from "./fence-node.ts";
import { guestFence } from "./guest-nodes.ts";
import { makeFreeAction } from "./make-action.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/** Fencing of nodes that can't be trusted, and the shutdown of those that want to go. */
export function scheduleFencing(world: World): void {
  const fences: SchedAction[] = [];
  let ofCoordinator: SchedAction | undefined;
  // When all is left alone, nodes are left alone too.
  const anyManaged = world.resources.some(isManaged);
  for (const node of world.nodes) {
    if (node.isGuest) {
      const fence = guestFence(world, node);
      if (fence !== undefined) orderAgainstFence(world, fence, node);
      continue;
    }
    if (anyManaged && node.unclean && canFence(world, node)) {
      const fence = makeFreeAction(
        world,
        `stonith-${node.name}-${world.settings.fencingAction}`,
        "stonith",
        node,
        ACT.runnable,
      );
      fence.clear(ACT.optional);
      fence.detail = world.settings.fencingAction;
      fence.delayMs = fencingDelayMs(world, node);
      fence.reason = node.fenceReason ?? (node.unseen ? "node is unseen" : "node is unclean");
      orderAgainstFence(world, fence, node);
      if (node.id === world.state.coordinator) ofCoordinator = fence;
      else fences.push(fence);
    } else if (node.online && node.shutdown && !node.isRemote) {
      orderShutdown(world, node);
    }
  }
  // The coordinator goes last: nobody would be left to fence the others.
  if (ofCoordinator !== undefined) for (const fence of fences) orderActions(fence, ofCoordinator, ORD.ordered);
  if (!world.settings.concurrentFencing) {
    for (const [index, fence] of fences.entries()) orderActions(fences[index - 1], fence, ORD.ordered);
  }
}

/**
 * `priority-fencing-delay`: when the cluster has split into parts that all may fence, the node whose resources matter
 * more is fenced later, so that it is the one that survives.
 */
function fencingDelayMs(world: World, node: SchedNode): number {
  const delayMs = world.settings.priorityFencingDelayMs;
  if (delayMs === 0 || node.isRemote || node.isGuest || node.online) return 0;
  const members = world.nodes.filter((one) => one.config.type === "member" && !one.isGuest);
  const online = members.filter((one) => one.online).length;
  if (online > Math.trunc(members.length / 2)) return 0;
  const priorities = members.map((one) => nodePriority(one));
  const highest = Math.max(...priorities);
  return highest === Math.min(...priorities) || nodePriority(node) < highest ? 0 : delayMs;
}

/** What runs on it counts by its priority, and one more when promoted. */
function nodePriority(node: SchedNode): number {
  const own = (resource: SchedResource) =>
    resource.role === ROLE.promoted ? resource.priority + 1 : resource.priority;
  const counted = node.running.filter((one) => one.priority !== 0 && !one.failed);
  return counted.reduce((sum, one) => sum + own(one), 0);
}

function isManaged(resource: SchedResource): boolean {
  return resource.managed || resource.children.some(isManaged);
}

function orderShutdown(world: World, node: SchedNode): void {
  const down = makeFreeAction(world, `do_shutdown-${node.name}`, "do_shutdown", node, ACT.runnable);
  down.clear(ACT.optional);
  for (const resource of world.all) {
    for (const action of resource.actionsByTask.get("stop") ?? []) {
      if (action.node !== node || resource.maintenance || node.maintenance) continue;
      // What is left alone doesn't hold up the node; what can't be stopped does.
      if (!resource.managed && !resource.blocked) continue;
      action.clear(ACT.optional);
      orderActions(action, down, ORD.ordered | ORD.runnableLeft);
    }
  }
}

/** Nothing that may be running on the node is started elsewhere before it is fenced; stops there are implied by it. */
function orderAgainstFence(world: World, fence: SchedAction, node: SchedNode): void {
  for (const resource of world.all) {
    if (resource.kind !== "primitive") continue;
    for (const action of resource.actions) {
      if ((action.task === "stop" || action.task === "demote") && action.node === node) implyByFence(fence, action);
      else orderStart(resource, fence, action, node);
    }
  }
}

function implyByFence(fence: SchedAction, action: SchedAction): void {
  if (action.resource?.managed !== true) return;
  action.set(ACT.pseudo | ACT.runnable | ACT.missed);
  orderActions(fence, action, ORD.ordered | ORD.preserve);
}

function orderStart(resource: SchedResource, fence: SchedAction, action: SchedAction, node: SchedNode): void {
  switch (action.needs) {
    case "nothing":
      break;
    case "fencing":
      orderActions(fence, action, ORD.ordered | ORD.preserve);
      break;
    case "quorum":
      // Whether it runs on the node isn't known.
      if (action.task === "start" && resource.scores[node.index] !== undefined && !resource.knownOn.has(node)) {
        orderActions(fence, action, ORD.ordered | ORD.runnableLeft | ORD.preserve);
      }
      break;
    default:
      action.needs satisfies never;
  }
}
