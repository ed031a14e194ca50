import { describe, type Reason } from "../reason/catalogue.ts";
import { stripColour } from "../text/width.ts";
import type { ArgumentValues, ArgumentSpecs, Command, OptionSpecs, OptionValues } from "./command.ts";
import { completeWords, completionCommands } from "./completion.ts";
import { confirm } from "./confirm.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { commandHelp, toolHelp, type ToolInfo } from "./help.ts";
import { scrubEnvironment } from "../drive/supervise/environment.ts";
import { processIo, type CliIo } from "./io.ts";
import { Output, OUTPUT_FORMATS, type OutputFormat, type OutputStyle } from "./output.ts";
import { argvSource, type ArgvSource } from "./argv.ts";
import { findCommand, type FoundCommand } from "./find-command.ts";
import { parseCommandLine, type ParsedCommandLine } from "./parse.ts";
import { startProgress } from "./progress.ts";
import { cliReasons } from "./reasons.ts";
import { referenceCommands } from "./reference.ts";

export interface CliSpec extends ToolInfo {
  /** Words to use when the line names no command: `["status"]`. Without it the help page is shown, exit 64. */
  readonly defaultCommand?: readonly string[];
  /**
   * Turns a peer's flags into our verbs before anything else is read (`-c -f x.cfg` → `check -f x.cfg`);
   * undefined when the line isn't in that style.
   */
  readonly rewriteArgv?: (argv: readonly string[], env: CliIo["env"]) => readonly string[] | undefined;
}

/** Commands that every tool has, made from its table. */
function allCommands(spec: CliSpec): readonly Command[] {
  return [...spec.commands, ...completionCommands(spec), ...referenceCommands(spec)];
}

/**
 * Runs one command line and gives its exit code. Nothing here ends the process.
 * @throws only for programming errors inside a command
 */
export async function runCli(spec: CliSpec, argvGiven: readonly string[], io: CliIo): Promise<ExitCode> {
  const argv = spec.rewriteArgv?.(argvGiven, io.env) ?? argvGiven;
  const info: ToolInfo = { ...spec, commands: allCommands(spec) };
  const source = argvSource(spec.tool, argv);
  if (argv[0] === "__complete") {
    io.stdout.write(
      completeWords(info.commands, argv.slice(1))
        .map((word) => `${word}\n`)
        .join(""),
    );
    return EXIT.ok;
  }
  const simple = helpOrVersion(info, argv, io);
  if (simple !== undefined) return simple;
  const found = chooseCommand(spec, info, argv, source);
  if ("code" in found) {
    return usageErrors([found], spec.tool, io, source);
  }
  const line = parseCommandLine(found.found, found.argv, found.source);
  if (line.globals["help"] === true) {
    io.stdout.write(commandHelp(info, found.found.command));
    return EXIT.ok;
  }
  if (line.problems.length > 0) return usageErrors(line.problems, spec.tool, io, found.source);
  return await execute(spec, found.found.command, line, io, found.source);
}

function chooseCommand(
  spec: CliSpec,
  info: ToolInfo,
  argv: readonly string[],
  source: ArgvSource,
): { readonly found: FoundCommand; readonly argv: readonly string[]; readonly source: ArgvSource } | Reason {
  const found = findCommand(info.commands, argv, source);
  if (!("code" in found)) return { found, argv, source };
  const namesNone = found.code === "CLI_NO_COMMAND" || found.code === "CLI_UNKNOWN_OPTION";
  if (!namesNone || spec.defaultCommand === undefined) return found;
  const longer = [...spec.defaultCommand, ...argv];
  const longerSource = argvSource(spec.tool, longer);
  const again = findCommand(info.commands, longer, longerSource);
  return "code" in again ? again : { found: again, argv: longer, source: longerSource };
}

function usageErrors(problems: readonly Reason[], tool: string, io: CliIo, source: ArgvSource): ExitCode {
  const out = new Output(tool, io, { format: "table", colour: wantsColour(io, false), ascii: false, quiet: false });
  out.problems(
    problems.map((problem) => describe(cliReasons, problem)),
    EXIT.usage,
    [source.source],
  );
  io.stderr.write(`"${tool} help" lists the commands.\n`);
  return EXIT.usage;
}

/** `help`, `help VERB…`, `VERB… --help` of a group, `--help`, `-h`, `version`, `--version`, `-V`. */
function helpOrVersion(info: ToolInfo, argv: readonly string[], io: CliIo): ExitCode | undefined {
  const has = (name: string) => info.commands.some((command) => command.words[0] === name);
  const [first] = argv;
  if ((first === "version" && !has("version")) || first === "--version" || first === "-V") {
    const json = argv.includes("json") || argv.includes("-ojson") || argv.includes("--output=json");
    io.stdout.write(
      json
        ? `${JSON.stringify({ schema: 1, tool: info.tool, version: info.version })}\n`
        : `${info.tool} ${info.version}\n`,
    );
    return EXIT.ok;
  }
  if (first === "--help" || first === "-h" || (first === "help" && argv.length === 1)) {
    io.stdout.write(toolHelp(info));
    return EXIT.ok;
  }
  if (first !== "help" && !argv.includes("--help") && !argv.includes("-h")) return undefined;
  const words = argv.filter((word) => !word.startsWith("-")).slice(first === "help" ? 1 : 0);
  const isGroup = info.commands.some((command) => {
    return command.words.length > words.length && words.every((word, index) => command.words[index] === word);
  });
  const command = info.commands.find((candidate) =>
    [candidate.words, ...candidate.aliases].some((name) => name.join(" ") === words.join(" ")),
  );
  if (command !== undefined) {
    io.stdout.write(commandHelp(info, command));
    // `constraint` shows all of them, and `constraint order …` is another command: tell about both.
    if (isGroup) io.stdout.write(`\n${toolHelp(info, words)}`);
  } else if (isGroup) io.stdout.write(toolHelp(info, words));
  else if (first !== "help") return undefined;
  else {
    const missing = findCommand(info.commands, words, argvSource(`${info.tool} help`, words));
    if (!("code" in missing)) io.stdout.write(commandHelp(info, missing.command));
    else return usageErrors([missing], info.tool, io, argvSource(`${info.tool} help`, words));
  }
  return EXIT.ok;
}

function wantsColour(io: CliIo, switchedOff: boolean): boolean {
  const byEnvironment = (io.env["NO_COLOR"] ?? "") === "" && io.env["TERM"] !== "dumb";
  return !switchedOff && byEnvironment && io.stdout.isTerminal && io.stderr.isTerminal;
}

function isFormat(word: unknown): word is OutputFormat {
  return OUTPUT_FORMATS.some((format) => format === word);
}

function styleOf(line: ParsedCommandLine, io: CliIo): OutputStyle {
  const asked = line.globals["output"];
  return {
    format: isFormat(asked) ? asked : io.stdout.isTerminal ? "table" : "tsv",
    colour: wantsColour(io, line.globals["no-color"] === true),
    ascii: line.globals["ascii"] === true,
    quiet: line.globals["quiet"] === true,
  };
}

async function execute(
  spec: CliSpec,
  command: Command,
  line: ParsedCommandLine,
  io: CliIo,
  source: ArgvSource,
): Promise<ExitCode> {
  const style = styleOf(line, io);
  if (style.format === "nagios" && command.nagios !== true) {
    const data = {
      command: `"${command.words.join(" ")}"`,
      format: "nagios",
      formats: OUTPUT_FORMATS.filter((format) => format !== "nagios"),
    };
    return usageErrors([{ code: "CLI_FORMAT", data }], spec.tool, io, source);
  }
  const out = new Output(spec.tool, io, style);
  const why = line.globals["reason"];
  const flags = { yes: line.globals["yes"] === true, reason: typeof why === "string" ? why : undefined };
  const context: Context = {
    tool: spec.tool,
    version: spec.version,
    // The parser made these by the command's own declaration.
    args: line.args as ArgumentValues<ArgumentSpecs>,
    options: line.options as OptionValues<OptionSpecs>,
    given: line.given,
    rest: line.rest,
    io,
    out,
    confirm: async (request) => await confirm(request, flags, io, out),
    progress: (request) => startProgress(request, io, style),
  };
  return await command.run(context);
}

/** The last line of every `main.ts`: runs the process's own command line and leaves the exit code. */
export async function runMain(spec: CliSpec): Promise<void> {
  // Nothing that this process starts may inherit what would turn our binary into another program.
  scrubEnvironment();
  const io = processIo();
  try {
    process.exitCode = await runCli(spec, process.argv.slice(2), io);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr.write(`${spec.tool}: this is a defect in ${spec.tool}, please report it:\n${stripColour(text)}\n`);
    process.exitCode = EXIT.error;
  }
}
