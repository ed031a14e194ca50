import {
  byPrecedence,
  type AttributeExpression,
  type DateExpression,
  type NvSet,
  type Rule,
  type RulePart,
} from "../model/nvset.ts";
import { addDuration, matchesDateSpec, parseIsoTime } from "./dates.ts";
import { parseRole, type Role, ROLE } from "./roles.ts";

/** What a rule is held against. Parts that ask for something that isn't given are false. */
export interface RuleContext {
  /** Seconds since 1970. */
  readonly now: number;
  readonly nodeAttribute?: ((name: string) => string | undefined) | undefined;
  /** Parameters and meta attributes of the resource, for `value-source`. */
  readonly parameter?: ((name: string) => string | undefined) | undefined;
  readonly meta?: ((name: string) => string | undefined) | undefined;
  readonly role?: Role | undefined;
  readonly operation?: { readonly name: string; readonly intervalMs: number } | undefined;
  readonly agent?:
    { readonly class: string; readonly provider?: string | undefined; readonly type: string } | undefined;
}

export function ruleHolds(rule: Rule, context: RuleContext): boolean {
  const role = parseRole(rule.role);
  if (role !== undefined && context.role !== undefined && role > ROLE.started && role !== context.role) return false;
  if (rule.parts.length === 0) return true;
  const holds = (part: RulePart) => partHolds(part, context);
  return rule.join === "or" ? rule.parts.some(holds) : rule.parts.every(holds);
}

function partHolds(part: RulePart, context: RuleContext): boolean {
  switch (part.kind) {
    case "rule":
      return ruleHolds(part.rule, context);
    case "attribute":
      return attributeHolds(part, context);
    case "date":
      return dateHolds(part, context.now);
    case "op": {
      const operation = context.operation;
      if (operation === undefined || operation.name !== part.name) return false;
      return part.interval === undefined || intervalMs(part.interval) === operation.intervalMs;
    }
    case "resource": {
      const agent = context.agent;
      if (agent === undefined) return false;
      // A provider that isn't named is none: as with Pacemaker, it fits no OCF agent.
      return (
        (part.class === undefined || part.class === agent.class) &&
        part.provider === agent.provider &&
        (part.type === undefined || part.type === agent.type)
      );
    }
    default:
      return part satisfies never;
  }
}

function intervalMs(text: string): number {
  const found = /^(\d+)(ms|m|h)?/.exec(text);
  const unit = found?.[2] === "ms" ? 1 : found?.[2] === "m" ? 60_000 : found?.[2] === "h" ? 3_600_000 : 1000;
  return Number(found?.[1] ?? 0) * unit;
}

function attributeHolds(part: AttributeExpression, context: RuleContext): boolean {
  const get = context.nodeAttribute;
  if (get === undefined) return false;
  const actual = get(part.attribute);
  if (part.operation === "defined") return actual !== undefined;
  if (part.operation === "not_defined") return actual === undefined;
  const wanted = wantedValue(part, context);
  const order = compareValues(actual, wanted, part.type, part.operation);
  switch (part.operation) {
    case "eq":
      return order === 0;
    case "ne":
      return order !== 0;
    // Order relations need both sides.
    case "lt":
      return order !== undefined && actual !== undefined && order < 0;
    case "lte":
      return order !== undefined && actual !== undefined && order <= 0;
    case "gt":
      return order !== undefined && actual !== undefined && order > 0;
    case "gte":
      return order !== undefined && actual !== undefined && order >= 0;
    default:
      return part.operation satisfies never;
  }
}

function wantedValue(part: AttributeExpression, context: RuleContext): string | undefined {
  if (part.value === undefined) return undefined;
  if (part.valueSource === "param") return context.parameter?.(part.value);
  if (part.valueSource === "meta") return context.meta?.(part.value);
  return part.value;
}

/**
 * Values are compared as numbers when an order is asked for and nothing else is said, otherwise as text; as text too
 * when they are no numbers.
 */
function compareValues(
  left: string | undefined,
  right: string | undefined,
  type: string | undefined,
  operation: string,
): number {
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
  const ordered = operation !== "eq" && operation !== "ne";
  const kind = type ?? (ordered ? (/\./.test(left + right) ? "number" : "integer") : "string");
  switch (kind) {
    case "integer":
    case "number": {
      const first = Number.parseFloat(left);
      const second = Number.parseFloat(right);
      if (Number.isNaN(first) || Number.isNaN(second)) return compareValues(left, right, "string", operation);
      return kind === "integer" ? Math.trunc(first) - Math.trunc(second) : first - second;
    }
    case "version":
      return compareVersions(left, right);
    default: {
      const first = left.toLowerCase();
      const second = right.toLowerCase();
      return first < second ? -1 : first > second ? 1 : 0;
    }
  }
}

function compareVersions(left: string, right: string): number {
  const first = left.split(".").map((word) => Number.parseInt(word, 10) || 0);
  const second = right.split(".").map((word) => Number.parseInt(word, 10) || 0);
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    const difference = (first[index] ?? 0) - (second[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function dateHolds(part: DateExpression, now: number): boolean {
  const start = part.start === undefined ? undefined : parseIsoTime(part.start);
  let end = part.end === undefined ? undefined : parseIsoTime(part.end);
  if (end === undefined && start !== undefined && part.duration !== undefined) end = addDuration(start, part.duration);
  switch (part.operation) {
    case "gt":
      return start !== undefined && now > start;
    case "lt":
      return end !== undefined && now < end;
    case "in_range":
      if (start === undefined && end === undefined) return false;
      return (start === undefined || now >= start) && (end === undefined || now <= end);
    case "date_spec":
      return part.spec !== undefined && matchesDateSpec(now, part.spec);
    default:
      return part.operation satisfies never;
  }
}

/** As a value: as if nothing had been said so far. */
const DEFAULT = "#default";

/**
 * Joins sets into one table: sets whose rule holds, in the order in which they count; what is already in the table stays.
 * @param first the id of a set that goes before all others
 */
export function collectPairs(
  into: Map<string, string>,
  sets: readonly NvSet[],
  context: RuleContext,
  first?: string,
): void {
  for (const set of byPrecedence(sets, first)) {
    if (set.rule !== undefined && !ruleHolds(set.rule, context)) continue;
    for (const { name, value } of set.pairs) {
      if (value.toLowerCase() === DEFAULT) into.delete(name);
      else if (!into.has(name)) into.set(name, value);
    }
  }
}
