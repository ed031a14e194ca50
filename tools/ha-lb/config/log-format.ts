import { lookUp } from "../../../shared/text/lookup.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { LogFlags, LogFormat, LogPart } from "../model/log-format.ts";
import { canCast } from "./sample-table.ts";
import { parseExpression } from "./sample.ts";
import type { Scope } from "./scope.ts";
import { hintFor } from "./line.ts";

/** A format with more parts than this is refused. */
const PARTS_MAX = 1024;

/** The short variables of chapter 8.2.6 and the modes that have them: H only http, T any. */
const VARIABLES: Readonly<Record<string, "H" | "T">> = {
  o: "T",
  B: "T",
  CC: "H",
  CS: "H",
  H: "T",
  HM: "H",
  HP: "H",
  HPO: "H",
  HQ: "H",
  HU: "H",
  HV: "H",
  ID: "T",
  ST: "T",
  T: "T",
  Ta: "H",
  Tc: "T",
  Td: "T",
  Th: "T",
  Ti: "H",
  Tl: "T",
  Tq: "H",
  TR: "H",
  Tr: "H",
  Ts: "T",
  Tt: "T",
  Tu: "T",
  Tw: "T",
  U: "T",
  ac: "T",
  b: "T",
  bc: "T",
  bi: "T",
  bp: "T",
  bq: "T",
  ci: "T",
  cp: "T",
  f: "T",
  fc: "T",
  fi: "T",
  fp: "T",
  ft: "T",
  hr: "T",
  hrl: "T",
  hs: "T",
  hsl: "T",
  lc: "T",
  ms: "T",
  pid: "T",
  r: "H",
  rc: "T",
  rt: "T",
  s: "T",
  sc: "T",
  si: "T",
  sp: "T",
  sq: "T",
  sslc: "T",
  sslv: "T",
  t: "T",
  tr: "H",
  trg: "H",
  trl: "H",
  ts: "T",
  tsc: "T",
};

const NAMES = Object.keys(VARIABLES);
const OBSOLETE: Readonly<Record<string, string>> = {
  Bi: "bi",
  Bp: "bp",
  Ci: "ci",
  Cp: "cp",
  Fi: "fi",
  Fp: "fp",
  Si: "si",
  Sp: "sp",
  cc: "CC",
  cs: "CS",
  st: "ST",
};

const NO_FLAGS: LogFlags = { quote: false, escape: false, hexadecimal: false, mandatory: false };

/** Reads a log-format string; `http` says whether variables of mode http may be used (undefined: don't check). */
export function parseLogFormat(scope: Scope, text: string, at: Position): LogFormat | undefined {
  return new LogFormatReader(scope, text, at).read();
}

/** Does the format use a variable that only mode http has? */
export function httpVariable(format: LogFormat): string | undefined {
  for (const part of format.parts) {
    if (part.kind === "variable" && lookUp(VARIABLES, part.name) === "H") return part.name;
  }
  return undefined;
}

class LogFormatReader {
  private offset = 0;
  private readonly parts: LogPart[] = [];
  private literal = "";
  private defaults: LogFlags = NO_FLAGS;
  private readonly scope: Scope;
  private readonly text: string;
  private readonly at: Position;

  constructor(scope: Scope, text: string, at: Position) {
    this.scope = scope;
    this.text = text;
    this.at = at;
  }

  read(): LogFormat | undefined {
    while (this.offset < this.text.length) {
      const unit = this.text.charAt(this.offset);
      if (unit !== "%") {
        this.literal += unit;
        this.offset += 1;
      } else if (this.text.charAt(this.offset + 1) === "%") {
        this.literal += "%";
        this.offset += 2;
      } else if (!this.readVariable()) return undefined;
      if (this.parts.length > PARTS_MAX) return this.problem(`more than ${PARTS_MAX} parts`, "");
    }
    this.flush();
    return { parts: this.parts, text: this.text, at: this.at };
  }

  private problem(problem: string, hint: string): undefined {
    this.scope.report.add("LB_BAD_LOG_FORMAT", { text: this.text, problem, hint }, this.at);
    return undefined;
  }

  private flush(): void {
    if (this.literal !== "") this.parts.push({ kind: "text", text: this.literal });
    this.literal = "";
  }

  /** `%{flags}name`, `%{flags}[expression]`; `%{flags}o` sets flags for what follows. */
  private readVariable(): boolean {
    const rest = this.text.slice(this.offset + 1);
    const braces = /^\{([^}]*)\}/.exec(rest);
    if (braces === null && rest.startsWith("{")) return this.problem("missing '}' after '%{'", "") ?? false;
    const start = this.offset + 1 + (braces?.[0].length ?? 0);
    const flags = this.readFlags(braces?.[1]);
    if (flags === undefined) return false;
    if (this.text.charAt(start) === "[") return this.readSample(start, flags);
    return this.readName(start, flags, braces?.[1]);
  }

  private readFlags(text: string | undefined): LogFlags | undefined {
    const flags = { ...this.defaults };
    if (text === undefined) return flags;
    let on = true;
    for (const unit of text) {
      if (unit === "+") on = true;
      else if (unit === "-") on = false;
      else if (unit === "Q") flags.quote = on;
      else if (unit === "E") flags.escape = on;
      else if (unit === "X") flags.hexadecimal = on;
      else if (unit === "M") flags.mandatory = on;
      else if (unit !== ",") return flags;
    }
    return flags;
  }

  private readName(start: number, flags: LogFlags, braced: string | undefined): boolean {
    // The whole run of letters and digits is the name: `%foo` isn't `%f` and "oo".
    const word = /^[A-Za-z0-9]*/.exec(this.text.slice(start))?.[0] ?? "";
    if (!Object.hasOwn(VARIABLES, word)) {
      const obsolete = lookUp(OBSOLETE, word);
      if (word === "")
        this.problem(`no variable name after '%' at position ${this.offset + 1}`, "write '%%' for a percent sign");
      else
        this.problem(
          `no such variable '%${word}'`,
          obsolete === undefined ? hintFor(word, NAMES) : `use '%${obsolete}'`,
        );
      return false;
    }
    this.offset = start + word.length;
    if (word === "o") {
      this.defaults = flags;
      // A separator after %o is swallowed: it produces nothing itself.
      if (this.text.charAt(this.offset) === " ") this.offset += 1;
      return true;
    }
    this.flush();
    const argument = braced === undefined || /^[-+QEXM,]*$/.test(braced) ? {} : { argument: braced };
    this.parts.push({ kind: "variable", name: word, flags, ...argument });
    return true;
  }

  private readSample(start: number, flags: LogFlags): boolean {
    const end = closingBracket(this.text, start);
    if (end < 0) return this.problem("missing ']' after '%['", "") ?? false;
    const expression = parseExpression(this.scope, this.text.slice(start + 1, end), this.at);
    if (expression === undefined) return false;
    if (!canCast(expression.type, "str")) return this.problem(`'${expression.text}' has no text form`, "") ?? false;
    this.flush();
    this.parts.push({ kind: "sample", expression, flags });
    this.offset = end + 1;
    return true;
  }
}

/** The bracket that closes an expression: not one inside parentheses (a regular expression, say) or quotes. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  let quote = "";
  for (let offset = start + 1; offset < text.length; offset += 1) {
    const unit = text.charAt(offset);
    if (depth > 0 && unit === "\\" && quote !== "'") offset += 1;
    else if (depth > 0 && (unit === '"' || unit === "'")) quote = quote === "" ? unit : quote === unit ? "" : quote;
    else if (quote !== "") continue;
    else if (unit === "(" && depth === 0) depth = 1;
    else if (unit === ")" && depth === 1) depth = 0;
    else if (unit === "]" && depth === 0) return offset;
  }
  return -1;
}
