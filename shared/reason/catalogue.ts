import type { Position } from "../text/position.ts";

/**
 * Coded facts. Every problem, decision and event in the product is a `Reason`: a code and its data.
 * The sentence, the why and the fix live once, in a catalogue, as templates with `{placeholders}`,
 * so that the command line, JSON, the log, the monitor and the reference pages all say the same.
 */
export type Severity = "info" | "notice" | "warning" | "error" | "critical";

/** A value that a reason may carry: it must survive JSON. */
export type ReasonValue = string | number | boolean | null | readonly string[] | readonly number[];
export type ReasonData = Readonly<Record<string, ReasonValue>>;

/** One coded fact, as decisions return it and as it is stored: small, typed, not yet in words. */
export interface Reason<Code extends string = string> {
  readonly code: Code;
  readonly data: ReasonData;
  /** The configuration text this fact comes from, when there is one. */
  readonly at?: Position;
}

/** What a catalogue holds for one code. `{name}` in a text is replaced by `data.name`. */
export interface ReasonEntry {
  readonly severity: Severity;
  /** One sentence: what is so. */
  readonly sentence: string;
  /** Why it is so, or why it matters. */
  readonly why?: string;
  /** What the operator can do about it. */
  readonly fix?: string;
}

/** A reason in words, ready to print. An operating error that is returned as a value is one of these. */
export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly sentence: string;
  readonly why?: string;
  readonly fix?: string;
  readonly data: ReasonData;
  readonly at?: Position;
}

type PlaceholdersOf<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | PlaceholdersOf<Rest> : never;
type DataFor<Entry> = Entry extends { readonly sentence: infer S }
  ? PlaceholdersOf<
      S | (Entry extends { readonly why: infer W } ? W : "") | (Entry extends { readonly fix: infer F } ? F : "")
    >
  : never;

export type Catalogue = Readonly<Record<string, ReasonEntry>>;

/**
 * Declares a catalogue. Write it `as const` inline: the placeholders in the texts become the keys
 * that `reason()` demands for that code.
 */
export function defineCatalogue<const Entries extends Catalogue>(entries: Entries): Entries {
  for (const code of Object.keys(entries)) {
    if (!/^[A-Z][A-Z0-9_]+$/.test(code)) throw new Error(`reason code ${code} is not UPPER_SNAKE_CASE`);
  }
  return entries;
}

/** Makes one coded fact of a catalogue; the compiler checks that all data the texts need is given. */
export function reason<Entries extends Catalogue, Code extends keyof Entries & string>(
  _catalogue: Entries,
  code: Code,
  data: Readonly<Record<DataFor<Entries[Code]>, ReasonValue>> & ReasonData,
  at?: Position,
): Reason<Code> {
  return at === undefined ? { code, data } : { code, data, at };
}

function fill(template: string, data: ReasonData): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = data[name];
    if (value === undefined) return whole;
    return Array.isArray(value) ? value.join(", ") : String(value);
  });
}

/**
 * Puts a reason into words. A code that the catalogue doesn't know (an event of a newer version)
 * is shown as code and data instead of being lost.
 */
export function describe(catalogue: Catalogue, fact: Reason): Problem {
  const entry = catalogue[fact.code];
  const place = fact.at === undefined ? {} : { at: fact.at };
  if (entry === undefined) {
    return {
      code: fact.code,
      severity: "notice",
      sentence: `${fact.code} ${JSON.stringify(fact.data)}`,
      data: fact.data,
      ...place,
    };
  }
  return {
    code: fact.code,
    severity: entry.severity,
    sentence: fill(entry.sentence, fact.data),
    ...(entry.why === undefined ? {} : { why: fill(entry.why, fact.data) }),
    ...(entry.fix === undefined ? {} : { fix: fill(entry.fix, fact.data) }),
    data: fact.data,
    ...place,
  };
}
