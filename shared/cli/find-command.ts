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

interface LeadingWords {
  readonly words: readonly { readonly word: string; readonly index: number }[];
  /** The place of the option that ended them, if one did. */
  readonly stoppedAt: number | undefined;
}

/** Words and their places up to the first option that isn't global. */
function leadingWords(argv: readonly string[]): LeadingWords {
  const words: { word: string; index: number }[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--") break;
    if (!isOption(word)) {
      words.push({ word, index });
      continue;
    }
    // `-ojson` holds its value; `-o json` and `--output json` take the next word.
    const holdsMore = !word.startsWith("--") && word.length > 2;
    const global = lookUp(GLOBAL_OPTIONS, holdsMore ? word.slice(0, 2) : (word.split("=")[0] ?? ""));
    if (global === undefined) return { words, stoppedAt: index };
    if (global.spec.type !== "flag" && !word.includes("=") && !holdsMore) index += 1;
  }
  return { words, stoppedAt: undefined };
}

export function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
  source: ArgvSource,
): FoundCommand | Reason {
  const { words: leading, stoppedAt } = leadingWords(argv);
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
  const option = stoppedAt === undefined ? undefined : argv[stoppedAt];
  if (leading.length === 0 && stoppedAt !== undefined && option !== undefined) {
    const names = Object.keys(GLOBAL_OPTIONS).map((name) => `--${name}`);
    const near = hint(option, names);
    const fix = near.startsWith("did you mean") ? near : "name a command first; its options come after it";
    return reason(
      cliReasons,
      "CLI_UNKNOWN_OPTION",
      { option, command: "all commands", hint: fix },
      source.at(stoppedAt),
    );
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
