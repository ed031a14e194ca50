import type { VariableName, VariableScope } from "../model/sample.ts";

const SCOPES: readonly VariableScope[] = ["proc", "sess", "txn", "req", "res", "check"];

/** The variable that a checked name means. */
export function variableNamed(text: string): VariableName {
  const dot = text.indexOf(".");
  const scope = SCOPES.find((known) => known === text.slice(0, dot));
  if (scope === undefined) throw new Error(`'${text}' was accepted as a variable`);
  return { scope, name: text.slice(dot + 1) };
}
