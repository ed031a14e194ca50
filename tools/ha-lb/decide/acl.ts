import type { Acl, AclTest, Condition, ConditionTerm } from "../model/condition.ts";
import type { SampleContext } from "../model/sample-context.ts";
import type { SampleValue } from "../model/value.ts";
import { compileExpression } from "./expression.ts";
import type { PatternIndex } from "./acl-patterns.ts";
import { lowerAscii } from "../model/pattern.ts";
import { toBoolean } from "./sample-cast.ts";
import type { CompiledSample, CompileEnvironment } from "./sample-types.ts";

/** A compiled condition: does it hold now? */
export type Predicate = (context: SampleContext) => boolean;

const ALWAYS: Predicate = () => true;

/** Compiles `if`/`unless`; without a condition it always holds. Compile once, when the configuration is loaded. */
export function compileCondition(condition: Condition | undefined, environment: CompileEnvironment): Predicate {
  if (condition === undefined) return ALWAYS;
  const groups = condition.anyOf.map((terms) => allOf(terms.map((term) => compileTerm(term, environment))));
  const holds = anyOf(groups);
  const result: Predicate = condition.unless ? (context) => !holds(context) : holds;
  const { trace } = environment;
  if (trace === undefined) return result;
  return (context) => {
    const is = result(context);
    trace.condition(condition, is);
    return is;
  };
}

function compileTerm(term: ConditionTerm, environment: CompileEnvironment): Predicate {
  const holds = compileAcl(term.acl, environment);
  const { trace } = environment;
  if (trace === undefined) return term.negate ? (context) => !holds(context) : holds;
  return (context) => {
    const is = holds(context) !== term.negate;
    trace.term(term, is, context);
    return is;
  };
}

/** Compiles an ACL: any of its tests. */
export function compileAcl(acl: Acl, environment: CompileEnvironment): Predicate {
  return anyOf(acl.tests.map((test) => compileTest(test, environment)));
}

function allOf(list: readonly Predicate[]): Predicate {
  const [first, second] = list;
  if (first === undefined) return ALWAYS;
  if (second === undefined) return first;
  if (list.length === 2) return (context) => first(context) && second(context);
  return (context) => list.every((predicate) => predicate(context));
}

function anyOf(list: readonly Predicate[]): Predicate {
  const [first, second] = list;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  if (list.length === 2) return (context) => first(context) || second(context);
  return (context) => list.some((predicate) => predicate(context));
}

type ValueTest = (value: SampleValue) => boolean;

/** Compiles one comparison. Several values (headers, cookies) are tried one after the other. */
export function compileTest(test: AclTest, environment: CompileEnvironment): Predicate {
  const sample = compileExpression(test.expression, environment);
  return overValues(sample, compileMatch(test, environment));
}

function overValues(sample: CompiledSample, matches: ValueTest): Predicate {
  const { get, all } = sample;
  if (all !== undefined) {
    return (context) => {
      for (const value of all(context)) if (matches(value)) return true;
      return false;
    };
  }
  return (context) => {
    const value = get(context);
    return value !== undefined && matches(value);
  };
}

function compileMatch(test: AclTest, environment: CompileEnvironment): ValueTest {
  if (test.match === "found") return () => true;
  if (test.match === "bool") return (value) => toBoolean(value) ?? false;
  const single = singlePattern(test);
  if (single !== undefined) return single;
  const { patterns } = environment;
  const indexes: PatternIndex[] = test.files.map((file) =>
    patterns.file(file.path, file.asMap).index(test.match, test.ignoreCase),
  );
  if (test.patterns.length > 0)
    indexes.push(patterns.own(test.patterns, test.uniqueId).index(test.match, test.ignoreCase));
  const [only] = indexes;
  if (only === undefined) return () => false;
  if (indexes.length === 1) return (value) => only.find(value) !== undefined;
  return (value) => indexes.some((index) => index.find(value) !== undefined);
}

/** The hot path: one text pattern on a string, compared without an index. It can't be changed at run time. */
function singlePattern(test: AclTest): ValueTest | undefined {
  const [only] = test.patterns;
  const type = test.expression.type;
  if (type !== "str" && type !== "meth") return undefined;
  if (only === undefined || test.patterns.length > 1 || test.files.length > 0 || test.uniqueId !== undefined)
    return undefined;
  const pattern = test.ignoreCase ? lowerAscii(only) : only;
  const fold = test.ignoreCase ? lowerAscii : (text: string) => text;
  switch (test.match) {
    case "str":
      return (value) => typeof value === "string" && fold(value) === pattern;
    case "beg":
      return (value) => typeof value === "string" && fold(value).startsWith(pattern);
    case "end":
      return (value) => typeof value === "string" && fold(value).endsWith(pattern);
    case "sub":
      return (value) => typeof value === "string" && fold(value).includes(pattern);
    default:
      return undefined;
  }
}
