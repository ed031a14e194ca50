import { defineCommand, type Command, type OptionSpecs } from "./command.ts";
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
import { manPage } from "./man.ts";
import { GLOBAL_OPTIONS } from "./options.ts";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function optionTable(options: OptionSpecs): readonly string[] {
  const rows = shownOptions(options);
  if (rows.length === 0) return [];
  return [
    "",
    "| option | meaning |",
    "|---|---|",
    ...rows.map(([name, spec]) => `| \`${cell(optionUsage(name, spec))}\` | ${cell(optionSummary(spec))} |`),
  ];
}

function commandSection(info: ToolInfo, command: Command): readonly string[] {
  const lines = [
    `### ${command.words.join(" ")}`,
    "",
    asSentence(command.summary),
    "",
    "```",
    usageLine(info.tool, command),
    "```",
  ];
  if (command.description !== undefined) lines.push("", command.description);
  const danger = dangerText(command.danger);
  if (danger !== "") lines.push("", danger);
  const args = Object.entries(command.args);
  if (args.length > 0) {
    lines.push("", "| argument | meaning |", "|---|---|");
    for (const [name, spec] of args) {
      const values =
        spec.values === undefined ? "" : ` (one of ${spec.values.map((value) => `\`${value}\``).join(", ")})`;
      lines.push(`| \`${name.toUpperCase()}\` | ${cell(spec.summary)}${values} |`);
    }
  }
  lines.push(...optionTable(command.options));
  for (const example of command.examples ?? []) lines.push("", `${example.does}:`, "", "```sh", example.run, "```");
  return [...lines, ""];
}

/** The table of exit codes, in Markdown. */
export function exitCodeTable(): readonly string[] {
  const names = Object.keys(EXIT) as ExitName[];
  return ["| code | meaning |", "|---|---|", ...names.map((name) => `| ${EXIT[name]} | ${EXIT_MEANING[name]} |`)];
}

/** The reference page of a tool in Markdown, made from its command table. */
export function referencePage(info: ToolInfo): string {
  const lines = [`# ${info.tool} reference`, "", asSentence(info.summary), ""];
  if (info.description !== undefined) lines.push(info.description, "");
  lines.push("This page is made from the command table of the program.", "", "## Commands", "");
  for (const command of shownCommands(info.commands)) lines.push(...commandSection(info, command));
  lines.push(
    "## Options of all commands",
    ...optionTable(GLOBAL_OPTIONS),
    "",
    "## Exit codes",
    "",
    ...exitCodeTable(),
    "",
  );
  return lines.join("\n");
}

/** The hidden verb `__reference markdown|man`, for the build of the documents. */
export function referenceCommands(info: ToolInfo): readonly Command[] {
  return [
    defineCommand({
      name: "__reference",
      summary: "print the reference page or the manual page",
      hidden: true,
      args: { form: { summary: "which form", required: true, values: ["markdown", "man"] } },
      run: ({ args, out }) => {
        out.data(args.form === "man" ? manPage(info) : referencePage(info));
        return EXIT.ok;
      },
    }),
  ];
}
