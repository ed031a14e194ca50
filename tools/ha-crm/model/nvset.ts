import type { Position } from "../../../shared/text/position.ts";

/** Named values with an optional condition: instance attributes, meta attributes, properties, utilization. */
export interface NvPair {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly at?: Position | undefined;
}

export interface NvSet {
  readonly id: string;
  /** Sets with a higher score win over others; absent is 0. */
  readonly score?: number | undefined;
  readonly rule?: Rule | undefined;
  readonly pairs: readonly NvPair[];
  readonly at?: Position | undefined;
}

/**
 * Sets in the order in which they count: the one with the highest score first, of equal ones the last that is written.
 * @param first the id of a set that goes before all others
 */
export function byPrecedence(sets: readonly NvSet[], first?: string): readonly NvSet[] {
  if (sets.length < 2) return sets;
  return sets.toReversed().toSorted((left, right) => {
    if (left.id === first) return right.id === first ? 0 : -1;
    if (right.id === first) return 1;
    return (right.score ?? 0) - (left.score ?? 0);
  });
}

/** A condition; its parts are joined by `and` or `or`. */
export interface Rule {
  readonly id: string;
  readonly join: "and" | "or";
  readonly role?: string | undefined;
  /** Only in location constraints. */
  readonly score?: string | undefined;
  /** Only in location constraints: the score is the value of this node attribute. */
  readonly scoreAttribute?: string | undefined;
  readonly parts: readonly RulePart[];
  readonly at?: Position | undefined;
}

export type RulePart =
  | { readonly kind: "rule"; readonly rule: Rule }
  | AttributeExpression
  | DateExpression
  | { readonly kind: "op"; readonly id: string; readonly name: string; readonly interval?: string | undefined }
  | {
      readonly kind: "resource";
      readonly id: string;
      readonly class?: string | undefined;
      readonly provider?: string | undefined;
      readonly type?: string | undefined;
    };

export type AttributeOperation = "lt" | "gt" | "lte" | "gte" | "eq" | "ne" | "defined" | "not_defined";

export interface AttributeExpression {
  readonly kind: "attribute";
  readonly id: string;
  readonly attribute: string;
  readonly operation: AttributeOperation;
  readonly value?: string | undefined;
  readonly type?: string | undefined;
  readonly valueSource?: string | undefined;
}

export interface DateExpression {
  readonly kind: "date";
  readonly id: string;
  readonly operation: "gt" | "lt" | "in_range" | "date_spec";
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly duration?: Readonly<Record<string, string>> | undefined;
  readonly durationId?: string | undefined;
  readonly spec?: Readonly<Record<string, string>> | undefined;
  readonly specId?: string | undefined;
}
