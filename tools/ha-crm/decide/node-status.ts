import { INFINITY_SCORE } from "../model/score.ts";
import type { NodeState } from "../model/state.ts";
import { fenceNode } from "./fence-node.ts";
import { collectPairs } from "./rules.ts";
import { isTrue } from "./values.ts";
import type { SchedNode, World } from "./world.ts";
import { applyNodeAttributes } from "./unpack-nodes.ts";

/**
 * Which nodes can be used: from what is known of membership, of the peer process and of what was expected. A node
 * that should be here and is not must be fenced before anything it may be running is started elsewhere.
 */
export function unpackNodeStates(world: World): void {
  for (const state of world.state.nodes) {
    const node = world.nodesById.get(state.id) ?? world.nodesByName.get(state.name.toLowerCase());
    if (node === undefined) continue;
    node.state = state;
    // Of a remote node only once it is known that its connection is up.
    if (node.isRemote) continue;
    addTransientAttributes(world, node, state);
    node.unclean = false;
    node.unseen = false;
    applyNodeAttributes(node);
    readOnline(world, node, state);
    if (!world.state.quorate && node.online && world.settings.noQuorumPolicy === "suicide") {
      fenceNode(world, node, "cluster does not have quorum");
    }
  }
}

export function addTransientAttributes(world: World, node: SchedNode, state: NodeState): void {
  const values = new Map<string, string>();
  collectPairs(values, state.attributes, {
    now: world.now,
    nodeAttribute: (name) => node.attributes.get(name),
  });
  for (const [name, value] of values) node.attributes.set(name, value);
}

function attributeIsSet(node: SchedNode, name: string): boolean {
  const value = node.attributes.get(name);
  return (
    value !== undefined && value !== "0" && value !== "" && /^-?\d+/.test(value) && Number.parseInt(value, 10) !== 0
  );
}

function readOnline(world: World, node: SchedNode, state: NodeState): void {
  node.expectedUp = state.expected === "member";
  node.shutdown = attributeIsSet(node, "shutdown");
  if (node.config.type === "ping") {
    node.unclean = false;
    node.score = -INFINITY_SCORE;
    return;
  }
  const online = world.settings.fencingEnabled
    ? onlineWithFencing(world, node, state)
    : onlineWithout(world, node, state);
  node.online = online;
  // Whatever else is said of it, nothing is to be run there.
  if (!online || node.shutdown) node.score = -INFINITY_SCORE;
}

function onlineWithout(world: World, node: SchedNode, state: NodeState): boolean {
  if (state.inCluster !== true) return false;
  if (state.peerOnline) return state.join === "member";
  if (!node.expectedUp) return false;
  fenceNode(world, node, "peer is unexpectedly down");
  return false;
}

function onlineWithFencing(world: World, node: SchedNode, state: NodeState): boolean {
  const terminate = node.attributes.get("terminate");
  const condemned = isTrue(terminate) || (terminate !== undefined && /^\d{2,}$/.test(terminate) && terminate !== "0");
  const expected = state.expected ?? "down";
  const join = state.join ?? "down";
  if (node.shutdown) return state.peerOnline;
  if (state.inCluster === undefined) {
    fenceNode(world, node, "peer has not been seen by the cluster");
    return false;
  }
  if (join === "banned") {
    fenceNode(world, node, "peer failed Pacemaker membership criteria");
    return state.inCluster;
  }
  if (!condemned && expected === "down") {
    if (state.inCluster || state.peerOnline) becomePending(node);
    return state.inCluster;
  }
  if (condemned && join === "down" && !state.inCluster && !state.peerOnline) return false;
  if (!state.inCluster) {
    fenceNode(world, node, "peer is no longer part of the cluster");
    return false;
  }
  if (!state.peerOnline) {
    fenceNode(world, node, "peer process is no longer available");
    return true;
  }
  if (condemned) {
    fenceNode(world, node, "termination was requested");
    return true;
  }
  if (join === "member") return true;
  if (join === "pending" || join === "down") {
    becomePending(node);
    return true;
  }
  fenceNode(world, node, "peer was in an unknown state");
  return true;
}

/** Here, but not yet ready to run anything. */
function becomePending(node: SchedNode): void {
  node.standby = true;
  node.pending = true;
}
