import { type Bind, plainBind } from "../model/bind.ts";
import type { BindTls, TlsVersion } from "../model/tls.ts";
import type { TlsDefaults } from "../model/global.ts";
import { datagramProblem, parseSocketAddress } from "./address.ts";
import { choicesFor, type Line } from "./line.ts";
import { BIND_OPTIONS } from "./option-status.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type BindDraft = Mutable<Omit<Bind, "tls">>;
type TlsDraft = Mutable<BindTls>;

/** What options of one line fill in. `ssl` is the switch; the other TLS words may come before it. */
interface BindSettings {
  readonly bind: BindDraft;
  readonly tls: TlsDraft;
  ssl: boolean;
}

export const TLS_VERSIONS: readonly TlsVersion[] = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

export function emptyBindTls(defaults: TlsDefaults): TlsDraft {
  const { ciphers, cipherSuites, curves, minVersion, maxVersion } = defaults;
  return {
    certificates: [],
    certificateLists: [],
    verify: "none",
    ignoreCaErrors: [],
    ignoreCertificateErrors: [],
    strictSni: false,
    preferClientCiphers: defaults.preferClientCiphers,
    noCaNames: false,
    earlyData: false,
    alpn: [],
    noTickets: defaults.noTickets,
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(cipherSuites === undefined ? {} : { cipherSuites }),
    ...(curves === undefined ? {} : { curves }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}

/** Reads `bind ADDRESS[,…] options…` (or what follows `stats socket`) from a word on. */
export function parseBind(line: Line, from: number, keyword: string, defaults: TlsDefaults): readonly Bind[] {
  const text = line.need(from, keyword, "an address such as '*:80' or a path");
  if (text === undefined) return [];
  const settings = readBindOptions(line, from + 1, keyword, defaults);
  const binds: Bind[] = [];
  for (const part of line.address(from).split(",")) {
    const parsed = parseSocketAddress(part);
    const problem =
      typeof parsed === "string" ? parsed : (datagramProblem(part) ?? bindProblem(parsed.address, parsed.portText));
    if (typeof parsed === "string" || problem !== undefined) {
      line.problem("LB_BAD_ADDRESS", { keyword, text: part, problem: problem ?? "" }, from);
      continue;
    }
    const { bind, tls, ssl } = settings;
    binds.push({ ...bind, address: parsed.address, text, ...(ssl ? { tls } : {}) });
  }
  if (settings.ssl && settings.tls.certificates.length + settings.tls.certificateLists.length === 0) {
    const problem = "'ssl' is set but there is no certificate: add 'crt FILE' or 'crt-list FILE'";
    line.problem("LB_BAD_COMBINATION", { keyword: `${keyword} ${text}`, problem }, from);
  }
  return binds;
}

function bindProblem(address: Bind["address"], portText: string): string | undefined {
  if (address.kind === "unix" || address.kind === "descriptor") return undefined;
  if (portText === "") return "missing port";
  if (/^[+-]/.test(portText)) return "a port offset is not permitted here";
  return address.port === 0 ? "invalid port 0" : undefined;
}

function readBindOptions(line: Line, from: number, keyword: string, defaults: TlsDefaults): BindSettings {
  const settings: BindSettings = {
    bind: { ...plainBind({ kind: "unix", path: "", abstract: false }, "", ""), at: line.span(0) },
    tls: emptyBindTls(defaults),
    ssl: false,
  };
  let index = from;
  while (index < line.length) {
    const word = line.text(index);
    const status = BIND_OPTIONS.get(word);
    if (status === undefined) {
      line.problem("LB_UNKNOWN_WORD", { keyword, word, hint: choicesFor(word, [...BIND_OPTIONS.keys()]) }, index);
      return settings;
    }
    if (status.kind === "ignored")
      line.problem("LB_IGNORED", { keyword: `${keyword} … ${word}`, means: status.means }, index);
    if (status.kind === "refused")
      line.problem("LB_NOT_SUPPORTED", { keyword: `${keyword} … ${word}`, means: status.means }, index);
    if (status.arguments > 0 && line.need(index + 1, word, "an argument") === undefined) return settings;
    if (status.kind === "honoured") applyBindOption(settings, line, index, word);
    index += 1 + status.arguments;
  }
  return settings;
}

function applyBindOption(settings: BindSettings, line: Line, index: number, word: string): void {
  if (applyBindFlag(settings, word)) return;
  const { bind, tls } = settings;
  const value = line.text(index + 1);
  switch (word) {
    case "accept-netscaler-cip":
      bind.acceptNetscalerCip = Number(value);
      break;
    case "backlog":
      bind.backlog = line.integer(index + 1, word, 0, 2 ** 31 - 1);
      break;
    case "maxconn":
      bind.maxConnections = line.integer(index + 1, word, 0, 2 ** 31 - 1);
      break;
    case "id":
      bind.id = line.integer(index + 1, word, 1, 2 ** 31 - 1);
      break;
    case "name":
      bind.name = value;
      break;
    case "interface":
      bind.interfaceName = value;
      break;
    case "namespace":
      bind.namespace = value;
      break;
    case "mss":
      bind.mss = line.integer(index + 1, word, -65535, 65535);
      break;
    case "tcp-ut":
      bind.userTimeoutMs = line.time(index + 1, word);
      break;
    case "mode":
      bind.mode = parseMode(line, index + 1);
      break;
    case "user":
    case "uid":
      bind.user = value;
      break;
    case "group":
    case "gid":
      bind.group = value;
      break;
    case "level":
      bind.level = line.choice(index + 1, word, ["user", "operator", "admin"]);
      break;
    case "expose-fd":
      bind.exposeListeners = line.choice(index + 1, word, ["listeners"]) !== undefined;
      break;
    case "severity-output":
      bind.severityOutput = line.choice(index + 1, word, ["none", "number", "string"]);
      break;
    case "proto":
      bind.protocol = line.choice(index + 1, word, ["h1", "h2", "none"]);
      break;
    default:
      applyBindTls(tls, line, index, word, value);
  }
}

function parseMode(line: Line, index: number): number | undefined {
  if (/^[0-7]{1,4}$/.test(line.text(index))) return Number.parseInt(line.text(index), 8);
  line.problem(
    "LB_BAD_NUMBER",
    { keyword: "mode", expected: "an octal mode such as 660", text: line.text(index) },
    index,
  );
  return undefined;
}

function applyBindFlag(settings: BindSettings, word: string): boolean {
  const { bind, tls } = settings;
  switch (word) {
    case "ssl":
      settings.ssl = true;
      return true;
    case "accept-proxy":
      bind.acceptProxy = true;
      return true;
    case "transparent":
      bind.transparent = true;
      return true;
    case "v4v6":
      bind.v4v6 = true;
      return true;
    case "v6only":
      bind.v6only = true;
      return true;
    case "defer-accept":
      bind.deferAccept = true;
      return true;
    case "tfo":
      bind.fastOpen = true;
      return true;
    case "strict-sni":
      tls.strictSni = true;
      return true;
    case "no-tls-tickets":
      tls.noTickets = true;
      return true;
    case "no-ca-names":
      tls.noCaNames = true;
      return true;
    case "prefer-client-ciphers":
      tls.preferClientCiphers = true;
      return true;
    case "allow-0rtt":
      tls.earlyData = true;
      return true;
    default:
      return applyVersionFlag(tls, word);
  }
}

const FLAG_VERSIONS: Readonly<Record<string, TlsVersion>> = {
  sslv3: "SSLv3",
  tlsv10: "TLSv1.0",
  tlsv11: "TLSv1.1",
  tlsv12: "TLSv1.2",
  tlsv13: "TLSv1.3",
};

/** `force-tlsv12`, `no-tlsv10`, …: the older way of `ssl-min-ver` and `ssl-max-ver`. */
export function applyVersionFlag(tls: { minVersion?: TlsVersion; maxVersion?: TlsVersion }, word: string): boolean {
  const found = /^(force|no)-(sslv3|tlsv1[0-3])$/.exec(word);
  const version = FLAG_VERSIONS[found?.[2] ?? ""];
  if (version === undefined) return false;
  const index = TLS_VERSIONS.indexOf(version);
  if (found?.[1] === "force") {
    tls.minVersion = version;
    tls.maxVersion = version;
  } else if (index === TLS_VERSIONS.length - 1) tls.maxVersion = TLS_VERSIONS[index - 1];
  else if (tls.minVersion === undefined || TLS_VERSIONS.indexOf(tls.minVersion) <= index)
    tls.minVersion = TLS_VERSIONS[index + 1];
  return true;
}

function applyBindTls(tls: TlsDraft, line: Line, index: number, word: string, value: string): void {
  switch (word) {
    case "crt":
      tls.certificates = [...tls.certificates, value];
      break;
    case "crt-list":
      tls.certificateLists = [...tls.certificateLists, value];
      break;
    case "ca-file":
      tls.caFile = value;
      break;
    case "ca-verify-file":
      tls.caVerifyFile = value;
      break;
    case "crl-file":
      tls.crlFile = value;
      break;
    case "ca-ignore-err":
      tls.ignoreCaErrors = value.split(",");
      break;
    case "crt-ignore-err":
      tls.ignoreCertificateErrors = value.split(",");
      break;
    case "ciphers":
      tls.ciphers = value;
      break;
    case "ciphersuites":
      tls.cipherSuites = value;
      break;
    case "curves":
    case "ecdhe":
      tls.curves = value;
      break;
    case "alpn":
    case "npn":
      tls.alpn = value.split(",").filter((name) => name !== "");
      break;
    case "verify":
      tls.verify = line.choice(index + 1, word, ["none", "optional", "required"]) ?? "none";
      break;
    case "ssl-min-ver":
      tls.minVersion = line.choice(index + 1, word, TLS_VERSIONS);
      break;
    case "ssl-max-ver":
      tls.maxVersion = line.choice(index + 1, word, TLS_VERSIONS);
      break;
    case "tls-ticket-keys":
      tls.ticketKeysFile = value;
      break;
    default:
      throw new Error(`bind option '${word}' is listed as honoured and isn't`);
  }
}
