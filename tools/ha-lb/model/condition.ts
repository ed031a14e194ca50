import type { Position } from "../../../shared/text/position.ts";
import type { SampleExpression } from "./sample.ts";

/** How a sample is compared: the `-m` methods. */
export const MATCH_METHODS = [
  "found",
  "bool",
  "int",
  "ip",
  "bin",
  "len",
  "str",
  "sub",
  "reg",
  "beg",
  "end",
  "dir",
  "dom",
] as const;
export type MatchMethod = (typeof MATCH_METHODS)[number];

export function isMatchMethod(text: string): text is MatchMethod {
  return MATCH_METHODS.some((method) => method === text);
}

/** A pattern file of `-f` or `-M`; several tests that name one file share its contents. */
export interface PatternFile {
  readonly path: string;
  /** `-M`: two columns, as maps have. */
  readonly asMap: boolean;
}

/** One comparison of one sample: a line of `acl`, or what stands between braces. */
export interface AclTest {
  readonly expression: SampleExpression;
  readonly match: MatchMethod;
  readonly ignoreCase: boolean;
  /** `-u`: the number under which the command socket shows it. */
  readonly uniqueId?: number;
  readonly files: readonly PatternFile[];
  /** As written, operators included (`gt 3` is `["gt 3"]`); `parsePattern` types them. */
  readonly patterns: readonly string[];
  readonly at: Position;
}

/** A named ACL: it holds when any of its tests holds. Anonymous ones have an empty name and one test. */
export interface Acl {
  readonly name: string;
  readonly tests: readonly AclTest[];
}

export interface ConditionTerm {
  readonly negate: boolean;
  readonly acl: Acl;
}

/** `if`/`unless` with groups joined by `or`; inside a group all terms must hold. */
export interface Condition {
  readonly unless: boolean;
  readonly anyOf: readonly (readonly ConditionTerm[])[];
  readonly text: string;
  readonly at: Position;
}
