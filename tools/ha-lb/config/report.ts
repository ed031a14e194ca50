import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import { LB_CONFIG_REASONS, type LbConfigCode, type ProblemData } from "../model/reasons.ts";

/** More problems than this are not kept: nobody reads them, and memory stays bounded. */
export const PROBLEMS_MAX = 1000;

/** Collects everything that is wrong, errors and warnings apart, in the order of finding. */
export class Report {
  readonly errors: Reason[] = [];
  readonly warnings: Reason[] = [];

  add<Code extends LbConfigCode>(code: Code, data: ProblemData<Code>, at?: Position): void {
    this.push(reason(LB_CONFIG_REASONS, code, data, at));
  }

  push(fact: Reason): void {
    const entry = (LB_CONFIG_REASONS as Readonly<Record<string, { readonly severity: string }>>)[fact.code];
    const list = entry?.severity === "error" ? this.errors : this.warnings;
    if (list.length < PROBLEMS_MAX) list.push(fact);
  }
}
