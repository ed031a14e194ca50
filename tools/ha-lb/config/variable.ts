import type { VariableName, VariableScope } from "../model/sample.ts";

const VARIABLE_SCOPES: readonly VariableScope[] = ["proc", "sess", "txn", "req", "res", "check"];

/** `txn.name`; text of the problem when it isn't one. */
export function parseVariable(text: string): VariableName | string {
  const dot = text.indexOf(".");
  const scope = VARIABLE_SCOPES.find((known) => known === text.slice(0, dot));
  if (dot < 0 || scope === undefined) {
    return `invalid variable name '${text}': a scope must come first: 'proc.', 'sess.', 'txn.', 'req.', 'res.' or 'check.'`;
  }
  const name = text.slice(dot + 1);
  if (!/^[A-Za-z0-9_.]+$/.test(name)) return `invalid variable name '${text}': use letters, digits, '_' and '.'`;
  return { scope, name };
}
