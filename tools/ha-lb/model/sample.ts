import type { Position } from "../../../shared/text/position.ts";

/** The types a sample can have. `any` is only known at run time (variables); `addr` is either family of address. */
export type SampleType = "bool" | "sint" | "ipv4" | "ipv6" | "addr" | "str" | "bin" | "meth" | "any";

/**
 * One checked argument. Names of proxies, servers, tables and user lists stay text here and are
 * verified against the whole configuration; an argument left empty is `null`.
 */
export type SampleArgument = string | number | null;

/** A fetch or a converter with its arguments. */
export interface SampleCall {
  readonly name: string;
  readonly arguments: readonly SampleArgument[];
}

/** `fetch(args),converter(args),…`: where a value comes from and how it is transformed. */
export interface SampleExpression {
  readonly fetch: SampleCall;
  readonly converters: readonly SampleCall[];
  /** The type after the last converter. */
  readonly type: SampleType;
  /** The text it was read from, for `explain` and for messages. */
  readonly text: string;
  readonly at: Position;
}

/** The scopes of variables, from the longest life to the shortest. */
export type VariableScope = "proc" | "sess" | "txn" | "req" | "res" | "check";

export interface VariableName {
  readonly scope: VariableScope;
  readonly name: string;
}
