import { lookUp } from "../../../shared/text/lookup.ts";
import type { Location, ResourceSet } from "../model/constraint.ts";
import type { Rule } from "../model/nvset.ts";
import { parametersOn } from "./digest.ts";
import { INFINITY_SCORE, addScores, parseScore } from "../model/score.ts";
import { addNodeScore } from "./unpack-resources.ts";
import { parseRole, ROLE, type Role } from "./roles.ts";
import { ruleHolds, type RuleContext } from "./rules.ts";
import { resolveTargets } from "./targets.ts";
import {
  ABSENT,
  DISCOVERY,
  findNode,
  type LocationScore,
  type LocationScores,
  type SchedNode,
  type SchedResource,
  type World,
} from "./world.ts";

/** Turns location constraints into scores per node; rules are evaluated here, once. */
export function unpackLocation(world: World, constraint: Location): void {
  if (constraint.lifetime !== undefined && !ruleHolds(constraint.lifetime, { now: world.now })) return;
  if (constraint.pattern !== undefined) {
    unpackPattern(world, constraint, constraint.pattern);
    return;
  }
  for (const set of constraint.sets) unpackSet(world, constraint, set);
  if (constraint.resource === undefined) return;
  for (const resource of resolveTargets(world, constraint.resource))
    addLocation(world, constraint, resource, constraint.role, undefined);
}

function unpackSet(world: World, constraint: Location, set: ResourceSet): void {
  for (const name of set.resources) {
    for (const resource of resolveTargets(world, name)) {
      addLocation(world, constraint, resource, set.role ?? constraint.role, set.score);
    }
  }
}

/** Patterns are held against all top-level resources; `!` in front turns them round. */
function unpackPattern(world: World, constraint: Location, pattern: string): void {
  const inverted = pattern.startsWith("!");
  let regexp: RegExp;
  try {
    regexp = new RegExp(inverted ? pattern.slice(1) : pattern);
  } catch {
    return;
  }
  for (const resource of world.resources) {
    if (resource.orphan) continue;
    const match = regexp.exec(resource.id);
    if ((match === null) === inverted) {
      addLocation(world, constraint, resource, constraint.role, undefined, inverted ? undefined : (match ?? undefined));
    }
  }
}

const DISCOVERY_WORDS: Readonly<Record<string, number>> = {
  always: DISCOVERY.always,
  never: DISCOVERY.never,
  exclusive: DISCOVERY.exclusive,
};

function addLocation(
  world: World,
  constraint: Location,
  resource: SchedResource,
  roleWord: string | undefined,
  setScore: string | undefined,
  match?: RegExpExecArray,
): void {
  const discovery = lookUp(DISCOVERY_WORDS, constraint.discovery ?? "always") ?? DISCOVERY.always;
  const score = setScore ?? constraint.score;
  if (score !== undefined && constraint.node !== undefined) {
    const node = findNode(world, constraint.node);
    if (node === undefined) return;
    keep(world, constraint, resource, roleOf(roleWord), discovery, [{ node, score: parseScore(score) ?? 0 }]);
    return;
  }
  for (const rule of constraint.rules) {
    const nodes = scoresOfRule(world, resource, rule, match, rule.score ?? score);
    keep(world, constraint, resource, roleOf(rule.role ?? roleWord), discovery, nodes);
  }
}

/** Every instance is unpromoted before it is promoted: only the promoted role makes a difference. */
function roleOf(word: string | undefined): Role {
  return parseRole(word) === ROLE.promoted ? ROLE.promoted : ROLE.unknown;
}

function keep(
  world: World,
  constraint: Location,
  resource: SchedResource,
  role: Role,
  discovery: number,
  nodes: LocationScores["nodes"],
): void {
  if (discovery === DISCOVERY.exclusive) resource.exclusiveDiscovery = true;
  const scores: LocationScores = { id: constraint.id, resource, role, discovery, nodes, at: constraint.at };
  world.locations.push(scores);
  resource.locations.push(scores);
}

function scoresOfRule(
  world: World,
  resource: SchedResource,
  rule: Rule,
  match: RegExpExecArray | undefined,
  score: string | undefined,
): LocationScores["nodes"] {
  const found: LocationScore[] = [];
  for (const node of world.nodes) {
    const context: RuleContext = {
      now: world.now,
      nodeAttribute: (name) => node.attributes.get(fill(name, match)),
      meta: (name) => resource.meta.get(name),
      parameter: (name) => parametersOn(world, resource, node).get(name),
    };
    if (!ruleHolds(withoutRole(rule), context)) continue;
    const written = scoreFor(node, rule, match, score);
    // Where any of a rule's conditions is enough, the score of the node itself is in the sum, as with Pacemaker.
    found.push(
      rule.join === "or" ? { node, written, score: addScores(node.score, written) } : { node, score: written },
    );
  }
  return found;
}

/** The role of a rule says for which role the scores count; it is no condition. */
function withoutRole(rule: Rule): Rule {
  return rule.role === undefined ? rule : { ...rule, role: undefined };
}

/** `%1` in a name is what the first group of the pattern matched. */
function fill(name: string, match: RegExpExecArray | undefined): string {
  return match === undefined ? name : name.replace(/%(\d)/g, (_whole, digit: string) => match[Number(digit)] ?? "");
}

/** With `score-attribute` the score is the value of a node attribute; nodes without it are banned. */
function scoreFor(node: SchedNode, rule: Rule, match: RegExpExecArray | undefined, score: string | undefined): number {
  if (rule.scoreAttribute !== undefined) {
    const value = node.attributes.get(fill(rule.scoreAttribute, match));
    return value === undefined ? -INFINITY_SCORE : (parseScore(value) ?? 0);
  }
  return parseScore(score ?? "0") ?? 0;
}

/** Adds the scores of all location constraints. */
export function applyLocations(world: World): void {
  for (const location of world.locations) applyLocation(world, location, location.resource, true);
}

/**
 * To a clone and all its instances. Of a group whose members stay together only the first member gets the scores: the
 * others follow it; they only learn that the node is allowed.
 */
function applyLocation(world: World, location: LocationScores, resource: SchedResource, full: boolean): void {
  applyOne(world, location, resource, full);
  let first = full;
  for (const child of resource.children) {
    applyLocation(world, location, child, first);
    if (resource.kind === "group" && resource.groupColocated) first = false;
  }
}

function applyOne(world: World, location: LocationScores, resource: SchedResource, full: boolean): void {
  if (location.role > ROLE.unknown && location.role !== resource.nextRole) return;
  for (const { node, score, written = score } of location.nodes) {
    const known = resource.scores[node.index] ?? ABSENT;
    const delta = full ? score : 0;
    // A node that becomes known through a constraint starts from nothing.
    if (known === ABSENT) resource.scores[node.index] = addScores(0, delta);
    else addNodeScore(resource, node.index, node.score, delta);
    const mode = resource.discoveryMode[node.index] ?? 0;
    if (mode < location.discovery) resource.discoveryMode[node.index] = location.discovery;
    if (delta !== 0 && world.recorder?.wants(resource.id) === true) {
      const after = resource.scores[node.index] ?? 0;
      world.recorder.step({
        resource: resource.id,
        node: node.name,
        code: "SCORE_LOCATION",
        delta: written,
        score: after,
        source: location.id,
        at: location.at,
      });
    }
  }
}

/** With exclusive discovery only nodes that a constraint names are allowed. */
export function applyExclusiveDiscovery(resource: SchedResource): void {
  if (resource.exclusiveDiscovery || resource.top.exclusiveDiscovery) {
    for (let index = 0; index < resource.scores.length; index += 1) {
      if (resource.scores[index] !== ABSENT && resource.discoveryMode[index] !== DISCOVERY.exclusive) {
        resource.scores[index] = -INFINITY_SCORE;
      }
    }
  }
  for (const child of resource.children) applyExclusiveDiscovery(child);
}
