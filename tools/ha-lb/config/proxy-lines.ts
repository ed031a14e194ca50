import type { Compression, ErrorPage, RetryCondition } from "../model/proxy.ts";
import { parseAclTest } from "./acl.ts";
import type { ProxyDraft } from "./draft.ts";
import { choicesFor, type Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import { ERROR_STATUSES, parseReply } from "./reply.ts";
import { addRule, conditionAt, parseRule, placesOf } from "./rules.ts";
import { withPlaces, type Scope } from "./scope.ts";

/** Names reserved words can't have. */
const RESERVED_ACL_NAMES = new Set(["or", "||", "!", "{", "}"]);

export function parseAclLine(scope: Scope, draft: ProxyDraft, line: Line): void {
  const name = line.need(1, "acl", "a name and a criterion");
  if (name === undefined) return;
  const bad = /[^A-Za-z0-9_:.-]/.exec(name)?.[0];
  if (bad !== undefined) line.problem("LB_BAD_NAME", { character: bad, name }, 1);
  if (RESERVED_ACL_NAMES.has(name)) {
    line.problem(
      "LB_BAD_COMBINATION",
      { keyword: "acl", problem: `'${name}' has a meaning of its own in conditions` },
      1,
    );
    return;
  }
  const test = parseAclTest({ ...scope, places: [], keyword: "acl" }, name, line.words.slice(2), line.span(1));
  if (test === undefined) return;
  const known = draft.acls.get(name);
  draft.acls.set(name, { name, tests: [...(known?.tests ?? []), test] });
}

/** `tcp-request connection|session|content|inspect-delay`, `tcp-response content|inspect-delay`. */
export function parseTcpRule(scope: Scope, draft: ProxyDraft, line: Line): void {
  const keyword = line.text(0);
  const stage = line.choice(
    1,
    keyword,
    keyword === "tcp-request" ? ["connection", "session", "content", "inspect-delay"] : ["content", "inspect-delay"],
  );
  if (stage === undefined) return;
  if (stage === "inspect-delay") {
    const timeMs = line.time(2, `${keyword} inspect-delay`);
    if (timeMs === undefined) return;
    if (keyword === "tcp-request") draft.tcpRules.inspectDelayMs = timeMs;
    else draft.tcpRules.responseInspectDelayMs = timeMs;
    return;
  }
  const full = `${keyword} ${stage}`;
  if ((stage === "connection" || stage === "session") && !draft.isFrontend && draft.kind !== "defaults") {
    line.problem("LB_WRONG_SECTION", { keyword: full, section: draft.kind });
    return;
  }
  const set =
    keyword === "tcp-response"
      ? "tcp-response"
      : stage === "connection"
        ? "tcp-connection"
        : stage === "session"
          ? "tcp-session"
          : "tcp-content";
  const rules = keyword === "tcp-response" ? draft.tcpRules.response : draft.tcpRules[stage];
  addRule(rules, parseRule(scope, draft, line, 2, set, full), line, full);
  warnOrder(draft, line, stage === "content" ? "tcp-request content" : full);
}

/** The order in which rule sets run, whatever the order in which they are written. */
const RULE_ORDER = [
  "tcp-request connection",
  "tcp-request session",
  "tcp-request content",
  "http-request",
  "redirect",
  "use_backend",
  "use-server",
];

export function warnOrder(draft: ProxyDraft, line: Line, keyword: string): void {
  const position = RULE_ORDER.indexOf(keyword);
  const last = draft.lastRuleKeyword === undefined ? -1 : RULE_ORDER.indexOf(draft.lastRuleKeyword);
  if (position < 0) return;
  if (position < last) line.problem("LB_RULE_ORDER", { keyword, after: draft.lastRuleKeyword ?? "" });
  else draft.lastRuleKeyword = keyword;
}

/** `use_backend NAME|FORMAT [if …]` and `use-server`. */
export function parseUse(scope: Scope, draft: ProxyDraft, line: Line, keyword: "use_backend" | "use-server"): void {
  const name = line.need(1, keyword, keyword === "use_backend" ? "a backend's name" : "a server's name");
  if (name === undefined) return;
  const places =
    keyword === "use_backend"
      ? (["frontend use-backend rule"] as const)
      : (["backend use-server, balance or stick-match rule"] as const);
  const inner = withPlaces(scope, places, keyword);
  const condition = conditionAt(inner, draft, line, 2, keyword);
  if (!condition.ok) return;
  const format = parseLogFormat(inner, name, line.at(1));
  if (format === undefined) return;
  const dynamic = format.parts.some((part) => part.kind !== "text");
  const target = dynamic ? ({ kind: "format", format } as const) : ({ kind: "name", name } as const);
  if (!dynamic) {
    const kind = keyword === "use_backend" ? "backend" : "server";
    scope.references.push({
      kind,
      name: kind === "server" ? `${draft.name}/${name}` : name,
      from: draft.name,
      keyword,
      at: line.at(1),
    });
  }
  const rule = {
    target,
    at: line.span(0),
    ...(condition.condition === undefined ? {} : { condition: condition.condition }),
  };
  if (keyword === "use_backend") draft.useBackend.push(rule);
  else draft.useServer.push(rule);
  warnOrder(draft, line, keyword);
}

/** `force-persist if …`, `ignore-persist if …`. */
export function parsePersistRule(scope: Scope, draft: ProxyDraft, line: Line, kind: "force" | "ignore"): void {
  const keyword = `${kind}-persist`;
  if (line.text(1) !== "if" && line.text(1) !== "unless") {
    line.problem("LB_MISSING_ARGUMENT", { keyword, expected: "an 'if' or 'unless' condition", hint: "" }, 1);
    return;
  }
  const inner = withPlaces(
    scope,
    placesOf(draft, { front: "frontend http-request header rule", back: "backend http-request header rule" }),
    keyword,
  );
  const condition = conditionAt(inner, draft, line, 1, keyword).condition;
  if (condition !== undefined) draft.persistRules.push({ kind, condition, at: line.span(0) });
}

export function parseErrorFile(scope: Scope, draft: ProxyDraft, line: Line): void {
  const status = line.integer(1, "errorfile", 200, 599);
  const path = line.need(2, "errorfile", "a status and a file");
  if (status === undefined || path === undefined || !knownStatus(line, "errorfile", status)) return;
  scope.references.push({ kind: "file", name: path, from: draft.name, keyword: "errorfile", at: line.at(2) });
  pushPage(draft, { status, answer: { kind: "file", path }, at: line.span(0) });
}

function knownStatus(line: Line, keyword: string, status: number): boolean {
  if (ERROR_STATUSES.includes(status)) return true;
  line.problem("LB_BAD_NUMBER", { keyword, expected: `one of ${ERROR_STATUSES.join(", ")}`, text: String(status) }, 1);
  return false;
}

function pushPage(draft: ProxyDraft, page: ErrorPage): void {
  draft.errorPages = [...draft.errorPages.filter((known) => known.status !== page.status), page];
}

export function parseErrorLocation(draft: ProxyDraft, line: Line): void {
  const keyword = line.text(0);
  const status = line.integer(1, keyword, 200, 599);
  const url = line.need(2, keyword, "a status and a URL");
  if (status === undefined || url === undefined || !knownStatus(line, keyword, status)) return;
  pushPage(draft, {
    status,
    answer: { kind: "location", url, code: keyword === "errorloc303" ? 303 : 302 },
    at: line.span(0),
  });
}

export function parseErrorFiles(scope: Scope, draft: ProxyDraft, line: Line): void {
  const section = line.need(1, "errorfiles", "the name of an http-errors section");
  if (section === undefined) return;
  scope.references.push({
    kind: "http-errors",
    name: section,
    from: draft.name,
    keyword: "errorfiles",
    at: line.at(1),
  });
  const statuses = line.has(2)
    ? line.words.slice(2).map((_, offset) => line.integer(offset + 2, "errorfiles", 200, 599))
    : ERROR_STATUSES;
  for (const status of statuses) {
    if (status !== undefined) pushPage(draft, { status, answer: { kind: "section", section }, at: line.span(0) });
  }
}

export function parseHttpError(scope: Scope, draft: ProxyDraft, line: Line): void {
  const found = parseReply(scope, line, 1, "http-error", 0);
  if (found === undefined) return;
  if (found.reply.status === 0) {
    line.problem("LB_MISSING_ARGUMENT", { keyword: "http-error", expected: "'status' and a code", hint: "" }, 1);
    return;
  }
  line.end(found.next, "http-error");
  if (knownStatus(line, "http-error", found.reply.status)) {
    pushPage(draft, { status: found.reply.status, answer: { kind: "reply", reply: found.reply }, at: line.span(0) });
  }
}

const RETRY_WORDS = [
  "none",
  "conn-failure",
  "empty-response",
  "junk-response",
  "response-timeout",
  "0rtt-rejected",
  "all-retryable-errors",
] as const;
const RETRY_STATUSES = [401, 403, 404, 408, 425, 500, 501, 502, 503, 504];

export function parseRetryOn(draft: ProxyDraft, line: Line): void {
  if (line.need(1, "retry-on", "conditions") === undefined) return;
  const conditions: RetryCondition[] = [];
  for (let index = 1; index < line.length; index += 1) {
    const word = line.text(index);
    const known = RETRY_WORDS.find((candidate) => candidate === word);
    const status = RETRY_STATUSES.find((candidate) => String(candidate) === word);
    if (known !== undefined) conditions.push(known);
    else if (status !== undefined) conditions.push(status);
    else
      line.problem(
        "LB_BAD_CHOICE",
        { keyword: "retry-on", got: word, hint: choicesFor(word, [...RETRY_WORDS, ...RETRY_STATUSES.map(String)]) },
        index,
      );
  }
  draft.retryOn = conditions;
}

const ALGORITHMS = ["gzip", "deflate", "raw-deflate", "identity"] as const;

export function parseCompression(draft: ProxyDraft, line: Line): void {
  const word = line.choice(1, "compression", ["algo", "type", "offload"]);
  if (word === undefined) return;
  const current: Compression = draft.compression ?? { algorithms: [], types: [], offload: false };
  if (word === "offload") draft.compression = { ...current, offload: true };
  else if (line.need(2, `compression ${word}`, "at least one argument") === undefined) return;
  else if (word === "type")
    draft.compression = { ...current, types: [...current.types, ...line.words.slice(2).map((part) => part.text)] };
  else {
    const algorithms = line.words
      .slice(2)
      .flatMap((_, offset) => line.choice(offset + 2, "compression algo", ALGORITHMS) ?? []);
    draft.compression = { ...current, algorithms: [...current.algorithms, ...algorithms] };
  }
}

/** Bytes one capture may keep. */
const CAPTURE_MAX = 65536;

/** `capture request header NAME len N`, `capture cookie NAME len N`, `declare capture request len N`. */
export function parseCapture(draft: ProxyDraft, line: Line): void {
  if (line.text(0) === "declare") {
    if (line.choice(1, "declare", ["capture"]) === undefined) return;
    const side = line.choice(2, "declare capture", ["request", "response"]);
    if (side === undefined || line.choice(3, "declare capture", ["len"]) === undefined) return;
    const length = line.integer(4, "declare capture len", 1, CAPTURE_MAX);
    if (length !== undefined) draft.captures.push({ side, length, at: line.span(0) });
    return;
  }
  const kind = line.choice(1, "capture", ["request", "response", "cookie"]);
  if (kind === undefined) return;
  const nameIndex = kind === "cookie" ? 2 : 3;
  if (kind !== "cookie" && line.choice(2, `capture ${kind}`, ["header"]) === undefined) return;
  const name = line.need(nameIndex, `capture ${kind}`, "a name and 'len N'");
  if (name === undefined || line.choice(nameIndex + 1, `capture ${kind}`, ["len"]) === undefined) return;
  const length = line.integer(nameIndex + 2, `capture ${kind} len`, 1, CAPTURE_MAX);
  line.end(nameIndex + 3, `capture ${kind}`);
  if (length === undefined) return;
  if (kind !== "cookie") draft.captures.push({ side: kind, header: name, length, at: line.span(0) });
  else {
    const prefix = !name.endsWith("=");
    draft.captureCookie = { name: prefix ? name : name.slice(0, -1), prefix, length };
  }
}

/** `email-alert mailers|from|to|level|myhostname VALUE` */
export function parseEmailAlert(scope: Scope, draft: ProxyDraft, line: Line): void {
  const words = ["mailers", "from", "to", "level", "myhostname"] as const;
  const word = line.choice(1, "email-alert", words);
  const value = word === undefined ? undefined : line.need(2, `email-alert ${word}`, "an argument");
  if (word === undefined || value === undefined) return;
  if (word === "mailers")
    scope.references.push({ kind: "mailers", name: value, from: draft.name, keyword: "email-alert", at: line.at(2) });
  if (word === "myhostname") draft.emailDraft.myHostname = value;
  else draft.emailDraft[word] = value;
}
