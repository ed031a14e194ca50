import type { OptionSpecs } from "./command.ts";
import { EXIT, EXIT_MEANING, type ExitName } from "./exit-codes.ts";
import {
  asSentence,
  dangerText,
  optionSummary,
  optionUsage,
  shownCommands,
  shownOptions,
  usageLine,
  type ToolInfo,
} from "./help.ts";
import { GLOBAL_OPTIONS } from "./options.ts";

/** Text for roff: backslashes and hyphens are escaped, a dot or quote at the start of a line is hidden. */
function roff(text: string): string {
  const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...");
  return escaped.replace(/^([.'])/gm, "\\&$1");
}

/** Quotes an argument of a macro. */
const quote = (text: string) => `"${roff(text).replaceAll('"', '""')}"`;

function optionList(options: OptionSpecs): readonly string[] {
  return shownOptions(options).flatMap(([name, spec]) => [
    ".TP",
    `.B ${quote(optionUsage(name, spec))}`,
    roff(optionSummary(spec)),
  ]);
}

/** The manual page (section 8) of a tool in roff, made from its command table. */
export function manPage(info: ToolInfo): string {
  const lines = [
    `.TH ${quote(info.tool.toUpperCase())} 8 "" ${quote(`${info.tool} ${info.version}`)} "High availability"`,
    ".SH NAME",
    `${roff(info.tool)} \\- ${roff(info.summary)}`,
    ".SH SYNOPSIS",
    `.B ${quote(info.tool)}`,
    "COMMAND [OPTIONS]",
  ];
  if (info.description !== undefined) lines.push(".SH DESCRIPTION", roff(info.description));
  lines.push(".SH COMMANDS");
  for (const command of shownCommands(info.commands)) {
    lines.push(`.SS ${quote(usageLine(info.tool, command))}`, roff(asSentence(command.summary)));
    if (command.description !== undefined) lines.push(".PP", roff(command.description));
    const danger = dangerText(command.danger);
    if (danger !== "") lines.push(".PP", roff(danger));
    for (const [name, spec] of Object.entries(command.args)) {
      const values = spec.values === undefined ? "" : ` (one of ${spec.values.join(", ")})`;
      lines.push(".TP", `.I ${quote(name.toUpperCase())}`, roff(spec.summary + values));
    }
    lines.push(...optionList(command.options));
    for (const example of command.examples ?? []) {
      lines.push(".PP", `${roff(example.does)}:`, ".PP", ".nf", ".RS", roff(example.run), ".RE", ".fi");
    }
  }
  lines.push(".SH OPTIONS", "Every command takes these.", ...optionList(GLOBAL_OPTIONS), ".SH EXIT STATUS");
  for (const name of Object.keys(EXIT) as ExitName[]) lines.push(".TP", `.B ${EXIT[name]}`, roff(EXIT_MEANING[name]));
  lines.push(".SH ENVIRONMENT", ".TP", ".B NO_COLOR", "When set and not empty, no colour is used.", "");
  return lines.join("\n");
}
