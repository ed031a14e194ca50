import { logDate } from "../../decide/log-format-variables.ts";
import type { LogView } from "../../model/sample-context.ts";
import { spanMs, wallMs } from "../http/log-view.ts";
import type { DataPlane } from "../plane.ts";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "../runtime.ts";
import type { TcpStream } from "./stream.ts";

/** A session that is over. Times in ms on the monotonic clock, NaN when not reached. */
export interface EndedSession {
  readonly plane: DataPlane;
  readonly frontend: FrontendRuntime;
  readonly backend: BackendRuntime | undefined;
  readonly server: ServerRuntime | undefined;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly acceptMs: number;
  readonly assignedMs: number;
  readonly connectedMs: number;
  readonly endMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cause: string;
  readonly state: string;
  readonly retriesDone: number;
  readonly redispatched: boolean;
  readonly serverQueue: number;
  readonly backendQueue: number;
}

/** Who waited in vain waited until the end. */
const waitedUntilMs = (session: EndedSession): number => (session.state === "Q" ? session.endMs : session.assignedMs);

/** The line of `option tcplog`, manual chapter 8.2.2, without walking a format. */
function tcpLogLine(session: EndedSession): string {
  const { backend, frontend, plane, server } = session;
  const where = `${frontend.name} ${backend?.name ?? frontend.name}/${server?.name ?? "<NOSRV>"}`;
  const times = `${spanMs(session.acceptMs, waitedUntilMs(session))}/${spanMs(session.assignedMs, session.connectedMs)}/${spanMs(session.acceptMs, session.endMs)}`;
  const retries = `${session.redispatched ? "+" : ""}${session.retriesDone}`;
  const counts = `${plane.activeConnections}/${frontend.active}/${backend?.active ?? 0}/${server?.active ?? 0}/${retries}`;
  return `${session.sourceAddress}:${session.sourcePort} [${logDate(wallMs(session.acceptMs))}] ${where} ${times} ${session.bytesOut} ${session.cause}${session.state} ${counts} ${session.serverQueue}/${session.backendQueue}`;
}

/** The session as variables of a log format read it. What only HTTP has is absent. */
export function sessionLogView(session: EndedSession, captures: TcpStream["captures"]): LogView {
  const { acceptMs, assignedMs, backend, connectedMs, endMs, frontend, plane, server } = session;
  const totalMs = spanMs(acceptMs, endMs);
  return {
    acceptMs: wallMs(acceptMs),
    requestMs: wallMs(acceptMs),
    handshakeMs: 0,
    idleMs: -1,
    requestHeadMs: -1,
    queueMs: spanMs(acceptMs, waitedUntilMs(session)),
    connectMs: spanMs(assignedMs, connectedMs),
    responseMs: -1,
    dataMs: spanMs(connectedMs, endMs),
    activeMs: totalMs,
    totalMs,
    userMs: totalMs,
    bytesRead: session.bytesOut,
    bytesUploaded: session.bytesIn,
    statusCode: 0,
    terminationState: `${session.cause}${session.state}--`,
    activeConnections: plane.activeConnections,
    frontendConnections: frontend.active,
    backendConnections: backend?.active ?? 0,
    serverConnections: server?.active ?? 0,
    retries: session.retriesDone,
    redispatched: session.redispatched,
    serverQueue: session.serverQueue,
    backendQueue: session.backendQueue,
    requestCount: 0,
    requestCookie: undefined,
    responseCookie: undefined,
    requestLine: "",
    requestCaptures: captures.request,
    responseCaptures: captures.response,
    processId: process.pid,
    early: false,
  };
}

/** Writes the line of a session that is over, in the format that the configuration gives. */
export function logSession(session: EndedSession, view: () => TcpStream): void {
  const { frontend, plane } = session;
  const { flags, logStyle, logTag, logTargets } = frontend.proxy;
  if (logTargets.length === 0) return;
  if (flags.has("dontlognull") && session.bytesIn === 0 && session.bytesOut === 0) return;
  const failed = session.cause !== "-";
  if (!failed && flags.has("dontlog-normal")) return;
  const { logFormat } = frontend;
  let line: string;
  if (logFormat === undefined || logStyle === "tcp") line = tcpLogLine(session);
  else {
    const stream = view();
    stream.ended = session;
    stream.backendRuntime = session.backend;
    line = logFormat(stream);
  }
  const level = failed && flags.has("log-separate-errors") ? "err" : "info";
  plane.logs.send(logTargets, level, logTag ?? plane.logTag, line);
}
