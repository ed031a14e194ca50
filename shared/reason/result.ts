import type { Reason } from "./catalogue.ts";

/**
 * What reading or checking gives: a value with the warnings found on the way, or all the problems at once.
 * Never a value and errors together: nothing is half applied.
 */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value; readonly warnings: readonly Reason[] }
  | { readonly ok: false; readonly problems: readonly Reason[] };

export function ok<Value>(value: Value, warnings: readonly Reason[] = []): Result<Value> {
  return { ok: true, value, warnings };
}

export function fail<Value>(problems: readonly Reason[]): Result<Value> {
  if (problems.length === 0) throw new Error("a failed result needs at least one problem");
  return { ok: false, problems };
}
