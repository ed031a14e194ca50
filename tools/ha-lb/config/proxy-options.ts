import { lookUp } from "../../../shared/text/lookup.ts";
import type { ForwardOption, ProxyFlag } from "../model/proxy.ts";
import { parseNetwork } from "../model/ip.ts";
import type { ProxyDraft } from "./draft.ts";
import { hintFor, type Line } from "./line.ts";

/** Options that are plain switches; `no option X` clears them. The side they belong to. */
const FLAGS: Readonly<Record<ProxyFlag, "FE" | "BE" | "both">> = {
  abortonclose: "BE",
  "accept-invalid-http-request": "FE",
  "accept-invalid-http-response": "BE",
  allbackups: "BE",
  checkcache: "BE",
  clitcpka: "FE",
  contstats: "FE",
  "disable-h2-upgrade": "FE",
  "dontlog-normal": "FE",
  dontlognull: "FE",
  "h1-case-adjust-bogus-client": "FE",
  "h1-case-adjust-bogus-server": "BE",
  "http-buffer-request": "both",
  "http-ignore-probes": "FE",
  "http-no-delay": "both",
  "http-pretend-keepalive": "BE",
  "http-use-proxy-header": "FE",
  "idle-close-on-response": "FE",
  "independent-streams": "both",
  "log-health-checks": "BE",
  "log-separate-errors": "FE",
  logasap: "FE",
  nolinger: "both",
  persist: "BE",
  "prefer-last-server": "BE",
  "socket-stats": "FE",
  "splice-auto": "both",
  "splice-request": "both",
  "splice-response": "both",
  srvtcpka: "BE",
  "tcp-smart-accept": "FE",
  "tcp-smart-connect": "BE",
  transparent: "BE",
};

const OTHERS = [
  "forwardfor",
  "originalto",
  "httplog",
  "httpslog",
  "tcplog",
  "httpclose",
  "http-server-close",
  "http-keep-alive",
  "redispatch",
  "httpchk",
  "tcp-check",
  "ssl-hello-chk",
  "smtpchk",
  "mysql-check",
  "pgsql-check",
  "redis-check",
  "ldap-check",
  "spop-check",
  "external-check",
  "tcpka",
  "http-restrict-req-hdr-names",
  "http-tunnel",
  "forceclose",
  "httpclose",
  "http_proxy",
  "log-health-checks",
];

/** Words that are understood but change nothing here. */
const IGNORED: Readonly<Record<string, string>> = {
  "http-no-delay": "data is always forwarded at once",
  "independent-streams": "the two directions already have timers of their own",
  "tcp-smart-accept": "the kernel decides about delayed acknowledgements",
  "tcp-smart-connect": "the kernel decides about delayed acknowledgements",
  "socket-stats": "statistics are kept per frontend and per server",
  contstats: "statistics are always continuous",
  "splice-auto": "long streams of mode tcp are spliced by themselves",
  "splice-request": "long streams of mode tcp are spliced by themselves",
  "splice-response": "long streams of mode tcp are spliced by themselves",
};

const REFUSED: Readonly<Record<string, string>> = {
  transparent: "connections can't be sent to their original address; name the servers",
  "spop-check": "SPOE agents aren't supported",
  checkcache: "responses aren't searched for cacheable cookies; set 'cookie … nocache'",
};

/** Options whose old names are gone from the language. */
const REMOVED: Readonly<Record<string, string>> = {
  forceclose: "use 'option httpclose'",
  "http-tunnel": "use 'option http-keep-alive' or mode tcp",
  http_proxy: "there is no successor",
};

const ALL_OPTIONS: readonly string[] = [...Object.keys(FLAGS), ...OTHERS];

/** Every option with what becomes of it, for the reference page. */
export function optionStatus(name: string): {
  readonly kind: "honoured" | "ignored" | "refused" | "removed";
  readonly means: string;
} {
  const refused = lookUp(REFUSED, name);
  if (refused !== undefined) return { kind: "refused", means: refused };
  const ignored = lookUp(IGNORED, name);
  if (ignored !== undefined) return { kind: "ignored", means: ignored };
  const removed = lookUp(REMOVED, name);
  return removed === undefined ? { kind: "honoured", means: "" } : { kind: "removed", means: removed };
}

export const OPTION_NAMES: readonly string[] = [...new Set(ALL_OPTIONS)];

function isFlag(name: string): name is ProxyFlag {
  return Object.hasOwn(FLAGS, name);
}

/** `[no] option NAME …`. */
export function parseOption(draft: ProxyDraft, line: Line, from: number, on: boolean): void {
  const name = line.need(from, "option", "an option's name");
  if (name === undefined) return;
  const status = optionStatus(name);
  if (!isFlag(name) && !OTHERS.includes(name)) {
    line.problem("LB_UNKNOWN_OPTION", { option: name, hint: hintFor(name, OPTION_NAMES) }, from);
    return;
  }
  if (status.kind === "removed") line.problem("LB_REMOVED", { keyword: `option ${name}`, means: status.means }, from);
  else if (status.kind === "refused" && on)
    line.problem("LB_NOT_SUPPORTED", { keyword: `option ${name}`, means: status.means }, from);
  else if (isFlag(name)) applyFlag(draft, line, from, name, on);
  else applyOther(draft, line, from, name, on);
}

function applyFlag(draft: ProxyDraft, line: Line, from: number, name: ProxyFlag, on: boolean): void {
  line.end(from + 1, `option ${name}`);
  const status = optionStatus(name);
  if (status.kind === "ignored" && on)
    line.problem("LB_IGNORED", { keyword: `option ${name}`, means: status.means }, from);
  const side = FLAGS[name];
  if (draft.kind === "frontend" && side === "BE")
    line.problem("LB_WRONG_SIDE", { keyword: `option ${name}`, name: draft.name, side: "backend" }, from);
  if (draft.kind === "backend" && side === "FE")
    line.problem("LB_WRONG_SIDE", { keyword: `option ${name}`, name: draft.name, side: "frontend" }, from);
  if (on) draft.flags.add(name);
  else draft.flags.delete(name);
}

/** These can be negated; the others can't. */
const NEGATABLE = ["httpclose", "http-server-close", "http-keep-alive", "redispatch"];

function applyOther(draft: ProxyDraft, line: Line, from: number, name: string, on: boolean): void {
  if (!on && !NEGATABLE.includes(name)) {
    line.problem("LB_BAD_COMBINATION", { keyword: `option ${name}`, problem: "'no' can't be used with it" }, 0);
    return;
  }
  switch (name) {
    case "httpclose":
      draft.connectionMode = on ? "close" : "keep-alive";
      break;
    case "http-server-close":
      draft.connectionMode = on ? "server-close" : "keep-alive";
      break;
    case "http-keep-alive":
      draft.connectionMode = "keep-alive";
      break;
    case "redispatch":
      draft.redispatch = on
        ? line.has(from + 1)
          ? (line.integer(from + 1, "option redispatch", -1000, 1000) ?? 0)
          : -1
        : 0;
      break;
    case "tcpka":
      draft.flags.add("clitcpka");
      draft.flags.add("srvtcpka");
      break;
    case "forwardfor":
      draft.forwardFor = parseForward(line, from, "X-Forwarded-For");
      break;
    case "originalto":
      draft.originalTo = parseForward(line, from, "X-Original-To");
      break;
    case "http-restrict-req-hdr-names":
      draft.restrictHeaderNames = line.choice(from + 1, name, ["preserve", "delete", "reject"]);
      break;
    case "httplog":
    case "tcplog":
    case "httpslog":
      applyLogStyle(draft, line, from, name);
      break;
    default:
      applyCheckOption(draft, line, from, name);
  }
}

function parseForward(line: Line, from: number, defaultHeader: string): ForwardOption {
  let header = defaultHeader;
  let ifNone = false;
  let except: string | undefined;
  for (let index = from + 1; index < line.length; index += 1) {
    const word = line.text(index);
    if (word === "if-none" && defaultHeader === "X-Forwarded-For") ifNone = true;
    else if (word === "header") header = line.need(++index, "header", "a header's name") ?? header;
    else if (word === "except") {
      except = line.need(++index, "except", "a network");
      if (except !== undefined && parseNetwork(except) === undefined) {
        line.problem("LB_BAD_ADDRESS", { keyword: "except", text: except, problem: "a network is expected" }, index);
      }
    } else {
      const hint = "use 'except NETWORK', 'header NAME' or 'if-none'";
      line.problem("LB_UNKNOWN_WORD", { keyword: `option ${line.text(from)}`, word, hint }, index);
      break;
    }
  }
  return { header, ifNone, ...(except === undefined ? {} : { except }) };
}

function applyLogStyle(draft: ProxyDraft, line: Line, from: number, name: string): void {
  delete draft.logFormat;
  const style = line.text(from + 1);
  if (name !== "httplog") line.end(from + 1, `option ${name}`);
  if (name === "tcplog") draft.logStyle = "tcp";
  else if (name === "httpslog") draft.logStyle = "https";
  else if (style === "clf") draft.logStyle = "http-clf";
  else if (style === "json") draft.logStyle = "json";
  else {
    draft.logStyle = "http";
    if (style !== "")
      line.problem(
        "LB_UNKNOWN_WORD",
        { keyword: "option httplog", word: style, hint: "use 'clf' or 'json'" },
        from + 1,
      );
  }
}

function applyCheckOption(draft: ProxyDraft, line: Line, from: number, name: string): void {
  // Steps of the defaults belong to the check that the defaults chose.
  if (draft.checkStepsInherited) draft.checkSteps = [];
  draft.checkStepsInherited = false;
  const first = line.text(from + 1);
  switch (name) {
    case "httpchk": {
      draft.healthCheck = { kind: "http", steps: [] };
      draft.httpCheckRequest = parseHttpCheckRequest(line, from);
      break;
    }
    case "tcp-check":
      draft.healthCheck = { kind: "tcp-sequence", steps: [] };
      break;
    case "ssl-hello-chk":
      draft.healthCheck = { kind: "ssl-hello" };
      break;
    case "redis-check":
      draft.healthCheck = { kind: "redis" };
      break;
    case "ldap-check":
      draft.healthCheck = { kind: "ldap" };
      break;
    case "external-check":
      draft.healthCheck = { kind: "external" };
      break;
    case "smtpchk": {
      const full = first === "HELO" || first === "EHLO";
      draft.healthCheck = {
        kind: "smtp",
        greeting: full ? first : "HELO",
        domain: full && line.has(from + 2) ? line.text(from + 2) : "localhost",
      };
      break;
    }
    case "mysql-check":
      draft.healthCheck = parseMysql(line, from);
      break;
    case "pgsql-check": {
      if (line.choice(from + 1, "option pgsql-check", ["user"]) === undefined) break;
      draft.healthCheck = {
        kind: "pgsql",
        user: line.need(from + 2, "option pgsql-check user", "a user's name") ?? "",
      };
      break;
    }
    default:
      throw new Error(`option '${name}' is listed and not read`);
  }
}

function parseMysql(line: Line, from: number): ProxyDraft["healthCheck"] {
  if (!line.has(from + 1)) return { kind: "mysql", post41: true };
  if (line.choice(from + 1, "option mysql-check", ["user"]) === undefined) return { kind: "mysql", post41: true };
  const user = line.need(from + 2, "option mysql-check user", "a user's name") ?? "";
  const version = line.has(from + 3) ? line.choice(from + 3, "option mysql-check", ["post-41", "pre-41"]) : undefined;
  return { kind: "mysql", user, post41: version !== "pre-41" };
}

/** `option httpchk [METHOD] URI [VERSION]`: a single word is the URI. */
function parseHttpCheckRequest(line: Line, from: number): ProxyDraft["httpCheckRequest"] {
  const single = line.has(from + 1) && !line.has(from + 2);
  const method = single || !line.has(from + 1) ? "OPTIONS" : line.text(from + 1);
  const uri = single ? line.text(from + 1) : line.has(from + 2) ? line.text(from + 2) : "/";
  // Old configurations smuggle a Host header into the version: `HTTP/1.1\r\nHost:\ www`.
  const version = line.has(from + 3) ? line.rest(from + 3) : "";
  const found = /^HTTP\/(\d\.\d)(?:\r\n)?(?:Host: *([^\r\n]*))?/i.exec(version);
  if (version !== "" && found === null) {
    line.problem(
      "LB_BAD_CHOICE",
      { keyword: "option httpchk", got: version, hint: "the version is HTTP/1.0 or HTTP/1.1" },
      from + 3,
    );
  }
  if (/\r\n./.test(version)) {
    line.problem(
      "LB_DEPRECATED",
      { keyword: "option httpchk with headers in the version", means: "use 'http-check send hdr Host …'" },
      from + 3,
    );
  }
  return { method, uri, version: found?.[1] ?? "1.0", ...(found?.[2] === undefined ? {} : { host: found[2] }) };
}
