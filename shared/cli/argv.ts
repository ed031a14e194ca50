import type { Position } from "../text/position.ts";
import { isSecretName, REDACTED } from "../text/redact.ts";
import { makeSource, type Source } from "../text/source.ts";
import type { OptionSpec, OptionSpecs } from "./command.ts";

/**
 * A command line with the place of each word, so that problems can be underlined. Secrets (`password=…`) are left out:
 * what is underlined goes to terminals and logs.
 */
export interface ArgvSource {
  readonly source: Source;
  at(index: number): Position;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./[\]{}~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function shown(word: string): string {
  const name = word.slice(0, Math.max(0, word.indexOf("=")));
  return isSecretName(name) ? `${name}=${REDACTED}` : quoted(word);
}

export function argvSource(tool: string, argv: readonly string[]): ArgvSource {
  const starts: number[] = [];
  let text = tool;
  for (const word of argv) {
    starts.push(text.length + 1);
    text += ` ${shown(word)}`;
  }
  const lengths = argv.map((word) => shown(word).length);
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
