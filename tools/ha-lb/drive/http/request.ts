/** A request whose head was read: rules, the choice of the backend, and what goes to the server. */
import { CHUNKED } from "../../decide/http/framing.ts";
import { pathAndQueryOf } from "../../decide/sample-http-text.ts";
import type { Verdict } from "../../decide/rules/verdict.ts";
import { PENDING_HIGH_BYTES } from "../peer.ts";
import type { BackendRuntime } from "../runtime.ts";
import { nowMs } from "../timer-wheel.ts";
import { type ClientConnection, PHASE } from "./client.ts";
import { chooseEncoding } from "./compress-response.ts";
import { dispatch } from "./dispatch.ts";
import { onBodyLate, onMoreBody, waitForBody } from "./body-wait.ts";
import { requestCookie } from "./captured-cookie.ts";
import { finishRequest, reply, replyError } from "./finish.ts";
import { outgoingHead, restrictNames } from "./outgoing-head.ts";
import { tieToServer } from "./persistence.ts";
import { wantsStatsPage, answerStatsPage } from "./stats-request.ts";

/** A path is asked for with or without scheme and host before it. */
function isMonitored(target: string, monitorUri: string): boolean {
  return target === monitorUri || (monitorUri.startsWith("/") && pathAndQueryOf(target) === monitorUri);
}

/** Carries a request through the frontend and, unless something answers it, the backend. */
export function acceptRequest(client: ClientConnection, rest: Buffer | undefined): void {
  client.phase = PHASE.HELD;
  if (rest !== undefined && !takeBody(client, rest)) return;
  if (client.session?.tracksNothing === false) client.plane.streamOf(client).countRequest();
  const { frontend } = client;
  const { proxy } = frontend;
  if (proxy.monitorUri !== undefined && isMonitored(client.head.target, proxy.monitorUri)) {
    answerMonitor(client);
    return;
  }
  if (frontend.hasCaptures("request")) frontend.captureFrom("request", client.head, client.plane.streamOf(client));
  if (proxy.captureCookie !== undefined) {
    client.capturedRequestCookie = requestCookie(client.head.all("cookie"), proxy.captureCookie);
  }
  if (proxy.restrictHeaderNames !== undefined && !mayHaveNames(client, proxy.restrictHeaderNames)) return;
  if (client.requestDone || !proxy.flags.has("http-buffer-request")) runFrontendRules(client);
  else {
    const { client: usual, httpRequest = usual } = proxy.timeouts;
    waitForBody(client, httpRequest, { atLeastBytes: 0, goOn: runFrontendRules });
  }
}

function runFrontendRules(client: ClientConnection): void {
  const { frontend } = client;
  const { proxy } = frontend;
  if (frontend.rules.hasRequestRules) {
    const verdict = frontend.rules.onRequest(client.plane.streamOf(client));
    if (verdict !== undefined && !followVerdict(client, verdict, runFrontendRules)) return;
  }
  if (proxy.stats !== undefined && proxy.isFrontend && wantsStatsPage(client, proxy.stats)) {
    countIntercepted(client);
    answerStatsPage(client, proxy.stats);
    return;
  }
  const backend = chooseBackend(client);
  if (backend === undefined) {
    replyError(client, 503, "S", "C");
    return;
  }
  enterBackend(client, backend);
}

function chooseBackend(client: ClientConnection): BackendRuntime | undefined {
  const { frontend } = client;
  if (frontend.rules.useBackend.length === 0) return frontend.defaultBackend;
  const stream = client.plane.streamOf(client);
  for (const rule of frontend.rules.useBackend) {
    if (!rule.when(stream)) continue;
    const found = client.plane.backends.get(rule.name(stream));
    // A computed name that no backend has leaves the choice to the default.
    return found ?? frontend.defaultBackend;
  }
  return frontend.defaultBackend;
}

function enterBackend(client: ClientConnection, backend: BackendRuntime): void {
  client.backend = backend;
  backend.enter();
  const { counters } = backend;
  counters.sessions += 1;
  counters.requests += 1;
  if (backend.active > counters.highestActive) counters.highestActive = backend.active;
  counters.rate.add(client.headMs);
  const { restrictHeaderNames } = backend.proxy;
  if (restrictHeaderNames !== undefined && !mayHaveNames(client, restrictHeaderNames)) return;
  const isOther = backend.proxy !== client.frontend.proxy;
  if (client.requestDone || !isOther || !backend.proxy.flags.has("http-buffer-request")) runBackendRules(client);
  else {
    const { server: usual, httpRequest = usual } = backend.proxy.timeouts;
    waitForBody(client, httpRequest, { atLeastBytes: 0, goOn: runBackendRules });
  }
}

function runBackendRules(client: ClientConnection): void {
  const { backend } = client;
  if (backend === undefined) return;
  if (backend.rules.hasRequestRules && backend.proxy !== client.frontend.proxy) {
    const verdict = backend.rules.onRequest(client.plane.streamOf(client));
    if (verdict !== undefined && !followVerdict(client, verdict, runBackendRules)) return;
  }
  const { stats } = backend.proxy;
  if (stats !== undefined && !backend.proxy.isFrontend && wantsStatsPage(client, stats)) {
    countIntercepted(client);
    answerStatsPage(client, stats);
    return;
  }
  tieToServer(client, backend);
  if (backend.proxy.compression !== undefined || client.frontend.proxy.compression !== undefined) {
    chooseEncoding(client, backend);
  }
  client.requestText = outgoingHead(client, backend);
  dispatch(client, backend);
}

function mayHaveNames(client: ClientConnection, how: "preserve" | "delete" | "reject"): boolean {
  if (restrictNames(client, how)) return true;
  client.frontend.counters.deniedRequests += 1;
  replyError(client, 403, "P", "R");
  return false;
}

/** Does what rules decided. @returns whether the request goes on */
function followVerdict(client: ClientConnection, verdict: Verdict, again: (client: ClientConnection) => void): boolean {
  switch (verdict.kind) {
    case "accept":
      return true;
    case "wait-for-body":
      waitForBody(client, verdict.timeMs, { atLeastBytes: verdict.atLeastBytes, goOn: again });
      return false;
    case "look-up":
      lookUp(client, verdict, again);
      return false;
    case "reply":
      if (verdict.denied) {
        client.frontend.counters.deniedRequests += 1;
        if (client.cause === "-") [client.cause, client.state] = ["P", "R"];
      } else {
        countIntercepted(client);
        if (client.cause === "-") [client.cause, client.state] = ["L", "R"];
      }
      reply(client, verdict.status, verdict.text, verdict.closes);
      return false;
    case "tarpit":
      client.heldReply = verdict;
      client.frontend.counters.deniedRequests += 1;
      [client.cause, client.state] = ["P", "T"];
      client.setDeadline(client.frontend.proxy.timeouts.tarpit ?? client.frontend.proxy.timeouts.connect ?? 5000);
      return false;
    case "drop":
      client.frontend.counters.deniedRequests += 1;
      [client.cause, client.state] = ["P", "R"];
      client.headMs = Number.NaN;
      client.keepAlive = false;
      client.requestDone = true;
      finishRequest(client);
      return false;
  }
}

/** A request that the frontend, or a section that is both, answers by itself. */
function countIntercepted({ backend, frontend }: ClientConnection): void {
  if (backend === undefined || backend.proxy === frontend.proxy) frontend.counters.intercepted += 1;
}

/** `again` is called at once, or when the name's address is known. */
function lookUp(
  client: ClientConnection,
  { name, prefer, resolvers, take }: Verdict & { readonly kind: "look-up" },
  again: (client: ClientConnection) => void,
): void {
  const mark = {};
  client.lookUp = mark;
  // The look-up has limits of its own.
  client.setDeadline(undefined);
  client.plane.lookups.find(resolvers, name, prefer, (address) => {
    if (client.lookUp !== mark || client.phase !== PHASE.HELD) return;
    client.lookUp = undefined;
    client.setDeadline(client.frontend.proxy.timeouts.client);
    take(address);
    again(client);
  });
}

/** The time of a tarpit is over. */
export function onTarpitEnd(client: ClientConnection): void {
  const { heldReply } = client;
  if (client.bodyWait !== undefined) {
    onBodyLate(client);
    return;
  }
  if (heldReply === undefined) {
    replyError(client, 408, "c", "R");
    return;
  }
  client.heldReply = undefined;
  client.keepAlive = false;
  reply(client, heldReply.status, heldReply.text, true);
}

function answerMonitor(client: ClientConnection): void {
  const stream = client.plane.streamOf(client);
  const fails = client.frontend.rules.monitorFail.some((when) => when(stream));
  [client.cause, client.state] = ["L", "R"];
  countIntercepted(client);
  // Whoever watches asks every second: nobody wants to read of it.
  client.logged = true;
  if (fails) replyError(client, 503, "L", "R");
  else {
    const body = "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n";
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nCache-Control: no-cache\r\nContent-Type: text/html\r\n`;
    reply(client, 200, `${head}\r\n${body}`, false);
  }
}

/**
 * Takes bytes that came after the head: what belongs to the body is held, what follows is the next request's.
 * @returns false when the body is broken and the request was refused
 */
function takeBody(client: ClientConnection, bytes: Buffer): boolean {
  if (client.requestDone) {
    client.input = bytes;
    return true;
  }
  const taken = measure(client, bytes);
  if (taken < 0) {
    client.head.method = "";
    client.headMs = Number.NaN;
    replyError(client, 400, "P", "R");
    return false;
  }
  client.requestBytes += taken;
  client.hold(taken === bytes.length ? bytes : bytes.subarray(0, taken));
  if (taken < bytes.length) client.input = bytes.subarray(taken);
  return true;
}

/** How many of the bytes are body; -1 when its coding is broken. Notes the end of the request. */
function measure(client: ClientConnection, bytes: Buffer): number {
  if (client.bodyLeft === CHUNKED) {
    const taken = client.chunks?.feed(bytes) ?? -1;
    if (taken >= 0 && client.chunks?.done === true) client.requestDone = true;
    return taken;
  }
  const taken = Math.min(bytes.length, client.bodyLeft);
  client.bodyLeft -= taken;
  if (client.bodyLeft === 0) client.requestDone = true;
  return taken;
}

/** More of the body came while the request is held, waits, connects or is being sent. */
export function forwardBody(client: ClientConnection, bytes: Buffer): void {
  const taken = measure(client, bytes);
  if (taken < 0) {
    replyError(client, 400, "P", client.phase >= PHASE.SENT ? "D" : "R");
    return;
  }
  client.requestBytes += taken;
  const body = taken === bytes.length ? bytes : bytes.subarray(0, taken);
  if (taken < bytes.length) client.input = bytes.subarray(taken);
  const { upstream } = client;
  if (client.phase < PHASE.SENT || upstream === undefined) {
    client.hold(body);
    if (client.heldBytes > PENDING_HIGH_BYTES) client.pause();
    onMoreBody(client);
    return;
  }
  if (client.canReplay) {
    if (client.heldBytes + taken <= client.plane.limits.mostBytes) client.hold(body);
    else client.dropHeld();
  }
  upstream.send(body);
  if (upstream.pendingBytes > PENDING_HIGH_BYTES) client.pause();
  const timeoutMs = client.plane.serverTimeoutMs(client, upstream.server.backend.proxy.timeouts.server);
  if (timeoutMs !== undefined) upstream.deadlineMs = nowMs() + timeoutMs;
}
