/** Collects what rules tell, in the order in which it happened. */
import type { ConditionTerm } from "../../model/condition.ts";
import type { Rule, UseServerRule } from "../../model/rule.ts";
import type { SampleContext } from "../../model/sample-context.ts";
import { compileExpression } from "../expression.ts";
import { toText } from "../sample-cast.ts";
import type { CompileEnvironment } from "../sample-types.ts";
import type { RuleTrace } from "./trace.ts";
import type { Verdict } from "./verdict.ts";

/** Entries of one request: more would be a configuration that nobody reads to the end. */
const MOST_ENTRIES = 10_000;
/** Characters of a value. */
const MOST_VALUE = 200;

const COUNTS = /_(inc|clr)_/;

export interface TracedTerm {
  /** The ACL's name with `!` before it where it is negated; what stands between braces without a name. */
  readonly text: string;
  readonly holds: boolean;
  readonly file: string;
  readonly line: number;
  /** What was looked at, and what it was: `path` is `/a`. */
  readonly samples: readonly { readonly text: string; readonly value: string | undefined }[];
}

export interface TracedEntry {
  readonly kind: "rule" | "choice" | "condition";
  readonly file: string;
  readonly line: number;
  readonly applied: boolean;
  readonly terms: readonly TracedTerm[];
  /** What it led to: a verdict in words, or the name that was chosen. */
  readonly outcome: string;
}

function inWords(verdict: Verdict | undefined): string {
  switch (verdict?.kind) {
    case undefined:
      return "";
    case "accept":
      return "ends this set of rules";
    case "reply":
      return verdict.denied ? `denied with ${verdict.status}` : `answered with ${verdict.status}`;
    case "tarpit":
      return `held, then answered with ${verdict.status}`;
    case "drop":
      return "closed";
    case "wait-for-body":
      return "waits for the body";
    case "look-up":
      return `looks '${verdict.name}' up; here it goes on as if there were no address`;
  }
}

export class TraceLog implements RuleTrace {
  readonly entries: TracedEntry[] = [];
  private terms: TracedTerm[] = [];

  /** `environment` compiles the expressions whose values are shown. */
  constructor(private readonly environment: () => CompileEnvironment) {}

  term(term: ConditionTerm, holds: boolean, context: SampleContext): void {
    const { acl, negate } = term;
    const [first] = acl.tests;
    const samples = acl.tests.map(({ expression }) => {
      // Looking at a counter that counts by being looked at would change what follows.
      if (COUNTS.test(expression.text)) return { text: expression.text, value: undefined };
      const value = compileExpression(expression, this.environment()).get(context);
      return { text: expression.text, value: value === undefined ? undefined : toText(value).slice(0, MOST_VALUE) };
    });
    const anonymous = first === undefined ? "" : [first.expression.text, ...first.patterns].join(" ");
    const name = acl.name === "" ? `{ ${anonymous} }` : acl.name;
    const place = { file: first?.at.file ?? "", line: first?.at.line ?? 0 };
    this.terms.push({ text: `${negate ? "!" : ""}${name}`, holds, samples, ...place });
  }

  condition(): void {
    // The rule that it belongs to follows.
  }

  rule(rule: Rule, ran: boolean, verdict: Verdict | undefined): void {
    this.add("rule", rule.at, ran, inWords(verdict));
  }

  choice(rule: UseServerRule, holds: boolean, name: string): void {
    this.add("choice", rule.at, holds, holds ? name : "");
  }

  private add(kind: TracedEntry["kind"], at: Rule["at"], applied: boolean, outcome: string): void {
    if (this.entries.length < MOST_ENTRIES)
      this.entries.push({ kind, file: at.file, line: at.line, applied, terms: this.terms, outcome });
    this.terms = [];
  }
}
