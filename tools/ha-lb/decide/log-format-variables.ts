import type { LogFlags } from "../model/log-format.ts";
import type { LogView, SampleContext } from "../model/sample-context.ts";
import { pathOf, queryOf } from "./sample-http-text.ts";
import { shortMonth, timeFields, twoDigits, zoneOffset } from "./sample-time.ts";

type Read = (context: SampleContext) => string | undefined;

/** `06/Feb/2009:12:14:14.655` */
export function logDate(ms: number): string {
  const fields = timeFields(ms, false);
  return `${dayPart(fields)}:${clockPart(fields)}.${String(Math.floor(ms % 1000)).padStart(3, "0")}`;
}

function dayPart({ day, month, year }: ReturnType<typeof timeFields>): string {
  return `${twoDigits(day)}/${shortMonth(month)}/${year}`;
}

function clockPart({ hours, minutes, seconds }: ReturnType<typeof timeFields>): string {
  return `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds)}`;
}

/** `06/Feb/2009:12:14:14 +0100` or `+0000` for UTC. */
function zonedDate(ms: number, utc: boolean): string {
  const fields = timeFields(ms, utc);
  return `${dayPart(fields)}:${clockPart(fields)} ${zoneOffset(fields.zoneMinutes)}`;
}

const number =
  (read: (log: LogView) => number): Read =>
  ({ log }) =>
    String(read(log));

/** Totals carry a `+` when the line is written before the end. */
const total =
  (read: (log: LogView) => number): Read =>
  ({ log }) =>
    log.early ? `+${read(log)}` : String(read(log));

const requestLinePart =
  (index: 0 | 1 | 2): Read =>
  ({ log, request }) => {
    if (request === undefined) return log.requestLine;
    return index === 0 ? request.method : index === 1 ? request.uri : `HTTP/${request.version}`;
  };

/** The reason why the address is as it is: an IPv6-mapped address is shown as IPv4. */
const address = (value: { toString(): string } | undefined): string | undefined => value?.toString();

const READERS: Readonly<Record<string, Read>> = {
  ci: ({ client }) => address(client.source) ?? "unix",
  cp: ({ client }) => String(client.source === undefined ? client.listenerId : client.sourcePort),
  fi: ({ client }) => address(client.destination),
  fp: ({ client }) => String(client.destinationPort),
  bi: ({ server }) => address(server?.localAddress),
  bp: ({ server }) => (server === undefined ? undefined : String(server.localPort)),
  si: ({ server }) => address(server?.address),
  sp: ({ server }) => (server === undefined ? undefined : String(server.port)),
  f: ({ frontend }) => frontend.name,
  ft: ({ frontend, client }) => `${frontend.name}${client.tls === undefined ? "" : "~"}`,
  b: ({ backend, frontend }) => backend?.name ?? frontend.name,
  s: ({ server, log }) => server?.name ?? (log.statusCode === -2 ? "<STATS>" : "<NOSRV>"),
  sslc: ({ client }) => client.tls?.cipher,
  sslv: ({ client }) => client.tls?.protocol,
  t: ({ log }) => logDate(log.acceptMs),
  tr: ({ log }) => logDate(log.requestMs),
  ms: ({ log }) => String(Math.floor(log.acceptMs % 1000)).padStart(3, "0"),
  T: ({ log }) => zonedDate(log.acceptMs, true),
  Tl: ({ log }) => zonedDate(log.acceptMs, false),
  trg: ({ log }) => zonedDate(log.requestMs, true),
  trl: ({ log }) => zonedDate(log.requestMs, false),
  Ts: ({ log }) => String(Math.floor(log.acceptMs / 1000)),
  Th: number((log) => log.handshakeMs),
  Ti: number((log) => log.idleMs),
  Tq: ({ log }) => String(log.requestHeadMs < 0 ? -1 : log.handshakeMs + log.idleMs + log.requestHeadMs),
  TR: number((log) => log.requestHeadMs),
  Tw: number((log) => log.queueMs),
  Tc: number((log) => log.connectMs),
  Tr: number((log) => log.responseMs),
  Td: number((log) => log.dataMs),
  Ta: total((log) => log.activeMs),
  Tt: total((log) => log.totalMs),
  Tu: total((log) => log.userMs),
  B: total((log) => log.bytesRead),
  U: number((log) => log.bytesUploaded),
  ST: number((log) => log.statusCode),
  ts: ({ log }) => log.terminationState.slice(0, 2),
  tsc: ({ log }) => log.terminationState,
  ac: number((log) => log.activeConnections),
  fc: number((log) => log.frontendConnections),
  bc: number((log) => log.backendConnections),
  sc: number((log) => log.serverConnections),
  rc: ({ log }) => `${log.redispatched ? "+" : ""}${log.retries}`,
  sq: number((log) => log.serverQueue),
  bq: number((log) => log.backendQueue),
  lc: ({ client }) => String(client.listenerConnections),
  rt: number((log) => log.requestCount),
  pid: number((log) => log.processId),
  H: ({ world }) => world.hostName,
  ID: (context) => context.uniqueId(),
  CC: ({ log }) => log.requestCookie,
  CS: ({ log }) => log.responseCookie,
  r: ({ log }) => (log.requestLine === "" ? "<BADREQ>" : log.requestLine),
  HM: requestLinePart(0),
  HU: requestLinePart(1),
  HV: requestLinePart(2),
  HP: ({ request }) => (request === undefined ? "<BADREQ>" : (request.uri.split("?", 1)[0] ?? "")),
  HPO: ({ request }) => (request === undefined ? "<BADREQ>" : (pathOf(request.uri) ?? request.uri)),
  HQ: ({ request }) => {
    if (request === undefined) return undefined;
    const query = queryOf(request.uri);
    return query === undefined ? "" : `?${query}`;
  },
};

/** Compiles `%name` to a reader. The name was checked when the format was read. */
export function logVariable(name: string, _argument: string | undefined, flags: LogFlags): Read {
  const read = READERS[name];
  if (read === undefined) throw new Error(`the variable '%${name}' was accepted and has no code`);
  return flags.hexadecimal ? (context) => hexadecimal(read(context)) : read;
}

/** `+X`: numbers and IPv4 addresses in upper-case hexadecimal. */
function hexadecimal(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text).toString(16).toUpperCase().padStart(4, "0");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    return text
      .split(".")
      .map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"))
      .join("");
  }
  return text;
}
