import { lookUp } from "../../../shared/text/lookup.ts";
import type { Position } from "../../../shared/text/position.ts";
import { parseIpv4, parseIpv6 } from "../model/ip.ts";
import type { SampleArgument, SampleCall, SampleExpression, SampleType } from "../model/sample.ts";
import { compileRegex } from "../model/regex.ts";
import { splitArguments } from "./arguments.ts";
import { hintFor, type Line } from "./line.ts";
import {
  canCast,
  CONVERTER_TABLE,
  FETCHES,
  refusedSample,
  type ArgumentKind,
  type CallSignature,
  type FetchSignature,
} from "./sample-table.ts";
import { placeIndex, type Scope } from "./scope.ts";
import { checkCall } from "./sample-check.ts";

/** Expressions longer than this many converters are refused. */
export const CONVERTERS_MAX = 64;

/** Reads `fetch(args),converter(args),…` that must be the whole of `text`. */
export function parseExpression(scope: Scope, text: string, at: Position): SampleExpression | undefined {
  const reader = new ExpressionReader(scope, text, at);
  const expression = reader.read();
  if (expression === undefined) return undefined;
  if (reader.rest !== "") {
    scope.report.add("LB_BAD_EXPRESSION", { text, problem: `unexpected '${reader.rest}' after the expression` }, at);
    return undefined;
  }
  return expression;
}

/** Reads an expression that starts at a word; following words that are converters belong to it. */
export function parseExpressionWords(
  scope: Scope,
  line: Line,
  index: number,
  keyword: string,
): { readonly expression: SampleExpression; readonly next: number } | undefined {
  if (line.need(index, keyword, "a sample expression") === undefined) return undefined;
  let text = line.text(index);
  let next = index + 1;
  while (next < line.length && isConverterWord(line.text(next))) {
    text += `,${line.text(next)}`;
    next += 1;
  }
  const expression = parseExpression(scope, text, line.at(index));
  return expression === undefined ? undefined : { expression, next };
}

function isConverterWord(word: string): boolean {
  return CONVERTER_TABLE.has(/^[^(,]*/.exec(word)?.[0] ?? "");
}

class ExpressionReader {
  private offset = 0;
  private readonly scope: Scope;
  private readonly text: string;
  private readonly at: Position;

  constructor(scope: Scope, text: string, at: Position) {
    this.scope = scope;
    this.text = text;
    this.at = at;
  }

  get rest(): string {
    return this.text.slice(this.offset);
  }

  read(): SampleExpression | undefined {
    const fetch = this.readFetch();
    if (fetch === undefined) return undefined;
    let type = fetch.signature.type;
    const converters: SampleCall[] = [];
    while (this.text.charAt(this.offset) === ",") {
      this.offset += 1;
      const converter = this.readConverter(type);
      if (converter === undefined) return undefined;
      if (converters.length >= CONVERTERS_MAX) return this.problem(`more than ${CONVERTERS_MAX} converters`);
      converters.push(converter.call);
      type = converter.type;
    }
    return { fetch: fetch.call, converters, type, text: this.text.slice(0, this.offset), at: this.at };
  }

  private problem(problem: string): undefined {
    this.scope.report.add("LB_BAD_EXPRESSION", { text: this.text, problem }, this.at);
    return undefined;
  }

  /** A name ends at a parenthesis or comma. */
  private readName(): string {
    const name = /^[^(),\s]*/.exec(this.rest)?.[0] ?? "";
    this.offset += name.length;
    return name;
  }

  private readFetch(): { readonly call: SampleCall; readonly signature: FetchSignature } | undefined {
    const name = this.readName();
    const signature = FETCHES.get(name);
    if (signature === undefined) {
      const hint = hintFor(name, FETCHES.keys());
      this.scope.report.add("LB_UNKNOWN_FETCH", { name, text: this.text, hint }, this.at);
      return undefined;
    }
    if (!this.allowed(name)) return undefined;
    this.checkPlace(signature);
    const values = this.readArguments(signature);
    return values === undefined ? undefined : { call: { name, arguments: values }, signature };
  }

  private allowed(name: string): boolean {
    const means = refusedSample(name);
    if (means !== undefined) this.scope.report.add("LB_NOT_SUPPORTED", { keyword: name, means }, this.at);
    return means === undefined;
  }

  private checkPlace(signature: FetchSignature): void {
    const { places, keyword, report } = this.scope;
    if (places.length === 0 || places.some((place) => signature.places.charAt(placeIndex(place)) === "Y")) return;
    const problem = `it isn't available in a ${places.join(" or a ")}`;
    if (keyword === "acl")
      report.add("LB_SAMPLE_NEVER", { text: signature.name, place: places[0] ?? "", problem }, this.at);
    else report.add("LB_SAMPLE_UNAVAILABLE", { name: signature.name, place: keyword, problem }, this.at);
  }

  private readConverter(input: SampleType): { readonly call: SampleCall; readonly type: SampleType } | undefined {
    const name = this.readName();
    if (name === "") return this.problem("a converter is missing after ','");
    const signature = CONVERTER_TABLE.get(name);
    if (signature === undefined) {
      const hint = hintFor(name, CONVERTER_TABLE.keys());
      this.scope.report.add("LB_UNKNOWN_CONVERTER", { name, text: this.text, hint }, this.at);
      return undefined;
    }
    if (!this.allowed(name)) return undefined;
    if (!canCast(input, signature.input)) {
      this.scope.report.add("LB_BAD_CAST", { name, type: input, input: signature.input }, this.at);
      return undefined;
    }
    const values = this.readArguments(signature);
    if (values === undefined) return undefined;
    const type = signature.output;
    return { call: { name, arguments: values }, type };
  }

  private readArguments(signature: CallSignature): readonly SampleArgument[] | undefined {
    const found = splitArguments(this.text, this.offset);
    if (found.problem !== undefined) return this.problem(found.problem);
    this.offset = found.end;
    if (!/^(,|\s|$)/.test(this.rest)) return this.problem(`unexpected '${this.rest}' after '${signature.name}'`);
    const texts = givenTexts(signature, found.arguments);
    const kinds = [...signature.required, ...signature.optional];
    if (texts.length > kinds.length) {
      return this.problem(`'${signature.name}' takes ${kinds.length} argument(s) at most, not ${texts.length}`);
    }
    if (texts.length < signature.required.length && !isSelfTable(signature)) {
      return this.problem(`'${signature.name}' needs ${signature.required.length} argument(s), not ${texts.length}`);
    }
    const values: SampleArgument[] = [];
    for (const [index, text] of texts.entries()) {
      const value = this.readArgument(signature, kinds[index] ?? "s", text, index);
      if (value === undefined) return undefined;
      values.push(value);
    }
    const problem = checkCall(signature.name, values);
    if (problem !== undefined) return this.problem(`'${signature.name}': ${problem}`);
    for (const [index, kind] of kinds.entries()) {
      if (index >= values.length && index < signature.required.length) values.push(this.defaultArgument(kind));
    }
    return values;
  }

  /** A missing proxy argument means the proxy at hand. */
  private defaultArgument(kind: ArgumentKind): SampleArgument {
    const reference = lookUp(REFERENCE_KINDS, kind);
    if (reference !== undefined && kind !== "v" && kind !== "u") this.refer(reference, this.scope.section);
    return kind === "b" || kind === "f" || kind === "t" ? this.scope.section : null;
  }

  private refer(kind: "table" | "backend" | "frontend" | "server" | "userlist", name: string): void {
    const { section, keyword, references } = this.scope;
    references.push({ kind, name, from: section, keyword: `${keyword} ${this.text}`, at: this.at });
  }

  private readArgument(
    signature: CallSignature,
    kind: ArgumentKind,
    text: string,
    index: number,
  ): SampleArgument | undefined {
    const expected = this.argumentProblem(kind, text, index < signature.required.length);
    if (expected !== undefined) {
      this.scope.report.add("LB_BAD_ARGUMENT", { name: signature.name, index: index + 1, text, expected }, this.at);
      return undefined;
    }
    if (kind === "i") return text === "" ? null : Number(text);
    if (index === 0 && /^map(_|$)/.test(signature.name)) {
      const { section, references } = this.scope;
      references.push({ kind: "file", name: text, from: section, keyword: signature.name, at: this.at });
    }
    const reference = lookUp(REFERENCE_KINDS, kind);
    if (reference !== undefined) this.refer(reference, text === "" ? this.scope.section : text);
    if (reference !== undefined && text === "") return this.scope.section;
    return text;
  }

  /** What the argument should have been, or undefined when it is good. */
  private argumentProblem(kind: ArgumentKind, text: string, required: boolean): string | undefined {
    if (text === "" && !required) return undefined;
    switch (kind) {
      case "i":
        return /^[+-]?\d{1,19}$/.test(text) ? undefined : "an integer";
      case "a4":
        return parseIpv4(text) === undefined ? "an IPv4 address" : undefined;
      case "a6":
        return parseIpv6(text) === undefined ? "an IPv6 address" : undefined;
      case "m4":
        return isBits(text, 32) || parseIpv4(text) !== undefined ? undefined : "an IPv4 mask";
      case "m6":
        return isBits(text, 128) || parseIpv6(text) !== undefined ? undefined : "an IPv6 mask";
      case "r":
        return typeof compileRegex(text, "") === "string" ? "a regular expression" : undefined;
      case "u":
      case "v":
        return text === "" ? "a name" : undefined;
      case "s":
      case "t":
      case "b":
      case "f":
      case "p":
        return undefined;
    }
  }
}

/** Empty parentheses count for nothing; a single required text that is left out is an empty one. */
function givenTexts(signature: CallSignature, given: readonly string[]): readonly string[] {
  if (given.length === 1 && given[0] === "" && signature.required.length === 0) return [];
  if (given.length === 0 && signature.required.length === 1 && signature.required[0] === "s") return [""];
  return given;
}

/** `be_conn` and the like may leave out their proxy argument. */
function isSelfTable(signature: CallSignature): boolean {
  return signature.required.every((kind) => kind === "b" || kind === "f" || kind === "t");
}

const REFERENCE_KINDS: Partial<Record<ArgumentKind, "table" | "backend" | "frontend" | "server" | "userlist">> = {
  t: "table",
  b: "backend",
  f: "frontend",
  v: "server",
  u: "userlist",
};

function isBits(text: string, most: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= most;
}
