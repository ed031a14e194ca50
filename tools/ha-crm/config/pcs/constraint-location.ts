import type { PcsCommand, PcsVerb } from "./context.ts";
import { RuleBuilder } from "./rule-build.ts";
import { LOCATION_RULES, parseRule, readRuleOptions } from "./rule-words.ts";
import { constraintLines } from "./show-constraints.ts";
import { constrainable } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { checkId, checkNewId, checkScore, idFrom, onlyOptions, readPairs } from "./words.ts";

/** `A`, `%A`, `resource%A` or `regexp%PATTERN`. */
interface Target {
  readonly attribute: "rsc" | "rsc-pattern";
  readonly value: string;
}

function readTarget(command: PcsCommand, word: string): Target {
  const found = /^(resource|regexp)?%(.*)$/.exec(word);
  if (found?.[1] === "regexp") return { attribute: "rsc-pattern", value: found[2] ?? "" };
  const value = found === null ? word : (found[2] ?? "");
  constrainable(command, value);
  return { attribute: "rsc", value };
}

function checkNode(command: PcsCommand, node: string): void {
  if (command.cib.nodes().length > 0 && command.cib.node(node) === undefined) {
    command.warn("CRM_PCS_NODE_UNKNOWN", { node }, node);
  }
}

/** `node1=100 node2`: the score is INFINITY when none is given. */
function readScored(command: PcsCommand, words: readonly string[], avoids: boolean) {
  return words.map((word) => {
    const equals = word.indexOf("=");
    const node = equals < 0 ? word : word.slice(0, equals);
    const score = equals < 0 ? "INFINITY" : word.slice(equals + 1);
    if (node === "") command.wrongUse(`in "${word}" the node is missing`, word);
    checkScore(command, score, word);
    checkNode(command, node);
    if (!avoids) return { node, score };
    return { node, score: score.startsWith("-") ? score.slice(1) : `-${score.replace(/^\+/, "")}` };
  });
}

function putLocation(
  command: PcsCommand,
  target: Target,
  id: string,
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  const { cib } = command;
  // One node has one wish: an earlier plain constraint of the same resource and node is replaced.
  for (const one of cib.constraints()) {
    const same = one.name === "rsc_location" && one.get(target.attribute) === target.value;
    const plain = one.get("node") === attributes["node"] && one.child("rule") === undefined;
    if (one.id === id || (same && plain && one.get("role") === undefined)) one.detach();
  }
  cib
    .section("constraints")
    .append(TreeElement.make("rsc_location", { id, [target.attribute]: target.value, ...attributes }));
}

function prefers(command: PcsCommand): void {
  const [resource, verb, ...nodes] = command.words;
  if (resource === undefined) command.wrongUse("name a resource");
  if (verb !== "prefers" && verb !== "avoids") {
    command.wrongUse(`"${verb ?? ""}" is none of prefers, avoids and rule`, verb);
  }
  if (nodes.length === 0) command.wrongUse("name at least one node", verb);
  const target = readTarget(command, resource);
  for (const { node, score } of readScored(command, nodes, verb === "avoids")) {
    const id = idFrom(`location-${idFrom(target.value)}-${node}-${score}`);
    const old = command.cib.find(id);
    const own = old?.name === "rsc_location" && old.get(target.attribute) === target.value;
    putLocation(command, target, own ? id : command.cib.freeId(id), { node, score });
  }
}

function addLocation(command: PcsCommand): void {
  const [id, resource, node, score, ...rest] = command.words;
  if (id === undefined || resource === undefined || node === undefined || score === undefined) {
    command.wrongUse("an id, a resource, a node and a score are needed");
  }
  checkId(command, id);
  checkScore(command, score, score);
  checkNode(command, node);
  const options = readPairs(command, rest);
  onlyOptions(command, "a location constraint", options, ["resource-discovery"]);
  const discovery = options.get("resource-discovery");
  if (discovery !== undefined) command.oneOf("resource-discovery", discovery, ["always", "never", "exclusive"]);
  const taken = command.cib.find(id);
  if (taken !== undefined && taken.name !== "rsc_location") checkNewId(command, id);
  putLocation(command, readTarget(command, resource), id, { node, score, "resource-discovery": discovery });
}

const RULE_OPTIONS = ["id", "role", "score", "score-attribute", "constraint-id", "resource-discovery"];

function buildRule(command: PcsCommand, constraintId: string, words: readonly string[], allowed: readonly string[]) {
  const { options, rest } = readRuleOptions(command, words, allowed);
  const tree = parseRule(command, rest, LOCATION_RULES);
  const given = options.get("id");
  if (given !== undefined) checkNewId(command, given);
  const id = given ?? command.cib.freeId(`${constraintId}-rule`);
  const attribute = options.get("score-attribute");
  const score = attribute === undefined ? (options.get("score") ?? "INFINITY") : undefined;
  const role = options.get("role");
  const shown = role === undefined ? undefined : role.slice(0, 1).toUpperCase() + role.slice(1).toLowerCase();
  return new RuleBuilder(command.cib, "location").rule(tree, id, {
    role: shown === "Master" ? "Promoted" : shown === "Slave" ? "Unpromoted" : shown,
    score,
    "score-attribute": attribute,
  });
}

/** `constraint location A rule …` */
function locationRule(command: PcsCommand, resource: string, words: readonly string[]): void {
  const target = readTarget(command, resource);
  const { options } = readRuleOptions(command, words, RULE_OPTIONS);
  const given = options.get("constraint-id");
  if (given !== undefined) checkNewId(command, given);
  const discovery = options.get("resource-discovery");
  if (discovery !== undefined) command.oneOf("resource-discovery", discovery, ["always", "never", "exclusive"]);
  const id = given ?? command.cib.freeId(`location-${idFrom(target.value)}`);
  const element = TreeElement.make("rsc_location", {
    id,
    [target.attribute]: target.value,
    "resource-discovery": discovery,
  });
  element.append(buildRule(command, id, words, RULE_OPTIONS));
  command.cib.section("constraints").append(element);
}

function addRule(command: PcsCommand): void {
  const [id, ...words] = command.words;
  if (id === undefined) command.wrongUse("name the constraint");
  const locations = command.cib.constraints().filter((one) => one.name === "rsc_location");
  const constraint = locations.find((one) => one.id === id);
  if (constraint === undefined) {
    command.noSuch(
      "location constraint",
      id,
      locations.map((one) => one.id),
    );
  }
  const rule = buildRule(command, id, words, ["id", "role", "score", "score-attribute"]);
  // A constraint has either a node or rules.
  constraint.set("node", undefined);
  constraint.set("score", undefined);
  constraint.append(rule);
}

function deleteRule(command: PcsCommand): void {
  const [id] = command.words;
  if (id === undefined) command.wrongUse("name the rule");
  const rules = command.cib.constraints().flatMap((one) => one.all("rule"));
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) {
    command.noSuch(
      "rule",
      id,
      rules.map((one) => one.id),
    );
  }
  removeRule(rule);
}

/** A constraint without its last rule would say nothing, so it goes too. */
export function removeRule(rule: TreeElement): void {
  const constraint = rule.parent;
  rule.detach();
  if (constraint !== undefined && constraint.all("rule").length === 0) constraint.detach();
}

function deleteLocation(command: PcsCommand): void {
  const [id] = command.words;
  if (id === undefined) command.wrongUse("name the constraint");
  const known = command.cib.constraints().filter((one) => one.name === "rsc_location");
  const found = known.find((one) => one.id === id);
  if (found === undefined) {
    command.noSuch(
      "location constraint",
      id,
      known.map((one) => one.id),
    );
  }
  found.detach();
}

export const locationVerbs: readonly PcsVerb[] = [
  {
    words: ["constraint", "location"],
    usage: "RESOURCE prefers|avoids NODE[=SCORE]… | RESOURCE rule [OPTIONS] CONDITION",
    summary: "Say where a resource should or must not run",
    example: {
      run: "ha-crm -f cib.xml constraint location webserver prefers node1=100",
      does: "webserver would rather run on node1",
    },
    flags: ["full", "all"],
    run(command: PcsCommand) {
      const [resource, verb, ...rest] = command.words;
      if (resource === undefined) return constraintLines(command, command.flags.has("full"), "rsc_location").join("\n");
      if (resource !== undefined && verb === "rule") locationRule(command, resource, rest);
      else prefers(command);
      return undefined;
    },
  },
  {
    words: ["constraint", "location", "add"],
    usage: "ID RESOURCE NODE SCORE [resource-discovery=always|never|exclusive]",
    summary: "Add a location constraint with an id of your own",
    run: addLocation,
  },
  {
    words: ["constraint", "location", "delete"],
    aliases: [["constraint", "location", "remove"]],
    usage: "ID",
    summary: "Remove a location constraint",
    run: deleteLocation,
  },
  {
    words: ["constraint", "rule", "add"],
    usage: "CONSTRAINT [id=ID] [role=ROLE] [score=SCORE|score-attribute=NAME] CONDITION",
    summary: "Add a rule to a location constraint",
    run: addRule,
  },
  {
    words: ["constraint", "rule", "delete"],
    aliases: [["constraint", "rule", "remove"]],
    usage: "RULE",
    summary: "Remove a rule; its constraint goes with the last one",
    run: deleteRule,
  },
];
