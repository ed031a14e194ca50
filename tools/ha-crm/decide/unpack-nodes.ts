import type { NodeConfig } from "../model/cluster.ts";
import { parseScore } from "../model/score.ts";
import { collectPairs } from "./rules.ts";
import { booleanOr, wholeOr } from "./values.ts";
import { SchedNode, type World } from "./world.ts";

/** Compares names so that numbers inside them count as numbers: n2 before n10. Upper and lower case are alike. */
export function compareNames(left: string, right: string): number {
  const parts = /(\d+|\D+)/g;
  const first = left.toLowerCase().match(parts) ?? [];
  const second = right.toLowerCase().match(parts) ?? [];
  for (let index = 0; index < Math.min(first.length, second.length); index += 1) {
    const one = first[index] ?? "";
    const other = second[index] ?? "";
    const bothNumbers = /^\d/.test(one) && /^\d/.test(other);
    const difference = bothNumbers ? Number(one) - Number(other) : one < other ? -1 : one > other ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return first.length - second.length;
}

/** Nodes by configuration, in the order of their names, with permanent attributes. */
export function unpackNodes(world: World, remoteNames: readonly string[]): void {
  const configured = new Set(world.cluster.nodes.map((node) => node.id));
  const extra: NodeConfig[] = remoteNames
    .filter((name) => !configured.has(name))
    .map((name) => ({ id: name, name, type: "remote", attributes: [], utilization: [] }));
  const sorted = [...world.cluster.nodes, ...extra].toSorted((left, right) => compareNames(left.name, right.name));
  for (const config of sorted) {
    if (world.nodesById.has(config.id)) continue;
    const node = new SchedNode(world.nodes.length, config);
    node.isRemote = config.type === "remote";
    node.named = configured.has(config.id);
    if (node.isRemote) world.haveRemoteNodes = true;
    node.score = parseScore(config.score ?? "0") ?? 0;
    node.unclean = world.settings.startupFencing && config.type !== "ping" && !node.isRemote;
    world.nodes.push(node);
    world.nodesById.set(node.id, node);
    world.nodesByName.set(node.name.toLowerCase(), node);
    addAttributes(world, node);
  }
}

function addAttributes(world: World, node: SchedNode): void {
  const own = node.attributes;
  own.set("#uname", node.name);
  own.set("#id", node.id);
  own.set("#kind", node.isRemote ? "remote" : "cluster");
  own.set("#is_dc", String(world.state.coordinator === node.id));
  const cluster = world.settings.clusterName;
  if (cluster !== undefined) own.set("#cluster-name", cluster);
  collectPairs(own, node.config.attributes, nodeContext(world, node));
  const site = own.get("site-name") ?? cluster;
  if (site !== undefined && !own.has("#site-name")) own.set("#site-name", site);
  const free = new Map<string, string>();
  collectPairs(free, node.config.utilization, nodeContext(world, node));
  for (const [name, value] of free) node.utilization.set(name, wholeOr(value, 0));
}

function nodeContext(world: World, node: SchedNode) {
  return { now: world.now, nodeAttribute: (name: string) => node.attributes.get(name) };
}

/** Standby, maintenance and probing by the attributes of a node; again whenever these change. */
export function applyNodeAttributes(node: SchedNode): void {
  const get = (name: string) => node.attributes.get(name);
  node.standby = booleanOr(get("standby"), false);
  node.maintenance = booleanOr(get("maintenance"), false);
  // Of no meaning for a full member.
  node.discovery = !node.isRemote || booleanOr(get("resource-discovery-enabled"), true);
}
