import { lookUp } from "../../../shared/text/lookup.ts";
import type { Position } from "../../../shared/text/position.ts";
import {
  type Acl,
  type AclTest,
  type MatchMethod,
  type PatternFile,
  isMatchMethod,
  MATCH_METHODS,
} from "../model/condition.ts";
import { parsePattern } from "../model/pattern.ts";
import type { SampleExpression, SampleType } from "../model/sample.ts";
import { choicesFor, hintFor } from "./line.ts";
import { canCast, CONDITION_ALIASES, FETCHES, matchInput } from "./sample-table.ts";
import { parseExpression } from "./sample.ts";
import type { Scope } from "./scope.ts";
import type { Word } from "./words.ts";

/** Patterns on one line. */
const OPERATORS: ReadonlySet<string> = new Set(["eq", "gt", "ge", "lt", "le"]);

/** Reads what follows the name of an `acl`, or what stands between braces. `name` is empty for the latter. */
export function parseAclTest(scope: Scope, name: string, words: readonly Word[], at: Position): AclTest | undefined {
  const [first, ...rest] = words;
  if (first === undefined || first.text === "") {
    scope.report.add(
      "LB_MISSING_ARGUMENT",
      { keyword: name === "" ? "{ }" : `acl ${name}`, expected: "a criterion to test", hint: "" },
      at,
    );
    return undefined;
  }
  const subject = parseSubject({ ...scope, keyword: "acl" }, first);
  if (subject === undefined) return undefined;
  const reader = new AclReader(scope, subject, rest);
  const flags = reader.read();
  if (flags === undefined) return undefined;
  return { ...flags, expression: subject.expression, at };
}

interface Subject {
  readonly expression: SampleExpression;
  /** The match that the keyword implies (`path_beg`), if any. */
  readonly match?: MatchMethod;
  readonly word: Word;
}

/** `path_beg`, `hdr_dom(host)`, or any sample expression. */
function parseSubject(scope: Scope, word: Word): Subject | undefined {
  const name = /^[^(,]*/.exec(word.text)?.[0] ?? "";
  const alias = CONDITION_ALIASES.get(name);
  if (alias === undefined && !FETCHES.has(name)) {
    const hint = hintFor(name, [...CONDITION_ALIASES.keys(), ...FETCHES.keys()]);
    scope.report.add("LB_UNKNOWN_FETCH", { name, text: word.text, hint }, word.at);
    return undefined;
  }
  const text = alias === undefined ? word.text : alias.fetch + word.text.slice(name.length);
  const expression = parseExpression(scope, text, word.at);
  if (expression === undefined) return undefined;
  const converted = expression.converters.length > 0;
  const match = alias === undefined || (converted && alias.match === "str") ? undefined : alias.match;
  return { expression: { ...expression, text: word.text }, ...(match === undefined ? {} : { match }), word };
}

function defaultMatch(type: SampleType): MatchMethod | undefined {
  switch (type) {
    case "bool":
      return "bool";
    case "sint":
      return "int";
    case "ipv4":
    case "ipv6":
    case "addr":
      return "ip";
    case "str":
    case "meth":
      return "str";
    case "bin":
    case "any":
      return undefined;
  }
}

class AclReader {
  private index = 0;
  private match: MatchMethod | undefined;
  private ignoreCase = false;
  private uniqueId: number | undefined;
  private ended = false;
  private asMap = false;
  private readonly files: PatternFile[] = [];
  private readonly scope: Scope;
  private readonly subject: Subject;
  private readonly words: readonly Word[];

  constructor(scope: Scope, subject: Subject, words: readonly Word[]) {
    this.scope = scope;
    this.subject = subject;
    this.words = words;
    this.match = subject.match ?? defaultMatch(subject.expression.type);
  }

  read(): Omit<AclTest, "expression" | "at"> | undefined {
    while (this.index < this.words.length && !this.ended) {
      const word = this.words[this.index];
      if (word === undefined || !/^-./.test(word.text) || /^-\d/.test(word.text)) break;
      if (!this.readFlag(word)) return undefined;
    }
    const match = this.match;
    const { word, expression } = this.subject;
    if (match === undefined) {
      const problem = "say how to compare with '-m': the sample is binary, or its type is only known at run time";
      this.scope.report.add("LB_BAD_EXPRESSION", { text: word.text, problem }, word.at);
      return undefined;
    }
    if (!canCast(expression.type, matchInput(match))) {
      const problem = `a sample of type ${expression.type} can't be compared with '-m ${match}'`;
      this.scope.report.add("LB_BAD_EXPRESSION", { text: word.text, problem }, word.at);
      return undefined;
    }
    const patterns = this.readPatterns(match);
    if (patterns === undefined) return undefined;
    this.warnWhenEmpty(match, patterns);
    const id = this.uniqueId === undefined ? {} : { uniqueId: this.uniqueId };
    return { match, ignoreCase: this.ignoreCase, files: this.files, patterns, ...id };
  }

  private warnWhenEmpty(match: MatchMethod, patterns: readonly string[]): void {
    const needsNone = match === "bool" || match === "found";
    if (patterns.length > 0 || this.files.length > 0 || this.ended || needsNone) return;
    this.scope.report.add("LB_NEVER_MATCHES", { name: this.subject.word.text }, this.subject.word.at);
  }

  private readFlag(word: Word): boolean {
    this.index += 1;
    switch (word.text) {
      case "--":
        this.ended = true;
        return true;
      case "-i":
        this.ignoreCase = true;
        return true;
      case "-n":
        return true;
      case "-M":
        // The files that follow have two columns.
        this.asMap = true;
        return true;
      case "-m":
      case "-f":
      case "-u":
        return this.readFlagValue(word);
      default:
        this.scope.report.add(
          "LB_UNKNOWN_WORD",
          { keyword: "acl", word: word.text, hint: "the flags are -i -f -m -M -n -u and --" },
          word.at,
        );
        return false;
    }
  }

  private readFlagValue(flag: Word): boolean {
    const value = this.words[this.index];
    if (value === undefined || value.text === "") return this.missing(flag, "an argument");
    this.index += 1;
    if (flag.text === "-m") return this.readMatch(value);
    if (flag.text === "-u") return this.readUniqueId(value);
    this.scope.references.push({
      kind: "file",
      name: value.text,
      from: this.scope.section,
      keyword: "acl -f",
      at: value.at,
    });
    this.files.push({ path: value.text, asMap: this.asMap });
    return true;
  }

  private missing(flag: Word, expected: string): false {
    this.scope.report.add("LB_MISSING_ARGUMENT", { keyword: `acl ${flag.text}`, expected, hint: "" }, flag.at);
    return false;
  }

  private readMatch(value: Word): boolean {
    if (!isMatchMethod(value.text)) {
      const hint = choicesFor(value.text, MATCH_METHODS);
      this.scope.report.add("LB_BAD_CHOICE", { keyword: "-m", got: value.text, hint }, value.at);
      return false;
    }
    this.match = value.text;
    return true;
  }

  private readUniqueId(value: Word): boolean {
    if (!/^\d{1,9}$/.test(value.text)) return this.missing(value, "a number");
    this.uniqueId = Number(value.text);
    return true;
  }

  /** Integers may have operators between them: `gt 5 lt 9` is two patterns. */
  private readPatterns(match: MatchMethod): readonly string[] | undefined {
    // A truth needs no pattern; what stands there is a remark, as the reference has it.
    if (match === "bool") return [];
    const numeric = match === "int" || match === "len";
    const patterns: string[] = [];
    let operator = "";
    let good = true;
    for (const word of this.words.slice(this.index)) {
      if (numeric && OPERATORS.has(word.text)) {
        operator = word.text;
        continue;
      }
      const text = numeric && operator !== "" ? `${operator} ${word.text}` : word.text;
      const pattern = parsePattern(match, text, this.ignoreCase);
      if (typeof pattern === "string") {
        this.scope.report.add("LB_BAD_PATTERN", { text, match, problem: pattern }, word.at);
        good = false;
      }
      patterns.push(text);
    }
    return good ? patterns : undefined;
  }
}

/** A condition can hold names of ACLs that exist without being declared: chapter 7.4. */
const PREDEFINED: Readonly<Record<string, string>> = {
  FALSE: "always_false",
  TRUE: "always_true",
  HTTP: "req.proto_http",
  "HTTP_1.0": "req.ver 1.0",
  "HTTP_1.1": "req.ver 1.1",
  "HTTP_2.0": "req.ver 2.0",
  HTTP_CONTENT: "req.hdr_val(content-length) gt 0",
  HTTP_URL_ABS: "url_reg ^[^/:]*://",
  HTTP_URL_SLASH: "url_beg /",
  HTTP_URL_STAR: "url *",
  LOCALHOST: "src 127.0.0.1/8 ::1",
  METH_CONNECT: "method CONNECT",
  METH_DELETE: "method DELETE",
  METH_GET: "method GET HEAD",
  METH_HEAD: "method HEAD",
  METH_OPTIONS: "method OPTIONS",
  METH_POST: "method POST",
  METH_PUT: "method PUT",
  METH_TRACE: "method TRACE",
  RDP_COOKIE: "req.rdp_cookie_cnt gt 0",
  REQ_CONTENT: "req.len gt 0",
  WAIT_END: "wait_end",
};

export const PREDEFINED_NAMES: readonly string[] = Object.keys(PREDEFINED);

export function predefinedAcl(scope: Scope, name: string, at: Position): Acl | undefined {
  const text = lookUp(PREDEFINED, name);
  if (text === undefined) return undefined;
  const words = text.split(" ").map((part) => ({ text: part, at }));
  const test = parseAclTest(scope, name, words, at);
  return test === undefined ? undefined : { name, tests: [test] };
}
