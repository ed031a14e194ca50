import type { Cluster } from "../model/cluster.ts";
import { byPrecedence, type NvSet } from "../model/nvset.ts";
import { primitivesOf, type Operation, type Primitive, type Resource, type Template } from "../model/resource.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, ORD, orderActions, type SchedAction } from "./action.ts";
import { addColocation } from "./colocation-unpack.ts";
import { canFence } from "./fence-node.ts";
import { firstAction, makeFreeAction } from "./make-action.ts";
import { orderTasks } from "./ordering-list.ts";
import { ROLE } from "./roles.ts";
import type { SchedNode, SchedResource, World } from "./world.ts";

/**
 * Guest nodes: a resource (mostly a virtual machine) with the meta attribute `remote-node` is a node of its own. The
 * connection to it is a resource that nobody writes; it runs where the machine runs.
 */
export function withGuestConnections(cluster: Cluster): Cluster {
  const templates = new Map(cluster.templates.map((one) => [one.id, one]));
  const made = cluster.resources.flatMap((resource) => connectionsOf(resource, templates));
  return made.length === 0 ? cluster : { ...cluster, resources: [...cluster.resources, ...made] };
}

function connectionsOf(resource: Resource, templates: ReadonlyMap<string, Template>): readonly Primitive[] {
  if (resource.kind === "clone") return [];
  return primitivesOf(resource).flatMap((one) => {
    const template = one.template === undefined ? undefined : templates.get(one.template);
    const pairs = byPrecedence([...(template?.meta ?? []), ...one.meta]).flatMap((set) => set.pairs);
    const get = (name: string) => pairs.find((pair) => pair.name === name)?.value;
    const name = get("remote-node");
    return name === undefined || name === one.id ? [] : [connection(name, one, get)];
  });
}

function connection(name: string, machine: Primitive, get: (name: string) => string | undefined): Primitive {
  const timeout = get("remote-connect-timeout");
  const operation = (task: string, interval: string, options: Readonly<Record<string, string>>): Operation => ({
    id: `${name}-${task}-interval-${interval}`,
    name: task,
    interval,
    options,
    meta: [],
    instance: [],
  });
  return {
    kind: "primitive",
    id: name,
    agent: { class: "ocf", provider: "pacemaker", type: "remote" },
    operations: [
      operation("monitor", "30s", { timeout: "30s" }),
      ...(timeout === undefined ? [] : [operation("start", "0", { timeout })]),
    ],
    meta: nvset(`${name}-meta`, {
      container: machine.id,
      "allow-migrate": get("remote-allow-migrate"),
      "is-managed": get("is-managed"),
    }),
    instance: nvset(`${name}-options`, { addr: get("remote-addr"), port: get("remote-port") }),
    utilization: [],
    at: machine.at,
  };
}

function nvset(id: string, values: Readonly<Record<string, string | undefined>>): readonly NvSet[] {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ id: `${id}-${name}`, name, value }],
  );
  return pairs.length === 0 ? [] : [{ id, pairs }];
}

/** Ties what has the meta attribute `container` to its container, and tells guest nodes from other remote nodes. */
export function linkContainers(world: World): void {
  for (const resource of world.all) {
    const name = resource.meta.get("container");
    const container = resource.kind === "primitive" && name !== undefined ? world.byId.get(name) : undefined;
    if (container === undefined || container === resource || container.container !== undefined) continue;
    resource.container = container;
    container.fillers.push(resource);
  }
  for (const node of world.nodes) {
    if (node.connection?.container === undefined) continue;
    node.isGuest = true;
    node.attributes.set("#kind", "container");
  }
}

/** The connection to the guest node that a resource is the machine of. */
export function guestConnectionIn(machine: SchedResource): SchedResource | undefined {
  return machine.fillers.find((one) => one.isRemoteConnection);
}

/**
 * What is in a container starts after it, stops before it and runs where it runs; when the container is a guest node,
 * things in it run on that node, and only there.
 */
export function addContainerOrders(world: World, resource: SchedResource): void {
  const container = resource.container;
  if (container === undefined) return;
  const guest = resource.isRemoteConnection ? undefined : guestConnectionIn(container);
  if (guest !== undefined) {
    for (const node of world.nodes) if (node.connection !== guest) resource.scores[node.index] = -INFINITY_SCORE;
    return;
  }
  orderTasks(world, container, "start", resource, "start", ORD.impliesThen | ORD.runnableLeft);
  orderTasks(world, resource, "stop", container, "stop", ORD.impliesFirst);
  addColocation(world, {
    id: "resource-with-container",
    dependent: resource,
    primary: container,
    dependentRole: ROLE.unknown,
    primaryRole: ROLE.unknown,
    attribute: "#uname",
    score: INFINITY_SCORE,
    influence: true,
    at: resource.config?.at,
  });
}

/** The state of a guest node, from those of its connection and its machine. */
export function guestState(node: SchedNode, connection: SchedResource, container: SchedResource): void {
  const host = connection.runningOn.length === 1 ? connection.runningOn[0] : undefined;
  if (container.failed) {
    node.online = false;
    node.remoteRequiresReset = true;
  } else if (connection.failed) node.online = false;
  else if (connection.role === ROLE.stopped || container.role === ROLE.stopped) {
    node.online = false;
    node.remoteRequiresReset = false;
  } else if (host !== undefined && !host.online && host.unclean) {
    node.online = false;
    node.remoteRequiresReset = true;
  }
}

/**
 * A guest node is fenced by stopping its machine; the step only stands for that, so that what waits for a fencing has
 * something to wait for.
 * @returns undefined when it needs no fencing, or can't be fenced
 */
export function guestFence(world: World, node: SchedNode): SchedAction | undefined {
  const container = node.connection?.container;
  if (container === undefined || !node.remoteRequiresReset || !container.managed || !canFence(world, node))
    return undefined;
  const stop = firstAction(container, "stop", undefined);
  const how = firstAction(container, "start", undefined) === undefined ? "off" : "reboot";
  const fence = makeFreeAction(world, `stonith-${node.name}-${how}`, "stonith", node, ACT.runnable);
  fence.clear(ACT.optional);
  fence.set(ACT.pseudo | ACT.runnable);
  fence.detail = how;
  fence.reason = "its machine is recovered";
  const implied = ORD.runnableLeft | ORD.impliesThen;
  if (stop?.has(ACT.pseudo) === true && stop.node !== undefined) {
    // The host of the machine is fenced itself.
    const ofHost = `stonith-${stop.node.name}-${world.settings.fencingAction}`;
    orderActions(world.freeActions.get(ofHost), fence, implied);
  } else if (stop !== undefined) orderActions(stop, fence, implied);
  else if (node.connection !== undefined)
    orderActions(firstAction(node.connection, "stop", undefined), fence, ORD.ordered);
  return fence;
}
