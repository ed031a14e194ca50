import { reason, type Reason } from "../reason/catalogue.ts";
import { hint } from "../text/did-you-mean.ts";
import { isOption, lookUp, type ArgvSource } from "./argv.ts";
import type { Command } from "./command.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import { cliReasons } from "./reasons.ts";

/** The command that the first words name, the longest name first; options may stand between. */
export interface FoundCommand {
  readonly command: Command;
  /** The places in argv of the words of its name. */
  readonly wordIndexes: readonly number[];
}

const startsWith = (words: readonly string[], name: readonly string[]) =>
  name.every((word, index) => words[index] === word);

/** Words and their places up to the first option that isn't global. */
function leadingWords(argv: readonly string[]): readonly { readonly word: string; readonly index: number }[] {
  const words: { word: string; index: number }[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") break;
    if (!isOption(word)) {
      words.push({ word, index });
      continue;
    }
    const global = lookUp(GLOBAL_OPTIONS, word.split("=")[0] ?? "");
    if (global === undefined) break;
    if (global.spec.type !== "flag" && !word.includes("=") && !/^-o./.test(word)) index += 1;
  }
  return words;
}

export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
  source: ArgvSource,
): FoundCommand | Reason {
  const leading = leadingWords(argv);
  const words = leading.map((entry) => entry.word);
  let best: { readonly command: Command; readonly length: number } | undefined;
  for (const command of commands) {
    for (const name of [command.words, ...command.aliases]) {
      if (startsWith(words, name) && name.length > (best?.length ?? 0)) best = { command, length: name.length };
    }
  }
  if (best !== undefined) {
    return { command: best.command, wordIndexes: leading.slice(0, best.length).map((entry) => entry.index) };
  }
  return unknownCommand(commands, leading, argv.length, source);
}

function unknownCommand(
  commands: readonly Command[],
  leading: readonly { readonly word: string; readonly index: number }[],
  end: number,
  source: ArgvSource,
): Reason {
  const shown = commands.filter((command) => command.hidden !== true);
  let depth = 0;
  let inside = shown;
  while (depth < leading.length) {
    const next = inside.filter((command) => command.words[depth] === leading[depth]?.word);
    if (next.length === 0) break;
    inside = next;
    depth += 1;
  }
  const group = leading.slice(0, depth).map((entry) => entry.word);
  const after = group.length === 0 ? "" : ` after "${group.join(" ")}"`;
  const candidates = inside.flatMap((command) => command.words[depth] ?? []);
  const wrong = leading[depth];
  if (wrong === undefined)
    return reason(cliReasons, "CLI_NO_COMMAND", { after, hint: hint("", candidates) }, source.at(end));
  const data = { word: wrong.word, after, hint: hint(wrong.word, candidates) };
  return reason(cliReasons, "CLI_UNKNOWN_COMMAND", data, source.at(wrong.index));
}
