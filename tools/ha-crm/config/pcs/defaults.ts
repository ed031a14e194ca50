import type { PcsCommand, PcsVerb } from "./context.ts";
import { idPart, updatePairs } from "./nv.ts";
import { RuleBuilder } from "./rule-build.ts";
import { parseRule, type RuleKinds } from "./rule-words.ts";
import { defaultsLines } from "./show-defaults.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId, checkScore, onlyOptions, readPairs, splitAt, wordsOf, type Pairs } from "./words.ts";

type Section = "rsc_defaults" | "op_defaults";

const KINDS: Readonly<Record<Section, RuleKinds>> = {
  rsc_defaults: {
    attributes: false,
    resource: true,
    op: false,
    example: "for instance: resource ::Dummy and date gt 2026-01-01",
  },
  op_defaults: {
    attributes: true,
    resource: true,
    op: true,
    example: "for instance: op monitor interval=10s and resource ::Dummy",
  },
};

function sets(command: PcsCommand, section: Section): readonly TreeElement[] {
  return command.cib.peek(section)?.all("meta_attributes") ?? [];
}

/** Changes the only set there is; with several the operator must say which one. */
function update(command: PcsCommand, section: Section): void {
  if (command.words.length === 0) command.wrongUse("name at least one value");
  const pairs = readPairs(command, command.words);
  const all = sets(command, section);
  if (all.length > 1) {
    const ids = all.map((one) => one.id).join(", ");
    command.wrongUse(`there are several sets (${ids}); say which: defaults set update ID meta NAME=VALUE`);
  }
  let set = all[0];
  if (set === undefined) {
    if ([...pairs.values()].every((value) => value === "")) return;
    const id = command.cib.freeId(`${section}-meta_attributes`);
    set = command.cib.section(section).append(TreeElement.make("meta_attributes", { id }));
  }
  updatePairs(command.cib, set, pairs, true);
}

function createSet(command: PcsCommand, section: Section): void {
  const { cib } = command;
  const parts = splitAt(command.words, ["meta", "rule"]);
  const options = readPairs(command, parts.get("")?.[0] ?? []);
  onlyOptions(command, "a set", options, ["id", "score"]);
  const score = options.get("score");
  if (score !== undefined) checkScore(command, score, `score=${score}`);
  const given = options.get("id");
  if (given !== undefined) checkNewId(command, given);
  const values = readPairs(command, wordsOf(parts, "meta") ?? []);
  const id = given ?? cib.freeId(`${section}-meta_attributes`);
  const set = TreeElement.make("meta_attributes", { id, score });
  const rule = wordsOf(parts, "rule");
  if (rule !== undefined) {
    const tree = parseRule(command, rule, KINDS[section]);
    set.append(new RuleBuilder(cib, "defaults").rule(tree, cib.freeId(`${id}-rule`), { score: "INFINITY" }));
  }
  appendAll(command, set, values);
  cib.section(section).append(set);
}

function appendAll(command: PcsCommand, set: TreeElement, values: Pairs): void {
  for (const [name, value] of values) {
    if (value === "") continue;
    set.append(TreeElement.make("nvpair", { id: command.cib.freeId(`${set.id}-${idPart(name)}`), name, value }));
  }
}

function needSet(command: PcsCommand, section: Section, id: string): TreeElement {
  const all = sets(command, section);
  const found = all.find((one) => one.id === id);
  if (found !== undefined) return found;
  return command.noSuch(
    "set of defaults",
    id,
    all.map((one) => one.id),
  );
}

function updateSet(command: PcsCommand, section: Section): void {
  const [id, meta, ...rest] = command.words;
  if (id === undefined) command.wrongUse("name the set");
  if (meta !== undefined && meta !== "meta") command.wrongUse(`"meta" is expected, not "${meta}"`, meta);
  updatePairs(command.cib, needSet(command, section, id), readPairs(command, rest), true);
}

function deleteSets(command: PcsCommand, section: Section): void {
  if (command.words.length === 0) command.wrongUse("name at least one set");
  for (const id of command.words) needSet(command, section, id).detach();
}

function verbsFor(
  section: Section,
  words: readonly string[],
  twin: readonly string[],
  what: string,
): readonly PcsVerb[] {
  const names = (...rest: readonly string[]) => [...words, ...rest];
  const aliases = (...all: readonly (readonly string[])[]) => [
    ...all.slice(1).map((rest) => [...words, ...rest]),
    ...all.map((rest) => [...twin, ...rest]),
  ];
  return [
    {
      words: names(),
      aliases: aliases([], ["config"]),
      usage: "[NAME=VALUE…] [--full] [--all]",
      summary: `Show ${what}, or set them`,
      flags: ["all", "full", "no-check-expired", "no-expire-check"],
      run(command: PcsCommand) {
        if (command.words.length === 0)
          return defaultsLines(sets(command, section), command.flags.has("full")).join("\n");
        update(command, section);
        return undefined;
      },
    },
    {
      words: names("update"),
      aliases: aliases(["update"]),
      usage: "NAME=VALUE…",
      summary: `Change ${what}; an empty value removes one`,
      run: (command) => {
        update(command, section);
      },
    },
    {
      words: names("set", "create"),
      aliases: aliases(["set", "create"]),
      usage: "[id=ID] [score=SCORE] [meta NAME=VALUE…] [rule CONDITION]",
      summary: `Add a set of ${what}, with a condition or without`,
      run: (command) => {
        createSet(command, section);
      },
    },
    {
      words: names("set", "update"),
      aliases: aliases(["set", "update"]),
      usage: "SET meta NAME=VALUE…",
      summary: `Change a set of ${what}`,
      run: (command) => {
        updateSet(command, section);
      },
    },
    {
      words: names("set", "delete"),
      aliases: aliases(["set", "delete"], ["set", "remove"]),
      usage: "SET…",
      summary: `Remove sets of ${what}`,
      run: (command) => {
        deleteSets(command, section);
      },
    },
  ];
}

export const defaultsVerbs: readonly PcsVerb[] = [
  ...verbsFor("rsc_defaults", ["resource", "defaults"], ["stonith", "defaults"], "defaults of resources"),
  ...verbsFor("op_defaults", ["resource", "op", "defaults"], ["stonith", "op", "defaults"], "defaults of operations"),
];
