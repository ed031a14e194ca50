import { INFINITY_SCORE, addScores, parseScore } from "../model/score.ts";
import { ROLE } from "./roles.ts";
import { isTrue } from "./values.ts";
import { DISCOVERY, type LocationScores, type SchedNode, type SchedResource, type World } from "./world.ts";

/** Node health: attributes whose names begin with #health, weighed as node-health-strategy says. */
export function applyHealth(world: World): void {
  const { settings } = world;
  if (settings.healthStrategy === "none") return;
  for (const node of world.nodes) {
    const score = healthOf(world, node);
    node.healthScore = score;
    if (score === 0) continue;
    for (const resource of world.resources) apply(world, resource, node, score);
  }
}

/** Health counts as a location constraint would; a bad one not for resources that accept it. */
function apply(world: World, resource: SchedResource, node: SchedNode, score: number): void {
  if (score < 0 && isTrue(resource.meta.get("allow-unhealthy-nodes"))) return;
  const location: LocationScores = {
    id: `node-health-strategy=${world.settings.healthStrategy}`,
    resource,
    role: ROLE.unknown,
    discovery: DISCOVERY.always,
    nodes: [{ node, score }],
    at: undefined,
  };
  world.locations.push(location);
  resource.locations.push(location);
}

function healthOf(world: World, node: SchedNode): number {
  const { settings } = world;
  const base = settings.healthStrategy === "progressive" ? settings.healthBase : 0;
  let sum = base;
  for (const [name, value] of node.attributes) {
    if (!name.startsWith("#health")) continue;
    sum = addScores(sum, valueOf(world, value.toLowerCase()));
  }
  return sum;
}

function valueOf(world: World, value: string): number {
  const { settings } = world;
  const strategy = settings.healthStrategy;
  switch (value) {
    case "red":
      return strategy === "migrate-on-red" || strategy === "only-green" ? -INFINITY_SCORE : settings.healthRed;
    case "yellow":
      if (strategy === "only-green") return -INFINITY_SCORE;
      return strategy === "migrate-on-red" ? 0 : settings.healthYellow;
    case "green":
      return strategy === "progressive" || strategy === "custom" ? settings.healthGreen : 0;
    default:
      return parseScore(value) ?? 0;
  }
}
