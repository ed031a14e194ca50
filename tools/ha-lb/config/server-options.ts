import type { SocketAddress } from "../model/address.ts";
import type { TlsDefaults } from "../model/global.ts";
import type { AddressMethod, ProxyProtocolOut, ServerAgent, ServerCheck, ServerResolution } from "../model/server.ts";
import { SERVER_WEIGHT_MAX } from "../model/server.ts";
import type { ServerTls } from "../model/tls.ts";
import { parseSocketAddress } from "./address.ts";
import { applyVersionFlag, TLS_VERSIONS } from "./bind.ts";
import type { ServerDraft } from "./draft.ts";
import { choicesFor, type Line } from "./line.ts";
import { parseExpression } from "./sample.ts";
import type { Scope } from "./scope.ts";
import { parseSource } from "./source.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the options of one line fill in. */
export interface ServerSettings {
  readonly draft: ServerDraft;
  readonly check: Mutable<ServerCheck>;
  readonly agent: Mutable<ServerAgent>;
  /** Set by `ssl`; the TLS words count only then. */
  tls: ServerTls | undefined;
  readonly tlsWords: Mutable<Partial<ServerTls>>;
  readonly tlsDefaults: TlsDefaults;
  proxyProtocol: ProxyProtocolOut | undefined;
  readonly resolution: Mutable<Partial<ServerResolution>>;
  readonly scope: Scope;
}

const PROXY_V2_OPTIONS = ["authority", "cert-cn", "cert-key", "cert-sig", "crc32c", "ssl", "ssl-cipher", "unique-id"];
const INT_MAX = 2 ** 31 - 1;

/** Applies one option; gives the index of the next word. */
export function applyServerOption(settings: ServerSettings, line: Line, index: number, word: string): number {
  if (applyFlag(settings, word)) return index + 1;
  if (word === "source") {
    const parsed = parseSource(line, index + 1);
    if (parsed !== undefined) settings.draft.source = parsed.source;
    return parsed?.next ?? line.length;
  }
  if (
    !applyTraffic(settings, line, index, word) &&
    !applyCheck(settings, line, index, word) &&
    !applyTls(settings, line, index, word)
  ) {
    throw new Error(`server option '${word}' is listed as honoured and isn't`);
  }
  return index + 2;
}

/** What `ssl` means before other words say more. */
export function startTls(settings: ServerSettings): ServerTls {
  const { ciphers, cipherSuites, curves, minVersion, maxVersion, noTickets } = settings.tlsDefaults;
  const verify = settings.draft.tls?.verify ?? "required";
  return {
    verify,
    noReuse: false,
    alpn: [],
    noTickets,
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(cipherSuites === undefined ? {} : { cipherSuites }),
    ...(curves === undefined ? {} : { curves }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}

function applyFlag(settings: ServerSettings, word: string): boolean {
  const { draft, check, agent } = settings;
  switch (word) {
    case "check":
      check.enabled = true;
      return true;
    case "no-check":
      check.enabled = false;
      return true;
    case "agent-check":
      agent.enabled = true;
      return true;
    case "no-agent-check":
      agent.enabled = false;
      return true;
    case "backup":
      draft.backup = true;
      return true;
    case "no-backup":
      draft.backup = false;
      return true;
    case "disabled":
      draft.disabled = true;
      return true;
    case "enabled":
      draft.disabled = false;
      return true;
    case "non-stick":
      draft.nonStick = true;
      return true;
    case "stick":
      draft.nonStick = false;
      return true;
    case "check-ssl":
      check.tls = true;
      return true;
    case "no-check-ssl":
      check.tls = false;
      return true;
    case "check-send-proxy":
      check.sendProxy = true;
      return true;
    case "no-check-send-proxy":
      check.sendProxy = false;
      return true;
    default:
      return applyConnectionFlag(settings, word);
  }
}

/** Flags of how the server is spoken to: TLS and the PROXY protocol. */
function applyConnectionFlag(settings: ServerSettings, word: string): boolean {
  const { tlsWords } = settings;
  switch (word) {
    case "ssl":
      settings.tls = startTls(settings);
      return true;
    case "no-ssl":
      settings.tls = undefined;
      return true;
    case "ssl-reuse":
      tlsWords.noReuse = false;
      return true;
    case "no-ssl-reuse":
      tlsWords.noReuse = true;
      return true;
    case "tls-tickets":
      tlsWords.noTickets = false;
      return true;
    case "no-tls-tickets":
      tlsWords.noTickets = true;
      return true;
    case "send-proxy":
      settings.proxyProtocol = { version: 1, options: [] };
      return true;
    case "send-proxy-v2":
      settings.proxyProtocol = { version: 2, options: [] };
      return true;
    case "send-proxy-v2-ssl":
      settings.proxyProtocol = { version: 2, options: ["ssl"] };
      return true;
    case "send-proxy-v2-ssl-cn":
      settings.proxyProtocol = { version: 2, options: ["ssl", "cert-cn"] };
      return true;
    case "no-send-proxy":
    case "no-send-proxy-v2":
    case "no-send-proxy-v2-ssl":
    case "no-send-proxy-v2-ssl-cn":
      settings.proxyProtocol = undefined;
      return true;
    default:
      return applyVersionFlag(tlsWords, word);
  }
}

function applyTraffic(settings: ServerSettings, line: Line, index: number, word: string): boolean {
  const { draft } = settings;
  const at = index + 1;
  const value = line.text(at);
  switch (word) {
    case "weight":
      draft.weight = line.integer(at, word, 0, SERVER_WEIGHT_MAX) ?? 1;
      return true;
    case "maxconn":
      draft.maxConnections = line.integer(at, word, 0, INT_MAX);
      return true;
    case "minconn":
      draft.minConnections = line.integer(at, word, 0, INT_MAX);
      return true;
    case "maxqueue":
      draft.maxQueue = line.integer(at, word, 0, INT_MAX);
      return true;
    case "cookie":
      draft.cookie = value;
      return true;
    case "id":
      draft.id = line.integer(at, word, 1, INT_MAX) ?? 0;
      return true;
    case "slowstart":
      draft.slowStartMs = line.time(at, word);
      return true;
    case "on-marked-down":
      draft.onMarkedDown = line.choice(at, word, ["shutdown-sessions"]);
      return true;
    case "on-marked-up":
      draft.onMarkedUp = line.choice(at, word, ["shutdown-backup-sessions"]);
      return true;
    case "on-error":
      draft.onError = line.choice(at, word, ["fastinter", "fail-check", "sudden-death", "mark-down"]) ?? "fail-check";
      return true;
    case "observe":
      draft.observe = line.choice(at, word, ["layer4", "layer7"]);
      return true;
    case "error-limit":
      draft.errorLimit = line.integer(at, word, 1, INT_MAX) ?? 10;
      return true;
    case "redir":
      draft.redirectPrefix = value;
      return true;
    default:
      return applyPool(settings, line, index, word);
  }
}

/** Settings of connections that are kept, and of what is spoken on them. */
function applyPool(settings: ServerSettings, line: Line, index: number, word: string): boolean {
  const { draft } = settings;
  const at = index + 1;
  const value = line.text(at);
  switch (word) {
    case "max-reuse":
      draft.maxReuse = line.integer(at, word, -1, INT_MAX);
      return true;
    case "pool-max-conn":
      draft.poolMaxConnections = line.integer(at, word, -1, INT_MAX);
      return true;
    case "pool-low-conn":
      draft.poolLowConnections = line.integer(at, word, 0, INT_MAX) ?? 0;
      return true;
    case "pool-purge-delay":
      draft.poolPurgeDelayMs = line.time(at, word) ?? 5000;
      return true;
    case "proto":
      draft.protocol = line.choice(at, word, ["h1", "h2", "fcgi", "none"]);
      return true;
    case "ws":
      draft.websocket = line.choice(at, word, ["auto", "h1", "h2"]) ?? "auto";
      return true;
    case "tcp-ut":
      draft.userTimeoutMs = line.time(at, word);
      return true;
    case "proxy-v2-options":
      applyProxyOptions(settings, line, at);
      return true;
    case "track":
      draft.track = parseTrack(value);
      return true;
    case "init-addr":
      draft.initAddress = parseInitAddress(line, at);
      return true;
    default:
      return applyResolution(settings, line, index, word);
  }
}

function applyResolution(settings: ServerSettings, line: Line, index: number, word: string): boolean {
  const { resolution, scope } = settings;
  const at = index + 1;
  const value = line.text(at);
  switch (word) {
    case "resolvers":
      resolution.resolvers = value;
      scope.references.push({
        kind: "resolvers",
        name: value,
        from: scope.section,
        keyword: "resolvers",
        at: line.at(at),
      });
      return true;
    case "resolve-prefer": {
      const family = line.choice(at, word, ["ipv4", "ipv6"]);
      if (family !== undefined) resolution.prefer = family === "ipv4" ? 4 : 6;
      return true;
    }
    case "resolve-net":
      resolution.networks = value.split(",");
      return true;
    case "resolve-opts": {
      const known = ["allow-dup-ip", "ignore-weight", "prevent-dup-ip"] as const;
      const options = value.split(",").map((name) => ({ name, option: known.find((candidate) => candidate === name) }));
      const bad = options.find((entry) => entry.option === undefined);
      if (bad !== undefined)
        line.problem("LB_BAD_CHOICE", { keyword: word, got: bad.name, hint: choicesFor(bad.name, known) }, at);
      resolution.options = options.flatMap((entry) => (entry.option === undefined ? [] : [entry.option]));
      return true;
    }
    default:
      return false;
  }
}

function applyProxyOptions(settings: ServerSettings, line: Line, at: number): void {
  const options = line.text(at).split(",");
  for (const option of options) {
    if (PROXY_V2_OPTIONS.includes(option)) continue;
    line.problem(
      "LB_BAD_CHOICE",
      { keyword: "proxy-v2-options", got: option, hint: choicesFor(option, PROXY_V2_OPTIONS) },
      at,
    );
  }
  settings.proxyProtocol = { version: 2, options: [...(settings.proxyProtocol?.options ?? []), ...options] };
}

function parseTrack(text: string): { readonly proxy?: string; readonly server: string } {
  const slash = text.indexOf("/");
  return slash < 0 ? { server: text } : { proxy: text.slice(0, slash), server: text.slice(slash + 1) };
}

function parseInitAddress(line: Line, at: number): AddressMethod[] {
  return line
    .text(at)
    .split(",")
    .flatMap((name): AddressMethod[] => {
      if (name === "last" || name === "libc" || name === "none") return [name];
      const parsed = parseSocketAddress(name);
      if (typeof parsed !== "string" && parsed.address.kind === "ip") return [{ address: name }];
      line.problem(
        "LB_BAD_CHOICE",
        { keyword: "init-addr", got: name, hint: "use 'last', 'libc', 'none' or an address" },
        at,
      );
      return [];
    });
}

function applyCheck(settings: ServerSettings, line: Line, index: number, word: string): boolean {
  const { check, agent, scope } = settings;
  const at = index + 1;
  const value = line.text(at);
  switch (word) {
    case "inter":
      check.intervalMs = positiveTime(line, at, word) ?? check.intervalMs;
      return true;
    case "fastinter":
      check.fastIntervalMs = positiveTime(line, at, word);
      return true;
    case "downinter":
      check.downIntervalMs = positiveTime(line, at, word);
      return true;
    case "rise":
      check.rise = line.integer(at, word, 1, INT_MAX) ?? check.rise;
      return true;
    case "fall":
      check.fall = line.integer(at, word, 1, INT_MAX) ?? check.fall;
      return true;
    case "port":
      check.port = line.integer(at, word, 1, 65535);
      return true;
    case "addr":
      check.address = parsePlainAddress(line, at, word);
      return true;
    case "check-sni":
      check.sni = value;
      return true;
    case "check-alpn":
      check.alpn = value.split(",");
      return true;
    case "check-proto":
      check.protocol = line.choice(at, word, ["h1", "h2", "fcgi", "none"]);
      return true;
    case "agent-port":
      agent.port = line.integer(at, word, 1, 65535) ?? 0;
      return true;
    case "agent-inter":
      agent.intervalMs = positiveTime(line, at, word) ?? agent.intervalMs;
      return true;
    case "agent-addr":
      agent.address = value;
      return true;
    case "agent-send":
      agent.send = value;
      return true;
    case "sni": {
      const expression = parseExpression(scope, value, line.at(at));
      if (expression !== undefined) settings.draft.sni = expression;
      return true;
    }
    default:
      return false;
  }
}

function positiveTime(line: Line, at: number, keyword: string): number | undefined {
  const timeMs = line.time(at, keyword);
  if (timeMs !== 0) return timeMs;
  line.problem("LB_BAD_TIME", { keyword, text: line.text(at), hint: "a time above 0" }, at);
  return undefined;
}

function parsePlainAddress(line: Line, at: number, keyword: string): SocketAddress | undefined {
  const parsed = parseSocketAddress(line.address(at));
  if (typeof parsed !== "string") return parsed.address;
  line.problem("LB_BAD_ADDRESS", { keyword, text: line.text(at), problem: parsed }, at);
  return undefined;
}

function applyTls(settings: ServerSettings, line: Line, index: number, word: string): boolean {
  const { tlsWords, draft } = settings;
  const at = index + 1;
  const value = line.text(at);
  switch (word) {
    case "ca-file":
      tlsWords.caFile = value;
      return true;
    case "crl-file":
      tlsWords.crlFile = value;
      return true;
    case "crt":
      tlsWords.certificate = value;
      return true;
    case "ciphers":
      tlsWords.ciphers = value;
      return true;
    case "ciphersuites":
      tlsWords.cipherSuites = value;
      return true;
    case "verifyhost":
      tlsWords.verifyHost = value;
      return true;
    case "verify":
      tlsWords.verify = line.choice(at, word, ["none", "required"]) ?? "required";
      return true;
    case "ssl-min-ver":
      tlsWords.minVersion = line.choice(at, word, TLS_VERSIONS);
      return true;
    case "ssl-max-ver":
      tlsWords.maxVersion = line.choice(at, word, TLS_VERSIONS);
      return true;
    case "alpn":
      draft.alpn = value.split(",").filter((name) => name !== "");
      tlsWords.alpn = draft.alpn;
      return true;
    default:
      return false;
  }
}
