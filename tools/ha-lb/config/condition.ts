import type { Acl, Condition, ConditionTerm } from "../model/condition.ts";
import { parseAclTest, predefinedAcl, PREDEFINED_NAMES } from "./acl.ts";
import { hintFor, type Line } from "./line.ts";
import type { Scope } from "./scope.ts";

/** Terms in one condition. */
const TERMS_MAX = 256;

/**
 * Reads `if …` or `unless …` from a word to the end of the line (chapter 7.2): terms side by side must all
 * hold, `||` or `or` starts an alternative, `!` negates.
 */
export function parseCondition(
  scope: Scope,
  acls: ReadonlyMap<string, Acl>,
  line: Line,
  index: number,
): Condition | undefined {
  const word = line.text(index);
  if (word !== "if" && word !== "unless") throw new Error("a condition starts with 'if' or 'unless'");
  const groups: ConditionTerm[][] = [[]];
  let negate = false;
  let good = true;
  let next = index + 1;
  let count = 0;
  const text = line.rest(index);
  while (next < line.length) {
    let name = line.text(next);
    if (name === "||" || name.toLowerCase() === "or") {
      if (groups.at(-1)?.length === 0 || negate)
        good = fault(scope, line, next, text, `a term is missing before '${name}'`);
      groups.push([]);
      next += 1;
      continue;
    }
    while (name.startsWith("!")) {
      negate = !negate;
      name = name.slice(1);
    }
    if (name === "") {
      next += 1;
      continue;
    }
    const term =
      name === "{" ? parseBraces(scope, line, next) : { acl: findAcl(scope, acls, line, next, name), next: next + 1 };
    if (term === undefined) return undefined;
    count += 1;
    if (count > TERMS_MAX) return void fault(scope, line, next, text, `more than ${TERMS_MAX} terms`);
    if (term.acl === undefined) good = false;
    else groups.at(-1)?.push({ negate, acl: term.acl });
    negate = false;
    next = term.next;
  }
  if (negate || groups.some((group) => group.length === 0)) {
    if (good) fault(scope, line, line.length, text, "a term is missing");
    return undefined;
  }
  return good ? { unless: word === "unless", anyOf: groups, text, at: line.span(index) } : undefined;
}

function fault(scope: Scope, line: Line, index: number, text: string, problem: string): false {
  scope.report.add("LB_BAD_CONDITION", { text, problem }, line.at(index));
  return false;
}

function parseBraces(
  scope: Scope,
  line: Line,
  index: number,
): { readonly acl: Acl | undefined; readonly next: number } | undefined {
  let close = index + 1;
  while (close < line.length && line.text(close) !== "}") close += 1;
  if (close >= line.length) {
    fault(scope, line, index, line.rest(index), "missing closing '}'");
    return undefined;
  }
  const test = parseAclTest(scope, "", line.words.slice(index + 1, close), line.at(index));
  return { acl: test === undefined ? undefined : { name: "", tests: [test] }, next: close + 1 };
}

function findAcl(
  scope: Scope,
  acls: ReadonlyMap<string, Acl>,
  line: Line,
  index: number,
  name: string,
): Acl | undefined {
  const found = acls.get(name) ?? predefinedAcl({ ...scope, keyword: "acl" }, name, line.at(index));
  if (found === undefined) {
    const hint = hintFor(name, [...acls.keys(), ...PREDEFINED_NAMES]);
    line.problem("LB_NO_SUCH_ACL", { name, hint }, index);
  }
  return found;
}
