import type { Action, NormalizeUri } from "../model/rule.ts";
import { compileRegex } from "../model/regex.ts";
import { formatAt, withFormat, withoutArguments, type ActionParser } from "./action-common.ts";
import { parseRedirect } from "./redirect.ts";
import { parseReply } from "./reply.ts";
import { parseExpression } from "./sample.ts";

function header(make: (name: string, value: Extract<Action, { kind: "set-header" }>["value"]) => Action): ActionParser {
  return (context) => {
    const { line, index, keyword } = context;
    const name = line.need(index + 1, keyword, "a header name and a value");
    const value = formatAt(context, index + 2, keyword, "a header name and a value");
    return name === undefined || value === undefined ? undefined : { action: make(name, value), next: index + 3 };
  };
}

function replace(
  make: (pattern: string, value: Extract<Action, { kind: "set-header" }>["value"], name: string) => Action,
  named: boolean,
): ActionParser {
  return (context) => {
    const { line, index, keyword } = context;
    const first = index + 1 + (named ? 1 : 0);
    const expected = named
      ? "a header name, a regular expression and a replacement"
      : "a regular expression and a replacement";
    const name = named ? line.need(index + 1, keyword, expected) : "";
    const pattern = line.need(first, keyword, expected);
    const value = formatAt(context, first + 1, keyword, expected);
    if (name === undefined || pattern === undefined || value === undefined) return undefined;
    const regex = compileRegex(pattern, "");
    if (typeof regex === "string") {
      line.problem("LB_BAD_REGEX", { keyword, text: pattern, problem: regex }, first);
      return undefined;
    }
    return { action: make(pattern, value, name), next: first + 2 };
  };
}

const deleteHeader: ActionParser = ({ line, index, keyword }) => {
  const name = line.need(index + 1, keyword, "a header name");
  if (name === undefined) return undefined;
  if (line.text(index + 2) !== "-m") return { action: { kind: "del-header", name, match: "str" }, next: index + 2 };
  const match = line.choice(index + 3, `${keyword} -m`, ["str", "beg", "end", "sub", "reg"]);
  return match === undefined ? undefined : { action: { kind: "del-header", name, match }, next: index + 4 };
};

function reply(kind: "deny" | "tarpit" | "return", status: number): ActionParser {
  return ({ scope, line, index, keyword, side }) => {
    // A refused answer is the server's fault, not the client's.
    const usual = kind === "deny" && side === "response" ? 502 : status;
    const found = parseReply(scope, line, index + 1, keyword, usual);
    return found === undefined ? undefined : { action: { kind, reply: found.reply }, next: found.next };
  };
}

const redirect: ActionParser = ({ scope, line, index, keyword }) => {
  const found = parseRedirect(scope, line, index + 1, keyword);
  return found === undefined ? undefined : { action: { kind: "redirect", redirect: found.redirect }, next: found.next };
};

const auth: ActionParser = ({ line, index, keyword }) => {
  if (line.text(index + 1) !== "realm") return { action: { kind: "auth" }, next: index + 1 };
  const realm = line.need(index + 2, `${keyword} realm`, "a realm");
  return realm === undefined ? undefined : { action: { kind: "auth", realm }, next: index + 3 };
};

const setStatus: ActionParser = ({ line, index, keyword }) => {
  const status = line.integer(index + 1, keyword, 100, 999);
  if (status === undefined) return undefined;
  if (line.text(index + 2) !== "reason") return { action: { kind: "set-status", status }, next: index + 2 };
  const reason = line.need(index + 3, `${keyword} reason`, "a text");
  return reason === undefined ? undefined : { action: { kind: "set-status", status, reason }, next: index + 4 };
};

const NORMALIZERS: readonly NormalizeUri[] = [
  "fragment-encode",
  "fragment-strip",
  "path-merge-slashes",
  "path-strip-dot",
  "path-strip-dotdot",
  "percent-decode-unreserved",
  "percent-to-uppercase",
  "query-sort-by-name",
];

const normalize: ActionParser = ({ line, index, keyword }) => {
  const normalizer = line.choice(index + 1, keyword, NORMALIZERS);
  if (normalizer === undefined) return undefined;
  const full = normalizer === "path-strip-dotdot" && line.text(index + 2) === "full";
  const strict = normalizer.startsWith("percent-") && line.text(index + 2) === "strict";
  return { action: { kind: "normalize-uri", normalizer, full, strict }, next: index + (full || strict ? 3 : 2) };
};

const overrideTimeout: ActionParser = ({ scope, line, index, keyword }) => {
  const which = line.choice(index + 1, keyword, ["server", "tunnel"]);
  if (which === undefined || line.need(index + 2, keyword, "a time or an expression") === undefined) return undefined;
  const plain = /^\d/.test(line.text(index + 2));
  const value = plain
    ? line.time(index + 2, keyword)
    : parseExpression(scope, line.text(index + 2), line.at(index + 2));
  return value === undefined ? undefined : { action: { kind: "set-timeout", which, value }, next: index + 3 };
};

/** A capture may hold this much. */
const CAPTURE_LENGTH_MAX = 65536;

const capture: ActionParser = (context) => {
  const { scope, line, index, keyword, side } = context;
  const text = line.need(index + 1, keyword, "an expression, then 'len N' or 'id N'");
  if (text === undefined) return undefined;
  const value = parseExpression(scope, text, line.at(index + 1));
  const word = line.choice(index + 2, keyword, side === "request" ? ["len", "id"] : ["id", "len"]);
  if (value === undefined || word === undefined) return undefined;
  const number = line.integer(index + 3, `${keyword} ${word}`, word === "len" ? 1 : 0, CAPTURE_LENGTH_MAX);
  if (number === undefined) return undefined;
  if (word === "id") return { action: { kind: "capture", value, slot: number, length: 0 }, next: index + 4 };
  return {
    action: { kind: "capture", value, slot: context.newCapture(number, side), length: number },
    next: index + 4,
  };
};

function editFile(operation: "add-acl" | "del-acl" | "set-map" | "del-map"): ActionParser {
  return (context) => {
    const { line, index, keyword, argument } = context;
    const file = argument ?? "";
    const key = formatAt(context, index + 1, keyword, "a key");
    if (file === "" || key === undefined) {
      if (file === "")
        line.problem("LB_MISSING_ARGUMENT", { keyword, expected: "a file's name in parentheses", hint: "" }, index);
      return undefined;
    }
    if (operation === "add-acl" || operation === "del-acl") {
      return {
        action: { kind: "edit-acl", operation: operation === "add-acl" ? "add" : "delete", file, key },
        next: index + 2,
      };
    }
    if (operation === "del-map")
      return { action: { kind: "edit-map", operation: "delete", file, key }, next: index + 2 };
    const value = formatAt(context, index + 2, keyword, "a value");
    return value === undefined
      ? undefined
      : { action: { kind: "edit-map", operation: "set", file, key, value }, next: index + 3 };
  };
}

const waitForBody: ActionParser = ({ line, index, keyword }) => {
  let timeMs: number | undefined;
  let atLeastBytes: number | undefined;
  let next = index + 1;
  while (line.text(next) === "time" || line.text(next) === "at-least") {
    if (line.text(next) === "time") timeMs = line.time(next + 1, `${keyword} time`);
    else atLeastBytes = line.size(next + 1, `${keyword} at-least`);
    next += 2;
  }
  if (timeMs === undefined) {
    line.problem("LB_MISSING_ARGUMENT", { keyword, expected: "'time' and a time", hint: "" }, next);
    return undefined;
  }
  return { action: { kind: "wait-for-body", timeMs, ...(atLeastBytes === undefined ? {} : { atLeastBytes }) }, next };
};

function cache(kind: "cache-use" | "cache-store"): ActionParser {
  return ({ line, index, keyword }) => {
    const name = line.need(index + 1, keyword, "a cache's name");
    if (name === undefined) return undefined;
    line.problem(
      "LB_NOT_SUPPORTED",
      { keyword, means: "there is no response cache; put a caching server behind, or leave the line out" },
      index,
    );
    return { action: { kind, cache: name }, next: index + 2 };
  };
}

const strictMode: ActionParser = ({ line, index, keyword }) => {
  const on = line.onOff(index + 1, keyword);
  return on === undefined ? undefined : { action: { kind: "strict-mode", on }, next: index + 2 };
};

const addHeader = header((name, value) => ({ kind: "add-header", name, value, early: false }));

/** Actions of the http rule sets that the tcp ones don't have. */
export const HTTP_ACTIONS: Readonly<Record<string, ActionParser>> = {
  allow: withoutArguments({ kind: "accept" }),
  reject: withoutArguments({ kind: "reject" }),
  deny: reply("deny", 403),
  tarpit: reply("tarpit", 500),
  return: reply("return", 200),
  redirect,
  auth,
  "add-header": addHeader,
  "set-header": header((name, value) => ({ kind: "set-header", name, value })),
  "early-hint": header((name, value) => ({ kind: "early-hint", name, value })),
  "del-header": deleteHeader,
  "replace-header": replace(
    (pattern, value, name) => ({ kind: "replace-header", name, pattern, value, whole: true }),
    true,
  ),
  "replace-value": replace(
    (pattern, value, name) => ({ kind: "replace-header", name, pattern, value, whole: false }),
    true,
  ),
  "replace-path": replace((pattern, value) => ({ kind: "replace-path", pattern, value, withQuery: false }), false),
  "replace-pathq": replace((pattern, value) => ({ kind: "replace-path", pattern, value, withQuery: true }), false),
  "replace-uri": replace((pattern, value) => ({ kind: "replace-uri", pattern, value }), false),
  "set-method": withFormat((value) => ({ kind: "set-method", value })),
  "set-path": withFormat((value) => ({ kind: "set-path", value, withQuery: false })),
  "set-pathq": withFormat((value) => ({ kind: "set-path", value, withQuery: true })),
  "set-query": withFormat((value) => ({ kind: "set-query", value })),
  "set-uri": withFormat((value) => ({ kind: "set-uri", value })),
  "set-status": setStatus,
  "normalize-uri": normalize,
  "set-timeout": overrideTimeout,
  capture,
  "add-acl": editFile("add-acl"),
  "del-acl": editFile("del-acl"),
  "set-map": editFile("set-map"),
  "del-map": editFile("del-map"),
  "wait-for-body": waitForBody,
  "wait-for-handshake": withoutArguments({ kind: "wait-for-handshake" }),
  "disable-l7-retry": withoutArguments({ kind: "disable-retry" }),
  "strict-mode": strictMode,
  "cache-use": cache("cache-use"),
  "cache-store": cache("cache-store"),
};

const expectProxy: ActionParser = ({ line, index, keyword }) => {
  if (line.choice(index + 1, keyword, ["layer4"]) === undefined) return undefined;
  return { action: { kind: "expect-proxy" }, next: index + 2 };
};

const switchMode: ActionParser = ({ line, index, keyword }) => {
  if (line.choice(index + 1, keyword, ["http"]) === undefined) return undefined;
  if (line.text(index + 2) !== "proto") return { action: { kind: "switch-mode", protocol: "http" }, next: index + 2 };
  const protocol = line.choice(index + 3, `${keyword} proto`, ["h1", "h2"]);
  return protocol === undefined ? undefined : { action: { kind: "switch-mode", protocol }, next: index + 4 };
};

/** Actions of the tcp rule sets that the http ones don't have. */
export const TCP_ACTIONS: Readonly<Record<string, ActionParser>> = {
  accept: withoutArguments({ kind: "accept" }),
  reject: withoutArguments({ kind: "reject" }),
  close: withoutArguments({ kind: "close" }),
  "expect-proxy": expectProxy,
  "switch-mode": switchMode,
  capture,
};
