/** Rules that look at the server's answer. They may wait for its body: `http-response wait-for-body`. */
import { ChunkReader } from "../../decide/http/chunked.ts";
import { CHUNKED, UNTIL_CLOSE } from "../../decide/http/framing.ts";
import type { Verdict } from "../../decide/rules/verdict.ts";
import type { BackendRuntime, FrontendRuntime } from "../runtime.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import type { ClientConnection } from "./client.ts";
import { abandon } from "./client-events.ts";
import { reply, replyError } from "./finish.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { Stream } from "./stream.ts";

/** What has come of an answer while rules look at it. */
export class HeldAnswer {
  /** Counts the body as it comes. */
  private readonly chunks: ChunkReader | undefined;
  private readonly contents: Buffer[] = [];
  private contentBytes = 0;
  private isBroken = false;
  /** Nothing more comes from the server. */
  ended = false;
  /** Rules wait: until when, and for how many bytes; 0 is for all. */
  wait: { readonly untilMs: number; readonly atLeastBytes: number } | undefined;

  constructor(
    private readonly connection: ServerConnection,
    /** All that has come, head and body. */
    public bytes: Buffer,
    /** The body's length, or what it ends with. */
    private readonly length: number,
  ) {
    this.chunks = length === CHUNKED ? new ChunkReader() : undefined;
    this.take(bytes.subarray(connection.head.byteLength));
  }

  add(data: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, data]);
    this.take(data);
  }

  private take(data: Buffer): void {
    const keep = (start: number, end: number): void => {
      this.contents.push(data.subarray(start, end));
      this.contentBytes += end - start;
    };
    if (this.chunks === undefined) keep(0, this.length < 0 ? data.length : Math.min(data.length, this.left));
    else if (this.chunks.feed(data, 0, keep) < 0) this.isBroken = true;
  }

  private get left(): number {
    return this.length - this.contentBytes;
  }

  /** Has so much of the body come? A buffer that is full has room for no more; what is broken gets no better. */
  isHere(atLeastBytes: number, mostBytes: number): boolean {
    if (this.connection.mutesBody || this.ended || this.isBroken || this.bytes.length >= mostBytes) return true;
    if (atLeastBytes > 0 && this.contentBytes >= atLeastBytes) return true;
    if (this.chunks !== undefined) return this.chunks.done;
    return this.length !== UNTIL_CLOSE && this.left <= 0;
  }

  /** The answer to a HEAD, for one. */
  get isBodiless(): boolean {
    return this.connection.mutesBody || this.length === 0;
  }

  body(): string {
    return Buffer.concat(this.contents).toString("latin1");
  }
}

/** Passes an answer on: its head and what has come of its body. */
type Send = (connection: ServerConnection, client: ClientConnection, bytes: Buffer) => void;

/**
 * Asks the rules of backend and frontend. `send` is called at once, or when the body is here that they wait for; not
 * when a rule answers in the server's place.
 */
export function runResponseRules(
  connection: ServerConnection,
  client: ClientConnection,
  bytes: Buffer,
  send: Send,
): void {
  const { backend } = connection.server;
  const { frontend } = client;
  const asked = client.stream !== undefined || frontend.hasCaptures("response");
  if (!backend.rules.hasResponseRules && !frontend.rules.hasResponseRules && !asked) {
    send(connection, client, bytes);
    return;
  }
  const stream = client.plane.streamOf(client);
  const proxies = backend.proxy === frontend.proxy ? [backend] : [backend, frontend];
  for (const { rules } of proxies) {
    // They know the server's bytes, not yet their meaning.
    const verdict = rules.hasTcpResponseRules ? rules.onTcpResponse(stream) : undefined;
    if (verdict === undefined || verdict.kind === "accept") continue;
    countDenied(connection, client);
    client.responseMs = Number.NaN;
    client.status = 0;
    abandon(client, "P");
    return;
  }
  stream.responseHead = connection.head;
  connection.held = new HeldAnswer(connection, bytes, connection.bodyLeft);
  if (frontend.hasCaptures("response")) frontend.captureFrom("response", connection.head, stream);
  stream.countStatus(connection.head.status);
  askHttpRules(connection, client, { proxies, stream, send });
}

interface Asking {
  readonly proxies: readonly (BackendRuntime | FrontendRuntime)[];
  readonly stream: Stream;
  readonly send: Send;
}

function askHttpRules(connection: ServerConnection, client: ClientConnection, asking: Asking): void {
  const { proxies, send, stream } = asking;
  for (const proxy of proxies) {
    const verdict = proxy.rules.onResponse(stream);
    if (verdict === undefined || verdict.kind === "accept") continue;
    if (verdict.kind === "wait-for-body") wait(connection, client, verdict, asking);
    else refuse(connection, client, verdict);
    return;
  }
  for (const proxy of proxies) proxy.rules.onAfterResponse(stream);
  client.status = connection.head.status;
  const { held } = connection;
  connection.held = undefined;
  if (held !== undefined) send(connection, client, held.bytes);
}

function countDenied({ server }: ServerConnection, { frontend }: ClientConnection): void {
  for (const { counters } of [server, server.backend, frontend]) counters.deniedResponses += 1;
}

function refuse(connection: ServerConnection, client: ClientConnection, verdict: Verdict): void {
  const denied = verdict.kind !== "reply" || verdict.denied;
  if (denied) countDenied(connection, client);
  [client.cause, client.state] = [denied ? "P" : "L", "H"];
  client.responseMs = Number.NaN;
  if (verdict.kind === "reply") reply(client, verdict.status, verdict.text, verdict.closes);
  else abandon(client, "P");
}

function wait(
  connection: ServerConnection,
  client: ClientConnection,
  { atLeastBytes, timeMs }: Verdict & { readonly kind: "wait-for-body" },
  asking: Asking,
): void {
  const { held } = connection;
  if (held === undefined) throw new Error("rules wait for an answer that isn't there");
  held.wait = { untilMs: nowMs() + timeMs, atLeastBytes };
  connection.goOn = () => askHttpRules(connection, client, asking);
  setWaitDeadline(connection, client);
}

/** The server may be silent for no longer than otherwise. */
function setWaitDeadline(connection: ServerConnection, client: ClientConnection): void {
  const most = client.plane.serverTimeoutMs(client, connection.server.backend.proxy.timeouts.server);
  const untilMs = connection.held?.wait?.untilMs ?? Number.POSITIVE_INFINITY;
  wheel.set(connection, Math.min(untilMs, most === undefined ? untilMs : nowMs() + most));
}

/** More of an answer came that rules wait for. */
export function onMoreOfAnswer(connection: ServerConnection, client: ClientConnection, data: Buffer): void {
  connection.held?.add(data);
  if (goOnWhenHere(connection, client)) return;
  setWaitDeadline(connection, client);
}

/** The server ended the answer that rules wait for: they decide about what is here. */
export function onEndOfHeldAnswer(connection: ServerConnection, client: ClientConnection): void {
  if (connection.held === undefined) return;
  connection.held.ended = true;
  goOnWhenHere(connection, client);
}

function goOnWhenHere(connection: ServerConnection, client: ClientConnection): boolean {
  const { goOn, held } = connection;
  if (held?.wait === undefined || goOn === undefined) return true;
  if (!held.isHere(held.wait.atLeastBytes, client.plane.limits.mostBytes)) return false;
  held.wait = undefined;
  connection.goOn = undefined;
  goOn();
  return true;
}

/** The body did not come in time. */
export function onAnswerLate(client: ClientConnection): void {
  if (client.stream !== undefined) client.stream.resume = undefined;
  client.responseMs = Number.NaN;
  replyError(client, 504, "s", "R");
}
