import { lookUp } from "../../../shared/text/lookup.ts";
import type { TlsVersion } from "../model/tls.ts";
import { applyVersionFlag, parseBind, TLS_VERSIONS } from "./bind.ts";
import type { GlobalDraft } from "./global-draft.ts";
import { GLOBAL_STATUS } from "./global-table.ts";
import { choicesFor, hintFor, type Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import { parseLog } from "./log-line.ts";
import { parseExpressionWords } from "./sample.ts";
import { withPlaces, type Scope } from "./scope.ts";
import { parseVariable } from "./variable.ts";

/** What the readers of `global` get. Changes of the environment act on the lines that follow. */
export interface GlobalContext {
  readonly scope: Scope;
  readonly draft: GlobalDraft;
  readonly setEnvironment: (name: string, value: string | undefined) => void;
  readonly environment: ReadonlyMap<string, string>;
}
type GlobalReader = (context: GlobalContext, line: Line) => void;

const INT_MAX = 2 ** 31 - 1;

function flag(apply: (draft: GlobalDraft) => void): GlobalReader {
  return ({ draft }, line) => {
    line.end(1, line.text(0));
    apply(draft);
  };
}

function integer(least: number, most: number, apply: (draft: GlobalDraft, value: number) => void): GlobalReader {
  return ({ draft }, line) => {
    const value = line.integer(1, line.text(0), least, most);
    line.end(2, line.text(0));
    if (value !== undefined) apply(draft, value);
  };
}

function text(expected: string, apply: (draft: GlobalDraft, value: string) => void): GlobalReader {
  return ({ draft }, line) => {
    const value = line.need(1, line.text(0), expected);
    line.end(2, line.text(0));
    if (value !== undefined) apply(draft, value);
  };
}

function time(unitMs: number, apply: (draft: GlobalDraft, timeMs: number) => void): GlobalReader {
  return ({ draft }, line) => {
    const value = line.time(1, line.text(0), unitMs);
    line.end(2, line.text(0));
    if (value !== undefined) apply(draft, value);
  };
}

const readStats: GlobalReader = ({ draft }, line) => {
  const word = line.choice(1, "stats", ["socket", "timeout", "maxconn", "bind-process"]);
  if (word === "socket") draft.statsSockets.push(...parseBind(line, 2, "stats socket", draft.bindTls));
  else if (word === "timeout") draft.statsTimeoutMs = line.time(2, "stats timeout") ?? draft.statsTimeoutMs;
  else if (word === "maxconn") line.integer(2, "stats maxconn", 1, INT_MAX);
  else if (word === "bind-process")
    line.problem("LB_IGNORED", { keyword: "stats bind-process", means: "the master owns the command sockets" }, 1);
};

const readSetVariable: GlobalReader = ({ scope, draft }, line) => {
  const keyword = line.text(0);
  const name = line.need(1, keyword, "a variable and a value");
  if (name === undefined) return;
  const variable = parseVariable(name);
  if (typeof variable === "string" || variable.scope !== "proc") {
    line.problem(
      "LB_BAD_EXPRESSION",
      { text: name, problem: typeof variable === "string" ? variable : "only 'proc.' variables can be set here" },
      1,
    );
    return;
  }
  const inner = withPlaces(scope, ["configuration parser"], keyword);
  if (keyword === "set-var-fmt") {
    const format =
      line.need(2, keyword, "a format") === undefined ? undefined : parseLogFormat(inner, line.text(2), line.at(2));
    if (format !== undefined) draft.variables.push({ variable, value: format });
    return;
  }
  const found = parseExpressionWords(inner, line, 2, keyword);
  if (found !== undefined) draft.variables.push({ variable, value: found.expression });
};

const readEnvironment: GlobalReader = ({ environment, setEnvironment }, line) => {
  const keyword = line.text(0);
  if (keyword === "unsetenv" || keyword === "resetenv") {
    const named = line.words.slice(1).map((word) => word.text);
    const keep = keyword === "resetenv";
    for (const name of keep ? environment.keys() : named)
      if (!keep || !named.includes(name)) setEnvironment(name, undefined);
    return;
  }
  const name = line.need(1, keyword, "a name and a value");
  if (name === undefined || line.need(2, keyword, "a value") === undefined) return;
  line.end(3, keyword);
  if (keyword === "setenv" || !environment.has(name)) setEnvironment(name, line.text(2));
};

const BIND_OPTION_WORDS = [
  "no-tls-tickets",
  "prefer-client-ciphers",
  "ssl-min-ver",
  "ssl-max-ver",
  "no-sslv3",
  "no-tlsv10",
  "no-tlsv11",
  "no-tlsv12",
  "no-tlsv13",
  "force-sslv3",
  "force-tlsv10",
  "force-tlsv11",
  "force-tlsv12",
  "force-tlsv13",
];

function tlsOptions(side: "bindTls" | "serverTls"): GlobalReader {
  return ({ draft }, line) => {
    const keyword = line.text(0);
    const target = draft[side];
    if (line.need(1, keyword, "options") === undefined) return;
    for (let index = 1; index < line.length; index += 1) {
      const word = line.text(index);
      if (word === "no-tls-tickets") target.noTickets = true;
      else if (word === "prefer-client-ciphers") target.preferClientCiphers = true;
      else if (word === "ssl-min-ver" || word === "ssl-max-ver") {
        index += 1;
        const version: TlsVersion | undefined = line.choice(index, word, TLS_VERSIONS);
        if (version !== undefined) target[word === "ssl-min-ver" ? "minVersion" : "maxVersion"] = version;
      } else if (!applyVersionFlag(target, word)) {
        line.problem("LB_UNKNOWN_WORD", { keyword, word, hint: choicesFor(word, BIND_OPTION_WORDS) }, index);
        return;
      }
    }
  };
}

const readUnixBind: GlobalReader = ({ draft }, line) => {
  for (let index = 1; index < line.length; index += 2) {
    const word = line.choice(index, "unix-bind", ["prefix", "mode", "user", "uid", "group", "gid"]);
    const value = word === undefined ? undefined : line.need(index + 1, `unix-bind ${word}`, "an argument");
    if (word === undefined || value === undefined) return;
    if (word === "prefix") draft.unixBind.prefix = value;
    else if (word === "mode") draft.unixBind.mode = Number.parseInt(value, 8);
    else if (word === "user" || word === "uid") draft.unixBind.user = value;
    else draft.unixBind.group = value;
  }
};

const readTarget: GlobalReader = ({ scope, draft }, line) => {
  const target = parseLog(scope, line);
  if (target !== undefined) draft.logTargets.push(target);
};

const readThreads: GlobalReader = ({ draft }, line) => {
  draft.threads = line.integer(1, "nbthread", 1, 64) ?? draft.threads;
  line.end(2, "nbthread");
};

/** Readers of the honoured keywords. */
export const GLOBAL_READERS: Readonly<Record<string, GlobalReader>> = {
  daemon: flag((draft) => {
    draft.daemon = true;
  }),
  "master-worker": ({ draft }) => {
    draft.masterWorker = true;
  },
  quiet: flag((draft) => {
    draft.quiet = true;
  }),
  "zero-warning": flag((draft) => {
    draft.zeroWarning = true;
  }),
  nosplice: flag((draft) => {
    draft.splice = false;
  }),
  noreuseport: flag((draft) => {
    draft.reusePort = false;
  }),
  "h2-workaround-bogus-websocket-clients": flag((draft) => {
    draft.h2Tunnels = false;
  }),
  "external-check": ({ draft }) => {
    draft.externalCheck = true;
  },
  "strict-limits": flag((draft) => {
    draft.strictLimits = true;
  }),
  user: text("a user's name", (draft, value) => {
    draft.user = value;
  }),
  group: text("a group's name", (draft, value) => {
    draft.group = value;
  }),
  uid: integer(0, INT_MAX, (draft, value) => {
    draft.uid = value;
  }),
  gid: integer(0, INT_MAX, (draft, value) => {
    draft.gid = value;
  }),
  chroot: text("a directory", (draft, value) => {
    draft.chroot = value;
  }),
  pidfile: text("a path", (draft, value) => {
    draft.pidFile = value;
  }),
  nbthread: readThreads,
  maxconn: integer(0, INT_MAX, (draft, value) => {
    draft.maxConnections = value;
  }),
  maxconnrate: integer(0, INT_MAX, (draft, value) => {
    draft.maxConnectionRate = value;
  }),
  maxsessrate: integer(0, INT_MAX, (draft, value) => {
    draft.maxSessionRate = value;
  }),
  maxsslconn: integer(0, INT_MAX, (draft, value) => {
    // 0 is no limit.
    draft.maxTlsConnections = value === 0 ? undefined : value;
  }),
  maxsslrate: integer(0, INT_MAX, (draft, value) => {
    draft.maxTlsRate = value;
  }),
  "ulimit-n": integer(0, INT_MAX, (draft, value) => {
    draft.fileLimit = value;
  }),
  "hard-stop-after": time(1, (draft, value) => {
    draft.hardStopAfterMs = value;
  }),
  grace: time(1, (draft, value) => {
    draft.graceMs = value;
  }),
  "close-spread-time": ({ draft }, line) => {
    if (line.text(1) !== "infinite") draft.closeSpreadTimeMs = line.time(1, "close-spread-time");
  },
  "spread-checks": integer(0, 50, (draft, value) => {
    draft.spreadChecksPercent = value;
  }),
  "max-spread-checks": time(1, (draft, value) => {
    draft.maxSpreadChecksMs = value;
  }),
  node: ({ draft }, line) => {
    const name = line.need(1, "node", "a name");
    if (name !== undefined && !/^[A-Za-z0-9_.-]+$/.test(name)) {
      line.problem("LB_BAD_NAME", { character: /[^A-Za-z0-9_.-]/.exec(name)?.[0] ?? "", name }, 1);
    }
    draft.node = name;
  },
  description: ({ draft }, line) => {
    draft.description = line.rest(1);
  },
  localpeer: text("a peer's name", (draft, value) => {
    draft.localPeer = value;
  }),
  log: readTarget,
  "log-tag": text("a tag", (draft, value) => {
    draft.logTag = value;
  }),
  "log-send-hostname": ({ draft }, line) => {
    draft.logSendHostname = line.text(1);
  },
  stats: readStats,
  "ca-base": text("a directory", (draft, value) => {
    draft.caBase = value;
  }),
  "crt-base": text("a directory", (draft, value) => {
    draft.crtBase = value;
  }),
  "server-state-base": text("a directory", (draft, value) => {
    draft.serverStateBase = value;
  }),
  "server-state-file": text("a file", (draft, value) => {
    draft.serverStateFile = value;
  }),
  "ssl-server-verify": ({ draft }, line) => {
    draft.serverVerify = line.choice(1, "ssl-server-verify", ["none", "required"]) ?? "required";
  },
  "ssl-default-bind-ciphers": text("a cipher list", (draft, value) => {
    draft.bindTls.ciphers = value;
  }),
  "ssl-default-bind-ciphersuites": text("a cipher suite list", (draft, value) => {
    draft.bindTls.cipherSuites = value;
  }),
  "ssl-default-bind-curves": text("a list of curves", (draft, value) => {
    draft.bindTls.curves = value;
  }),
  "ssl-default-server-ciphers": text("a cipher list", (draft, value) => {
    draft.serverTls.ciphers = value;
  }),
  "ssl-default-server-ciphersuites": text("a cipher suite list", (draft, value) => {
    draft.serverTls.cipherSuites = value;
  }),
  "ssl-default-bind-options": tlsOptions("bindTls"),
  "ssl-default-server-options": tlsOptions("serverTls"),
  "unix-bind": readUnixBind,
  "h1-case-adjust": ({ draft }, line) => {
    const from = line.need(1, "h1-case-adjust", "a lower-case name and a name");
    const to = line.need(2, "h1-case-adjust", "a name that differs only in case");
    if (from === undefined || to === undefined) return;
    if (from.toLowerCase() !== from || to.toLowerCase() !== from) {
      line.problem(
        "LB_BAD_COMBINATION",
        { keyword: "h1-case-adjust", problem: "the names may only differ in case, the first being lower case" },
        1,
      );
    } else draft.headerCase.set(from, to);
  },
  "h1-case-adjust-file": text("a file", (draft, value) => {
    draft.headerCaseFile = value;
  }),
  "set-var": readSetVariable,
  "set-var-fmt": readSetVariable,
  setenv: readEnvironment,
  presetenv: readEnvironment,
  unsetenv: readEnvironment,
  resetenv: readEnvironment,
  "tune.bufsize": integer(1024, 1 << 26, (draft, value) => {
    draft.tune.bufferBytes = value;
  }),
  "tune.maxrewrite": integer(1, 1 << 26, (draft, value) => {
    draft.tune.maxRewriteBytes = value;
  }),
  "tune.http.maxhdr": integer(1, 32767, (draft, value) => {
    draft.tune.maxHeaders = value;
  }),
  "tune.http.logurilen": integer(1, 1 << 20, (draft, value) => {
    draft.tune.logUriBytes = value;
  }),
  "tune.http.cookielen": integer(1, 1 << 16, (draft, value) => {
    draft.tune.cookieBytes = value;
  }),
  "tune.maxaccept": integer(-1, INT_MAX, (draft, value) => {
    draft.tune.maxAccept = value;
  }),
  "tune.ssl.cachesize": integer(0, INT_MAX, (draft, value) => {
    draft.tune.tlsCacheEntries = value;
  }),
  "tune.ssl.lifetime": time(1000, (draft, value) => {
    draft.tune.tlsLifetimeSeconds = Math.ceil(value / 1000);
  }),
  "tune.h2.max-concurrent-streams": integer(0, INT_MAX, (draft, value) => {
    draft.tune.h2MaxConcurrentStreams = value;
  }),
  "tune.h2.initial-window-size": integer(0, INT_MAX, (draft, value) => {
    draft.tune.h2InitialWindowBytes = value;
  }),
  "tune.h2.header-table-size": integer(0, 65536, (draft, value) => {
    draft.tune.h2HeaderTableBytes = value;
  }),
  "tune.h2.max-frame-size": integer(16384, 16777215, (draft, value) => {
    draft.tune.h2MaxFrameBytes = value;
  }),
  "tune.rcvbuf.client": integer(0, INT_MAX, (draft, value) => {
    draft.tune.clientReceiveBytes = value;
  }),
  "tune.rcvbuf.server": integer(0, INT_MAX, (draft, value) => {
    draft.tune.serverReceiveBytes = value;
  }),
  "tune.sndbuf.client": integer(0, INT_MAX, (draft, value) => {
    draft.tune.clientSendBytes = value;
  }),
  "tune.sndbuf.server": integer(0, INT_MAX, (draft, value) => {
    draft.tune.serverSendBytes = value;
  }),
  "tune.comp.maxlevel": integer(1, 9, (draft, value) => {
    draft.tune.compressionLevel = value;
  }),
  "tune.idletimer": time(1, (draft, value) => {
    draft.tune.idleTimerMs = value;
  }),
};

export const GLOBAL_KEYWORDS: readonly string[] = [...Object.keys(GLOBAL_READERS), ...GLOBAL_STATUS.keys()];

/** Words that `no` may stand before. */
const NEGATABLE: Readonly<Record<string, (draft: GlobalDraft) => void>> = {
  "strict-limits": (draft) => {
    draft.strictLimits = false;
  },
  "busy-polling": () => undefined,
  "set-dumpable": () => undefined,
  "insecure-fork-wanted": () => undefined,
  "insecure-setuid-wanted": () => undefined,
  "numa-cpu-mapping": () => undefined,
};

/** One line of `global`. */
export function readGlobalLine(context: GlobalContext, line: Line): void {
  const keyword = line.text(0);
  if (keyword === "no") {
    const apply = NEGATABLE[line.text(1)];
    if (apply === undefined)
      line.problem("LB_BAD_COMBINATION", { keyword: line.rest(0), problem: "'no' can't stand here" });
    else apply(context.draft);
    return;
  }
  const status = GLOBAL_STATUS.get(keyword);
  const reader = lookUp(GLOBAL_READERS, keyword);
  if (reader !== undefined) reader(context, line);
  else if (status?.kind === "ignored") line.problem("LB_IGNORED", { keyword, means: status.means });
  else if (status?.kind === "refused") line.problem("LB_NOT_SUPPORTED", { keyword, means: status.means });
  else line.problem("LB_UNKNOWN_KEYWORD", { keyword, section: "global", hint: hintFor(keyword, GLOBAL_KEYWORDS) });
}
