/** The server's answer on its way to the client. */
import { observeStatus } from "../../decide/observation.ts";
import { ChunkReader } from "../../decide/http/chunked.ts";
import { CHUNKED, isIdempotent, responseBodyLength, UNTIL_CLOSE } from "../../decide/http/framing.ts";
import { HEAD, type Head } from "../../decide/http/head.ts";
import { isWebSocket } from "../../decide/http/websocket.ts";
import { keepsAlive, MORE, READ, scanResponse } from "../../decide/http/scan.ts";
import { PENDING_HIGH_BYTES } from "../peer.ts";
import { nowMs } from "../timer-wheel.ts";
import { type ClientConnection, PHASE } from "./client.ts";
import { abandon } from "./client-events.ts";
import { responseCookie } from "./captured-cookie.ts";
import { passEncoded, startEncoding } from "./compress-response.ts";
import { failed } from "./dispatch.ts";
import { finishRequest, releaseServer, replyError } from "./finish.ts";
import { cookieForResponse } from "./persistence.ts";
import { onAnswerLate, onEndOfHeldAnswer, onMoreOfAnswer, runResponseRules } from "./response-rules.ts";
import type { ServerConnection } from "./server-connection.ts";

/** A body up to this size goes out with its rewritten head in one write. */
const ONE_WRITE_BYTES = 16 * 1024;
/** Interim answers (1xx) to one request. */
const MOST_INTERIM = 16;

export function onServerInput(connection: ServerConnection, data: Buffer): void {
  const { client } = connection;
  if (client === undefined) {
    // Nobody asked: what follows on this connection could be taken for the answer to somebody else's request.
    leavePool(connection);
    connection.abort();
    return;
  }
  connection.answered = true;
  if (connection.tunnel) {
    client.responseBytes += data.length;
    client.send(data);
    if (client.pendingBytes > PENDING_HIGH_BYTES) connection.pause();
    const timeoutMs = client.plane.tunnelTimeoutMs(client);
    client.setDeadline(timeoutMs);
  } else if (connection.held !== undefined) onMoreOfAnswer(connection, client, data);
  else if (connection.inBody) passBody(connection, client, data);
  else
    readResponse(connection, client, connection.input === undefined ? data : Buffer.concat([connection.input, data]));
}

function readResponse(connection: ServerConnection, client: ClientConnection, given: Buffer): void {
  let bytes = given;
  for (let interim = 0; interim < MOST_INTERIM; interim += 1) {
    const result = scanResponse(connection.head, bytes, client.plane.limits);
    if (result === MORE) {
      connection.input = bytes;
      return;
    }
    if (result !== READ) {
      refuseResponse(connection, client);
      return;
    }
    connection.input = undefined;
    const { head } = connection;
    if (!agreesAsAsked(head, client)) {
      refuseResponse(connection, client);
      return;
    }
    if (head.status === 101 || (client.head.method === "CONNECT" && head.status >= 200 && head.status < 300)) {
      startTunnel(connection, client, bytes);
      return;
    }
    if (head.status >= 200) {
      startResponse(connection, client, bytes);
      return;
    }
    if (client.head.minor === 1) client.send(head.raw);
    bytes = bytes.subarray(head.byteLength);
    if (bytes.length === 0) return;
  }
  refuseResponse(connection, client);
}

function refuseResponse(connection: ServerConnection, client: ClientConnection): void {
  connection.server.counters.responseErrors += 1;
  connection.server.backend.counters.responseErrors += 1;
  client.plane.observe(connection.server, "junk");
  replyError(client, 502, "P", "H");
}

/** WebSockets: an answer without its key is none, and where the key of the request was ours it must fit. */
function agreesAsAsked(head: Head, { expectedAccept }: ClientConnection): boolean {
  // A client of HTTP/2 would take any answer of this kind for one that grants them.
  if (head.status >= 200 && head.status < 300) return expectedAccept === undefined;
  if (head.status !== 101) return true;
  const accept = head.first("sec-websocket-accept");
  if (expectedAccept !== undefined) return accept === expectedAccept;
  return accept !== undefined || !isWebSocket(head);
}

function startTunnel(connection: ServerConnection, client: ClientConnection, bytes: Buffer): void {
  const { head } = connection;
  client.status = head.status;
  client.responseMs = nowMs();
  client.phase = PHASE.TUNNEL;
  client.keepAlive = false;
  connection.tunnel = true;
  connection.deadlineMs = Number.POSITIVE_INFINITY;
  const text = head.status === 101 ? head.render("", true) : head.render("", false);
  const rest = bytes.subarray(head.byteLength);
  client.responseBytes = text.length + rest.length;
  client.send(text);
  if (rest.length > 0) client.send(rest);
  const { input } = client;
  client.input = undefined;
  client.requestDone = true;
  if (input !== undefined) connection.send(input);
  client.resume();
  client.setDeadline(client.plane.tunnelTimeoutMs(client));
}

/** An answer that `retry-on` names is not the last word while the request can be sent again. */
function isRetried(connection: ServerConnection, client: ClientConnection): boolean {
  const { server } = connection;
  const { rules } = server.backend;
  if (rules.retryStatus.size === 0 || !rules.retryStatus.has(connection.head.status)) return false;
  return client.canReplay && client.requestDone && client.retriesLeft > 0 && client.stream?.retriesOff !== true;
}

function startResponse(connection: ServerConnection, client: ClientConnection, bytes: Buffer): void {
  const { head } = connection;
  const { backend } = connection.server;
  if (isRetried(connection, client)) {
    connection.client = undefined;
    client.upstream = undefined;
    connection.abort();
    failed(client, connection.server, false);
    return;
  }
  const { server } = connection;
  if (server.settings.observe !== undefined) client.plane.observe(server, observeStatus(head.status));
  server.counters.countStatus(head.status);
  server.counters.requests += 1;
  const now = nowMs();
  client.responseMs = now;
  client.status = head.status;
  client.phase = PHASE.RESPONSE;
  const length = responseBodyLength(head, client.head.method);
  connection.mutesBody = client.headOnly && length !== 0;
  const frontMode = client.frontend.proxy.connectionMode;
  const backMode = backend.proxy.connectionMode;
  connection.inBody = true;
  connection.bodyLeft = length;
  connection.keepAlive =
    keepsAlive(head) && length !== UNTIL_CLOSE && backMode === "keep-alive" && frontMode === "keep-alive";
  // An answer before the end of the body: what still comes can't be told from a next request in time.
  if (
    length === UNTIL_CLOSE ||
    frontMode === "close" ||
    backMode === "close" ||
    !client.requestDone ||
    client.plane.stopping ||
    // A rule made a HEAD of another method: the client waits for a body that doesn't come.
    (client.head.method === "HEAD" && !client.headOnly)
  ) {
    client.keepAlive = false;
  }
  const { captureCookie } = client.frontend.proxy;
  if (captureCookie !== undefined) {
    client.capturedResponseCookie = responseCookie(head.all("set-cookie"), captureCookie);
  }
  runResponseRules(connection, client, bytes, sendResponse);
}

/** Rules let the answer through; `bytes` are its head and what has come of its body. */
function sendResponse(connection: ServerConnection, client: ClientConnection, bytes: Buffer): void {
  const { head } = connection;
  const { backend } = connection.server;
  const length = connection.bodyLeft;
  const cookie = cookieForResponse(client, head, head.status);
  const mutes = connection.mutesBody;
  const decode = length === CHUNKED && client.head.minor === 0 && !mutes;
  if (length === CHUNKED) connection.chunks = new ChunkReader();
  if (decode) {
    head.removeNamed("transfer-encoding");
    client.keepAlive = false;
  }
  if (client.coding !== undefined && !mutes) startEncoding(connection, client);
  let extra = cookie;
  if (!client.keepAlive) extra += head.minor === 1 || client.head.minor === 1 ? "Connection: close\r\n" : "";
  else if (client.head.minor === 0 || head.minor === 0) extra += "Connection: keep-alive\r\n";
  client.dropHeld();
  if (client.input === undefined) connection.setDeadline(backend.proxy.timeouts.server);
  const { encoder } = connection;
  if (encoder !== undefined)
    passEncoded(connection, client, encoder, bytes, head.byteLength, head.render(extra, false));
  else if (!mutes && extra === "" && !head.edited && (head.flags & HEAD.HOP_BY_HOP) === 0)
    passWhole(connection, client, bytes);
  else passRewritten(connection, client, bytes, head.render(extra, false), decode);
}

/** Nothing of the head changes: the bytes go on as they came. */
function passWhole(connection: ServerConnection, client: ClientConnection, bytes: Buffer): void {
  const taken = measure(connection, bytes, connection.head.byteLength, undefined);
  if (taken < 0) {
    brokenBody(connection, client);
    return;
  }
  const end = connection.head.byteLength + taken;
  client.responseBytes += end;
  client.send(end === bytes.length ? bytes : bytes.subarray(0, end));
  afterPart(connection, client, end === bytes.length);
}

function passRewritten(
  connection: ServerConnection,
  client: ClientConnection,
  bytes: Buffer,
  headText: string,
  decode: boolean,
): void {
  const start = connection.head.byteLength;
  connection.decoding = decode;
  let decoded = "";
  const collect = decode
    ? (from: number, to: number) => {
        decoded += bytes.toString("latin1", from, to);
      }
    : undefined;
  const taken = measure(connection, bytes, start, collect);
  if (taken < 0) {
    brokenBody(connection, client);
    return;
  }
  const end = start + taken;
  if (connection.mutesBody) {
    client.responseBytes += headText.length;
    client.send(headText);
  } else if (decode) {
    client.responseBytes += headText.length + decoded.length;
    client.send(headText + decoded);
  } else {
    client.responseBytes += headText.length + taken;
    if (taken <= ONE_WRITE_BYTES) client.send(taken === 0 ? headText : headText + bytes.toString("latin1", start, end));
    else {
      client.send(headText);
      client.send(bytes.subarray(start, end));
    }
  }
  afterPart(connection, client, end === bytes.length);
}

function passBody(connection: ServerConnection, client: ClientConnection, bytes: Buffer): void {
  if (connection.encoder !== undefined) {
    passEncoded(connection, client, connection.encoder, bytes, 0, "");
    return;
  }
  const collect = connection.decoding
    ? (from: number, to: number) => {
        client.responseBytes += to - from;
        client.send(bytes.subarray(from, to));
      }
    : undefined;
  const taken = measure(connection, bytes, 0, collect);
  if (taken < 0) {
    brokenBody(connection, client);
    return;
  }
  if (collect === undefined && !connection.mutesBody) {
    client.responseBytes += taken;
    client.send(taken === bytes.length ? bytes : bytes.subarray(0, taken));
  }
  afterPart(connection, client, taken === bytes.length);
}

/** How many bytes from `from` belong to the body; -1 when its coding is broken. */
export function measure(
  connection: ServerConnection,
  bytes: Buffer,
  from: number,
  collect: ((from: number, to: number) => void) | undefined,
): number {
  if (connection.bodyLeft === UNTIL_CLOSE) return bytes.length - from;
  if (connection.bodyLeft === CHUNKED) {
    const taken = connection.chunks?.feed(bytes, from, collect) ?? -1;
    if (taken >= 0 && connection.chunks?.done === true) connection.bodyLeft = 0;
    return taken;
  }
  const taken = Math.min(bytes.length - from, connection.bodyLeft);
  connection.bodyLeft -= taken;
  return taken;
}

export function afterPart(connection: ServerConnection, client: ClientConnection, nothingLeft: boolean): void {
  if (connection.bodyLeft === 0) {
    // More than the answer promised: the connection can't be trusted with another request.
    if (!nothingLeft) connection.keepAlive = false;
    releaseServer(connection, client);
    finishRequest(client);
    return;
  }
  if (client.pendingBytes > PENDING_HIGH_BYTES) {
    connection.pause();
    connection.deadlineMs = Number.POSITIVE_INFINITY;
    client.setDeadline(client.frontend.proxy.timeouts.client);
    return;
  }
  const timeoutMs = client.plane.serverTimeoutMs(client, connection.server.backend.proxy.timeouts.server);
  if (timeoutMs !== undefined) connection.deadlineMs = nowMs() + timeoutMs;
}

export function brokenBody(connection: ServerConnection, client: ClientConnection): void {
  if (client.responseBytes === 0) {
    client.responseMs = Number.NaN;
    refuseResponse(connection, client);
    return;
  }
  connection.server.counters.responseErrors += 1;
  connection.server.backend.counters.responseErrors += 1;
  client.cause = "P";
  client.state = "D";
  abandon(client, "P");
}

/** The client takes bytes again. */
export function resumeServer(client: ClientConnection): void {
  const { upstream } = client;
  if (upstream === undefined || !upstream.paused) return;
  upstream.resume();
  const timeoutMs = upstream.tunnel
    ? undefined
    : client.plane.serverTimeoutMs(client, upstream.server.backend.proxy.timeouts.server);
  upstream.setDeadline(timeoutMs);
}

/** The server takes bytes again. */
export function resumeClient(connection: ServerConnection): void {
  connection.client?.resume();
}

function leavePool(connection: ServerConnection): void {
  const { idle } = connection.server;
  const at = idle.lastIndexOf(connection);
  if (at >= 0) idle.splice(at, 1);
}

/** The server closed its side (`half`), or the connection is gone. */
export function onServerLost(connection: ServerConnection, half: boolean): void {
  const { client } = connection;
  if (client === undefined) {
    leavePool(connection);
    connection.close();
    return;
  }
  if (connection.held !== undefined) {
    onEndOfHeldAnswer(connection, client);
    if (connection.client === undefined) return;
  }
  if (connection.tunnel) {
    if (half && client.isOpen) client.shutdown();
    else endTunnel(connection, client);
    return;
  }
  if (connection.inBody && connection.bodyLeft === UNTIL_CLOSE) {
    connection.bodyLeft = 0;
    connection.keepAlive = false;
    afterPart(connection, client, true);
    return;
  }
  connection.client = undefined;
  client.upstream = undefined;
  connection.close();
  if (connection.inBody) {
    client.cause = "S";
    client.state = "D";
    connection.server.counters.serverAborts += 1;
    connection.server.backend.counters.serverAborts += 1;
    abandon(client, "S");
    return;
  }
  unanswered(connection, client);
}

/** No byte, or only a part of a head, came as an answer. */
function unanswered(connection: ServerConnection, client: ClientConnection): void {
  const { server } = connection;
  const reused = connection.requests > 1;
  if (!connection.answered && client.canReplay) {
    // A pooled connection that died under us, or an operator's `retry-on`.
    if (reused && (client.requestDone ? isIdempotent(client.head.method) || client.requests > 1 : false)) {
      failed(client, server, true);
      return;
    }
    if (server.backend.rules.retryOnEmpty && client.retriesLeft > 0) {
      failed(client, server, false);
      return;
    }
  }
  server.counters.responseErrors += 1;
  server.backend.counters.responseErrors += 1;
  client.plane.observe(server, "closed");
  replyError(client, 502, "S", "H");
}

function endTunnel(connection: ServerConnection, client: ClientConnection): void {
  connection.client = undefined;
  client.upstream = undefined;
  connection.close();
  finishRequest(client);
}

export function onServerDeadline(connection: ServerConnection): void {
  const { client } = connection;
  if (client === undefined) {
    leavePool(connection);
    connection.close();
    return;
  }
  connection.server.counters.responseErrors += 1;
  connection.server.backend.counters.responseErrors += 1;
  if (connection.held !== undefined) {
    onAnswerLate(client);
    return;
  }
  if (connection.inBody) {
    client.cause = "s";
    client.state = "D";
    abandon(client, "s");
    return;
  }
  client.plane.observe(connection.server, "silent");
  replyError(client, 504, "s", "H");
}
