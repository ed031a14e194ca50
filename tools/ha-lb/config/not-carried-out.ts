/**
 * Settings that the reader understands and the data plane doesn't carry out yet. What guards something is refused; what
 * can be missed is named in a warning. When the data plane learns one, its line here goes.
 */
import { lookUp } from "../../../shared/text/lookup.ts";
import type { LogTarget } from "../model/log-target.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { Bind } from "../model/bind.ts";
import type { Configuration } from "../model/configuration.ts";
import type { Global } from "../model/global.ts";
import { unknownPasswordHash } from "../model/password-hash.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Action } from "../model/rule.ts";
import type { Server } from "../model/server.ts";
import type { Report } from "./report.ts";
import { IGNORED_SECTIONS } from "./sections.ts";

type Kind = "ignored" | "refused";

interface Setting<Owner> {
  readonly word: string;
  readonly kind: Kind;
  readonly means: string;
  readonly isSet: (owner: Owner) => boolean;
}

const KERNEL = "the kernel's own value is used";
const LOG_ONLY = "the log has its other fields";

const RING_LOG = "rings aren't kept: these lines are lost; log to a syslog server, a socket or stdout as well";
const logsToRing = (targets: readonly LogTarget[]): boolean =>
  targets.some(({ transport }) => transport.kind === "ring");

const PROXY: readonly Setting<Proxy>[] = [
  { word: "log ring@", kind: "ignored", means: RING_LOG, isSet: ({ logTargets }) => logsToRing(logTargets) },
  {
    word: "persist rdp-cookie",
    kind: "refused",
    means: "sessions wouldn't stay with their server; use 'balance rdp-cookie' or a stick-table",
    isSet: (proxy) => proxy.persistRdpCookie !== undefined,
  },
  { word: "backlog", kind: "ignored", means: KERNEL, isSet: (proxy) => proxy.backlog !== undefined },
  {
    word: "email-alert",
    kind: "ignored",
    means: "no mail is sent; follow 'ha-lb events'",
    isSet: (proxy) => proxy.emailAlert !== undefined,
  },
  {
    word: "error-log-format",
    kind: "ignored",
    means: "errors are logged in the usual format",
    isSet: (proxy) => proxy.errorLogFormat !== undefined,
  },
  {
    word: "log-format-sd",
    kind: "ignored",
    means: LOG_ONLY,
    isSet: (proxy) => proxy.structuredDataFormat !== undefined,
  },
  {
    word: "max-keep-alive-queue",
    kind: "ignored",
    means: "a kept connection is preferred whatever the queue",
    isSet: (proxy) => proxy.maxKeepAliveQueue !== undefined,
  },
  {
    word: "option http-check send-state",
    kind: "ignored",
    means: "servers aren't told how they are seen",
    isSet: (proxy) => proxy.checkSendState,
  },
  {
    word: "option tcpka",
    kind: "ignored",
    means: "dead peers are found by the timeouts",
    isSet: ({ clientKeepAlive, flags, serverKeepAlive }) =>
      clientKeepAlive !== undefined || serverKeepAlive !== undefined || flags.has("clitcpka") || flags.has("srvtcpka"),
  },
  {
    word: "timeout server-fin",
    kind: "ignored",
    means: "'timeout server' counts",
    isSet: (proxy) => proxy.timeouts.serverFin !== undefined,
  },
];

const SUITES = "the TLS library has its own suites for TLS 1.3";

const SERVER: readonly Setting<Server>[] = [
  {
    word: "ciphersuites",
    kind: "ignored",
    means: SUITES,
    isSet: ({ tls }) => tls?.cipherSuites !== undefined,
  },
  {
    word: "ws",
    kind: "ignored",
    means: "WebSockets go over HTTP/1.1",
    isSet: ({ websocket }) => websocket === "h2",
  },
  {
    word: "proto fcgi",
    kind: "refused",
    means: "there is no FastCGI back end",
    isSet: (server) => server.protocol === "fcgi",
  },
  {
    word: "proxy-v2-options",
    kind: "ignored",
    means: "the header that send-proxy-v2 or send-proxy-v2-ssl sends carries addresses alone",
    isSet: (server) => (server.sendProxy?.options.length ?? 0) > 0,
  },
  { word: "tcp-ut", kind: "ignored", means: KERNEL, isSet: (server) => server.userTimeoutMs !== undefined },
];

const BIND: readonly Setting<Bind>[] = [
  { word: "ciphersuites", kind: "ignored", means: SUITES, isSet: ({ tls }) => tls?.cipherSuites !== undefined },
  {
    word: "prefer-client-ciphers",
    kind: "ignored",
    means: "the TLS library chooses between equally strong ciphers",
    isSet: ({ tls }) => tls?.preferClientCiphers === true,
  },
  {
    word: "no-ca-names",
    kind: "ignored",
    means: "clients are told which authorities are accepted",
    isSet: ({ tls }) => tls?.noCaNames === true,
  },
  {
    word: "tls-ticket-keys",
    kind: "ignored",
    means: "each process has keys of its own: sessions are resumed on the same process only",
    isSet: (bind) => bind.tls?.ticketKeysFile !== undefined,
  },
];

/** What haproxy keeps of them when nothing is said. */
const USUAL_LOG_URI_BYTES = 1024;
const BUFFERS = "the kernel sizes the buffers of sockets itself";

const GLOBAL: readonly Setting<Global>[] = [
  {
    word: "unix-bind",
    kind: "refused",
    means: "write 'mode', 'user' and 'group' on the 'bind' and 'stats socket' lines themselves",
    isSet: ({ unixBind }) => Object.values(unixBind).some((value) => value !== undefined),
  },
  {
    word: "h1-case-adjust",
    kind: "ignored",
    means: "names of header fields go on in the case they came in",
    isSet: ({ headerCase }) => headerCase.size > 0,
  },
  {
    word: "h1-case-adjust-file",
    kind: "ignored",
    means: "names of header fields go on in the case they came in",
    isSet: ({ headerCaseFile }) => headerCaseFile !== undefined,
  },
  {
    word: "spread-checks",
    kind: "ignored",
    means: "first checks are spread over an interval, and later ones keep their distance",
    isSet: ({ spreadChecksPercent }) => spreadChecksPercent > 0,
  },
  {
    word: "grace",
    kind: "ignored",
    means: "a process that ends takes no new connections at once",
    isSet: ({ graceMs }) => graceMs !== undefined,
  },
  {
    word: "ulimit-n",
    kind: "ignored",
    means: "the process has the limit it was started with: LimitNOFILE in a systemd unit",
    isSet: ({ fileLimit }) => fileLimit !== undefined,
  },
  {
    word: "tune.http.logurilen",
    kind: "ignored",
    means: "request lines are logged whole",
    isSet: ({ tune }) => tune.logUriBytes !== USUAL_LOG_URI_BYTES,
  },
  {
    word: "tune.rcvbuf.client",
    kind: "ignored",
    means: BUFFERS,
    isSet: ({ tune }) => tune.clientReceiveBytes !== undefined,
  },
  {
    word: "tune.sndbuf.client",
    kind: "ignored",
    means: BUFFERS,
    isSet: ({ tune }) => tune.clientSendBytes !== undefined,
  },
  {
    word: "tune.rcvbuf.server",
    kind: "ignored",
    means: BUFFERS,
    isSet: ({ tune }) => tune.serverReceiveBytes !== undefined,
  },
  {
    word: "tune.sndbuf.server",
    kind: "ignored",
    means: BUFFERS,
    isSet: ({ tune }) => tune.serverSendBytes !== undefined,
  },
  {
    word: "chroot",
    kind: "ignored",
    means: "the process gives up root for 'user' and 'group' instead",
    isSet: (global) => global.chroot !== undefined,
  },
];

const SOCKET = "sockets keep the system's settings";

/** Actions of rules; those that aren't here are carried out. */
const ACTIONS: Readonly<Partial<Record<Action["kind"], { readonly kind: Kind; readonly means: string }>>> = {
  "expect-proxy": { kind: "refused", means: "write 'accept-proxy' on the bind line" },
  "expect-netscaler-cip": { kind: "refused", means: "the NetScaler protocol isn't implemented" },
  "set-bandwidth-limit": { kind: "refused", means: "bandwidth isn't limited yet" },
  "switch-mode": { kind: "refused", means: "a connection stays in its mode" },
  "set-priority-class": { kind: "ignored", means: "all requests wait in one line" },
  "set-priority-offset": { kind: "ignored", means: "all requests wait in one line" },
  "set-nice": { kind: "ignored", means: "all requests are alike" },
  "set-tos": { kind: "ignored", means: SOCKET },
  "set-mark": { kind: "ignored", means: SOCKET },
  "wait-for-handshake": { kind: "ignored", means: "early data isn't accepted, so there is nothing to wait for" },
};

function reportActions(proxy: Proxy, report: Report): void {
  const { connection, content, response, session } = proxy.tcpRules;
  const http = [...proxy.httpRequest, ...proxy.httpResponse, ...proxy.httpAfterResponse];
  for (const { action, at } of [...connection, ...session, ...content, ...response, ...http]) {
    const lacking = ACTIONS[action.kind];
    if (lacking === undefined) continue;
    const data = { keyword: action.kind, means: lacking.means };
    report.add(lacking.kind === "refused" ? "LB_NOT_SUPPORTED" : "LB_IGNORED", data, at);
  }
}

/** Users whose password's hash can't be compared could never log in. */
function unknownHashes({ userLists }: Configuration, report: Report): void {
  for (const list of userLists.values()) {
    for (const [name, { hashed, password }] of list.users) {
      const hash = hashed && password !== "" ? unknownPasswordHash(password) : undefined;
      if (hash === undefined) continue;
      const means = `hashes of ${hash} can't be compared: '${name}' could not log in; SHA-crypt ('$5$', '$6$'), bcrypt and MD5-crypt can`;
      report.add("LB_NOT_SUPPORTED", { keyword: "password", means }, list.at);
    }
  }
}

/** Tells every setting of the configuration that wouldn't be carried out. */
export function reportNotCarriedOut(configuration: Configuration, report: Report): void {
  const tell = <Owner>(settings: readonly Setting<Owner>[], owner: Owner, at: Position | undefined): void => {
    for (const { isSet, kind, means, word } of settings) {
      if (isSet(owner))
        report.add(kind === "refused" ? "LB_NOT_SUPPORTED" : "LB_IGNORED", { keyword: word, means }, at);
    }
  };
  tell(GLOBAL, configuration.global, undefined);
  for (const proxy of configuration.proxies) {
    tell(PROXY, proxy, proxy.at);
    reportActions(proxy, report);
    for (const bind of proxy.binds) tell(BIND, bind, bind.at);
    for (const { at, check, name, protocol } of proxy.servers) {
      const spoken = check.protocol ?? protocol;
      if (!check.enabled || proxy.healthCheck.kind !== "http" || spoken !== "h2") continue;
      const means = `checks speak HTTP/1.1, which '${name}' doesn't: use 'option tcp-check'`;
      report.add("LB_NOT_SUPPORTED", { keyword: "check-proto h2", means }, at);
    }
    for (const [index, server] of proxy.servers.entries()) {
      // Servers of one template are alike.
      if (server.at !== proxy.servers[index - 1]?.at) tell(SERVER, server, server.at);
    }
  }
  for (const { at, disabled, peers } of configuration.peers.values()) {
    // Alone, a section says nothing that isn't so.
    if (peers.length > 1 && !disabled)
      report.add("LB_IGNORED", { keyword: "peers", means: IGNORED_SECTIONS.peers }, at);
  }
  unknownHashes(configuration, report);
}

const ACTION_AREA = /^(http|tcp)-/;

/** What the reference page says of a word instead of "honoured". */
export function notCarriedOut(area: string, name: string): { readonly kind: Kind; readonly means: string } | undefined {
  const action = ACTION_AREA.test(area) ? lookUp(ACTIONS, name) : undefined;
  if (action !== undefined) return action;
  const areas: Readonly<Record<string, readonly Omit<Setting<never>, "isSet">[]>> = {
    proxy: PROXY,
    option: PROXY.map((setting) => ({ ...setting, word: setting.word.replace(/^option /, "") })),
    server: SERVER,
    bind: BIND,
    global: GLOBAL,
  };
  return areas[area]?.find((setting) => setting.word === name);
}
