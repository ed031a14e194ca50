import { formatDuration } from "../text/duration.ts";
import { exactSize } from "../text/size.ts";
import { padCells } from "../text/width.ts";
import type { Command, Danger, OptionSpec, OptionSpecs } from "./command.ts";
import { GLOBAL_OPTIONS, placeholderOf } from "./options.ts";

/** What a tool says about itself. */
export interface ToolInfo {
  readonly tool: string;
  readonly version: string;
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  readonly commands: readonly Command[];
}

/** `NAME [NODE] [WORD…]` */
export function argumentUsage(command: Command): readonly string[] {
  return Object.entries(command.args).map(([name, spec]) => {
    const shown = name.toUpperCase() + (spec.repeatable === true ? "…" : "");
    return spec.required === true ? shown : `[${shown}]`;
  });
}

/** `ha-vip run [OPTIONS] NAME` */
export function usageLine(tool: string, command: Command): string {
  const options = Object.values(command.options).some((spec) => spec.hidden !== true) ? ["[OPTIONS]"] : [];
  const rest = command.raw === true ? ["[WORD…]"] : [];
  return [tool, ...command.words, ...options, ...argumentUsage(command), ...rest].join(" ");
}

/** A summary as a sentence of its own. */
export function asSentence(summary: string): string {
  return `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`;
}

/** What the operator should know before running it; empty for commands that only look. */
export function dangerText(danger: Danger = "look"): string {
  switch (danger) {
    case "look":
      return "";
    case "reversible":
      return "Can be undone; tells how.";
    case "stopsService":
      return "Stops service for a moment: shows the plan and asks for the name, or takes --yes.";
    case "canLoseData":
      return "Can lose data: shows the plan, asks for the name and a reason, or takes --yes and --reason.";
    default:
      return danger satisfies never;
  }
}

/** `-o, --output FORMAT` */
export function optionUsage(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "" : `-${spec.short}, `;
  const placeholder = placeholderOf(name, spec);
  const bare = spec.type === "string" && spec.bare !== undefined;
  return `${short}--${name}${placeholder === "" ? "" : bare ? `[=${placeholder}]` : ` ${placeholder}`}`;
}

function showDefault(spec: Exclude<OptionSpec, { type: "flag" }>): string {
  if (spec.type === "duration") return formatDuration(spec.default ?? 0);
  return spec.type === "size" ? exactSize(spec.default ?? 0) : String(spec.default);
}

/** The summary with what else there is to know: default, repetition. */
export function optionSummary(spec: OptionSpec): string {
  const notes: string[] = [];
  if (spec.required === true) notes.push("required");
  if (spec.repeatable === true) notes.push("may be repeated");
  if (spec.type !== "flag" && spec.default !== undefined) {
    notes.push(`default ${showDefault(spec)}`);
  }
  if (spec.type === "choice" && spec.values.length > 4) notes.push(`one of ${spec.values.join(", ")}`);
  return notes.length === 0 ? spec.summary : `${spec.summary} (${notes.join("; ")})`;
}

export function shownOptions(options: OptionSpecs): readonly (readonly [string, OptionSpec])[] {
  return Object.entries(options).filter(([, spec]) => spec.hidden !== true);
}

export function shownCommands(commands: readonly Command[]): readonly Command[] {
  return commands.filter((command) => command.hidden !== true);
}

function twoColumns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(34, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows
    .map(([left, right]) =>
      left.length > width ? `  ${left}\n  ${" ".repeat(width)}  ${right}` : `  ${padCells(left, width)}  ${right}`,
    )
    .join("\n");
}

function optionRows(options: OptionSpecs): readonly (readonly [string, string])[] {
  return shownOptions(options).map(([name, spec]) => [optionUsage(name, spec), optionSummary(spec)]);
}

/** The page of `TOOL help`; with `group` only the commands of that group (`resource`). */
export function toolHelp(info: ToolInfo, group: readonly string[] = []): string {
  const commands = shownCommands(info.commands).filter((command) =>
    group.every((word, index) => command.words[index] === word),
  );
  const rows = commands.map((command): readonly [string, string] => [
    [...command.words, ...argumentUsage(command)].join(" "),
    command.summary,
  ]);
  return [
    `${info.tool} ${info.version}: ${info.summary}`,
    "",
    `Usage: ${[info.tool, ...group].join(" ")} COMMAND [OPTIONS]`,
    ...(info.description === undefined || group.length > 0 ? [] : ["", info.description]),
    "",
    "Commands:",
    twoColumns(rows),
    "",
    "Options of all commands:",
    twoColumns(optionRows(GLOBAL_OPTIONS)),
    "",
    `"${info.tool} help COMMAND" explains one command.`,
    "",
  ].join("\n");
}

/** The page of `TOOL help VERB`. */
export function commandHelp(info: ToolInfo, command: Command): string {
  const parts = [`Usage: ${usageLine(info.tool, command)}`, "", asSentence(command.summary)];
  const danger = dangerText(command.danger);
  if (danger !== "") parts.push("", danger);
  if (command.description !== undefined) parts.push("", command.description);
  const args = Object.entries(command.args);
  if (args.length > 0) {
    parts.push("", "Arguments:");
    parts.push(
      twoColumns(
        args.map(([name, spec]) => {
          const values = spec.values === undefined ? "" : ` (one of ${spec.values.join(", ")})`;
          return [name.toUpperCase(), spec.summary + values];
        }),
      ),
    );
  }
  const options = optionRows(command.options);
  if (options.length > 0) parts.push("", "Options:", twoColumns(options));
  if (command.aliases.length > 0) {
    parts.push("", `Also called: ${command.aliases.map((words) => words.join(" ")).join(", ")}`);
  }
  if (command.examples !== undefined && command.examples.length > 0) {
    parts.push("", "Examples:");
    for (const example of command.examples) parts.push(`  # ${example.does}`, `  ${example.run}`);
  }
  parts.push("", `Options of all commands: see "${info.tool} help".`, "");
  return parts.join("\n");
}
