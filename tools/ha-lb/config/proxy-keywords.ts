import { lookUp } from "../../../shared/text/lookup.ts";
import type { TlsDefaults } from "../model/global.ts";
import { parseSocketAddress } from "./address.ts";
import { parseBalance, parseCookie, parseHashType } from "./balance.ts";
import { parseBind } from "./bind.ts";
import { CHECK_STEPS_MAX, parseCheckStep } from "./check-rules.ts";
import type { ProxyDraft } from "./draft.ts";
import type { Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import { parseLog } from "./log-line.ts";
import * as lines from "./proxy-lines.ts";
import { parseOption } from "./proxy-options.ts";
import { parseRedirect } from "./redirect.ts";
import { addRule, conditionAt, parseRule, placesOf, type RuleSet } from "./rules.ts";
import type { SamplePlace } from "./sample-table.ts";
import { withPlaces, type Scope } from "./scope.ts";
import { parseDefaultServer, parseServer, parseServerTemplate } from "./server.ts";
import { parseSource } from "./source.ts";
import { parseStats } from "./stats.ts";
import { parseStickRule, parseStickTable } from "./stick.ts";

/** What the readers of a proxy's lines get. */
export interface ProxyContext {
  readonly scope: Scope;
  readonly draft: ProxyDraft;
  readonly bindTls: TlsDefaults;
  readonly serverTls: TlsDefaults;
}
export type LineReader = (context: ProxyContext, line: Line) => void;

const INT_MAX = 2 ** 31 - 1;
/** Servers in one backend. */
export const SERVERS_MAX = 10_000;

const TIMEOUTS: Readonly<Record<string, keyof ProxyDraft["timeouts"]>> = {
  client: "client",
  server: "server",
  connect: "connect",
  queue: "queue",
  check: "check",
  "http-request": "httpRequest",
  "http-keep-alive": "httpKeepAlive",
  tunnel: "tunnel",
  "client-fin": "clientFin",
  "server-fin": "serverFin",
  tarpit: "tarpit",
};

function setTimeoutValue(
  draft: ProxyDraft,
  line: Line,
  index: number,
  keyword: string,
  name: keyof ProxyDraft["timeouts"],
): void {
  const timeMs = line.time(index, keyword);
  line.end(index + 1, keyword);
  // 0 means none.
  if (timeMs === 0) delete draft.timeouts[name];
  else if (timeMs !== undefined) draft.timeouts[name] = timeMs;
}

function formatReader(
  keyword: string,
  place: SamplePlace,
  apply: (draft: ProxyDraft, format: NonNullable<ReturnType<typeof parseLogFormat>>) => void,
): LineReader {
  return ({ scope, draft }, line) => {
    const text = line.need(1, keyword, "a format; put it in quotes when it has blanks");
    if (text === undefined) return;
    line.end(2, keyword);
    const format = parseLogFormat(withPlaces(scope, [place], keyword), text, line.at(1));
    if (format !== undefined) apply(draft, format);
  };
}

function ruleReader(set: RuleSet, select: (draft: ProxyDraft) => ProxyDraft["httpRequest"]): LineReader {
  return ({ scope, draft }, line) => {
    const keyword = line.text(0);
    addRule(select(draft), parseRule(scope, draft, line, 1, set, keyword), line, keyword);
    lines.warnOrder(draft, line, keyword);
  };
}

function keepAliveReader(
  side: "clientKeepAlive" | "serverKeepAlive",
  field: "count" | "idleSeconds" | "intervalSeconds",
): LineReader {
  return ({ draft }, line) => {
    const value = field === "count" ? line.integer(1, line.text(0), 1, INT_MAX) : line.time(1, line.text(0), 1000);
    if (value !== undefined)
      draft[side] = { ...draft[side], [field]: field === "count" ? value : Math.ceil(value / 1000) };
  };
}

const readMode: LineReader = ({ draft }, line) => {
  const mode = line.choice(1, "mode", ["tcp", "http", "health"]);
  line.end(2, "mode");
  if (mode === "health")
    line.problem(
      "LB_REMOVED",
      { keyword: "mode health", means: "use 'http-request return status 200' in mode http" },
      1,
    );
  else if (mode !== undefined) draft.mode = mode;
};

const readLog: LineReader = ({ scope, draft }, line) => {
  if (line.text(1) === "global") {
    draft.logGlobal = true;
    line.end(2, "log global");
    return;
  }
  const target = parseLog(scope, line);
  if (target === undefined) return;
  draft.logTargets.push(target);
};

const readServer: LineReader = ({ scope, draft, serverTls }, line) => {
  const server = parseServer(scope, line, draft.defaultServer, serverTls);
  if (server === undefined) return;
  const twin = draft.servers.find((known) => known.name === server.name);
  if (twin !== undefined) {
    line.problem(
      "LB_DUPLICATE_NAME",
      { kind: "server", name: `${draft.name}/${server.name}`, other: `${twin.at.file}:${twin.at.line}` },
      1,
    );
  }
  if (draft.servers.length >= SERVERS_MAX)
    line.problem("LB_TOO_MUCH", { what: "servers in a backend", most: SERVERS_MAX });
  else draft.servers.push(server);
};

const readCheck: LineReader = ({ scope, draft }, line) => {
  const kind = line.text(0) === "http-check" ? "http-check" : "tcp-check";
  if (kind === "http-check" && line.text(1) === "disable-on-404") {
    draft.checkDisableOn404 = true;
    return;
  }
  if (kind === "http-check" && line.text(1) === "send-state") {
    draft.checkSendState = true;
    return;
  }
  const step = parseCheckStep(scope, line, kind);
  if (step === undefined) return;
  if (draft.checkStepsInherited) {
    draft.checkSteps = [];
    draft.httpCheckRequest = undefined;
  }
  draft.checkStepsInherited = false;
  if (draft.checkSteps.length >= CHECK_STEPS_MAX)
    line.problem("LB_TOO_MUCH", { what: `${kind} rules`, most: CHECK_STEPS_MAX });
  else draft.checkSteps.push(step);
};

const readRedirect: LineReader = ({ scope, draft }, line) => {
  const inner = withPlaces(
    scope,
    placesOf(draft, { front: "frontend http-request header rule", back: "backend http-request header rule" }),
    "redirect",
  );
  const found = parseRedirect(inner, line, 1, "redirect");
  if (found === undefined) return;
  const condition = conditionAt(inner, draft, line, found.next, "redirect");
  if (!condition.ok) return;
  const own = condition.condition === undefined ? {} : { condition: condition.condition };
  draft.redirects.push({ redirect: found.redirect, at: line.span(0), ...own });
  lines.warnOrder(draft, line, "redirect");
};

const readMonitorFail: LineReader = ({ scope, draft }, line) => {
  if (line.choice(1, "monitor", ["fail"]) === undefined) return;
  if (line.text(2) !== "if" && line.text(2) !== "unless") {
    line.problem(
      "LB_MISSING_ARGUMENT",
      { keyword: "monitor fail", expected: "an 'if' or 'unless' condition", hint: "" },
      2,
    );
    return;
  }
  const condition = conditionAt(
    withPlaces(scope, ["frontend http-request header rule"], "monitor fail"),
    draft,
    line,
    2,
    "monitor fail",
  ).condition;
  if (condition !== undefined) draft.monitorFail.push(condition);
};

const readDefaultBackend: LineReader = ({ scope, draft }, line) => {
  const name = line.need(1, "default_backend", "a backend's name");
  if (name === undefined) return;
  line.end(2, "default_backend");
  draft.defaultBackend = name;
  scope.references.push({ kind: "backend", name, from: draft.name, keyword: "default_backend", at: line.at(1) });
};

const readDispatch: LineReader = ({ draft }, line) => {
  const text = line.need(1, "dispatch", "an address");
  if (text === undefined) return;
  const parsed = parseSocketAddress(line.address(1));
  const problem = typeof parsed === "string" ? parsed : parsed.portText === "" ? "missing port" : undefined;
  if (typeof parsed === "string" || problem !== undefined)
    line.problem("LB_BAD_ADDRESS", { keyword: "dispatch", text, problem: problem ?? "" }, 1);
  else draft.dispatch = parsed.address;
};

const readPersist: LineReader = (_context, line) => {
  if (line.choice(1, "persist", ["rdp-cookie"]) === undefined) return;
  line.problem("LB_NOT_SUPPORTED", {
    keyword: "persist rdp-cookie",
    means: "the RDP protocol isn't parsed; use 'stick on src'",
  });
};

/** Compression is there without a filter line; such a line only says where in the chain it stands. */
const readFilter: LineReader = (_context, line) => {
  const name = line.choice(1, "filter", [
    "compression",
    "cache",
    "trace",
    "spoe",
    "opentracing",
    "fcgi-app",
    "bwlim-in",
    "bwlim-out",
  ]);
  if (name === undefined || name === "compression") return;
  line.problem("LB_NOT_SUPPORTED", { keyword: `filter ${name}`, means: "only compression is available" }, 1);
};

const readTimeout: LineReader = ({ draft }, line) => {
  const names = Object.keys(TIMEOUTS);
  const name = line.choice(1, "timeout", names);
  const field = name === undefined ? undefined : lookUp(TIMEOUTS, name);
  if (field !== undefined) setTimeoutValue(draft, line, 2, `timeout ${name}`, field);
};

function oldTimeout(field: "client" | "server" | "connect"): LineReader {
  return (_context, line) => line.problem("LB_REMOVED", { keyword: line.text(0), means: `use 'timeout ${field}'` });
}

function integerReader(most: number, apply: (draft: ProxyDraft, value: number) => void): LineReader {
  return ({ draft }, line) => {
    const value = line.integer(1, line.text(0), 0, most);
    line.end(2, line.text(0));
    if (value !== undefined) apply(draft, value);
  };
}

function textReader(expected: string, apply: (draft: ProxyDraft, text: string) => void): LineReader {
  return ({ draft }, line) => {
    const text = line.need(1, line.text(0), expected);
    if (text !== undefined) apply(draft, text);
  };
}

/** Readers of all honoured lines of proxies, by keyword. */
export const PROXY_READERS: Readonly<Record<string, LineReader>> = {
  mode: readMode,
  log: readLog,
  server: readServer,
  "default-server": ({ scope, draft, serverTls }, line) => {
    draft.defaultServer = parseDefaultServer(scope, line, draft.defaultServer, serverTls);
  },
  "server-template": ({ scope, draft, serverTls }, line) => {
    draft.servers.push(...parseServerTemplate(scope, line, draft.defaultServer, serverTls));
  },
  bind: ({ draft, bindTls }, line) => {
    draft.binds.push(...parseBind(line, 1, "bind", bindTls));
  },
  option: ({ draft }, line) => parseOption(draft, line, 1, true),
  acl: ({ scope, draft }, line) => lines.parseAclLine(scope, draft, line),
  balance: ({ scope, draft }, line) => {
    draft.balance = parseBalance(scope, line) ?? draft.balance;
  },
  "hash-type": ({ draft }, line) => {
    draft.hashType = parseHashType(line) ?? draft.hashType;
  },
  "hash-balance-factor": ({ draft }, line) => {
    const factor = line.integer(1, "hash-balance-factor", 0, 65535);
    if (factor === undefined) return;
    if (factor > 0 && factor <= 100) {
      line.problem(
        "LB_BAD_NUMBER",
        { keyword: "hash-balance-factor", expected: "0 or more than 100", text: line.text(1) },
        1,
      );
    } else draft.hashBalanceFactor = factor;
  },
  filter: readFilter,
  cookie: ({ draft }, line) => {
    draft.cookie = parseCookie(line) ?? draft.cookie;
  },
  "dynamic-cookie-key": textReader("a key", (draft, key) => {
    if (draft.cookie !== undefined) draft.cookie = { ...draft.cookie, dynamicKey: key };
  }),
  timeout: readTimeout,
  clitimeout: oldTimeout("client"),
  srvtimeout: oldTimeout("server"),
  contimeout: oldTimeout("connect"),
  "http-request": ruleReader("http-request", (draft) => draft.httpRequest),
  "http-response": ruleReader("http-response", (draft) => draft.httpResponse),
  "http-after-response": ruleReader("http-after-response", (draft) => draft.httpAfterResponse),
  "tcp-request": ({ scope, draft }, line) => lines.parseTcpRule(scope, draft, line),
  "tcp-response": ({ scope, draft }, line) => lines.parseTcpRule(scope, draft, line),
  redirect: readRedirect,
  use_backend: ({ scope, draft }, line) => lines.parseUse(scope, draft, line, "use_backend"),
  "use-server": ({ scope, draft }, line) => lines.parseUse(scope, draft, line, "use-server"),
  default_backend: readDefaultBackend,
  "http-check": readCheck,
  "tcp-check": readCheck,
  stats: ({ scope, draft }, line) => parseStats(scope, draft, line),
  "stick-table": ({ scope, draft }, line) => {
    draft.stickTable = parseStickTable(scope, line, 1, draft.name) ?? draft.stickTable;
  },
  stick: ({ scope, draft }, line) => {
    const rule = parseStickRule(scope, draft, line);
    if (rule !== undefined) draft.stickRules.push(rule);
  },
  errorfile: ({ scope, draft }, line) => lines.parseErrorFile(scope, draft, line),
  errorfiles: ({ scope, draft }, line) => lines.parseErrorFiles(scope, draft, line),
  errorloc: ({ draft }, line) => lines.parseErrorLocation(draft, line),
  errorloc302: ({ draft }, line) => lines.parseErrorLocation(draft, line),
  errorloc303: ({ draft }, line) => lines.parseErrorLocation(draft, line),
  "http-error": ({ scope, draft }, line) => lines.parseHttpError(scope, draft, line),
  "retry-on": ({ draft }, line) => lines.parseRetryOn(draft, line),
  compression: ({ draft }, line) => lines.parseCompression(draft, line),
  capture: ({ draft }, line) => lines.parseCapture(draft, line),
  declare: ({ draft }, line) => lines.parseCapture(draft, line),
  "email-alert": ({ scope, draft }, line) => lines.parseEmailAlert(scope, draft, line),
  "force-persist": ({ scope, draft }, line) => lines.parsePersistRule(scope, draft, line, "force"),
  "ignore-persist": ({ scope, draft }, line) => lines.parsePersistRule(scope, draft, line, "ignore"),
  persist: readPersist,
  monitor: readMonitorFail,
  "monitor-uri": textReader("a path", (draft, uri) => {
    draft.monitorUri = uri;
  }),
  dispatch: readDispatch,
  source: ({ draft }, line) => {
    const found = parseSource(line, 1);
    if (found !== undefined) line.end(found.next, "source");
    if (found !== undefined) draft.source = found.source;
  },
  maxconn: integerReader(INT_MAX, (draft, value) => {
    draft.maxConnections = value;
  }),
  backlog: integerReader(INT_MAX, (draft, value) => {
    draft.backlog = value;
  }),
  fullconn: integerReader(INT_MAX, (draft, value) => {
    draft.fullConnections = value;
  }),
  dataplane: ({ draft }, line) => {
    draft.dataPath = line.choice(1, "dataplane", ["sockets", "nft"]) === "nft" ? "nft" : undefined;
  },
  retries: integerReader(INT_MAX, (draft, value) => {
    draft.retries = value;
  }),
  id: integerReader(INT_MAX, (draft, value) => {
    draft.id = value;
  }),
  "max-keep-alive-queue": ({ draft }, line) => {
    draft.maxKeepAliveQueue = line.integer(1, "max-keep-alive-queue", -1, INT_MAX);
  },
  "rate-limit": ({ draft }, line) => {
    if (line.choice(1, "rate-limit", ["sessions"]) !== undefined)
      draft.sessionRateLimit = line.integer(2, "rate-limit sessions", 0, INT_MAX);
  },
  disabled: ({ draft }) => {
    draft.disabled = true;
  },
  enabled: ({ draft }) => {
    draft.disabled = false;
  },
  description: ({ draft }, line) => {
    draft.description = line.rest(1);
  },
  "http-reuse": ({ draft }, line) => {
    draft.reuse = line.choice(1, "http-reuse", ["never", "safe", "aggressive", "always"]) ?? draft.reuse;
  },
  "http-send-name-header": ({ draft }, line) => {
    if (line.need(1, "http-send-name-header", "a header's name") === undefined) return;
    draft.sendNameHeader = line.text(1) === "" ? undefined : line.text(1);
  },
  "log-format": formatReader("log-format", "logs", (draft, format) => {
    draft.logFormat = format;
    draft.logStyle = "custom";
  }),
  "log-format-sd": formatReader("log-format-sd", "logs", (draft, format) => {
    draft.structuredDataFormat = format;
  }),
  "error-log-format": formatReader("error-log-format", "logs", (draft, format) => {
    draft.errorLogFormat = format;
  }),
  "unique-id-format": formatReader("unique-id-format", "frontend http-request header rule", (draft, format) => {
    draft.uniqueIdFormat = format;
  }),
  "unique-id-header": textReader("a header's name", (draft, name) => {
    draft.uniqueIdHeader = name;
  }),
  "log-tag": textReader("a tag", (draft, tag) => {
    draft.logTag = tag;
  }),
  "load-server-state-from-file": ({ draft }, line) => {
    draft.loadServerState = line.choice(1, "load-server-state-from-file", ["global", "local", "none"]) ?? "none";
  },
  "server-state-file-name": ({ draft }, line) => {
    draft.serverStateFile = line.text(1) === "use-backend-name" || line.text(1) === "" ? draft.name : line.text(1);
  },
  "external-check": ({ draft }, line) => {
    const word = line.choice(1, "external-check", ["command", "path"]);
    const value = word === undefined ? undefined : line.need(2, `external-check ${word}`, "an argument");
    if (word === "command") draft.externalCommand = value;
    else if (word === "path") draft.externalPath = value;
  },
  "clitcpka-cnt": keepAliveReader("clientKeepAlive", "count"),
  "clitcpka-idle": keepAliveReader("clientKeepAlive", "idleSeconds"),
  "clitcpka-intvl": keepAliveReader("clientKeepAlive", "intervalSeconds"),
  "srvtcpka-cnt": keepAliveReader("serverKeepAlive", "count"),
  "srvtcpka-idle": keepAliveReader("serverKeepAlive", "idleSeconds"),
  "srvtcpka-intvl": keepAliveReader("serverKeepAlive", "intervalSeconds"),
};
