import type { FencingLevel } from "../model/cluster.ts";
import type { SchedNode, World } from "./world.ts";

/**
 * The levels by which a node is fenced: lists of devices, tried in this order; all devices of a level must succeed. What
 * names the node goes before a pattern of names, and that before a node attribute (Pacemaker's order).
 */
export function levelsOf(world: World, node: SchedNode): readonly (readonly string[])[] {
  const all = world.cluster.fencingLevels;
  const byName = all.filter((level) => level.target?.toLowerCase() === node.name.toLowerCase());
  const byPattern = all.filter((level) => matches(level, node.name));
  const byAttribute = all.filter(
    (level) => level.targetAttribute !== undefined && node.attributes.get(level.targetAttribute) === level.targetValue,
  );
  const found = [byName, byPattern, byAttribute].find((levels) => levels.length > 0) ?? [];
  return found.toSorted((left, right) => left.index - right.index).map((level) => level.devices);
}

function matches(level: FencingLevel, name: string): boolean {
  if (level.targetPattern === undefined) return false;
  try {
    return new RegExp(level.targetPattern, "i").test(name);
  } catch {
    // What is no regular expression matches nothing.
    return false;
  }
}
