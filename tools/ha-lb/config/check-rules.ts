import type { CheckStep, ExpectMatch, ExpectOutcome, ExpectStatus } from "../model/health-check.ts";
import type { LogFormat } from "../model/log-format.ts";
import type { SampleExpression } from "../model/sample.ts";
import { compileRegex } from "../model/regex.ts";
import { parseSocketAddress } from "./address.ts";
import { parseHeaderExpect, parseStatusRanges } from "./check-expect.ts";
import { choicesFor, type Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import { parseExpression, parseExpressionWords } from "./sample.ts";
import { withPlaces, type Scope } from "./scope.ts";
import { parseVariable } from "./variable.ts";

export const CHECK_STEPS_MAX = 256;
const HTTP_VERBS = [
  "comment",
  "connect",
  "disable-on-404",
  "expect",
  "send",
  "send-state",
  "set-var",
  "set-var-fmt",
  "unset-var",
];
const TCP_VERBS = [
  "comment",
  "connect",
  "expect",
  "send",
  "send-lf",
  "send-binary",
  "send-binary-lf",
  "set-var",
  "set-var-fmt",
  "unset-var",
];

/** `http-check …` and `tcp-check …` that add a step. `disable-on-404` and `send-state` are read by the caller. */
export function parseCheckStep(outer: Scope, line: Line, kind: "http-check" | "tcp-check"): CheckStep | undefined {
  const scope = withPlaces(outer, ["backend tcp-check rule"], kind);
  const verb = line.need(1, kind, "an action");
  if (verb === undefined) return undefined;
  const name = /^[^(]*/.exec(verb)?.[0] ?? "";
  const verbs = kind === "http-check" ? HTTP_VERBS : TCP_VERBS;
  if (!verbs.includes(name)) {
    line.problem("LB_UNKNOWN_WORD", { keyword: kind, word: verb, hint: choicesFor(name, verbs) }, 1);
    return undefined;
  }
  const at = line.span(0);
  switch (name) {
    case "comment": {
      const text = line.need(2, `${kind} comment`, "a text");
      return text === undefined ? undefined : { kind: "comment", text, at };
    }
    case "connect":
      return parseConnect(scope, line, kind);
    case "expect":
      return parseExpect(scope, line, kind);
    case "send":
      return kind === "http-check" ? parseHttpSend(scope, line) : parseSend(line, false);
    case "send-binary":
      return parseSend(line, true);
    case "send-lf":
    case "send-binary-lf": {
      const format = formatAt(scope, line, 2, `${kind} ${name}`);
      return format === undefined
        ? undefined
        : { kind: "send-format", format, binary: name === "send-binary-lf", ...commentAt(line, 3), at };
    }
    default:
      return parseCheckVariable(scope, line, name, verb);
  }
}

function formatAt(scope: Scope, line: Line, index: number, keyword: string): LogFormat | undefined {
  const text = line.need(index, keyword, "a value");
  return text === undefined ? undefined : parseLogFormat(scope, text, line.at(index));
}

function commentAt(line: Line, index: number): { readonly comment?: string } {
  if (!line.has(index)) return {};
  if (line.text(index) !== "comment") {
    line.end(index, line.text(0));
    return {};
  }
  return { comment: line.need(index + 1, "comment", "a text") ?? "" };
}

function parseCheckVariable(scope: Scope, line: Line, name: string, verb: string): CheckStep | undefined {
  const variable = parseVariable(/\((.*)\)$/.exec(verb)?.[1] ?? "");
  if (typeof variable === "string") {
    line.problem("LB_BAD_EXPRESSION", { text: verb, problem: variable }, 1);
    return undefined;
  }
  const at = line.span(0);
  if (name === "unset-var") return { kind: "unset-variable", variable, at };
  const value: SampleExpression | LogFormat | undefined =
    name === "set-var" ? parseExpressionWords(scope, line, 2, name)?.expression : formatAt(scope, line, 2, name);
  return value === undefined ? undefined : { kind: "set-variable", variable, value, at };
}

type ConnectStep = {
  -readonly [Key in keyof Extract<CheckStep, { kind: "connect" }>]: Extract<CheckStep, { kind: "connect" }>[Key];
};

function parseConnect(scope: Scope, line: Line, kind: string): CheckStep | undefined {
  const step: ConnectStep = {
    kind: "connect",
    defaults: false,
    tls: false,
    sendProxy: false,
    alpn: [],
    linger: false,
    at: line.span(0),
  };
  for (let index = 2; index < line.length; index += 1) {
    const word = line.text(index);
    if (word === "default") step.defaults = true;
    else if (word === "ssl") step.tls = true;
    else if (word === "send-proxy") step.sendProxy = true;
    else if (word === "linger") step.linger = true;
    else if (["port", "addr", "sni", "alpn", "proto", "comment"].includes(word)) {
      index += 1;
      if (!applyConnectValue(scope, step, line, index, word)) return undefined;
    } else {
      const hint = choicesFor(word, [
        "default",
        "port",
        "addr",
        "send-proxy",
        "ssl",
        "sni",
        "alpn",
        "linger",
        "proto",
        "comment",
      ]);
      line.problem("LB_UNKNOWN_WORD", { keyword: `${kind} connect`, word, hint }, index);
      return undefined;
    }
  }
  return step;
}

function applyConnectValue(scope: Scope, step: ConnectStep, line: Line, index: number, word: string): boolean {
  const value = line.need(index, `connect ${word}`, "an argument");
  if (value === undefined) return false;
  if (word === "sni") step.sni = value;
  else if (word === "alpn") step.alpn = value.split(",");
  else if (word === "proto") step.protocol = value;
  else if (word === "comment") step.comment = value;
  else if (word === "port") {
    const port = /^\d/.test(value)
      ? line.integer(index, "connect port", 1, 65535)
      : parseExpression(scope, value, line.at(index));
    if (port === undefined) return false;
    step.port = port;
  } else {
    const parsed = parseSocketAddress(line.address(index));
    if (typeof parsed === "string") {
      line.problem("LB_BAD_ADDRESS", { keyword: "connect addr", text: value, problem: parsed }, index);
      return false;
    }
    step.address = parsed.address;
  }
  return true;
}

function parseSend(line: Line, binary: boolean): CheckStep | undefined {
  const keyword = binary ? "tcp-check send-binary" : "tcp-check send";
  const text = line.need(2, keyword, binary ? "hexadecimal digits" : "a text");
  if (text === undefined) return undefined;
  const data = binary ? decodeHex(text) : text;
  if (data === undefined) {
    line.problem("LB_BAD_NUMBER", { keyword, expected: "pairs of hexadecimal digits", text }, 2);
    return undefined;
  }
  return { kind: "send", data, ...commentAt(line, 3), at: line.span(0) };
}

export function decodeHex(text: string): string | undefined {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) return undefined;
  return text.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

function parseHttpSend(scope: Scope, line: Line): CheckStep | undefined {
  let method = "";
  let uri: string | LogFormat = "";
  let version = "";
  let body: string | LogFormat | undefined;
  let comment: string | undefined;
  const headers: { readonly name: string; readonly value: LogFormat }[] = [];
  const words = ["meth", "uri", "uri-lf", "ver", "hdr", "body", "body-lf", "comment"];
  for (let index = 2; index < line.length; index += 2) {
    const word = line.text(index);
    if (!words.includes(word)) {
      line.problem("LB_UNKNOWN_WORD", { keyword: "http-check send", word, hint: choicesFor(word, words) }, index);
      return undefined;
    }
    const value = line.need(index + 1, `http-check send ${word}`, "an argument");
    if (value === undefined) return undefined;
    if (word === "meth") method = value;
    else if (word === "uri") uri = value;
    else if (word === "ver") version = value.replace(/^HTTP\//, "");
    else if (word === "body") body = value;
    else if (word === "comment") comment = value;
    else if (word === "hdr") {
      const format = formatAt(scope, line, index + 2, "http-check send hdr");
      if (format === undefined) return undefined;
      headers.push({ name: value, value: format });
      index += 1;
    } else {
      const format = formatAt(scope, line, index + 1, `http-check send ${word}`);
      if (format === undefined) return undefined;
      if (word === "uri-lf") uri = format;
      else body = format;
    }
  }
  return {
    kind: "send-http",
    method,
    uri,
    version,
    headers,
    at: line.span(0),
    ...(body === undefined ? {} : { body }),
    ...(comment === undefined ? {} : { comment }),
  };
}

type OutcomeDraft = { -readonly [Key in keyof ExpectOutcome]: ExpectOutcome[Key] };
const STATUSES: readonly ExpectStatus[] = [
  "L7OK",
  "L7OKC",
  "L6OK",
  "L4OK",
  "L7STS",
  "L7RSP",
  "L7TOUT",
  "L6RSP",
  "L6TOUT",
  "L4CON",
  "L4TOUT",
];
const OUTCOME_WORDS = [
  "comment",
  "min-recv",
  "ok-status",
  "error-status",
  "tout-status",
  "on-success",
  "on-error",
  "status-code",
];

function parseExpect(scope: Scope, line: Line, kind: "http-check" | "tcp-check"): CheckStep | undefined {
  const outcome: OutcomeDraft = {};
  let index = 2;
  while (OUTCOME_WORDS.includes(line.text(index))) {
    if (!applyOutcome(scope, outcome, line, index)) return undefined;
    index += 2;
  }
  const bang = line.text(index);
  const negate = bang.startsWith("!");
  if (bang === "!") index += 1;
  const match = parseMatch(scope, line, index, kind, bang.length > 1 && negate ? bang.slice(1) : undefined);
  if (match !== undefined && line.text(index + 2) === "comment") {
    outcome.comment = line.need(index + 3, "comment", "a text") ?? "";
    line.end(index + 4, `${kind} expect`);
  }
  return match === undefined ? undefined : { kind: "expect", negate, match, outcome, at: line.span(0) };
}

function applyOutcome(scope: Scope, outcome: OutcomeDraft, line: Line, index: number): boolean {
  const word = line.text(index);
  const value = line.need(index + 1, `expect ${word}`, "an argument");
  if (value === undefined) return false;
  switch (word) {
    case "comment":
      outcome.comment = value;
      return true;
    case "min-recv":
      outcome.minReceive = line.integer(index + 1, word, -1, 2 ** 31 - 1);
      return outcome.minReceive !== undefined;
    case "ok-status":
      outcome.okStatus = line.choice(index + 1, word, STATUSES);
      return outcome.okStatus !== undefined;
    case "error-status":
      outcome.errorStatus = line.choice(index + 1, word, STATUSES);
      return outcome.errorStatus !== undefined;
    case "tout-status":
      outcome.timeoutStatus = line.choice(index + 1, word, STATUSES);
      return outcome.timeoutStatus !== undefined;
    case "on-success":
      outcome.onSuccess = parseLogFormat(scope, value, line.at(index + 1));
      return outcome.onSuccess !== undefined;
    case "on-error":
      outcome.onError = parseLogFormat(scope, value, line.at(index + 1));
      return outcome.onError !== undefined;
    default:
      outcome.statusCode = parseExpression(scope, value, line.at(index + 1));
      return outcome.statusCode !== undefined;
  }
}

function parseMatch(
  scope: Scope,
  line: Line,
  index: number,
  kind: "http-check" | "tcp-check",
  glued: string | undefined,
): ExpectMatch | undefined {
  const http = ["status", "rstatus", "hdr", "fhdr", "string", "rstring", "string-lf"];
  const tcp = ["string", "rstring", "string-lf", "binary", "rbinary", "binary-lf"];
  const allowed = kind === "http-check" ? http : tcp;
  const word = glued ?? line.need(index, `${kind} expect`, `one of ${allowed.join(", ")}`);
  if (word === undefined) return undefined;
  if (!allowed.includes(word)) {
    line.problem("LB_UNKNOWN_WORD", { keyword: `${kind} expect`, word, hint: choicesFor(word, allowed) }, index);
    return undefined;
  }
  if (word === "hdr" || word === "fhdr") return parseHeaderExpect(scope, line, index, word);
  const pattern = line.need(index + 1, `${kind} expect ${word}`, "a pattern");
  if (pattern === undefined) return undefined;
  if (line.text(index + 2) !== "comment") line.end(index + 2, `${kind} expect ${word}`);
  return plainMatch(scope, line, index + 1, word, pattern);
}

function plainMatch(scope: Scope, line: Line, index: number, word: string, pattern: string): ExpectMatch | undefined {
  if (word === "status") return parseStatusRanges(line, index, pattern);
  if (word === "string-lf" || word === "binary-lf") {
    const format = parseLogFormat(scope, pattern, line.at(index));
    return format === undefined ? undefined : { kind: word, format };
  }
  if (word.startsWith("r")) {
    const regex = compileRegex(pattern, "");
    if (typeof regex === "string") {
      line.problem("LB_BAD_REGEX", { keyword: word, text: pattern, problem: regex }, index);
      return undefined;
    }
  }
  switch (word) {
    case "rstatus":
      return { kind: "rstatus", pattern };
    case "rstring":
      return { kind: "rstring", pattern };
    case "rbinary":
      return { kind: "rbinary", pattern };
    case "binary": {
      const bytes = decodeHex(pattern);
      if (bytes !== undefined) return { kind: "binary", pattern: bytes };
      line.problem("LB_BAD_NUMBER", { keyword: word, expected: "pairs of hexadecimal digits", text: pattern }, index);
      return undefined;
    }
    default:
      return { kind: "string", pattern };
  }
}
