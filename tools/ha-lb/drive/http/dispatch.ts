/** From a request to a connection with its server: choosing, waiting for a place, connecting, trying again. */
import { isIdempotent } from "../../decide/http/framing.ts";
import { pathAndQueryOf } from "../../decide/sample-http-text.ts";
import { decideRetry } from "../../decide/retry.ts";
import { connectServer } from "../connect.ts";
import { connectHttp2 } from "../h2-server/upstream.ts";
import type { BackendRuntime, Idle, ServerRuntime } from "../runtime.ts";
import { nowMs } from "../timer-wheel.ts";
import { type ClientConnection, PHASE } from "./client.ts";
import { reply, replyError } from "./finish.ts";
import { wantsUpgrade, withServerName } from "./outgoing-head.ts";
import { ServerConnection } from "./server-connection.ts";

/** Small bodies travel with the head in one write. */
const ONE_WRITE_BYTES = 8 * 1024;

let turns = 0;

/** Brings the request of `client` to a server of its backend. `client.server` is set when something tied it to one. */
export function dispatch(client: ClientConnection, backend: BackendRuntime): void {
  client.retriesLeft = backend.proxy.retries;
  if (backend.keyOf !== undefined && client.server === undefined) {
    client.key = backend.keyOf(client.plane.streamOf(client));
  }
  assign(client, backend);
}

function assign(client: ClientConnection, backend: BackendRuntime): void {
  const tied = client.tied ? client.server : undefined;
  const server = tied ?? choose(client, backend);
  if (server === undefined) {
    client.server = undefined;
    replyError(client, 503, "S", "C");
    return;
  }
  const { redirectPrefix } = server.settings;
  if (redirectPrefix !== undefined && (client.head.method === "GET" || client.head.method === "HEAD")) {
    redirectToServer(client, server, redirectPrefix);
    return;
  }
  if ((server.queue.length === 0 || tied === undefined) && server.tryPlace()) takePlace(client, server);
  else enqueue(client, backend, tied !== undefined || client.key !== undefined ? server : undefined);
}

/** `redir`: the client asks the server itself. */
function redirectToServer(client: ClientConnection, server: ServerRuntime, prefix: string): void {
  client.server = server;
  client.assignedMs = nowMs();
  [client.cause, client.state] = ["L", "C"];
  const path = pathAndQueryOf(client.head.target) ?? "/";
  const text = `HTTP/1.1 302 Found\r\nCache-Control: no-cache\r\nLocation: ${prefix}${path}\r\nContent-Length: 0\r\n\r\n`;
  reply(client, 302, text, true);
}

/** Requests without a key take turns when the algorithm would hash one. */
function choose(client: ClientConnection, backend: BackendRuntime): ServerRuntime | undefined {
  if (backend.keyOf !== undefined && client.key === undefined) return backend.spare.next(0, client.avoid);
  return backend.balancer.next(client.key ?? 0, client.avoid);
}

function enqueue(client: ClientConnection, backend: BackendRuntime, server: ServerRuntime | undefined): void {
  const most = server?.settings.maxQueue ?? 0;
  if (server !== undefined && most > 0 && backend.queuedFor(server) >= most && !client.redispatched) {
    client.tied = false;
    client.redispatched = true;
    client.avoid = server;
    assign(client, backend);
    return;
  }
  const queue = server === undefined ? backend.queue : server.queue;
  client.phase = PHASE.QUEUE;
  client.server = server;
  client.queuedMs = nowMs();
  client.turn = turns;
  turns += 1;
  queue.push(client);
  backend.room?.changed();
  if (server === undefined) client.backendQueue = queue.length;
  else client.serverQueue = queue.length;
  const { counters } = server ?? backend;
  counters.highestQueue = Math.max(counters.highestQueue, queue.length);
  client.setDeadline(backend.proxy.timeouts.queue ?? backend.proxy.timeouts.connect);
}

/** The request doesn't wait any more. */
export function leaveQueue(client: ClientConnection): void {
  if (client.phase !== PHASE.QUEUE) return;
  const queue = client.server === undefined ? client.backend?.queue : client.server.queue;
  const at = queue?.indexOf(client) ?? -1;
  if (at >= 0) queue?.splice(at, 1);
}

/** Connects to the server on which this request has got a place. */
export function takePlace(client: ClientConnection, server: ServerRuntime): void {
  client.server = server;
  client.placed = true;
  client.assignedMs = nowMs();
  const { counters } = server;
  counters.sessions += 1;
  if (server.active > counters.highestActive) counters.highestActive = server.active;
  counters.rate.add(client.assignedMs);
  counters.lastSessionMs = client.assignedMs;
  server.backend.counters.lastSessionMs = client.assignedMs;
  if (!client.tied) {
    counters.selected += 1;
    server.backend.counters.selected += 1;
  }
  connect(client, server);
}

/** Gives the place back. @returns the server whose next request has room now */
export function freePlace(client: ClientConnection): ServerRuntime | undefined {
  const { server } = client;
  if (!client.placed || server === undefined) return undefined;
  client.placed = false;
  server.leave();
  return server;
}

/** Who waits longest gets the place that is free. */
export function passPlace(server: ServerRuntime | undefined): void {
  if (server === undefined) return;
  if (server.queue.length > 0 || server.backend.queue.length > 0) server.backend.serveQueue(server);
}

function leavePlace(client: ClientConnection): void {
  passPlace(freePlace(client));
}

/**
 * May this request go out on an idle connection? Its server may close that one in the same moment: only a request
 * that can be repeated, or one after the first of its client (which is ready for that, RFC 9112 section 9.3), may.
 */
function mayReuse(client: ClientConnection, backend: BackendRuntime): boolean {
  switch (backend.proxy.reuse) {
    case "never":
      return false;
    case "safe":
      return client.requests > 1 || (client.requestDone && isIdempotent(client.head.method));
    case "aggressive":
    case "always":
      return true;
  }
}

/** With `sni`, for what name the server is asked in the handshake. */
function serverNameFor(client: ClientConnection, server: ServerRuntime): string | undefined {
  if (server.settings.sni === undefined) return undefined;
  return server.serverName(client.plane, () => client.plane.streamOf(client));
}

/** A connection that was made for one name is not for requests to another. */
function takeIdle(server: ServerRuntime, name: string | undefined): Idle | undefined {
  const { idle, settings } = server;
  if (settings.sni === undefined) return idle.pop();
  const at = idle.findLastIndex((one) => one instanceof ServerConnection && one.serverName === name);
  return at < 0 ? undefined : idle.splice(at, 1)[0];
}

function connect(client: ClientConnection, server: ServerRuntime): void {
  const { backend } = server;
  client.phase = PHASE.CONNECT;
  const upgrades = server.speaksHttp2 && wantsUpgrade(client);
  if (upgrades && server.settings.protocol === "h2") {
    // HTTP/2 has no place for it, and the server would take it for a plain request.
    replyError(client, 501, "P", "C");
    return;
  }
  const name = serverNameFor(client, server);
  if (server.idle.length > 0 && mayReuse(client, backend)) {
    const idle = takeIdle(server, name);
    if (idle instanceof ServerConnection) {
      server.counters.reuses += 1;
      backend.counters.reuses += 1;
      idle.client = client;
      client.upstream = idle;
      idle.resetResponse();
      sendRequest(client, idle);
      return;
    }
  }
  client.deadlineMs = Number.POSITIVE_INFINITY;
  const connection = new ServerConnection(server);
  connection.client = client;
  client.upstream = connection;
  connection.setDeadline(backend.proxy.timeouts.connect);
  connection.serverName = name;
  const facts = client.plane.connectionFacts(client, name);
  // Who agrees on a protocol in the handshake agrees on HTTP/1.1 for it.
  if (server.speaksHttp2 && !upgrades) {
    connectHttp2(connection, facts);
    return;
  }
  server.counters.connects += 1;
  backend.counters.connects += 1;
  connectServer(connection, facts);
}

export function onConnected(connection: ServerConnection): void {
  const { client } = connection;
  if (client === undefined) {
    connection.abort();
    return;
  }
  client.plane.observe(connection.server, "connected");
  sendRequest(client, connection);
}

/** Writes the request, as far as it has come. */
function sendRequest(client: ClientConnection, connection: ServerConnection): void {
  const { timeouts } = connection.server.backend.proxy;
  client.connectedMs = nowMs();
  client.phase = PHASE.SENT;
  connection.requests += 1;
  const { sendNameHeader } = connection.server.backend.proxy;
  const text =
    sendNameHeader === undefined
      ? client.requestText
      : withServerName(client.requestText, sendNameHeader, connection.server.name);
  if (client.heldBytes === 0) connection.send(text);
  else if (client.heldBytes <= ONE_WRITE_BYTES) connection.send(text + Buffer.concat(client.held).toString("latin1"));
  else {
    connection.send(text);
    for (const part of client.held) connection.send(part);
  }
  if (client.heldBytes > client.plane.limits.mostBytes) client.dropHeld();
  connection.setDeadline(client.plane.serverTimeoutMs(client, timeouts.server));
  if (!client.requestDone) {
    client.setDeadline(client.frontend.proxy.timeouts.client);
    client.resume();
  }
}

/** The connection could not be made, or broke before any byte of an answer came. */
export function onConnectFailed(connection: ServerConnection): void {
  const { client, server } = connection;
  connection.client = undefined;
  if (client === undefined) return;
  client.upstream = undefined;
  failed(client, server, false);
}

/** `reused`: it was an idle connection. Decides what becomes of the request. */
export function failed(client: ClientConnection, server: ServerRuntime, reused: boolean): void {
  const { backend } = server;
  if (!reused) {
    server.counters.connectErrors += 1;
    backend.counters.connectErrors += 1;
    client.plane.observe(server, "refused");
  }
  const decision = decideRetry({
    left: client.retriesLeft,
    most: backend.proxy.retries,
    redispatch: backend.proxy.redispatch,
    tied: client.tied,
    deterministic: backend.deterministic,
    servers: backend.inPlay.length,
    reused,
    connectTimeoutMs: backend.proxy.timeouts.connect,
  });
  client.phase = PHASE.CONNECT;
  if (decision.kind === "give-up") {
    replyError(client, 503, "S", "C");
    return;
  }
  if (!reused) client.retriesLeft -= 1;
  client.pendingRetry = decision;
  client.lostReused = reused;
  if (decision.waitMs > 0) client.setDeadline(decision.waitMs);
  else retryNow(client);
}

export function retryNow(client: ClientConnection): void {
  const { pendingRetry: decision, server } = client;
  if (decision === undefined || decision.kind === "give-up" || server === undefined) return;
  client.pendingRetry = undefined;
  const { backend } = server;
  const elsewhere = decision.kind === "other-server" || (!server.takesTied && backend.inPlay.length > 0);
  if (!elsewhere) {
    // A pooled connection that was closed under us costs nothing that an operator could mend.
    if (!client.lostReused) {
      server.counters.retries += 1;
      backend.counters.retries += 1;
      client.retriesDone += 1;
    }
    client.lostReused = false;
    connect(client, server);
    return;
  }
  client.retriesDone += 1;
  client.avoid = server;
  leavePlace(client);
  if (client.cookieState.startsWith("V")) client.cookieState = `D${client.cookieState.slice(1)}`;
  server.counters.redispatches += 1;
  backend.counters.redispatches += 1;
  client.redispatched = true;
  client.tied = false;
  client.server = undefined;
  assign(client, backend);
}

/** The server that a waiting request was tied to is gone: it looks for another one. */
export function requeueClient(client: ClientConnection, server: ServerRuntime): void {
  client.tied = false;
  client.server = undefined;
  client.avoid = server;
  client.redispatched = true;
  assign(client, server.backend);
}
