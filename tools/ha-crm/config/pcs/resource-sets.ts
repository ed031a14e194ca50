import { lookUp } from "../../../../shared/text/lookup.ts";
import type { PcsCommand } from "./context.ts";
import { constrainable } from "./target.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId, idFrom, isPair, onlyOptions, readPairs, splitAt, type Pairs } from "./words.ts";

export interface SetWords {
  readonly resources: readonly string[];
  readonly options: Pairs;
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  sequential: ["true", "false"],
  "require-all": ["true", "false"],
  action: ["start", "promote", "demote", "stop"],
  role: ["Stopped", "Started", "Promoted", "Unpromoted", "Master", "Slave"],
};

/** `A B sequential=false set C setoptions kind=Optional`, without the first `set`. */
export function readSets(
  command: PcsCommand,
  words: readonly string[],
  setOptions: readonly string[],
): { readonly sets: readonly SetWords[]; readonly options: Map<string, string> } {
  const parts = splitAt(words, ["setoptions"]);
  const groups: string[][] = [[]];
  for (const word of parts.get("")?.[0] ?? []) {
    if (word === "set") groups.push([]);
    else groups.at(-1)?.push(word);
  }
  const sets = groups.map((group) => {
    const resources = group.filter((word) => !isPair(word));
    const options = readPairs(command, group.filter(isPair));
    if (resources.length === 0) command.wrongUse("a set needs at least one resource", "set");
    onlyOptions(command, "a set", options, setOptions);
    for (const [name, value] of options) command.oneOf(name, value, lookUp(VALUES, name) ?? [value]);
    for (const id of resources) constrainable(command, id);
    return { resources, options };
  });
  return { sets, options: readPairs(command, parts.get("setoptions")?.flat() ?? []) };
}

const NAMED_BY = 3;

/** First and last sign of the first three ids: what pcs names such constraints by. */
function shortNames(sets: readonly SetWords[]): string {
  return sets
    .flatMap((set) => set.resources)
    .slice(0, NAMED_BY)
    .map((id) => `${id.at(0) ?? ""}${id.at(-1) ?? ""}`)
    .join("");
}

/** A constraint made of sets, added to the configuration. */
export function addSetConstraint(
  command: PcsCommand,
  kind: "colocation" | "order" | "ticket",
  sets: readonly SetWords[],
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  const { cib } = command;
  const given = attributes["id"];
  if (given !== undefined) checkNewId(command, given);
  const id = given ?? cib.freeId(idFrom(`${kind}_set_${shortNames(sets)}`));
  const element = TreeElement.make(`rsc_${kind}`, { ...attributes, id });
  refuseSameSets(command, element.name, sets, attributes);
  const taken = new Set([id]);
  for (const set of sets) {
    const setId = cib.freeId(`${id}_set`, taken);
    taken.add(setId);
    const role = set.options.get("role");
    const made = TreeElement.make("resource_set", {
      ...Object.fromEntries(set.options),
      ...(role === undefined ? {} : { role: role === "Master" ? "Promoted" : role === "Slave" ? "Unpromoted" : role }),
      id: setId,
    });
    for (const one of set.resources) made.append(TreeElement.make("resource_ref", { id: one }));
    element.append(made);
  }
  cib.section("constraints").append(element);
}

/** The same sets of the same kind a second time would only confuse. */
function refuseSameSets(
  command: PcsCommand,
  name: string,
  sets: readonly SetWords[],
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  const wanted = sets.map((set) => set.resources.join(" ")).join(" | ");
  const same = command.cib.constraints().find((one) => {
    const has = one
      .all("resource_set")
      .map((set) =>
        set
          .all("resource_ref")
          .map((ref) => ref.id)
          .join(" "),
      )
      .join(" | ");
    return one.name === name && has === wanted && one.get("ticket") === attributes["ticket"];
  });
  if (same !== undefined) command.unlessForced("CRM_PCS_SAME_CONSTRAINT", { id: same.id }, command.words[0]);
}
