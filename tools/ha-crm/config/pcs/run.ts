import type { Reason } from "../../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../../shared/reason/result.ts";
import { readCibEdit } from "./cib-edit.ts";
import { PcsCommand, Refusal, VALUED_FLAGS, type PcsVerb, type PcsWorld } from "./context.ts";
import { PCS_VERBS } from "./verbs.ts";

export interface PcsOutcome {
  /** The whole new text; undefined when nothing has changed. */
  readonly text?: string | undefined;
  /** What the command has to say. */
  readonly answer: string;
}

/** The verb that the first words name, the longest first. */
export function findVerb(words: readonly string[]): { readonly verb: PcsVerb; readonly length: number } | undefined {
  let best: { readonly verb: PcsVerb; readonly length: number } | undefined;
  for (const verb of PCS_VERBS) {
    for (const name of [verb.words, ...(verb.aliases ?? [])]) {
      const fits = name.every((word, index) => words[index] === word);
      if (fits && name.length > (best?.length ?? 0)) best = { verb, length: name.length };
    }
  }
  return best;
}

interface SplitWords {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/** Takes `--flags` out of the words, wherever they stand; `--group ID` and `--group=ID` are the same. */
function takeFlags(all: readonly string[]): SplitWords {
  const words: string[] = [];
  const flags = new Map<string, string>();
  for (let index = 0; index < all.length; index += 1) {
    const word = all[index] ?? "";
    if (!/^--[a-z]/.test(word)) {
      words.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    if (equals >= 0) flags.set(name, word.slice(equals + 1));
    else if (VALUED_FLAGS.has(name)) flags.set(name, all[(index += 1)] ?? "");
    else flags.set(name, "");
  }
  return { words, flags };
}

function checkFlags(command: PcsCommand): void {
  for (const flag of command.flags.keys()) {
    if (flag === "wait") {
      const fix = "leave --wait out: nothing starts or stops when a file is changed";
      command.problem("CRM_PCS_NOT_ON_FILE", { what: "--wait", fix }, "--wait");
    } else if (flag !== "force" && command.verb.flags?.includes(flag) !== true) {
      command.problem("CRM_PCS_FLAG", { flag: `--${flag}`, usage: command.usage }, `--${flag}`);
    }
  }
}

/**
 * Carries one command out on the text of a CIB.
 * @param words what follows the verb's own words
 * @returns the new text, or all problems; then nothing counts as changed
 */
export function runVerb(
  verb: PcsVerb,
  words: readonly string[],
  file: string,
  text: string,
  world: PcsWorld,
): Result<PcsOutcome> {
  const read = readCibEdit(file, text);
  if (!read.ok) return read;
  const cib = read.value;
  const split = takeFlags(words);
  const command = new PcsCommand(verb, split.words, split.flags, cib, world);
  // What is refused anyway is not asked for its flags.
  if (verb.hidden !== true) checkFlags(command);
  let answer = "";
  try {
    answer = verb.run(command) ?? "";
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  if (command.problems.length > 0) return fail(onceEach(command.problems));
  const written = verb.looks === true ? text : cib.write();
  return ok({ answer, ...(written === text ? {} : { text: written }) }, command.warnings);
}

function onceEach(problems: readonly Reason[]): readonly Reason[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = JSON.stringify([problem.code, problem.data]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
