import type { Position } from "../text/position.ts";
import { makeSource, type Source } from "../text/source.ts";
import type { OptionSpec, OptionSpecs } from "./command.ts";

/** A command line with the place of each word, so that problems can be underlined. */
export interface ArgvSource {
  readonly source: Source;
  at(index: number): Position;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./[\]{}~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function argvSource(tool: string, argv: readonly string[]): ArgvSource {
  const starts: number[] = [];
  let text = tool;
  for (const word of argv) {
    starts.push(text.length + 1);
    text += ` ${quoted(word)}`;
  }
  const lengths = argv.map((word) => quoted(word).length);
  return {
    source: makeSource("argv", text),
    at: (index) => ({
      file: "argv",
      line: 1,
      column: (starts[index] ?? text.length + 1) + 1,
      length: lengths[index] ?? 1,
    }),
  };
}

/** `-5`, `-INFINITY` and `-` alone are arguments. */
export function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith("-") && !/^-(\d|INF|\.)/.test(word);
}

export interface LookedUp {
  readonly name: string;
  readonly spec: OptionSpec;
}

export function lookUp(options: OptionSpecs, word: string): LookedUp | undefined {
  for (const [name, spec] of Object.entries(options)) {
    if (word === `--${name}` || (spec.short !== undefined && word === `-${spec.short}`)) return { name, spec };
    if (spec.aliases?.some((alias) => word === `--${alias}`) === true) return { name, spec };
  }
  return undefined;
}
