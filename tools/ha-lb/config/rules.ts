import { lookUp } from "../../../shared/text/lookup.ts";
import type { Condition } from "../model/condition.ts";
import { FINAL_ACTIONS, type Rule } from "../model/rule.ts";
import { COMMON_ACTIONS, type ActionParser } from "./action-common.ts";
import { HTTP_ACTIONS, TCP_ACTIONS } from "./action-http.ts";
import { parseCondition } from "./condition.ts";
import type { ProxyDraft } from "./draft.ts";
import { hintFor, type Line } from "./line.ts";
import type { SamplePlace } from "./sample-table.ts";
import { withPlaces, type Scope } from "./scope.ts";

/** Rules of one set in one proxy. */
export const RULES_MAX = 10_000;

export type RuleSet =
  | "http-request"
  | "http-response"
  | "http-after-response"
  | "tcp-connection"
  | "tcp-session"
  | "tcp-content"
  | "tcp-response";

const VARIABLES = "set-var set-var-fmt unset-var";
const COUNTERS = "sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0";
const ADDRESSES = "set-dst set-dst-port set-src set-src-port set-mark set-tos";
const MAPS = "add-acl del-acl set-map del-map";

/** Which actions each rule set takes (chapter 4.2). */
const ALLOWED: Readonly<Record<RuleSet, string>> = {
  "http-request": `add-header allow auth cache-use capture del-header deny disable-l7-retry do-resolve early-hint
    normalize-uri redirect reject replace-header replace-path replace-pathq replace-uri replace-value return set-header
    set-log-level set-method set-nice set-path set-pathq set-priority-class set-priority-offset set-query set-timeout
    set-uri silent-drop strict-mode tarpit track-sc use-service wait-for-body wait-for-handshake
    ${MAPS} ${VARIABLES} ${COUNTERS} ${ADDRESSES}`,
  "http-response": `add-header allow cache-store capture del-header deny redirect replace-header replace-value return
    set-header set-log-level set-mark set-tos set-nice set-status silent-drop strict-mode track-sc wait-for-body
    ${MAPS} ${VARIABLES} ${COUNTERS}`,
  "http-after-response": `add-header allow capture del-header replace-header replace-value set-header set-status strict-mode ${VARIABLES}`,
  "tcp-connection": `accept reject expect-proxy silent-drop track-sc ${COUNTERS} ${ADDRESSES} ${VARIABLES}`,
  "tcp-session": `accept reject silent-drop track-sc ${COUNTERS} ${ADDRESSES} ${VARIABLES}`,
  "tcp-content": `accept reject capture do-resolve set-log-level set-nice set-priority-class set-priority-offset
    silent-drop switch-mode track-sc use-service ${COUNTERS} ${ADDRESSES} ${VARIABLES}`,
  "tcp-response": `accept reject close set-log-level set-mark set-nice set-tos silent-drop ${COUNTERS} ${VARIABLES}`,
};

/** Actions of the reference that are refused, with the reason. */
export const REFUSED_ACTIONS: Readonly<Record<string, string>> = {
  "expect-netscaler-cip": "the NetScaler protocol isn't implemented",
  "send-spoe-group": "SPOE agents aren't supported",
  "ot-group": "OpenTracing isn't supported; use log lines and the exporter",
};

/** The rule sets and the words they start with. */
export const RULE_SETS: readonly (readonly [RuleSet, string])[] = [
  ["http-request", "http-request"],
  ["http-response", "http-response"],
  ["http-after-response", "http-after-response"],
  ["tcp-connection", "tcp-request connection"],
  ["tcp-session", "tcp-request session"],
  ["tcp-content", "tcp-request content"],
  ["tcp-response", "tcp-response content"],
];

/** The actions that a rule set takes. */
export function actionsOf(set: RuleSet): readonly string[] {
  return ALLOWED[set].split(/\s+/).filter((word) => word !== "");
}

const PLACES: Readonly<Record<RuleSet, { readonly front?: SamplePlace; readonly back?: SamplePlace }>> = {
  "http-request": { front: "frontend http-request header rule", back: "backend http-request header rule" },
  "http-response": { front: "frontend http-response header rule", back: "backend http-response header rule" },
  "http-after-response": { front: "frontend http-response header rule", back: "backend http-response header rule" },
  "tcp-connection": { front: "frontend tcp-request connection rule" },
  "tcp-session": { front: "frontend tcp-request session rule" },
  "tcp-content": { front: "frontend tcp-request content rule", back: "backend tcp-request content rule" },
  "tcp-response": { front: "frontend tcp-response content rule", back: "backend tcp-response content rule" },
};

/** The places where rules of this proxy run. */
export function placesOf(
  draft: ProxyDraft,
  places: { readonly front?: SamplePlace; readonly back?: SamplePlace },
): readonly SamplePlace[] {
  const { front, back } = places;
  const isDefaults = draft.kind === "defaults";
  return [
    ...(front !== undefined && (draft.isFrontend || isDefaults) ? [front] : []),
    ...(back !== undefined && (draft.isBackend || isDefaults) ? [back] : []),
  ];
}

/** A condition at `index`, if one starts there. `ok` is false when it was wrong or something else stands there. */
export function conditionAt(
  scope: Scope,
  draft: ProxyDraft,
  line: Line,
  index: number,
  keyword: string,
): { readonly ok: boolean; readonly condition?: Condition } {
  if (!line.has(index)) return { ok: true };
  const word = line.text(index);
  if (word !== "if" && word !== "unless") {
    const hint = hintFor(word, ["if", "unless"]) || "an 'if' or 'unless' condition may follow";
    line.problem("LB_TOO_MANY_ARGUMENTS", { keyword, word, hint }, index);
    return { ok: false };
  }
  const condition = parseCondition(scope, draft.acls, line, index);
  return condition === undefined ? { ok: false } : { ok: true, condition };
}

/** Reads one rule whose action's name is the word at `index`. */
export function parseRule(
  scope: Scope,
  draft: ProxyDraft,
  line: Line,
  index: number,
  set: RuleSet,
  keyword: string,
): Rule | undefined {
  const word = line.need(index, keyword, "an action");
  if (word === undefined) return undefined;
  const found = findAction(set, word);
  if (typeof found === "string") {
    const means = lookUp(REFUSED_ACTIONS, found);
    if (means !== undefined) line.problem("LB_NOT_SUPPORTED", { keyword: `${keyword} ${found}`, means }, index);
    else {
      const allowed = ALLOWED[set].split(/\s+/);
      line.problem(
        "LB_UNKNOWN_WORD",
        { keyword, word, hint: hintFor(found, allowed) || `use one of ${allowed.join(", ")}` },
        index,
      );
    }
    return undefined;
  }
  const inner = withPlaces(scope, placesOf(draft, PLACES[set]), keyword);
  const side =
    set === "http-response" || set === "http-after-response" || set === "tcp-response" ? "response" : "request";
  const parsed = found.parser({
    scope: inner,
    line,
    index,
    name: found.name,
    argument: found.argument,
    keyword: `${keyword} ${word}`,
    side,
    proxyName: draft.name,
    newCapture: (length, captureSide) => {
      const slot = draft.captures.filter((capture) => capture.side === captureSide).length;
      draft.captures.push({ side: captureSide, length, at: line.span(0) });
      return slot;
    },
  });
  if (parsed === undefined) return undefined;
  if (parsed.action.kind === "set-timeout" && draft.kind === "frontend") {
    line.problem("LB_WRONG_SIDE_ERROR", { keyword: `${keyword} ${word}`, name: draft.name, side: "backend" }, index);
    return undefined;
  }
  const condition = conditionAt(inner, draft, line, parsed.next, `${keyword} ${word}`);
  if (!condition.ok) return undefined;
  return {
    action: parsed.action,
    at: line.span(0),
    ...(condition.condition === undefined ? {} : { condition: condition.condition }),
  };
}

interface FoundAction {
  readonly parser: ActionParser;
  readonly name: string;
  readonly argument: string | undefined;
}

/** Splits `set-var(txn.x)`, `track-sc0` and plain names; the plain name when it isn't allowed. */
function findAction(set: RuleSet, word: string): FoundAction | string {
  const allowed = ALLOWED[set].split(/\s+/);
  const parenthesis = /^([a-z0-9-]+)\((.*)\)$/.exec(word);
  const digits = /^(track-sc)(\d+)$/.exec(word);
  const name = parenthesis?.[1] ?? digits?.[1] ?? word;
  const table = set.startsWith("http") ? HTTP_ACTIONS : TCP_ACTIONS;
  const parser = lookUp(table, name) ?? lookUp(COMMON_ACTIONS, name);
  if (!allowed.includes(name) || parser === undefined) return name;
  return { parser, name, argument: parenthesis?.[2] ?? digits?.[2] };
}

/** Adds a rule; warns when it can never be reached. */
export function addRule(rules: Rule[], rule: Rule | undefined, line: Line, keyword: string): void {
  if (rule === undefined) return;
  if (rules.length >= RULES_MAX) {
    line.problem("LB_TOO_MUCH", { what: `${keyword} rules`, most: RULES_MAX });
    return;
  }
  const last = rules.at(-1);
  if (
    last !== undefined &&
    last.condition === undefined &&
    FINAL_ACTIONS.has(last.action.kind) &&
    last.at.file === rule.at.file
  ) {
    line.problem("LB_RULE_UNREACHABLE", { keyword: `${keyword} ${last.action.kind}` });
  }
  rules.push(rule);
}
