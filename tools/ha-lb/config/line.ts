import { suggestions } from "../../../shared/text/did-you-mean.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { LbConfigCode, ProblemData } from "../model/reasons.ts";
import type { Report } from "./report.ts";
import type { Word } from "./words.ts";

/** "did you mean" for the templates: empty when nothing is near. */
export function hintFor(word: string, candidates: Iterable<string>): string {
  const near = suggestions(word, candidates);
  return near.length === 0 ? "" : `did you mean ${near.map((name) => `'${name}'`).join(" or ")}?`;
}

/** A list of choices longer than this is cut. */
const CHOICES_SHOWN = 12;

/** Same, or else the list of what is allowed. */
export function choicesFor(word: string, candidates: readonly string[]): string {
  const near = hintFor(word, candidates);
  if (near !== "") return near;
  const shown = candidates
    .slice(0, CHOICES_SHOWN)
    .map((name) => `'${name}'`)
    .join(", ");
  return candidates.length > CHOICES_SHOWN ? `use one of ${shown}, …` : `use ${shown}`;
}

/** One configuration line as words, with typed reading that reports what is wrong where it is. */
export class Line {
  readonly words: readonly Word[];
  readonly report: Report;

  constructor(words: readonly Word[], report: Report) {
    if (words.length === 0) throw new Error("a line has at least one word");
    this.words = words;
    this.report = report;
  }

  get length(): number {
    return this.words.length;
  }

  /** The word's text; empty past the end. */
  text(index: number): string {
    return this.words[index]?.text ?? "";
  }

  /** The word's text as an address: with its variables replaced, also where they stand without quotes. */
  address(index: number): string {
    return this.words[index]?.asAddress ?? this.text(index);
  }

  has(index: number): boolean {
    return index < this.words.length;
  }

  /** Where the word is; past the end, where it would be. */
  at(index: number): Position {
    const word = this.words[index];
    if (word !== undefined) return word.at;
    const last = this.words.at(-1);
    if (last === undefined) throw new Error("a line has at least one word");
    return { ...last.at, column: last.at.column + (last.at.length ?? 1), length: 1 };
  }

  /** From this word to the end of the line. */
  span(from: number, to = this.words.length - 1): Position {
    const first = this.at(from);
    const last = this.at(Math.max(from, to));
    return { ...first, length: Math.max(1, last.column + (last.length ?? 1) - first.column) };
  }

  rest(from: number): string {
    return this.words
      .slice(from)
      .map((word) => word.text)
      .join(" ");
  }

  problem<Code extends LbConfigCode>(code: Code, data: ProblemData<Code>, index = 0): void {
    this.report.add(code, data, this.at(index));
  }

  /** The word at `index`, or a problem that says what `keyword` expects. */
  need(index: number, keyword: string, expected: string): string | undefined {
    if (this.has(index) && this.text(index) !== "") return this.text(index);
    this.problem("LB_MISSING_ARGUMENT", { keyword, expected, hint: "" }, index);
    return undefined;
  }

  /** Reports the first word at or after `index` as too much. */
  end(index: number, keyword: string): void {
    if (!this.has(index)) return;
    this.problem("LB_TOO_MANY_ARGUMENTS", { keyword, word: this.text(index), hint: "" }, index);
  }

  integer(index: number, keyword: string, least: number, most: number): number | undefined {
    const expected = most >= 2 ** 31 - 1 ? `an integer from ${least}` : `an integer from ${least} to ${most}`;
    const text = this.need(index, keyword, expected);
    if (text === undefined) return undefined;
    const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.problem("LB_BAD_NUMBER", { keyword, expected, text }, index);
    return undefined;
  }

  /** A time in ms; a number without unit counts in `unitMs`. */
  time(index: number, keyword: string, unitMs = 1): number | undefined {
    const text = this.need(index, keyword, "a time (us, ms, s, m, h, d)");
    if (text === undefined) return undefined;
    const value = parseTime(text, unitMs);
    if (typeof value === "number") return value;
    this.problem("LB_BAD_TIME", { keyword, text, hint: value }, index);
    return undefined;
  }

  /** Bytes: a number with k, m or g. */
  size(index: number, keyword: string): number | undefined {
    const text = this.need(index, keyword, "a size");
    if (text === undefined) return undefined;
    const found = /^(\d{1,15})([kKmMgG]?)$/.exec(text);
    if (found !== null) return Number(found[1]) * (SIZE_UNITS[(found[2] ?? "").toLowerCase()] ?? 1);
    this.problem("LB_BAD_SIZE", { keyword, text }, index);
    return undefined;
  }

  choice<Value extends string>(index: number, keyword: string, values: readonly Value[]): Value | undefined {
    const got = this.need(index, keyword, `one of ${values.map((value) => `'${value}'`).join(", ")}`);
    if (got === undefined) return undefined;
    const found = values.find((value) => value === got);
    if (found === undefined) {
      this.problem("LB_BAD_CHOICE", { keyword, got, hint: choicesFor(got, values) }, index);
    }
    return found;
  }

  onOff(index: number, keyword: string): boolean | undefined {
    const value = this.choice(index, keyword, ["on", "off"] as const);
    return value === undefined ? undefined : value === "on";
  }
}

const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const TIME_UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** What the reference's timers can hold: 2^31 - 1 ms. */
const TIME_MAX_MS = 2 ** 31 - 1;

/** ms, or what is wrong. Fractions of a ms round up, as the reference does for `us`. */
export function parseTime(text: string, unitMs: number): number | string {
  const found = /^(\d{1,15})([a-z]*)$/.exec(text);
  if (found === null) {
    const stray = /[^0-9]/.exec(text)?.[0] ?? "";
    return stray === "." ? "whole numbers only" : "use us, ms, s, m, h or d";
  }
  const unit = found[2] === "" ? unitMs : TIME_UNITS[found[2] ?? ""];
  if (unit === undefined) return "use us, ms, s, m, h or d";
  const value = Math.ceil(Number(found[1]) * unit);
  return value > TIME_MAX_MS ? "24 days at most" : value;
}
