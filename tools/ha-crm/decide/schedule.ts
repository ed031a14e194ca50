import type { Cluster } from "../model/cluster.ts";
import type { ClusterState } from "../model/state.ts";
import { applyExclusiveDiscovery, applyLocations, unpackLocation } from "./location.ts";
import { applyFailureThresholds } from "./failures.ts";
import { linkContainers, withGuestConnections } from "./guest-nodes.ts";
import { applyHealth } from "./health.ts";
import { applyOrderings } from "./apply-orderings.ts";
import { applyStickiness } from "./stickiness.ts";
import { addInternalOrders } from "./internal-orders.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { cancelStrayMonitors, noteRunningMonitors } from "./recurring.ts";
import { createActions } from "./create-actions.ts";
import { createProbes } from "./probes.ts";
import { createNotifications } from "./notifications.ts";
import { forgetOrphanFailures } from "./orphans.ts";
import { placeAll } from "./place.ts";
import { orderRemoteActions } from "./remote-orders.ts";
import type { Recorder } from "./recorder.ts";
import { remoteNames, unpackResources } from "./unpack-resources.ts";
import { readSettings, type Settings } from "./settings.ts";
import { nextRuleChange } from "./recheck.ts";
import { scheduleFencing } from "./fencing.ts";
import { applyShutdownLocks } from "./shutdown-lock.ts";
import { Settler } from "./settle.ts";
import { unpackColocation } from "./colocation-unpack.ts";
import { unpackHistory } from "./history.ts";
import { unpackNodes } from "./unpack-nodes.ts";
import { unpackNodeStates } from "./node-status.ts";
import { unpackOrder } from "./order-unpack.ts";
import { unpackTags } from "./targets.ts";
import { unpackTicket } from "./tickets.ts";
import { World } from "./world.ts";

export interface ScheduleInput {
  readonly cluster: Cluster;
  readonly state: ClusterState;
  /** Seconds since 1970. */
  readonly now: number;
  readonly recorder?: Recorder;
}

export interface Schedule {
  readonly world: World;
  readonly graph: Graph;
}

/**
 * Reads configuration and status into a working set: where everything is now. The first half of a scheduling run, and
 * all that a status display needs.
 */
export function readWorld(input: ScheduleInput): World {
  const { state, now, recorder } = input;
  const cluster = withGuestConnections(input.cluster);
  const world = new World(cluster, state, settingsFor(cluster, state, now), now, recorder);
  for (const ticket of state.tickets)
    world.tickets.set(ticket.id, { granted: ticket.granted, standby: ticket.standby });
  unpackNodes(world, remoteNames(cluster.resources));
  unpackResources(world);
  linkContainers(world);
  unpackTags(world);
  unpackNodeStates(world);
  unpackHistory(world);
  for (const resource of world.all) {
    if (resource.monitoredOn.size === 0) continue;
    for (const node of resource.history.nodes)
      if (resource.monitoredOn.has(node)) noteRunningMonitors(world, resource, node);
  }
  return world;
}

/** A cluster that never had quorum doesn't fence itself for having none. */
function settingsFor(cluster: Cluster, state: ClusterState, now: number): Settings {
  const settings = readSettings(cluster.properties, { now });
  const never = !state.quorate && state.hadQuorum !== true;
  return settings.noQuorumPolicy === "suicide" && never ? { ...settings, noQuorumPolicy: "stop" } : settings;
}

/**
 * The scheduler: what the cluster should do next. Pure: the same input gives the same plan, byte for byte.
 * It always gives a plan; orderings that contradict each other are named in `graph.dropped`.
 */
export function schedule(input: ScheduleInput): Schedule {
  return scheduleWorld(readWorld(input));
}

/** The second half: plans for a working set that was just read, which is used up by it. */
export function scheduleWorld(world: World): Schedule {
  const change = nextRuleChange(world.cluster, world.now);
  if (change !== undefined) world.lookAgainAt(change);
  applyHealth(world);
  unpackConstraints(world);
  applyShutdownLocks(world);
  applyLocations(world);
  for (const resource of world.resources) applyStickiness(world, resource);
  applyFailureThresholds(world);
  for (const resource of world.resources) applyExclusiveDiscovery(resource);
  for (const resource of world.resources) addInternalOrders(world, resource);
  cancelStrayMonitors(world);
  placeAll(world);
  createProbes(world);
  forgetOrphanFailures(world);
  for (const resource of world.resources) createActions(world, resource);
  // It may mark more nodes for fencing.
  orderRemoteActions(world);
  scheduleFencing(world);
  applyOrderings(world);
  new Settler(world).run();
  createNotifications(world);
  return { world, graph: buildGraph(world) };
}

function unpackConstraints(world: World): void {
  for (const constraint of world.cluster.constraints) {
    switch (constraint.kind) {
      case "location":
        unpackLocation(world, constraint);
        break;
      case "colocation":
        unpackColocation(world, constraint);
        break;
      case "order":
        unpackOrder(world, constraint);
        break;
      case "ticket":
        unpackTicket(world, constraint);
        break;
      default:
        constraint satisfies never;
    }
  }
}
