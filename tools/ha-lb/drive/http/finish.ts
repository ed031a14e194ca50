/** Answers made here, the end of a request, and what the connection does next. */
import { PHASE, type ClientConnection } from "./client.ts";
import { readHead } from "./client-events.ts";
import { freePlace, leaveQueue, passPlace } from "./dispatch.ts";
import type { ServerRuntime } from "../runtime.ts";
import type { ServerConnection } from "./server-connection.ts";
import { adopt, soon } from "../ring/adopt.ts";
import { nowMs, wheel } from "../timer-wheel.ts";

/** After these the client's bytes can't be trusted to start a new request. */
const ENDS_CONNECTION: ReadonlySet<number> = new Set([400, 408, 413, 414, 431, 501, 505]);
/** How long a client may take to read a last answer while it still sends. */
const LINGER_MS = 1000;

/** Answers with the error page of the proxy. `cause` and `state` are the termination letters. */
export function replyError(client: ClientConnection, status: number, cause: string, state: string): void {
  if (client.cause === "-") {
    client.cause = cause;
    client.state = state;
  }
  const closes = ENDS_CONNECTION.has(status);
  reply(client, status, client.plane.errorPageFor(client, status), closes);
}

/** Sends a whole response that was made here. `text` is a byte string: head and body. */
export function reply(client: ClientConnection, status: number, text: string, closes: boolean): void {
  leaveQueue(client);
  const { upstream } = client;
  client.upstream = undefined;
  if (upstream !== undefined) {
    upstream.client = undefined;
    upstream.abort();
  }
  client.status = status;
  if (text === "") {
    client.keepAlive = false;
    return finishRequest(client);
  }
  if (client.plane.stopping) client.keepAlive = false;
  if (closes || !client.requestDone || client.frontend.proxy.connectionMode === "close") client.keepAlive = false;
  const full = client.plane.finishLocalReply(client, text);
  client.responseBytes += full.length;
  client.send(full);
  finishRequest(client);
}

/** Adds the connection's header to a response made here, and leaves the body out for HEAD. */
export function localReplyText(client: ClientConnection, text: string): string {
  const headEnd = text.indexOf("\r\n\r\n");
  const body = client.headOnly && client.head.method !== "" ? "" : text.slice(headEnd + 4);
  let head = text.slice(0, headEnd + 2);
  if (!client.keepAlive) head += /\r\nconnection:/i.test(head) ? "" : "Connection: close\r\n";
  else if (client.head.minor === 0) head += "Connection: keep-alive\r\n";
  return `${head}\r\n${body}`;
}

/** The request is over, one way or the other: counts, logs, frees, and goes on with the connection. */
export function finishRequest(client: ClientConnection): void {
  const now = nowMs();
  const { backend, server, frontend } = client;
  const { status } = client;
  // Logs count the sessions beside this one, without the one that gets its place.
  const freed = freePlace(client);
  client.plane.logRequest(client, now);
  passPlace(freed);
  frontend.counters.countStatus(status);
  frontend.counters.bytesIn += client.requestBytes;
  frontend.counters.bytesOut += client.responseBytes;
  if (backend !== undefined) {
    backend.counters.bytesIn += client.requestBytes;
    backend.counters.bytesOut += client.responseBytes;
    backend.counters.countStatus(status);
    backend.leave();
  }
  if (server !== undefined) {
    server.counters.bytesIn += client.requestBytes;
    server.counters.bytesOut += client.responseBytes;
    if (!Number.isNaN(client.responseMs)) countTimes(client, server, now);
  }
  client.stream?.end();
  if (client.keepAlive && client.requestDone && !client.ended && client.isOpen) {
    nextRequest(client);
  } else closeClient(client);
}

function countTimes(client: ClientConnection, server: ServerRuntime, endMs: number): void {
  const { assignedMs, connectedMs, firstByteMs, headMs, responseMs } = client;
  const [queueMs, connectMs] = [assignedMs - headMs, connectedMs - assignedMs];
  const [answerMs, totalMs] = [responseMs - connectedMs, endMs - firstByteMs];
  server.counters.countTimes(queueMs, connectMs, answerMs, totalMs);
  server.backend.counters.countTimes(queueMs, connectMs, answerMs, totalMs);
}

function nextRequest(client: ClientConnection): void {
  const { timeouts } = client.frontend.proxy;
  const { input } = client;
  client.input = undefined;
  const moved = client.requestBytes + client.responseBytes;
  client.resetRequest();
  client.resume();
  if (input === undefined) {
    client.setDeadline(timeouts.httpKeepAlive ?? timeouts.httpRequest ?? timeouts.client);
    if (client.listener.bind.tls === undefined) adopt(client, client.requests, moved, true);
    return;
  }
  // Not at once: a train of pipelined requests would become as deep a stack.
  soon(() => {
    if (client.isOpen && client.phase === PHASE.HEAD) readHead(client, input);
  });
}

function closeClient(client: ClientConnection): void {
  const halfway = !client.requestDone;
  client.phase = PHASE.CLOSING;
  if (halfway && client.isOpen) {
    // Unread input would turn the close into a reset, and the answer might be lost with it.
    client.resume();
    client.shutdown();
    wheel.set(client, nowMs() + LINGER_MS);
    return;
  }
  const { timeouts } = client.frontend.proxy;
  if (client.pendingBytes > 0) client.setDeadline(timeouts.clientFin ?? timeouts.client);
  client.close();
}

/** The server's connection after a whole response: back to the pool, or closed. */
export function releaseServer(connection: ServerConnection, client: ClientConnection): void {
  connection.client = undefined;
  client.upstream = undefined;
  const { server } = connection;
  const { settings } = server;
  const most = settings.poolMaxConnections;
  const room = most === undefined || most < 0 || server.idle.length < most;
  const worn = settings.maxReuse !== undefined && settings.maxReuse >= 0 && connection.requests > settings.maxReuse;
  if (
    !connection.keepAlive ||
    server.followsClient ||
    !client.requestDone ||
    !room ||
    worn ||
    !server.takesTied ||
    connection.encrypted !== server.usesTls ||
    // Nobody would take it from the pool.
    server.backend.proxy.reuse === "never" ||
    client.plane.stopping
  ) {
    connection.close();
    return;
  }
  server.idle.push(connection);
  connection.setDeadline(settings.poolPurgeDelayMs > 0 ? settings.poolPurgeDelayMs : 1);
  const moved = client.requestBytes + client.responseBytes;
  if (!connection.encrypted) adopt(connection, connection.requests, moved, false);
}
