import { lookUp } from "../../../shared/text/lookup.ts";
import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import { LB_CONFIG_REASONS, type ProblemData } from "../model/reasons.ts";

/** Limits of one line, as the reference has them (line length after expansion is bounded too). */
export const WORDS_PER_LINE_MAX = 64;
export const LINE_LENGTH_MAX = 65536;

/** One word of a line after quotes, escapes and variables; `at` is where it stood in the file. */
export interface Word {
  readonly text: string;
  readonly at: Position;
  /** Where a `$` is left: the text as an address, in which variables count without quotes, too. */
  readonly asAddress?: string;
}

export interface SplitLine {
  readonly words: readonly Word[];
  readonly problems: readonly Reason[];
}

/** Looks up an environment variable or a pseudo variable such as `.LINE`. */
export type VariableLookup = (name: string) => string | undefined;

type SplitCode = "LB_TOO_MANY_WORDS" | "LB_BAD_QUOTE" | "LB_BAD_ESCAPE" | "LB_BAD_VARIABLE";

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  " ": " ",
  "#": "#",
  "\\": "\\",
  "'": "'",
  '"': '"',
  $: "$",
};

/**
 * Cuts one line into words: chapter 2.2 (quoting) and 2.3 (environment variables).
 * Everything after an unquoted `#` is a comment.
 */
export function splitLine(
  line: string,
  place: { readonly file: string; readonly line: number },
  lookup: VariableLookup,
): SplitLine {
  if (line.length > LINE_LENGTH_MAX) {
    const at = { ...place, column: 1 };
    return { words: [], problems: [reason(LB_CONFIG_REASONS, "LB_LINE_TOO_LONG", { most: LINE_LENGTH_MAX }, at)] };
  }
  return new LineSplitter(line, place, lookup).split();
}

class LineSplitter {
  private readonly words: Word[] = [];
  private readonly problems: Reason[] = [];
  private offset = 0;
  private text = "";
  private start = -1;
  private readonly line: string;
  private readonly place: { readonly file: string; readonly line: number };
  private readonly lookup: VariableLookup;

  constructor(line: string, place: { readonly file: string; readonly line: number }, lookup: VariableLookup) {
    this.line = line;
    this.place = place;
    this.lookup = lookup;
  }

  split(): SplitLine {
    while (this.offset < this.line.length && this.problems.length === 0) {
      const unit = this.line.charAt(this.offset);
      if (unit === "#") break;
      if (unit === " " || unit === "\t" || unit === "\r") this.endWord();
      else if (unit === '"') this.weakQuote();
      else if (unit === "'") this.strongQuote();
      else if (unit === "\\") this.escape(false);
      else this.plain(unit);
      this.offset += 1;
    }
    this.endWord();
    return { words: this.words, problems: this.problems };
  }

  private plain(unit: string): void {
    this.open();
    this.text += unit;
  }

  private open(): void {
    if (this.start < 0) this.start = this.offset;
  }

  private endWord(): void {
    if (this.start < 0) return;
    if (this.words.length >= WORDS_PER_LINE_MAX) {
      this.report("LB_TOO_MANY_WORDS", { most: WORDS_PER_LINE_MAX }, this.start, this.offset);
    } else this.words.push(this.word());
    this.text = "";
    this.start = -1;
  }

  private word(): Word {
    const { text } = this;
    const at = this.at(this.start, this.offset);
    return text.includes("$") ? { text, at, asAddress: this.expand(text) } : { text, at };
  }

  private expand(text: string): string {
    return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_all, braced?: string, bare?: string) => {
      return this.lookup(braced ?? bare ?? "") ?? "";
    });
  }

  private at(start: number, end: number): Position {
    return { file: this.place.file, line: this.place.line, column: start + 1, length: Math.max(1, end - start) };
  }

  private report<Code extends SplitCode>(code: Code, data: ProblemData<Code>, start: number, end: number): void {
    if (this.problems.length === 0) this.problems.push(reason(LB_CONFIG_REASONS, code, data, this.at(start, end)));
  }

  private strongQuote(): void {
    this.open();
    const end = this.line.indexOf("'", this.offset + 1);
    if (end < 0) return this.unclosed("single", this.offset);
    this.text += this.line.slice(this.offset + 1, end);
    this.offset = end;
  }

  private weakQuote(): void {
    this.open();
    const start = this.offset;
    this.offset += 1;
    while (this.offset < this.line.length && this.problems.length === 0) {
      const unit = this.line.charAt(this.offset);
      if (unit === '"') return;
      if (unit === "\\") this.escape(true);
      else if (unit === "$") this.variable();
      else this.text += unit;
      this.offset += 1;
    }
    this.unclosed("double", start);
  }

  private unclosed(kind: string, start: number): void {
    this.report("LB_BAD_QUOTE", { kind }, start, this.line.length);
    this.offset = this.line.length;
  }

  /** Leaves `offset` on the last unit of the sequence. `\$` is an escape only where `$` means something. */
  private escape(quoted: boolean): void {
    this.open();
    const next = this.line.charAt(this.offset + 1);
    if (next === "x") {
      const digits = this.line.slice(this.offset + 2, this.offset + 4);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
        return this.report("LB_BAD_ESCAPE", { text: `\\x${digits}` }, this.offset, this.offset + 2 + digits.length);
      }
      this.text += String.fromCharCode(Number.parseInt(digits, 16));
      this.offset += 3;
      return;
    }
    const known = next === "$" && !quoted ? undefined : lookUp(ESCAPES, next);
    if (known === undefined) this.text += "\\";
    else {
      this.text += known;
      this.offset += 1;
    }
  }

  /** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`; leaves `offset` on its last unit. */
  private variable(): void {
    const braced = this.line.charAt(this.offset + 1) === "{";
    const from = this.offset + (braced ? 2 : 1);
    const name = /^\.?\w*/.exec(this.line.slice(from, from + 256))?.[0] ?? "";
    if (!/^\.?[A-Za-z_]\w*$/.test(name)) {
      const problem = name === "" ? "a name must follow '$'" : `'${name}' is not a name`;
      return this.report("LB_BAD_VARIABLE", { problem }, this.offset, from + name.length);
    }
    const value = this.lookup(name);
    if (!braced) {
      this.text += value ?? "";
      this.offset = from + name.length - 1;
      return;
    }
    this.bracedVariable(from + name.length, value);
  }

  private bracedVariable(from: number, value: string | undefined): void {
    const start = this.offset;
    let end = from;
    const asWords = this.line.startsWith("[*]", end);
    if (asWords) end += 3;
    let fallback: string | undefined;
    if (this.line.charAt(end) === "-") {
      const close = this.line.indexOf("}", end);
      fallback = this.line.slice(end + 1, close < 0 ? this.line.length : close);
      end = close < 0 ? this.line.length : close;
    }
    if (this.line.charAt(end) !== "}") {
      return this.report("LB_BAD_VARIABLE", { problem: "'}' is missing" }, start, end);
    }
    this.offset = end;
    const text = value ?? fallback ?? "";
    if (!asWords) {
      this.text += text;
      return;
    }
    const parts = text.split(/[ \t]+/).filter((part) => part !== "");
    for (const [index, part] of parts.entries()) {
      if (index > 0) {
        this.endWord();
        this.start = start;
      }
      this.text += part;
    }
  }
}
