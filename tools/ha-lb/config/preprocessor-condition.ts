import { splitArguments } from "./arguments.ts";

/** What conditions of `.if` and `-cc` ask about. */
export interface BuildFacts {
  /** What `version_atleast` compares with: the HAProxy release whose language is spoken. */
  readonly version: string;
  readonly features: ReadonlySet<string>;
  environment(name: string): string | undefined;
}

/** Nesting of parentheses and operators is bounded. */
const DEPTH_MAX = 64;
const PREDICATES = new Set([
  "defined",
  "feature",
  "streq",
  "strneq",
  "version_atleast",
  "version_before",
  "openssl_version_atleast",
  "openssl_version_before",
  "ssllib_name_startswith",
]);

export type ConditionResult =
  { readonly ok: true; readonly value: boolean } | { readonly ok: false; readonly problem: string };

class ConditionProblem extends Error {}

/** Evaluates a condition of chapter 2.4. An empty text is false. */
export function evaluateCondition(text: string, facts: BuildFacts): ConditionResult {
  if (text.trim() === "") return { ok: true, value: false };
  const reader = new ConditionReader(text, facts);
  try {
    return { ok: true, value: reader.whole() };
  } catch (error) {
    if (error instanceof ConditionProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

class ConditionReader {
  private offset = 0;
  private depth = 0;
  private readonly text: string;
  private readonly facts: BuildFacts;

  constructor(text: string, facts: BuildFacts) {
    this.text = text;
    this.facts = facts;
  }

  whole(): boolean {
    const value = this.or();
    this.blanks();
    if (this.offset < this.text.length) {
      throw new ConditionProblem(`unexpected '${this.text.slice(this.offset)}' at the end of the condition`);
    }
    return value;
  }

  private blanks(): void {
    while (/[ \t]/.test(this.text.charAt(this.offset))) this.offset += 1;
  }

  private accept(token: string): boolean {
    this.blanks();
    if (!this.text.startsWith(token, this.offset)) return false;
    this.offset += token.length;
    return true;
  }

  private or(): boolean {
    let value = this.and();
    while (this.accept("||")) {
      const right = this.and();
      value = value || right;
    }
    return value;
  }

  private and(): boolean {
    let value = this.term();
    while (this.accept("&&")) {
      const right = this.term();
      value = value && right;
    }
    return value;
  }

  private term(): boolean {
    this.depth += 1;
    if (this.depth > DEPTH_MAX) throw new ConditionProblem("nested too deeply");
    const value = this.negatable();
    this.depth -= 1;
    return value;
  }

  private negatable(): boolean {
    if (this.accept("!")) return !this.term();
    const start = this.offset;
    if (this.accept("(")) {
      const value = this.or();
      if (!this.accept(")"))
        throw new ConditionProblem(`expected ')' after conditional expression '${this.text.slice(start)}'`);
      return value;
    }
    this.blanks();
    const number = /^[+-]?\d+/.exec(this.text.slice(this.offset))?.[0];
    if (number !== undefined) {
      this.offset += number.length;
      return Number(number) !== 0;
    }
    return this.predicate();
  }

  private predicate(): boolean {
    const name = /^[A-Za-z_][\w]*/.exec(this.text.slice(this.offset))?.[0] ?? "";
    if (!PREDICATES.has(name)) {
      const shown = this.text.slice(this.offset);
      throw new ConditionProblem(
        shown === "" ? "the condition ends too early" : `unparsable conditional expression '${shown}'`,
      );
    }
    this.offset += name.length;
    const found = splitArguments(this.text, this.offset);
    if (found.problem !== undefined) throw new ConditionProblem(found.problem);
    this.offset = found.end;
    return this.apply(name, found.arguments);
  }

  private apply(name: string, values: readonly string[]): boolean {
    const [first = "", second = ""] = values;
    switch (name) {
      case "defined":
        return this.facts.environment(first) !== undefined;
      case "feature":
        return this.facts.features.has(first);
      case "streq":
        return first === second;
      case "strneq":
        return first !== second;
      case "version_atleast":
        return compareVersions(this.facts.version, first) >= 0;
      case "version_before":
        return compareVersions(this.facts.version, first) < 0;
      case "openssl_version_atleast":
        return true;
      case "openssl_version_before":
        return false;
      case "ssllib_name_startswith":
        return "OpenSSL".startsWith(first);
      default:
        return false;
    }
  }
}

/** `2.4-dev19` is before `2.4`; missing parts are 0. */
export function compareVersions(left: string, right: string): number {
  const a = versionKey(left);
  const b = versionKey(right);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionKey(text: string): readonly number[] {
  const found = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(dev|rc)(\d+))?/.exec(text);
  if (found === null) return [0];
  const stage = found[4] === "dev" ? -2 : found[4] === "rc" ? -1 : 0;
  return [Number(found[1]), Number(found[2] ?? 0), stage, Number(found[3] ?? found[5] ?? 0)];
}
