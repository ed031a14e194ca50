import { type Action, type LogLevel, SET_VARIABLE_CONDITIONS, type SetVariableCondition } from "../model/rule.ts";
import type { LogFormat } from "../model/log-format.ts";
import type { SampleExpression } from "../model/sample.ts";
import { choicesFor, type Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import { parseExpression, parseExpressionWords } from "./sample.ts";
import type { Scope } from "./scope.ts";
import { parseVariable } from "./variable.ts";

/** An action and the index of the word after it. */
export interface ParsedAction {
  readonly action: Action;
  readonly next: number;
}
export type ActionParser = (context: ActionContext) => ParsedAction | undefined;

/** Where an action is read: `index` is the word of its name, `argument` what stands in parentheses. */
export interface ActionContext {
  readonly scope: Scope;
  readonly line: Line;
  readonly index: number;
  readonly name: string;
  readonly argument: string | undefined;
  /** `http-request set-header`, for messages. */
  readonly keyword: string;
  /** Gives a new capture slot. */
  newCapture(length: number, side: "request" | "response"): number;
  readonly side: "request" | "response";
  readonly proxyName: string;
}

export function withoutArguments(action: Action): ActionParser {
  return ({ index }) => ({ action, next: index + 1 });
}

export function formatAt(
  { scope, line }: ActionContext,
  index: number,
  keyword: string,
  expected: string,
): LogFormat | undefined {
  const text = line.need(index, keyword, expected);
  return text === undefined ? undefined : parseLogFormat(scope, text, line.at(index));
}

/** An action whose only argument is an expression in the rest of the words. */
export function withExpression(
  make: (value: SampleExpression, context: ActionContext) => Action | undefined,
): ActionParser {
  return (context) => {
    const found = parseExpressionWords(context.scope, context.line, context.index + 1, context.keyword);
    const action = found === undefined ? undefined : make(found.expression, context);
    return found === undefined || action === undefined ? undefined : { action, next: found.next };
  };
}

/** An action whose only argument is a log-format string. */
export function withFormat(make: (value: LogFormat, context: ActionContext) => Action): ActionParser {
  return (context) => {
    const value = formatAt(context, context.index + 1, context.keyword, "a value");
    return value === undefined ? undefined : { action: make(value, context), next: context.index + 2 };
  };
}

function variableArguments({ line, index, argument, keyword }: ActionContext) {
  const [name = "", ...words] = (argument ?? "").split(",").map((part) => part.trim());
  const variable = parseVariable(name);
  if (typeof variable === "string") {
    line.problem("LB_BAD_EXPRESSION", { text: line.text(index), problem: variable }, index);
    return undefined;
  }
  const conditions: SetVariableCondition[] = [];
  for (const word of words) {
    const known = SET_VARIABLE_CONDITIONS.find((condition) => condition === word);
    if (known === undefined) {
      line.problem("LB_BAD_CHOICE", { keyword, got: word, hint: choicesFor(word, SET_VARIABLE_CONDITIONS) }, index);
      return undefined;
    }
    conditions.push(known);
  }
  return { variable, conditions };
}

const setVariable: ActionParser = (context) => {
  const target = variableArguments(context);
  const found = parseExpressionWords(context.scope, context.line, context.index + 1, context.keyword);
  if (target === undefined || found === undefined) return undefined;
  return { action: { kind: "set-variable", ...target, value: found.expression }, next: found.next };
};

const setVariableFormat: ActionParser = (context) => {
  const target = variableArguments(context);
  const value = formatAt(context, context.index + 1, context.keyword, "a format");
  if (target === undefined || value === undefined) return undefined;
  return { action: { kind: "set-variable-format", ...target, value }, next: context.index + 2 };
};

const unsetVariable: ActionParser = (context) => {
  const target = variableArguments(context);
  return target === undefined
    ? undefined
    : { action: { kind: "unset-variable", variable: target.variable }, next: context.index + 1 };
};

/** Stick counters: at most this many can be tracked at once (the reference's build default). */
export const TRACK_SLOTS = 3;

function slotOf({ line, index, argument, name }: ActionContext): number | undefined {
  const text = argument ?? /\d+$/.exec(name)?.[0] ?? "";
  const slot = /^\d{1,3}$/.test(text) ? Number(text) : -1;
  if (slot >= 0 && slot < TRACK_SLOTS) return slot;
  line.problem("LB_BAD_NUMBER", { keyword: name, expected: `a counter from 0 to ${TRACK_SLOTS - 1}`, text }, index);
  return undefined;
}

const track: ActionParser = (context) => {
  const slot = slotOf(context);
  const { scope, line, keyword } = context;
  const found = parseExpressionWords(scope, line, context.index + 1, keyword);
  if (slot === undefined || found === undefined) return undefined;
  const named = line.text(found.next) === "table";
  const table = named ? line.need(found.next + 1, `${keyword} table`, "a table's name") : undefined;
  if (named && table === undefined) return undefined;
  scope.references.push({
    kind: "tracked-table",
    name: table ?? context.proxyName,
    from: scope.section,
    keyword,
    at: line.at(named ? found.next + 1 : context.index),
  });
  const own = table === undefined ? {} : { table };
  return { action: { kind: "track", slot, key: found.expression, ...own }, next: found.next + (named ? 2 : 0) };
};

function arraySlot({
  line,
  index,
  argument,
}: ActionContext): { readonly first: number; readonly slot: number } | undefined {
  const found = /^(\d{1,3}),(\d{1,3})$/.exec((argument ?? "").replaceAll(" ", ""));
  if (found !== null && Number(found[1]) < 100 && Number(found[2]) < TRACK_SLOTS)
    return { first: Number(found[1]), slot: Number(found[2]) };
  line.problem(
    "LB_BAD_NUMBER",
    { keyword: line.text(index), expected: "(INDEX,COUNTER)", text: argument ?? "" },
    index,
  );
  return undefined;
}

const increment: ActionParser = (context) => {
  if (context.name === "sc-inc-gpc") {
    const place = arraySlot(context);
    return place === undefined
      ? undefined
      : {
          action: { kind: "increment-counter", slot: place.slot, counter: place.first, array: "gpc" },
          next: context.index + 1,
        };
  }
  const slot = slotOf({ ...context, argument: context.argument ?? "" });
  const array = context.name === "sc-inc-gpc1" ? "gpc1" : "gpc0";
  return slot === undefined
    ? undefined
    : { action: { kind: "increment-counter", slot, counter: 0, array }, next: context.index + 1 };
};

const setTag: ActionParser = (context) => {
  const { scope, line, index, name, keyword } = context;
  const place = name === "sc-set-gpt" ? arraySlot(context) : undefined;
  const slot = name === "sc-set-gpt" ? place?.slot : slotOf({ ...context, argument: context.argument ?? "" });
  if (slot === undefined || line.need(index + 1, keyword, "an integer or an expression") === undefined)
    return undefined;
  const number = /^\d{1,10}$/.test(line.text(index + 1)) ? Number(line.text(index + 1)) : undefined;
  const found =
    number === undefined
      ? parseExpressionWords(scope, line, index + 1, keyword)
      : { expression: number, next: index + 2 };
  if (found === undefined) return undefined;
  return {
    action: {
      kind: "set-tag",
      slot,
      tag: place?.first ?? 0,
      array: place === undefined ? "gpt0" : "gpt",
      value: found.expression,
    },
    next: found.next,
  };
};

const LOG_LEVELS: readonly LogLevel[] = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
  "silent",
];

const setLogLevel: ActionParser = ({ line, index, keyword }) => {
  const level = line.choice(index + 1, keyword, LOG_LEVELS);
  return level === undefined ? undefined : { action: { kind: "set-log-level", level }, next: index + 2 };
};

function withInteger(least: number, most: number, make: (value: number) => Action): ActionParser {
  return ({ line, index, keyword }) => {
    const text = line.text(index + 1);
    const value = /^0x[0-9a-fA-F]{1,8}$/.test(text) ? Number(text) : line.integer(index + 1, keyword, least, most);
    return value === undefined ? undefined : { action: make(value), next: index + 2 };
  };
}

const silentDrop: ActionParser = ({ line, index }) => {
  if (line.text(index + 1) !== "rst-ttl") return { action: { kind: "silent-drop" }, next: index + 1 };
  const resetMax = line.integer(index + 2, "silent-drop rst-ttl", 1, 255);
  return resetMax === undefined ? undefined : { action: { kind: "silent-drop", resetMax }, next: index + 3 };
};

const useService: ActionParser = ({ line, index, keyword }) => {
  const service = line.need(index + 1, keyword, "a service's name");
  if (service === undefined) return undefined;
  if (service === "prometheus-exporter") return { action: { kind: "use-service", service }, next: index + 2 };
  line.problem(
    "LB_BAD_CHOICE",
    { keyword, got: service, hint: service.startsWith("lua.") ? "Lua isn't supported" : "use 'prometheus-exporter'" },
    index + 1,
  );
  return undefined;
};

const resolve: ActionParser = (context) => {
  const { scope, line, index, argument, keyword } = context;
  const [name = "", resolvers = "", family] = (argument ?? "").split(",").map((part) => part.trim());
  const variable = parseVariable(name);
  const found = parseExpression(scope, line.text(index + 1), line.at(index + 1));
  if (typeof variable === "string" || resolvers === "") {
    const problem = typeof variable === "string" ? variable : "the arguments are (variable,resolvers[,ipv4|ipv6])";
    line.problem("LB_BAD_EXPRESSION", { text: line.text(index), problem }, index);
    return undefined;
  }
  scope.references.push({ kind: "resolvers", name: resolvers, from: scope.section, keyword, at: line.at(index) });
  if (found === undefined) return undefined;
  const prefer = family === "ipv4" ? { family: 4 as const } : family === "ipv6" ? { family: 6 as const } : {};
  return { action: { kind: "resolve", variable, resolvers, ...prefer, name: found }, next: index + 2 };
};

/** Actions that several rule sets share. A name ending in `*` takes `(…)` or digits. */
export const COMMON_ACTIONS: Readonly<Record<string, ActionParser>> = {
  "set-var": setVariable,
  "set-var-fmt": setVariableFormat,
  "unset-var": unsetVariable,
  "track-sc": track,
  "sc-inc-gpc": increment,
  "sc-inc-gpc0": increment,
  "sc-inc-gpc1": increment,
  "sc-set-gpt": setTag,
  "sc-set-gpt0": setTag,
  "set-log-level": setLogLevel,
  "set-nice": withInteger(-1024, 1024, (nice) => ({ kind: "set-nice", nice })),
  "set-tos": withInteger(0, 255, (tos) => ({ kind: "set-tos", tos })),
  "set-mark": withInteger(0, 2 ** 32 - 1, (mark) => ({ kind: "set-mark", mark })),
  "set-src": withExpression((value) => ({ kind: "set-source", value })),
  "set-src-port": withExpression((value) => ({ kind: "set-source-port", value })),
  "set-dst": withExpression((value) => ({ kind: "set-destination", value })),
  "set-dst-port": withExpression((value) => ({ kind: "set-destination-port", value })),
  "set-priority-class": withExpression((value) => ({ kind: "set-priority-class", value })),
  "set-priority-offset": withExpression((value) => ({ kind: "set-priority-offset", value })),
  "silent-drop": silentDrop,
  "use-service": useService,
  "do-resolve": resolve,
};
