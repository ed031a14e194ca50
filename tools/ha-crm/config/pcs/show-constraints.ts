import type { PcsCommand, PcsVerb } from "./context.ts";
import { constraintsOf } from "./references.ts";
import { isOver, ruleLines } from "./show-rules.ts";
import { needResource } from "./target.ts";
import type { TreeElement } from "./tree.ts";

const note = (element: TreeElement, withIds: boolean) => (withIds ? ` (id:${element.id})` : "");
const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** Constraints of a kind; those that can never count again only with `--all`. */
function all(command: PcsCommand, name: string): readonly TreeElement[] {
  const over = (one: TreeElement) => {
    const rules = one.all("rule");
    return rules.length > 0 && rules.every((rule) => isOver(rule, command.world.nowMs));
  };
  return command.cib.constraints().filter((one) => one.name === name && (command.flags.has("all") || !over(one)));
}

/** Constraints of one resource, or of one pattern: nodes it likes, nodes it avoids, rules. */
function locationLines(constraints: readonly TreeElement[], withIds: boolean, nowMs: number): readonly string[] {
  const byTarget = new Map<string, TreeElement[]>();
  for (const one of constraints) {
    const pattern = one.get("rsc-pattern");
    const names = one.all("resource_set").flatMap((set) => set.all("resource_ref").map((ref) => ref.id));
    const title =
      pattern !== undefined ? `Resource pattern: ${pattern}` : `Resource: ${one.get("rsc") ?? names.join(" ")}`;
    byTarget.set(title, [...(byTarget.get(title) ?? []), one]);
  }
  return [...byTarget]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([title, list]) => [title, ...indent(targetLines(list, withIds, nowMs))]);
}

function targetLines(list: readonly TreeElement[], withIds: boolean, nowMs: number): readonly string[] {
  const plain = list.filter((one) => one.get("node") !== undefined);
  const line = (one: TreeElement) => {
    const role = one.get("role");
    const discovery = one.get("resource-discovery");
    const extra = `${role === undefined ? "" : ` (role:${role})`}${discovery === undefined ? "" : ` (resource-discovery=${discovery})`}`;
    return `Node: ${one.get("node") ?? ""} (score:${one.get("score") ?? "0"})${extra}${note(one, withIds)}`;
  };
  const dislikes = plain.filter((one) => one.get("score")?.startsWith("-") === true);
  const likes = plain.filter((one) => !dislikes.includes(one));
  const rules = list.filter((one) => one.child("rule") !== undefined);
  return [
    ...(likes.length === 0 ? [] : ["Enabled on:", ...indent(likes.map(line))]),
    ...(dislikes.length === 0 ? [] : ["Disabled on:", ...indent(dislikes.map(line))]),
    ...rules.flatMap((one) => {
      const discovery = one.get("resource-discovery");
      const shown = discovery === undefined ? "" : ` (resource-discovery=${discovery})`;
      const rules = one.all("rule");
      const note = rules.every((rule) => isOver(rule, nowMs)) ? " (expired)" : "";
      const lines = rules.flatMap((rule) => ruleLines(rule, withIds, nowMs));
      return [`Constraint${note}: ${one.id}${shown}`, ...indent(lines)];
    }),
  ];
}

function setWords(constraint: TreeElement, withIds: boolean): string {
  const sets = constraint.all("resource_set").map((set) => {
    const options = [...set.attributes].filter(([name]) => name !== "id").map(([name, value]) => `${name}=${value}`);
    const words = [...set.all("resource_ref").map((ref) => ref.id), ...options.toSorted()].join(" ");
    return `set ${words}${note(set, withIds)}`;
  });
  const options = [...constraint.attributes]
    .filter(([name]) => name !== "id")
    .map(([name, value]) => `${name}=${value}`);
  const shown = options.length === 0 ? "" : ` setoptions ${options.toSorted().join(" ")}`;
  return `${sets.join(" ")}${shown}${note(constraint, withIds)}`;
}

/** Plain constraints first, those of sets below them. */
function withSets(
  list: readonly TreeElement[],
  withIds: boolean,
  plain: (one: TreeElement) => string,
): readonly string[] {
  const sets = list.filter((one) => one.child("resource_set") !== undefined);
  const others = list.filter((one) => !sets.includes(one));
  return [
    ...others.map((one) => `${plain(one)}${note(one, withIds)}`),
    ...(sets.length === 0 ? [] : ["Resource Sets:", ...indent(sets.map((one) => setWords(one, withIds)))]),
  ];
}

function orderWords(one: TreeElement): string {
  const action = (name: string) => {
    const value = one.get(name);
    return value === undefined ? "" : `${value} `;
  };
  const extra = ["symmetrical", "require-all", "score"].flatMap((name) => {
    const value = one.get(name);
    if (value === undefined) return [];
    if (name === "symmetrical") return /^(false|no|off|n|0)$/i.test(value) ? [" (non-symmetrical)"] : [];
    return name === "score" ? [` (score:${value})`] : [` (Options: ${name}=${value})`];
  });
  const kind = one.get("kind") ?? "Mandatory";
  const sides = `${action("first-action")}${one.get("first") ?? ""} then ${action("then-action")}${one.get("then") ?? ""}`;
  return `${sides} (kind:${kind})${extra.join("")}`;
}

function colocationWords(one: TreeElement): string {
  const roles = ["rsc-role", "with-rsc-role"].flatMap((name) => {
    const value = one.get(name);
    return value === undefined ? [] : [` (${name}:${value})`];
  });
  const others = ["influence", "node-attribute"].flatMap((name) => {
    const value = one.get(name);
    return value === undefined ? [] : [` (${name}:${value})`];
  });
  const score = one.get("score") ?? "INFINITY";
  return `${one.get("rsc") ?? ""} with ${one.get("with-rsc") ?? ""} (score:${score})${[...roles, ...others].join("")}`;
}

function ticketWords(one: TreeElement): string {
  const options = ["loss-policy", "ticket"].flatMap((name) => {
    const value = one.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const role = one.get("rsc-role");
  return `${role === undefined ? "" : `${role} `}${one.get("rsc") ?? ""} ${options.join(" ")}`;
}

const PARTS: readonly (readonly [
  string,
  string,
  (list: readonly TreeElement[], withIds: boolean, nowMs: number) => readonly string[],
])[] = [
  ["Location", "rsc_location", locationLines],
  ["Ordering", "rsc_order", (list, withIds) => withSets(list, withIds, orderWords)],
  ["Colocation", "rsc_colocation", (list, withIds) => withSets(list, withIds, colocationWords)],
  ["Ticket", "rsc_ticket", (list, withIds) => withSets(list, withIds, ticketWords)],
];

/** All constraints, or those of one kind. */
export function constraintLines(command: PcsCommand, withIds: boolean, kind?: string): readonly string[] {
  return PARTS.filter(([, name]) => kind === undefined || name === kind).flatMap(([title, name, show]) => [
    `${title} Constraints:`,
    ...indent(show(all(command, name), withIds, command.world.nowMs)),
  ]);
}

/** Only what belongs to these resources or nodes. */
function locationOf(command: PcsCommand): string {
  const [what, ...names] = command.words;
  const withIds = command.flags.has("full");
  if (what !== undefined && what !== "resources" && what !== "nodes") {
    command.wrongUse(`"${what}" is neither resources nor nodes`, what);
  }
  const wanted = all(command, "rsc_location").filter((one) => {
    const name = what === "nodes" ? one.get("node") : (one.get("rsc") ?? one.get("rsc-pattern"));
    return names.length === 0 || names.map((word) => word.replace(/^(resource|regexp)?%/, "")).includes(name ?? "");
  });
  return ["Location Constraints:", ...indent(locationLines(wanted, withIds, command.world.nowMs))].join("\n");
}

const FLAGS = ["full", "all"];

function kindVerb(word: string, name: string, bare: boolean): PcsVerb {
  return {
    words: ["constraint", word, "config"],
    aliases: [["constraint", word, "list"], ...(bare ? [["constraint", word]] : [])],
    usage: "[--full] [--all]",
    summary: `Show ${word} constraints`,
    flags: FLAGS,
    looks: true,
    run: (command) => constraintLines(command, command.flags.has("full"), name).join("\n"),
  };
}

export const showConstraintVerbs: readonly PcsVerb[] = [
  {
    words: ["constraint"],
    aliases: [
      ["constraint", "config"],
      ["constraint", "list"],
      ["constraint", "show"],
    ],
    usage: "[--full] [--all]",
    summary: "Show constraints: ids with --full, those that are over with --all",
    flags: FLAGS,
    looks: true,
    run: (command) => constraintLines(command, command.flags.has("full")).join("\n"),
  },
  {
    words: ["constraint", "location", "config"],
    aliases: [["constraint", "location", "list"]],
    usage: "[resources [RESOURCE…] | nodes [NODE…]] [--full]",
    summary: "Show location constraints",
    flags: FLAGS,
    looks: true,
    run: locationOf,
  },
  kindVerb("order", "rsc_order", false),
  kindVerb("colocation", "rsc_colocation", true),
  kindVerb("ticket", "rsc_ticket", true),
  {
    words: ["constraint", "ref"],
    usage: "RESOURCE…",
    summary: "Show which constraints name a resource",
    looks: true,
    run(command: PcsCommand) {
      if (command.words.length === 0) command.wrongUse("name at least one resource");
      return command.words
        .flatMap((id) => {
          needResource(command, id);
          const ids = constraintsOf(command.cib, id).map((one) => `  ${one.id}`);
          return [`Resource: ${id}`, ...(ids.length === 0 ? ["  No Matches"] : ids.toSorted())];
        })
        .join("\n");
    },
  },
];
