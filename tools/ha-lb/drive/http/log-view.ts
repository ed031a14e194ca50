import type { LogView } from "../../model/sample-context.ts";
import { nowMs } from "../timer-wheel.ts";
import type { ClientConnection } from "./client.ts";
import type { Stream } from "./stream.ts";

/** Wall clock less monotonic clock. Fixed at the start: log times must not jump with the clock's adjustments. */
const WALL_OFFSET_MS = Date.now() - performance.now();

export function wallMs(monotonicMs: number): number {
  return monotonicMs + WALL_OFFSET_MS;
}

/** Whole ms between two moments; -1 when one of them was never reached. */
export function spanMs(fromMs: number, toMs: number): number {
  const span = toMs - fromMs;
  return Number.isNaN(span) ? -1 : Math.max(0, Math.round(span));
}

/** The moments of a request as the phases that logs show. */
export function phasesOf(
  client: ClientConnection,
  endMs: number,
): {
  readonly requestHeadMs: number;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly activeMs: number;
} {
  // Who waited in vain, in a tarpit or a queue, waited until the end.
  const inTarpit = client.cause === "P" && client.state === "T";
  const waitedUntilMs = inTarpit || client.state === "Q" ? endMs : client.assignedMs;
  const hasWaited = client.server !== undefined || inTarpit || client.state === "Q";
  return {
    requestHeadMs: inTarpit ? -1 : spanMs(client.firstByteMs, client.headMs),
    queueMs: hasWaited ? spanMs(client.headMs, waitedUntilMs) : -1,
    connectMs: spanMs(client.assignedMs, client.connectedMs),
    responseMs: spanMs(client.connectedMs, client.responseMs),
    activeMs: spanMs(Number.isNaN(client.firstByteMs) ? client.idleMs : client.firstByteMs, endMs),
  };
}

export function terminationOf(client: ClientConnection): string {
  const cookie = client.backend?.proxy.cookie;
  // A cookie that is only looked at has no letters.
  const shown = cookie === undefined || cookie.mode !== "passive" || cookie.indirect;
  return client.cause + client.state + (shown ? client.cookieState : "--");
}

/** One text for each slot that the frontend declares. */
function capturesOf(client: ClientConnection, stream: Stream, side: "request" | "response"): readonly string[] {
  const length = client.frontend.captureLengths[side].length;
  return Array.from({ length }, (_, slot) => stream.captures[side][slot] ?? "");
}

export function logViewOf(client: ClientConnection, stream: Stream): LogView {
  const endMs = nowMs();
  const phases = phasesOf(client, endMs);
  const startMs = Number.isNaN(client.firstByteMs) ? client.idleMs : client.firstByteMs;
  const idleMs = spanMs(client.idleMs, startMs);
  return {
    ...phases,
    acceptMs: wallMs(client.acceptMs),
    requestMs: wallMs(startMs),
    handshakeMs: 0,
    idleMs,
    dataMs: Number.isNaN(client.responseMs) ? -1 : spanMs(client.responseMs, endMs),
    totalMs: spanMs(client.idleMs, endMs),
    userMs: spanMs(client.firstByteMs, endMs),
    bytesRead: client.responseBytes,
    bytesUploaded: client.requestBytes,
    statusCode: client.status,
    terminationState: terminationOf(client),
    activeConnections: client.plane.activeConnections,
    frontendConnections: client.frontend.active,
    backendConnections: client.backend?.active ?? 0,
    serverConnections: client.server?.active ?? 0,
    retries: client.retriesDone,
    redispatched: client.redispatched,
    serverQueue: client.serverQueue,
    backendQueue: client.backendQueue,
    requestCount: client.requests,
    requestCookie: client.capturedRequestCookie,
    responseCookie: client.capturedResponseCookie,
    requestLine: client.head.method === "" ? "<BADREQ>" : client.requestLineText(),
    requestCaptures: capturesOf(client, stream, "request"),
    responseCaptures: capturesOf(client, stream, "response"),
    processId: process.pid,
    early: false,
  };
}
