import type { PortRule, SocketAddress } from "../model/address.ts";
import type { TlsDefaults } from "../model/global.ts";
import type { Server } from "../model/server.ts";
import { CHECK_FALL_DEFAULT, CHECK_INTERVAL_DEFAULT_MS, CHECK_RISE_DEFAULT } from "../model/server.ts";
import { datagramProblem, parseSocketAddress } from "./address.ts";
import type { ServerDraft } from "./draft.ts";
import { choicesFor, type Line } from "./line.ts";
import { SERVER_OPTIONS } from "./option-status.ts";
import type { Scope } from "./scope.ts";
import { withPlaces } from "./scope.ts";
import { applyServerOption, type ServerSettings, startTls } from "./server-options.ts";

/** Servers in one template. */
export const TEMPLATE_SERVERS_MAX = 10_000;

export function emptyServer(line: Line): ServerDraft {
  return {
    name: "",
    id: 0,
    address: { kind: "unix", path: "", abstract: false },
    portRule: { kind: "same" },
    initAddress: ["last", "libc"],
    weight: 1,
    backup: false,
    disabled: false,
    alpn: [],
    fastOpen: false,
    nonStick: false,
    websocket: "auto",
    poolLowConnections: 0,
    poolPurgeDelayMs: 5000,
    onError: "fail-check",
    errorLimit: 10,
    check: {
      enabled: false,
      intervalMs: CHECK_INTERVAL_DEFAULT_MS,
      rise: CHECK_RISE_DEFAULT,
      fall: CHECK_FALL_DEFAULT,
      alpn: [],
      sendProxy: false,
    },
    agent: { enabled: false, port: 0, intervalMs: CHECK_INTERVAL_DEFAULT_MS },
    at: line.span(0),
  };
}

/** Reads the options after the address; gives the settings, also when something was wrong. */
export function readServerOptions(
  scope: Scope,
  line: Line,
  from: number,
  base: ServerDraft,
  tls: TlsDefaults,
): ServerSettings {
  const draft: ServerDraft = { ...base, at: line.span(0) };
  const settings: ServerSettings = {
    draft,
    check: { ...draft.check },
    agent: { ...draft.agent },
    tls: draft.tls === undefined ? undefined : { ...draft.tls },
    tlsWords: draft.tls === undefined ? {} : { ...draft.tls },
    tlsDefaults: tls,
    proxyProtocol: draft.sendProxy,
    resolution: { ...draft.resolution },
    scope: withPlaces(scope, ["server source selection"], "server sni"),
  };
  let index = from;
  while (index < line.length) {
    const word = line.text(index);
    const status = SERVER_OPTIONS.get(word);
    if (status === undefined) {
      line.problem(
        "LB_UNKNOWN_WORD",
        { keyword: line.text(0), word, hint: choicesFor(word, [...SERVER_OPTIONS.keys()]) },
        index,
      );
      break;
    }
    if (status.kind === "ignored")
      line.problem("LB_IGNORED", { keyword: `server … ${word}`, means: status.means }, index);
    if (status.kind === "refused")
      line.problem("LB_NOT_SUPPORTED", { keyword: `server … ${word}`, means: status.means }, index);
    if (status.arguments > 0 && line.need(index + 1, word, "an argument") === undefined) break;
    index = status.kind === "honoured" ? applyServerOption(settings, line, index, word) : index + 1 + status.arguments;
  }
  return settings;
}

/** Puts the parts that options collect into the server itself. */
export function finishServer(settings: ServerSettings): ServerDraft {
  const { draft, check, agent, tls, tlsWords, proxyProtocol, resolution } = settings;
  draft.check = check;
  draft.agent = agent;
  const spare = tls === undefined ? (draft.tls ?? (check.tls === true ? startTls(settings) : undefined)) : undefined;
  if (tls === undefined) delete draft.tls;
  else draft.tls = { ...tls, ...tlsWords };
  if (spare !== undefined) draft.spareTls = { ...spare, ...tlsWords };
  if (proxyProtocol === undefined) delete draft.sendProxy;
  else draft.sendProxy = proxyProtocol;
  const { resolvers, prefer, networks = [], options = [] } = resolution;
  if (resolvers !== undefined) {
    draft.resolution = { resolvers, networks, options, ...(prefer === undefined ? {} : { prefer }) };
  }
  return draft;
}

/** `default-server OPTIONS`: settings for the servers that follow. */
export function parseDefaultServer(
  scope: Scope,
  line: Line,
  base: ServerDraft | undefined,
  tls: TlsDefaults,
): ServerDraft {
  return finishServer(readServerOptions(scope, line, 1, base ?? emptyServer(line), tls));
}

/** `server NAME ADDRESS OPTIONS`. */
export function parseServer(
  scope: Scope,
  line: Line,
  base: ServerDraft | undefined,
  tls: TlsDefaults,
): Server | undefined {
  const name = line.need(1, "server", "a name and an address");
  if (name === undefined) return undefined;
  const bad = /[^A-Za-z0-9_:.-]/.exec(name)?.[0];
  if (bad !== undefined) line.problem("LB_BAD_NAME", { character: bad, name }, 1);
  return readServer(scope, line, 2, name, base, tls);
}

function readServer(
  scope: Scope,
  line: Line,
  index: number,
  name: string,
  base: ServerDraft | undefined,
  tls: TlsDefaults,
): Server | undefined {
  const text = line.need(index, `server ${name}`, "an address");
  if (text === undefined) return undefined;
  const parsed = parseSocketAddress(line.address(index));
  const problem =
    typeof parsed === "string"
      ? parsed
      : (datagramProblem(line.address(index)) ?? serverAddressProblem(parsed.address, parsed.portText));
  const settings = readServerOptions(scope, line, index + 1, base ?? emptyServer(line), tls);
  const draft = finishServer(settings);
  if (typeof parsed === "string" || problem !== undefined) {
    line.problem("LB_BAD_ADDRESS", { keyword: `server ${name}`, text, problem: problem ?? "" }, index);
    return undefined;
  }
  draft.name = name;
  draft.address = parsed.address;
  draft.portRule = portRule(parsed.portText);
  return draft;
}

function serverAddressProblem(address: SocketAddress, portText: string): string | undefined {
  if (address.kind === "descriptor") return address.pair ? undefined : "a file descriptor is not acceptable here";
  return portText.includes("-", 1) ? "a port range is not permitted here" : undefined;
}

function portRule(text: string): PortRule {
  if (text === "" || text === "0") return { kind: "same" };
  if (/^[+-]/.test(text)) return { kind: "offset", offset: Number(text) };
  return { kind: "fixed", port: Number(text) };
}

/** `server-template PREFIX NUM|LOW-HIGH FQDN OPTIONS`: servers named `PREFIX1` and so on. */
export function parseServerTemplate(
  scope: Scope,
  line: Line,
  base: ServerDraft | undefined,
  tls: TlsDefaults,
): readonly Server[] {
  const prefix = line.need(1, "server-template", "a prefix, a number or range, and an address");
  const range = line.need(2, "server-template", "a number or range of servers");
  if (prefix === undefined || range === undefined) return [];
  const found = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range);
  const low = found?.[2] === undefined ? 1 : Number(found[1]);
  const high = Number(found?.[2] ?? found?.[1] ?? 0);
  if (found === null || high < low || high - low + 1 > TEMPLATE_SERVERS_MAX) {
    const expected = `a number or a range LOW-HIGH of ${TEMPLATE_SERVERS_MAX} servers at most`;
    line.problem("LB_BAD_NUMBER", { keyword: "server-template", expected, text: range }, 2);
    return [];
  }
  const server = readServer(scope, line, 3, prefix, base, tls);
  if (server === undefined) return [];
  // An id that is given is the first one's.
  return Array.from({ length: high - low + 1 }, (_, index) => ({
    ...server,
    name: `${prefix}${low + index}`,
    id: server.id === 0 ? 0 : server.id + index,
  }));
}
