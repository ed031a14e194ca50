import type { Reason } from "../reason/catalogue.ts";
import { hint } from "../text/did-you-mean.ts";
import { isOption, lookUp, type ArgvSource, type LookedUp } from "./argv.ts";
import type { Command, OptionSpecs } from "./command.ts";
import type { FoundCommand } from "./find-command.ts";
import { argumentUsage } from "./help.ts";
import { GLOBAL_OPTIONS, placeholderOf, readOption, type OneValue } from "./options.ts";
import type { cliReasons } from "./reasons.ts";

export interface ParsedCommandLine {
  readonly options: Readonly<Record<string, OneValue | readonly OneValue[] | undefined>>;
  readonly globals: Readonly<Record<string, OneValue | readonly OneValue[] | undefined>>;
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly given: ReadonlySet<string>;
  readonly rest: readonly string[];
  readonly problems: readonly Reason[];
}

/** Reads one command line; finds all its problems. */
class CommandLine {
  readonly problems: Reason[] = [];
  readonly values = new Map<string, OneValue[]>();
  readonly positional: { readonly word: string; readonly index: number }[] = [];
  rest: readonly string[] = [];
  readonly command: Command;
  readonly argv: readonly string[];
  readonly source: ArgvSource;
  readonly all: OptionSpecs;

  constructor(command: Command, argv: readonly string[], source: ArgvSource) {
    this.command = command;
    this.argv = argv;
    this.source = source;
    this.all = { ...GLOBAL_OPTIONS, ...command.options };
  }

  read(skip: ReadonlySet<number>): void {
    let index = 0;
    while (index < this.argv.length) {
      const word = this.argv[index] ?? "";
      if (skip.has(index)) index += 1;
      else if (word === "--") {
        this.rest = this.argv.slice(index + 1);
        return;
      } else if (isOption(word)) index = this.readOption(word, index);
      else {
        this.positional.push({ word, index });
        index += 1;
      }
    }
  }

  /**
   * For a command that speaks a peer's language: before its name our options count; after it only the long ones, which
   * no peer has. All other words go into `rest` as they stand.
   */
  readRaw(skip: ReadonlySet<number>): void {
    const nameEnds = Math.max(-1, ...skip);
    const rest: string[] = [];
    let index = 0;
    while (index < this.argv.length) {
      const word = this.argv[index] ?? "";
      const beforeName = index < nameEnds;
      const ours = beforeName
        ? isOption(word)
        : lookUp(GLOBAL_OPTIONS, word.split("=")[0] ?? "") !== undefined && word.startsWith("--");
      if (skip.has(index)) index += 1;
      else if (word === "--") {
        this.rest = [...rest, ...this.argv.slice(index)];
        return;
      } else if (ours) index = this.readOption(word, index);
      else {
        rest.push(word);
        index += 1;
      }
    }
    this.rest = rest;
  }

  /** Takes one option (or a bundle of one-letter flags) and gives the place after it. */
  private readOption(word: string, index: number): number {
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const found = lookUp(this.all, name);
    if (found === undefined) return this.readBundle(word, index);
    if (found.spec.type === "flag") {
      if (equals >= 0) this.problem("CLI_OPTION_TAKES_NO_VALUE", { option: name }, index);
      else this.keep(found, "", index);
      return index + 1;
    }
    if (equals >= 0) {
      this.keep(found, word.slice(equals + 1), index);
      return index + 1;
    }
    if (found.spec.type === "string" && found.spec.bare !== undefined) {
      this.keep(found, found.spec.bare, index);
      return index + 1;
    }
    const value = this.argv[index + 1];
    if (value === undefined || (isOption(value) && lookUp(this.all, value.split("=")[0] ?? "") !== undefined)) {
      this.problem(
        "CLI_OPTION_NEEDS_VALUE",
        { option: name, placeholder: placeholderOf(found.name, found.spec) },
        index,
      );
      return index + 1;
    }
    this.keep(found, value, index, index + 1);
    return index + 2;
  }

  /** `-nq` is `-n -q`; `-ojson` is `-o json`; `-nojson` is both. */
  private readBundle(word: string, index: number): number {
    const bundle = word.startsWith("--") ? undefined : this.bundleOf(word);
    if (bundle !== undefined) {
      for (const { found, text } of bundle) this.keep(found, text, index);
      return index + 1;
    }
    const option = word.split("=")[0] ?? word;
    const known = Object.entries(this.all).flatMap(([name, spec]) => (spec.hidden === true ? [] : [`--${name}`]));
    const near = hint(option, known);
    const fix = near.startsWith("did you mean") ? near : `"${this.command.words.join(" ")} --help" lists the options`;
    this.problem("CLI_UNKNOWN_OPTION", { option, command: `"${this.command.words.join(" ")}"`, hint: fix }, index);
    return index + 1;
  }

  private bundleOf(word: string): readonly { readonly found: LookedUp; readonly text: string }[] | undefined {
    const parts: { found: LookedUp; text: string }[] = [];
    for (let at = 1; at < word.length; at += 1) {
      const found = lookUp(this.all, `-${word.charAt(at)}`);
      if (found === undefined) return undefined;
      if (found.spec.type === "flag") parts.push({ found, text: "" });
      else {
        const text = word.slice(at + 1);
        return text === "" ? undefined : [...parts, { found, text }];
      }
    }
    return parts.length === 0 ? undefined : parts;
  }

  private keep(found: LookedUp, text: string, index: number, valueIndex = index): void {
    const outcome = readOption(found.name, found.spec, text, this.source.at(valueIndex));
    if ("problem" in outcome) {
      this.problems.push(outcome.problem);
      return;
    }
    const earlier = this.values.get(found.name) ?? [];
    if (earlier.length > 0 && found.spec.repeatable !== true && found.spec.type !== "flag") {
      this.problem("CLI_OPTION_TWICE", { option: `--${found.name}` }, index);
    }
    this.values.set(found.name, [...earlier, outcome.value]);
  }

  private problem(code: keyof typeof cliReasons, data: Readonly<Record<string, string>>, index: number): void {
    this.problems.push({ code, data, at: this.source.at(index) });
  }

  valuesOf(options: OptionSpecs): Record<string, OneValue | readonly OneValue[] | undefined> {
    const out: Record<string, OneValue | readonly OneValue[] | undefined> = {};
    for (const [name, spec] of Object.entries(options)) {
      const values = this.values.get(name);
      if (spec.repeatable === true) out[name] = values ?? [];
      else if (values !== undefined) out[name] = values.at(-1);
      else if (spec.type === "flag") out[name] = false;
      else out[name] = spec.default;
    }
    return out;
  }

  checkRequired(): void {
    for (const [name, spec] of Object.entries(this.command.options)) {
      if (spec.required !== true || this.values.has(name)) continue;
      this.problem(
        "CLI_OPTION_MISSING",
        { option: `--${name}`, placeholder: placeholderOf(name, spec) },
        this.argv.length,
      );
    }
  }

  takeArguments(): Record<string, string | readonly string[] | undefined> {
    const out: Record<string, string | readonly string[] | undefined> = {};
    let next = 0;
    for (const [name, spec] of Object.entries(this.command.args)) {
      const taken = spec.repeatable === true ? this.positional.slice(next) : this.positional.slice(next, next + 1);
      next += taken.length;
      for (const { word, index } of taken) {
        if (spec.values !== undefined && !spec.values.includes(word)) {
          this.problem("CLI_VALUE", { value: word, name: name.toUpperCase(), hint: hint(word, spec.values) }, index);
        }
      }
      if (taken.length === 0 && spec.required === true) {
        this.problem("CLI_ARGUMENT_MISSING", { name: name.toUpperCase(), summary: spec.summary }, this.argv.length);
      }
      out[name] = spec.repeatable === true ? taken.map((entry) => entry.word) : taken[0]?.word;
    }
    const extra = this.positional[next];
    if (extra !== undefined) {
      const command = this.command.words.join(" ");
      const usage = `usage: ${[command, ...argumentUsage(this.command)].join(" ")}`;
      this.problem("CLI_TOO_MANY", { word: extra.word, command: `"${command}"`, usage }, extra.index);
    }
    return out;
  }
}

/** Reads all words after the command's name. Problems of a line that asks for help don't count. */
export function parseCommandLine(found: FoundCommand, argv: readonly string[], source: ArgvSource): ParsedCommandLine {
  const line = new CommandLine(found.command, argv, source);
  const skip = new Set(found.wordIndexes);
  if (found.command.raw === true) line.readRaw(skip);
  else line.read(skip);
  const args = found.command.raw === true ? {} : line.takeArguments();
  line.checkRequired();
  const globals = line.valuesOf(GLOBAL_OPTIONS);
  return {
    options: line.valuesOf(found.command.options),
    globals,
    args,
    given: new Set(line.values.keys()),
    rest: line.rest,
    problems: globals["help"] === true ? [] : line.problems,
  };
}
