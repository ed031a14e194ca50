import { lookUp } from "../../../../shared/text/lookup.ts";
import { isStonith, membersOf } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { levelLines } from "./fencing-level.ts";
import { needResource, needStonith } from "./target.ts";
import type { TreeElement } from "./tree.ts";

const TITLES: Readonly<Record<string, string>> = {
  instance_attributes: "Attributes",
  meta_attributes: "Meta Attributes",
  utilization: "Utilization",
};

const indent = (lines: readonly string[], by = "  ") => lines.map((line) => `${by}${line}`);

/** Names of options that hold secrets; programs that give them don't. */
const SECRET = /^(?!.*_script$).*(passw|secret|token|private_key)/i;

function shownValue(pair: TreeElement, secrets: boolean): string {
  const name = pair.get("name") ?? "";
  return !secrets && SECRET.test(name) ? "********" : (pair.get("value") ?? "");
}

/** Values of a set; those that are secret are printed only when that is wished. */
function nvLines(element: TreeElement, tag: string, secrets: boolean): readonly string[] {
  return element
    .all(tag)
    .flatMap((set) => [
      `${lookUp(TITLES, tag) ?? tag}: ${set.id}`,
      ...set.all("nvpair").map((pair) => `  ${pair.get("name") ?? ""}=${shownValue(pair, secrets)}`),
    ]);
}

function operationLines(element: TreeElement): readonly string[] {
  const all = element.child("operations")?.all("op") ?? [];
  if (all.length === 0) return [];
  const each = all.flatMap((op) => [
    `${op.get("name") ?? ""}: ${op.id}`,
    ...[...op.attributes]
      .filter(([name]) => name !== "id" && name !== "name")
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => `  ${name}=${value}`),
    ...op
      .all("instance_attributes")
      .flatMap((set) => set.all("nvpair").map((pair) => `  ${pair.get("name") ?? ""}=${pair.get("value") ?? ""}`)),
  ]);
  return ["Operations:", ...indent(each)];
}

const KINDS: Readonly<Record<string, string>> = {
  primitive: "Resource",
  group: "Group",
  clone: "Clone",
  master: "Clone",
  bundle: "Bundle",
};

/** A resource and all in it, as pcs shows it. */
export function resourceLines(element: TreeElement, secrets: boolean): readonly string[] {
  const agent = ["class", "provider", "type", "template"].flatMap((name) => {
    const value = element.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const description = element.get("description");
  return [
    `${lookUp(KINDS, element.name) ?? element.name}: ${element.id}${agent.length === 0 ? "" : ` (${agent.join(" ")})`}`,
    ...indent([
      ...(description === undefined ? [] : [`Description: ${description}`]),
      ...nvLines(element, "instance_attributes", secrets),
      ...nvLines(element, "meta_attributes", secrets),
      ...nvLines(element, "utilization", secrets),
      ...operationLines(element),
      ...membersOf(element).flatMap((one) => resourceLines(one, secrets)),
    ]),
  ];
}

/** Resources that stand alone; fencing devices are shown apart. */
export function topLevel(command: PcsCommand, fencing: boolean): readonly TreeElement[] {
  const section = command.cib.peek("resources");
  return section === undefined ? [] : membersOf(section).filter((one) => isStonith(one) === fencing);
}

function refuseFormat(command: PcsCommand): void {
  const format = command.flags.get("output-format");
  if (format !== undefined && format !== "text") {
    command.problem(
      "CRM_PCS_VALUE",
      { name: "--output-format", value: format, hint: "only text is printed here; export writes other forms" },
      format,
    );
  }
}

export const showResourceVerbs: readonly PcsVerb[] = [
  {
    words: ["resource", "config"],
    aliases: [["resource", "show"]],
    usage: "[ID…] [--full]",
    summary: "Show how resources are configured",
    flags: ["output-format", "full"],
    looks: true,
    run(command: PcsCommand) {
      refuseFormat(command);
      const all =
        command.words.length === 0 ? topLevel(command, false) : command.words.map((id) => needResource(command, id));
      return all.flatMap((one) => resourceLines(one, command.flags.has("full"))).join("\n");
    },
  },
  {
    words: ["stonith", "config"],
    aliases: [["stonith", "show"]],
    usage: "[ID…] [--full]",
    summary: "Show how fencing devices are configured",
    flags: ["output-format", "full"],
    looks: true,
    run(command: PcsCommand) {
      refuseFormat(command);
      const named = command.words.map((id) => needStonith(command, id, "config"));
      const all = named.length === 0 ? topLevel(command, true) : named;
      const levels = named.length === 0 ? levelLines(command) : [];
      return [
        ...all.flatMap((one) => resourceLines(one, command.flags.has("full"))),
        ...(levels.length === 0 ? [] : ["", "Fencing Levels:", ...indent(levels, " ")]),
      ].join("\n");
    },
  },
  {
    words: ["resource", "group", "list"],
    aliases: [["resource", "group"]],
    usage: "",
    summary: "Show groups and their members",
    looks: true,
    run: (command) =>
      command.cib
        .resources()
        .filter((one) => one.name === "group")
        .map(
          (group) =>
            `${group.id}: ${membersOf(group)
              .map((one) => one.id)
              .join(" ")}`,
        )
        .join("\n"),
  },
];
