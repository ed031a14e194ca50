/** What a client's socket tells: bytes, the end of its side, its close, and deadlines. */
import { PREFACE } from "../../decide/h2/frame.ts";
import type { Head } from "../../decide/http/head.ts";
import { READ, MORE, scanRequest } from "../../decide/http/scan.ts";
import { keepsAlive } from "../../decide/http/scan.ts";
import { ChunkReader } from "../../decide/http/chunked.ts";
import { lacksKey } from "../../decide/http/websocket.ts";
import { CHUNKED, requestBodyLength } from "../../decide/http/framing.ts";
import { nowMs } from "../timer-wheel.ts";
import { type ClientConnection, PHASE } from "./client.ts";
import { leaveQueue, retryNow } from "./dispatch.ts";
import { finishRequest, replyError } from "./finish.ts";
import { acceptRequest, forwardBody, onTarpitEnd } from "./request.ts";
import { PENDING_HIGH_BYTES } from "../peer.ts";

export function onClientInput(client: ClientConnection, data: Buffer): void {
  switch (client.phase) {
    case PHASE.HEAD:
      readHead(client, client.input === undefined ? data : Buffer.concat([client.input, data]));
      return;
    case PHASE.TUNNEL:
      client.requestBytes += data.length;
      client.upstream?.send(data);
      if ((client.upstream?.pendingBytes ?? 0) > PENDING_HIGH_BYTES) client.pause();
      client.setDeadline(client.plane.tunnelTimeoutMs(client));
      return;
    case PHASE.CLOSING:
      return;
    default:
      if (client.requestDone) keepForLater(client, data);
      else {
        if (client.bodyWait === undefined && client.lookUp === undefined)
          client.setDeadline(client.frontend.proxy.timeouts.client);
        forwardBody(client, data);
      }
  }
}

/** The next request came before this one is done: it waits, and more than a buffer of it is not read. */
function keepForLater(client: ClientConnection, data: Buffer): void {
  client.input = client.input === undefined ? data : Buffer.concat([client.input, data]);
  if (client.input.length >= client.plane.limits.mostBytes) client.pause();
}

/** Reads a request's head from what has come; the rest is body or the next request. */
export function readHead(client: ClientConnection, bytes: Buffer): void {
  const { timeouts } = client.frontend.proxy;
  const now = nowMs();
  if (Number.isNaN(client.firstByteMs)) client.firstByteMs = now;
  if (client.requests === 0 && client.listener.becomeHttp2 !== undefined && !staysHttp1(client, bytes)) return;
  const result = scanRequest(client.head, bytes, client.plane.limits);
  if (result === MORE) {
    client.input = bytes;
    // The time for the head counts from its first byte, however slowly more of it comes.
    const most = timeouts.httpRequest ?? timeouts.client;
    client.setDeadline(most === undefined ? undefined : most - (now - client.firstByteMs));
    return;
  }
  client.input = undefined;
  client.headMs = now;
  client.requests += 1;
  client.frontend.counters.requests += 1;
  client.frontend.counters.requestRate.add(now);
  if (result !== READ || isForOther(client.head) || lacksKey(client.head)) {
    client.frontend.counters.requestErrors += 1;
    client.head.method = "";
    client.headMs = Number.NaN;
    const status = result === READ ? 400 : result;
    client.plane.noteInvalid(client, bytes, status);
    replyError(client, status, "P", "R");
    return;
  }
  const { head } = client;
  client.headOnly = head.method === "HEAD";
  client.originalLine = head.raw.slice(0, head.fieldsStart - 2);
  client.keepAlive = keepsAlive(head);
  client.requestBytes = head.byteLength;
  client.setDeadline(timeouts.client);
  const length = requestBodyLength(head);
  client.bodyLeft = length;
  client.requestDone = length === 0;
  if (length === CHUNKED) client.chunks = new ChunkReader();
  const rest = bytes.length > head.byteLength ? bytes.subarray(head.byteLength) : undefined;
  acceptRequest(client, rest);
}

/** An absolute target must name the host that `Host` names: a cache or a rule would take one, the server the other. */
function isForOther(head: Head): boolean {
  if (head.target.startsWith("/")) return false;
  const authority = /^https?:\/\/([^/?#]*)/i.exec(head.target)?.[1];
  const host = head.first("host");
  if (authority === undefined || host === undefined) return false;
  const plain = (text: string): string => text.toLowerCase().replace(/:(80|443)?$/, "");
  return plain(authority) !== plain(host);
}

/** A connection that begins as HTTP/2 does becomes one, where that is spoken. @returns whether it goes on as it is */
function staysHttp1(client: ClientConnection, bytes: Buffer): boolean {
  const { becomeHttp2 } = client.listener;
  const length = Math.min(bytes.length, PREFACE.length);
  if (becomeHttp2 === undefined) return true;
  if (PREFACE.compare(bytes, 0, length, 0, length) !== 0) {
    if (client.listener.bind.protocol !== "h2") return true;
    // `proto h2`: nothing else is spoken here.
    client.abort();
    client.plane.forget(client);
    return false;
  }
  if (length === PREFACE.length) becomeHttp2(client, bytes);
  // `P` may also be the start of POST: the deadline was set when the connection came.
  else client.input = bytes;
  return false;
}

export function onClientEnd(client: ClientConnection): void {
  switch (client.phase) {
    case PHASE.HEAD:
      if (client.input !== undefined) endEarly(client, 400, "C");
      else client.close();
      return;
    case PHASE.TUNNEL:
      client.upstream?.shutdown();
      return;
    case PHASE.CLOSING:
      return;
    default:
      // A request whose body will never be complete can't be answered; a complete one can.
      if (!client.requestDone) abandon(client, "C");
      else if (giveUpOnClose(client)) {
        client.status = client.phase === PHASE.SENT ? 400 : 0;
        abandon(client, "C");
      } else client.keepAlive = false;
  }
}

/** `option abortonclose`: nobody waits for the answer any more. */
function giveUpOnClose({ backend, frontend, phase }: ClientConnection): boolean {
  return phase <= PHASE.SENT && (backend?.proxy ?? frontend.proxy).flags.has("abortonclose");
}

/** The client sent a part of a head and will send no more. */
function endEarly(client: ClientConnection, status: number, cause: string): void {
  if (client.frontend.proxy.flags.has("dontlognull") && client.input === undefined) {
    client.close();
    return;
  }
  client.requests += 1;
  client.head.method = "";
  client.frontend.counters.requestErrors += 1;
  replyError(client, status, cause, "R");
}

export function onClientClosed(client: ClientConnection): void {
  if (client.phase !== PHASE.HEAD && client.phase !== PHASE.CLOSING) abandon(client, "C");
  client.plane.forget(client);
}

/** Ends the request before its time; the connections close. */
export function abandon(client: ClientConnection, cause: string): void {
  if (client.cause === "-") {
    client.cause = cause;
    client.state = stateLetter(client);
  }
  if (cause === "C") {
    client.frontend.counters.clientAborts += 1;
    if (client.backend !== undefined) client.backend.counters.clientAborts += 1;
    if (client.server !== undefined) client.server.counters.clientAborts += 1;
  }
  leaveQueue(client);
  const { upstream } = client;
  client.upstream = undefined;
  if (upstream !== undefined) {
    upstream.client = undefined;
    upstream.abort();
  }
  client.keepAlive = false;
  finishRequest(client);
}

/** Where the request was when it ended: the second letter of the termination state. */
export function stateLetter(client: ClientConnection): string {
  switch (client.phase) {
    case PHASE.HEAD:
    case PHASE.HELD:
      return "R";
    case PHASE.QUEUE:
      return "Q";
    case PHASE.CONNECT:
      return "C";
    case PHASE.SENT:
      return client.requestDone ? "H" : "D";
    case PHASE.RESPONSE:
    case PHASE.TUNNEL:
      return "D";
    default:
      return "L";
  }
}

export function onClientDeadline(client: ClientConnection): void {
  switch (client.phase) {
    case PHASE.HEAD:
      // A kept connection just ends; a client that never said anything is told, unless it may be a browser's reserve.
      if (client.input !== undefined) endEarly(client, 408, "c");
      else if (client.requests > 0 || client.frontend.proxy.flags.has("http-ignore-probes")) client.close();
      else endEarly(client, 408, "c");
      return;
    case PHASE.HELD:
      onTarpitEnd(client);
      return;
    case PHASE.QUEUE:
      leaveQueue(client);
      replyError(client, 503, "s", "Q");
      return;
    case PHASE.CONNECT:
      retryNow(client);
      return;
    case PHASE.SENT:
      // The server's own deadline covers its answer; this one is for a body that stopped coming.
      if (!client.requestDone) {
        dropUpstream(client);
        replyError(client, 408, "c", "D");
      }
      return;
    case PHASE.CLOSING:
      client.abort();
      client.plane.forget(client);
      return;
    default:
      if (client.phase === PHASE.RESPONSE && client.pendingBytes === 0) return;
      abandon(client, "c");
  }
}

/** Cuts the connection to the server: its answer can't be used. */
export function dropUpstream(client: ClientConnection): void {
  const { upstream } = client;
  client.upstream = undefined;
  if (upstream === undefined) return;
  upstream.client = undefined;
  upstream.abort();
}
