/** When `set-var(NAME,CONDITION,…)` sets, as a rule and as a converter (configuration.txt, "http-request set-var"). */
import type { SetVariableCondition } from "../model/rule.ts";
import type { VariableScope } from "../model/sample.ts";
import type { SampleValue } from "../model/value.ts";

/** @param before what the variable holds; @param value what it would get */
export function mayBeSet(
  conditions: readonly SetVariableCondition[],
  scope: VariableScope,
  before: SampleValue | undefined,
  value: SampleValue | undefined,
): boolean {
  return conditions.every((condition) => holds(condition, scope, before, value));
}

function holds(
  condition: SetVariableCondition,
  scope: VariableScope,
  before: SampleValue | undefined,
  value: SampleValue | undefined,
): boolean {
  switch (condition) {
    // Variables of the process exist from the start on, by being named in the configuration.
    case "ifexists":
      return scope === "proc" || before !== undefined;
    case "ifnotexists":
      return scope !== "proc" && before === undefined;
    case "ifempty":
      return value === undefined || value === "";
    case "ifnotempty":
      return value !== undefined && value !== "";
    case "ifset":
      return before !== undefined;
    case "ifnotset":
      return before === undefined;
    // Texts have no order: between them these say nothing.
    case "ifgt":
      return !isScalar(before) || !isScalar(value) || Number(before) > Number(value);
    case "iflt":
      return !isScalar(before) || !isScalar(value) || Number(before) < Number(value);
  }
}

function isScalar(value: SampleValue | undefined): value is number | boolean {
  return typeof value === "number" || typeof value === "boolean";
}
