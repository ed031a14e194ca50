/** What happened while rules decided, for `explain`: the rules' own closures tell it when a listener is there. */
import type { Condition, ConditionTerm } from "../../model/condition.ts";
import type { Rule, UseServerRule } from "../../model/rule.ts";
import type { SampleContext } from "../../model/sample-context.ts";
import type { Verdict } from "./verdict.ts";

export interface RuleTrace {
  /** One ACL of a condition was asked. Those that couldn't change the result any more are not. */
  term(term: ConditionTerm, holds: boolean, context: SampleContext): void;
  condition(condition: Condition, holds: boolean): void;
  /** A rule was looked at; `verdict` when it ended its rule set. */
  rule(rule: Rule, ran: boolean, verdict: Verdict | undefined): void;
  /** `use_backend` and `use-server`: whether it chose, and which name. */
  choice(rule: UseServerRule, holds: boolean, name: string): void;
}
