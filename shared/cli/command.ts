import type { DurationUnit } from "../text/duration.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";

/** How much harm a command can do; see `confirm.ts` for what each level asks. */
export type Danger = "look" | "reversible" | "stopsService" | "canLoseData";

export interface ArgumentSpec {
  readonly summary: string;
  readonly required?: boolean;
  /** Takes all words that are left; only the last argument may. */
  readonly repeatable?: boolean;
  /** The only words allowed. */
  readonly values?: readonly string[];
}

interface OptionBase {
  readonly summary: string;
  /** One letter. */
  readonly short?: string;
  /** Other long names, without dashes; they work, but help doesn't show them. */
  readonly aliases?: readonly string[];
  /** May be given several times; the value is a list. */
  readonly repeatable?: boolean;
  readonly required?: boolean;
  /** Works, but help and completion don't show it. */
  readonly hidden?: boolean;
  /** The word in capitals in help; made from the type when absent. */
  readonly placeholder?: string;
}

export interface FlagOption extends OptionBase {
  readonly type: "flag";
}
export interface StringOption extends OptionBase {
  readonly type: "string";
  readonly default?: string;
  /** Lets `--wait` stand alone: the value it then has. `--wait=5` gives another; `--wait 5` does not. */
  readonly bare?: string;
}
export interface ChoiceOption extends OptionBase {
  readonly type: "choice";
  readonly values: readonly string[];
  readonly default?: string;
}
export interface NumberOption extends OptionBase {
  readonly type: "number";
  readonly least?: number;
  readonly most?: number;
  /** Whole numbers only. Default true. */
  readonly whole?: boolean;
  readonly default?: number;
}
export interface DurationOption extends OptionBase {
  readonly type: "duration";
  readonly bareUnit?: DurationUnit;
  readonly leastMs?: number;
  readonly mostMs?: number;
  /** Milliseconds. */
  readonly default?: number;
}
export interface SizeOption extends OptionBase {
  readonly type: "size";
  /** Bytes. */
  readonly default?: number;
}
export type OptionSpec = FlagOption | StringOption | ChoiceOption | NumberOption | DurationOption | SizeOption;

export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OneOf<Spec> = Spec extends { readonly type: "flag" }
  ? boolean
  : Spec extends { readonly type: "choice"; readonly values: readonly (infer Word)[] }
    ? Word
    : Spec extends { readonly type: "string" }
      ? string
      : number;
type OptionValue<Spec> = Spec extends { readonly repeatable: true }
  ? readonly OneOf<Spec>[]
  : Spec extends { readonly type: "flag" } | { readonly required: true } | { readonly default: string | number }
    ? OneOf<Spec>
    : OneOf<Spec> | undefined;
type ArgumentValue<Spec> = Spec extends { readonly repeatable: true }
  ? readonly string[]
  : Spec extends { readonly required: true }
    ? string
    : string | undefined;

export type OptionValues<Specs extends OptionSpecs> = { readonly [Name in keyof Specs]: OptionValue<Specs[Name]> };
export type ArgumentValues<Specs extends ArgumentSpecs> = {
  readonly [Name in keyof Specs]: ArgumentValue<Specs[Name]>;
};

export interface Example {
  /** The whole command line with the tool's name. */
  readonly run: string;
  readonly does: string;
}

export interface CommandSpec<Arguments extends ArgumentSpecs, Options extends OptionSpecs> {
  /** One verb, or the words of a verb in a group: `["resource", "create"]`. */
  readonly name: string | readonly string[];
  readonly aliases?: readonly (string | readonly string[])[];
  /** One line without a full stop. */
  readonly summary: string;
  /** Paragraphs for `help VERB`, man page and reference. */
  readonly description?: string;
  readonly args?: Arguments;
  readonly options?: Options;
  readonly examples?: readonly Example[];
  readonly danger?: Danger;
  /** Can it answer `-o nagios`? */
  readonly nagios?: boolean;
  /** Not shown anywhere: for the tool's own processes. */
  readonly hidden?: boolean;
  /**
   * For verbs that speak a peer's language: hands the words after the verb over as they stand, in `context.rest`.
   * Only the long options of all commands (`--yes`, `--reason`, `--output` …) are taken out; a raw command declares
   * no arguments and options of its own.
   */
  readonly raw?: boolean;
  run(context: Context<Arguments, Options>): ExitCode | Promise<ExitCode>;
}

/** A command of any arguments, as the table of a tool holds it. */
export interface Command extends Omit<
  CommandSpec<ArgumentSpecs, OptionSpecs>,
  "name" | "aliases" | "args" | "options"
> {
  readonly words: readonly string[];
  readonly aliases: readonly (readonly string[])[];
  readonly args: ArgumentSpecs;
  readonly options: OptionSpecs;
}

const wordsOf = (name: string | readonly string[]) => (typeof name === "string" ? name.split(" ") : name);

function checkSpec(words: readonly string[], args: ArgumentSpecs, options: OptionSpecs): void {
  const label = words.join(" ");
  if (!words.every((word) => /^[a-z0-9_][a-z0-9_-]*$/.test(word))) throw new Error(`bad command name "${label}"`);
  const all = Object.entries(args);
  for (const [index, [name, spec]] of all.entries()) {
    if (spec.repeatable === true && index < all.length - 1)
      throw new Error(`${label}: ${name} takes all, but is not last`);
    const before = all[index - 1]?.[1];
    if (spec.required === true && before !== undefined && before.required !== true) {
      throw new Error(`${label}: ${name} is required, but stands after an optional argument`);
    }
  }
  const seen = new Set<string>();
  for (const [name, spec] of Object.entries(options)) {
    const names = [name, ...(spec.aliases ?? []), ...(spec.short === undefined ? [] : [spec.short])];
    for (const one of names) {
      if (seen.has(one)) throw new Error(`${label}: two options are called ${one}`);
      seen.add(one);
    }
  }
}

/** Declares a command; the types of `context.args` and `context.options` follow from the declaration. */
export function defineCommand<const Arguments extends ArgumentSpecs = {}, const Options extends OptionSpecs = {}>(
  spec: CommandSpec<Arguments, Options>,
): Command {
  const words = wordsOf(spec.name);
  const args: ArgumentSpecs = spec.args ?? {};
  const options: OptionSpecs = spec.options ?? {};
  checkSpec(words, args, options);
  // The parser fills the context exactly by `args` and `options`, so the typed `run` may take the untyped context.
  if (spec.raw === true && Object.keys({ ...args, ...options }).length > 0) {
    throw new Error(`${words.join(" ")} is raw: it has no arguments and options of its own`);
  }
  const command = { ...spec, words, aliases: (spec.aliases ?? []).map(wordsOf), args, options };
  return command as unknown as Command;
}
