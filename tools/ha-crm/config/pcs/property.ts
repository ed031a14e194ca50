import { hint } from "../../../../shared/text/did-you-mean.ts";
import { OWN_PROPERTIES, PROPERTIES, type PropertyFacts } from "../../model/properties.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { TreeElement } from "./tree.ts";
import { isBoolean, isScore, isTime, readPairs } from "./words.ts";

/** The set that Pacemaker's own tools use. */
const MAIN_SET = "cib-bootstrap-options";
/** Pacemaker's tools cut the name in ids of properties here. */
const ID_NAME_MAX = 20;

function sets(command: PcsCommand): readonly TreeElement[] {
  return command.cib.peek("crm_config")?.all("cluster_property_set") ?? [];
}

function pairNamed(command: PcsCommand, name: string): TreeElement | undefined {
  return sets(command)
    .flatMap((set) => set.all("nvpair"))
    .find((pair) => pair.get("name") === name);
}

const EXPECTED: Readonly<Record<PropertyFacts["type"], string>> = {
  boolean: "use true or false",
  time: 'use seconds, or a number with a unit such as "30s" or "5min"',
  integer: "use a whole number",
  score: "use a whole number, INFINITY or -INFINITY",
  percentage: 'use a number with "%"',
  word: "",
};

function fits(facts: PropertyFacts, value: string): boolean {
  switch (facts.type) {
    case "boolean":
      return isBoolean(value);
    case "time":
      return isTime(value) || (facts.name === "stonith-watchdog-timeout" && value === "-1");
    case "integer":
      return /^[+-]?\d+$/.test(value);
    case "score":
      return isScore(value);
    case "percentage":
      return /^\d+(\.\d+)?%$/.test(value);
    case "word":
      return facts.values?.includes(value) === true;
    default:
      return facts.type satisfies never;
  }
}

function checkProperty(command: PcsCommand, name: string, value: string): void {
  const word = `${name}=${value}`;
  if (OWN_PROPERTIES.includes(name)) {
    command.problem("CRM_PCS_PROPERTY_OWN", { name }, word);
    return;
  }
  const facts = PROPERTIES.find((one) => one.name === name);
  if (facts === undefined) {
    const known = PROPERTIES.map((one) => one.name);
    command.unlessForced("CRM_PCS_PROPERTY", { name, hint: hint(name, known) }, word);
    if (command.force) command.warn("CRM_PCS_FORCED", { problem: `there is no cluster property ${name}` }, word);
  } else if (value !== "" && !fits(facts, value)) {
    const fix = facts.values === undefined ? EXPECTED[facts.type] : hint(value, facts.values);
    command.unlessForced("CRM_PCS_VALUE", { name, value, hint: fix }, word);
  }
}

function setProperties(command: PcsCommand): void {
  if (command.words.length === 0) command.wrongUse("name at least one property");
  for (const [name, value] of readPairs(command, command.words)) {
    checkProperty(command, name, value);
    const pair = pairNamed(command, name);
    if (value === "") pair?.detach();
    else if (pair !== undefined) pair.set("value", value);
    else addProperty(command, name, value);
  }
}

function addProperty(command: PcsCommand, name: string, value: string): void {
  const { cib } = command;
  const section = cib.section("crm_config");
  const all = sets(command);
  const set =
    all.find((one) => one.id === MAIN_SET) ??
    all[0] ??
    section.append(TreeElement.make("cluster_property_set", { id: MAIN_SET }));
  const id = cib.freeId(`${set.id}-${name.slice(0, ID_NAME_MAX)}`);
  set.append(TreeElement.make("nvpair", { id, name, value }));
}

function unsetProperties(command: PcsCommand): void {
  if (command.words.length === 0) command.wrongUse("name at least one property");
  const known = sets(command).flatMap((set) => set.all("nvpair").map((pair) => pair.get("name") ?? ""));
  for (const name of command.words) {
    const pair = pairNamed(command, name);
    if (pair !== undefined) pair.detach();
    else if (!command.force) {
      const text = known.length === 0 ? "no property is set" : hint(name, known);
      command.problem("CRM_PCS_NO_SUCH", { what: "property set here", id: name, hint: text }, name);
    }
  }
}

function show(command: PcsCommand): string {
  const values = new Map<string, string>();
  if (command.flags.has("all") || command.flags.has("defaults")) {
    for (const one of PROPERTIES) values.set(one.name, one.default);
  }
  if (!command.flags.has("defaults")) {
    for (const pair of sets(command).flatMap((set) => set.all("nvpair"))) {
      values.set(pair.get("name") ?? "", pair.get("value") ?? "");
    }
  }
  const wanted = command.words;
  const shown = [...values]
    .filter(([name]) => wanted.length === 0 || wanted.includes(name))
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return ["Cluster Properties:", ...shown.map(([name, value]) => ` ${name}: ${value}`)].join("\n");
}

export const propertyVerbs: readonly PcsVerb[] = [
  {
    words: ["property", "set"],
    usage: "NAME=[VALUE]…",
    summary: "Set properties of the cluster; an empty value removes one",
    example: {
      run: "ha-crm -f cib.xml property set no-quorum-policy=freeze",
      does: "without quorum running resources stay, and nothing is started",
    },
    run: setProperties,
  },
  { words: ["property", "unset"], usage: "NAME…", summary: "Remove properties", run: unsetProperties },
  {
    words: ["property"],
    aliases: [
      ["property", "config"],
      ["property", "list"],
      ["property", "show"],
    ],
    usage: "[NAME…] [--all|--defaults]",
    summary: "Show properties",
    flags: ["all", "defaults"],
    looks: true,
    run: show,
  },
];
