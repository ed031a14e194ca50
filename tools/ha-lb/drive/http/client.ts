import type { FoundCookie } from "../../decide/cookie.ts";
import type { Socket } from "bun";
import type { Coding } from "../../decide/http/compression.ts";
import type { ChunkReader } from "../../decide/http/chunked.ts";
import type { ProxyHeader } from "../../decide/proxy-protocol.ts";
import { Head } from "../../decide/http/head.ts";
import type { Verdict } from "../../decide/rules/verdict.ts";
import type { RetryDecision } from "../../decide/retry.ts";
import { ClientSession, type Ends, endsOfHeader, plainAddress } from "../client-session.ts";
import type { DataPlane } from "../plane.ts";
import { Peer } from "../peer.ts";
import type { BackendRuntime, ListenerRuntime, ServerRuntime, Waiting } from "../runtime.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import { onClientClosed, onClientDeadline, onClientEnd, onClientInput } from "./client-events.ts";
import type { RunningWait } from "./body-wait.ts";
import { takePlace } from "./dispatch.ts";
import { resumeServer } from "./response.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { Stream } from "./stream.ts";

/** What the connection is doing. */
export const PHASE = {
  /** Waits for a request, or has a part of its head. */
  HEAD: 0,
  /** Rules wait for the body, a tarpit or an answer from outside. */
  HELD: 1,
  /** Waits for a place on a server. */
  QUEUE: 2,
  /** A connection to the server is being made, or will be tried again. */
  CONNECT: 3,
  /** The request is on its way; no answer yet. */
  SENT: 4,
  /** The response passes through. */
  RESPONSE: 5,
  /** Bytes pass both ways until the end. */
  TUNNEL: 6,
  /** The last answer is on its way out; input is thrown away. */
  CLOSING: 7,
} as const;

const NO_BYTES: Buffer[] = [];
/** How long an idle connection stays open for one more request when its data plane stops. */
const IDLE_GRACE_MS = 1000;

/** A client's connection and the request it is at. One request at a time: the next one waits in `input`. */
export class ClientConnection extends Peer implements Waiting {
  phase: number = PHASE.HEAD;
  input: Buffer | undefined;
  readonly head = new Head();
  /** The request line as it came, for logs. */
  originalLine = "";
  /** The client asked with HEAD, whatever rules made of it. */
  headOnly = false;
  /** Bytes of the request's body that have not come yet, or `CHUNKED`. */
  bodyLeft = 0;
  chunks: ChunkReader | undefined;
  requestDone = true;
  backend: BackendRuntime | undefined;
  server: ServerRuntime | undefined;
  /** Holds a place on `server`. */
  placed = false;
  upstream: ServerConnection | undefined;
  /** The head as it goes to the server. */
  requestText = "";
  /** Body bytes that were not sent, or may have to be sent again. */
  held: Buffer[] = NO_BYTES;
  heldBytes = 0;
  /** Everything sent so far is in `requestText` and `held`. */
  canReplay = true;
  key: number | undefined;
  /** The cookie, a stick table or a rule chose the server. */
  tied = false;
  avoid: ServerRuntime | undefined;
  retriesLeft = 0;
  retriesDone = 0;
  redispatched = false;
  /** `ignore-persist` holds: no cookie is inserted either. */
  persistIgnored = false;
  pendingRetry: RetryDecision | undefined;
  /** What a tarpit answers in the end. */
  heldReply: (Verdict & { readonly kind: "tarpit" }) | undefined;
  /** Rules go on when enough of the body is here. */
  bodyWait: RunningWait | undefined;
  /** Rules go on when a name was looked up: the mark of who asked last. */
  lookUp: object | undefined;
  lostReused = false;
  queuedMs = 0;
  turn = 0;
  serverQueue = 0;
  backendQueue = 0;
  keepAlive = false;
  requests = 0;
  /** The client ended its side. */
  ended = false;

  // Times of the request, ms on the monotonic clock; NaN when not reached.
  acceptMs: number;
  /** When the connection became idle, or was accepted. */
  idleMs: number;
  firstByteMs = Number.NaN;
  headMs = Number.NaN;
  assignedMs = Number.NaN;
  connectedMs = Number.NaN;
  responseMs = Number.NaN;

  status = 0;
  responseBytes = 0;
  requestBytes = 0;
  /** `-` unless something ended the request before its time; see the manual's chapter 8.5. */
  cause = "-";
  state = "-";
  cookieState = "--";
  /** The value the client sent in the persistence cookie. */
  cookieValue: string | undefined;
  /** The persistence cookie that came, when it isn't too old. */
  cookieFound: FoundCookie | undefined;
  logged = false;
  /** Of `capture cookie`. */
  capturedRequestCookie: string | undefined;
  capturedResponseCookie: string | undefined;
  /** The answer may be sent in this coding. */
  coding: Coding | undefined;
  /** Made only when rules, conditions or log formats ask about the request. */
  stream: Stream | undefined;
  sourceAddress: string;
  sourcePort: number;
  /** From the PROXY protocol, when the client sent it. */
  proxyHeader: ProxyHeader | undefined;
  /** What a server must answer to the key of a WebSocket that was made here. */
  expectedAccept: string | undefined;
  /** In place of the server's name in logs: the status page. */
  serverLabel: string | undefined;
  /** Made only for rules. */
  session: ClientSession | undefined;
  /** Of the connection itself, where a PROXY header or rules of the session say something else. */
  connectionEnds: Ends | undefined;
  /** Another one than the socket's. */
  private destination: { readonly address: string; readonly port: number } | undefined;

  constructor(
    readonly plane: DataPlane,
    readonly listener: ListenerRuntime,
    socket: Socket<Peer>,
  ) {
    super();
    this.socket = socket;
    this.acceptMs = nowMs();
    this.idleMs = this.acceptMs;
    this.sourceAddress = plainAddress(socket.remoteAddress);
    this.sourcePort = socket.remotePort ?? 0;
  }

  get destinationAddress(): string {
    return this.destination?.address ?? plainAddress(this.socket?.localAddress);
  }

  get destinationPort(): number {
    return this.destination?.port ?? this.socket?.localPort ?? 0;
  }

  /** Who talks to whom, before rules of a request change it. */
  get ends(): Ends {
    const { destinationAddress: destination, destinationPort, sourceAddress: source, sourcePort } = this;
    return { source, sourcePort, destination, destinationPort };
  }

  /** Rules of the connection, or of the session on it, change who talks to whom. */
  changeEnds(level: "connection" | "session", change: Partial<Ends>): void {
    const ends = { ...this.ends, ...change };
    if (level === "session") this.connectionEnds ??= this.ends;
    this.sourceAddress = ends.source;
    this.sourcePort = ends.sourcePort;
    this.destination = { address: ends.destination, port: ends.destinationPort };
  }

  takeProxyHeader(header: ProxyHeader): void {
    this.proxyHeader = header;
    this.changeEnds("session", endsOfHeader(header, this.ends));
  }

  /** The connection as rules see it. */
  rulesView(): Stream {
    return this.plane.streamOf(this);
  }

  clientSession(): ClientSession {
    this.session ??= new ClientSession();
    return this.session;
  }

  /** The connection is over: what its rules tracked is let go. */
  endSession(): void {
    this.session?.end(this.plane.tables);
  }

  /** A stream of HTTP/2 is a part of the connection that brought it. */
  joinSession(connection: ClientConnection): void {
    this.session = connection.clientSession();
    this.proxyHeader = connection.proxyHeader;
    this.connectionEnds = connection.connectionEnds;
    this.destination = connection.destination;
    this.sourceAddress = connection.sourceAddress;
    this.sourcePort = connection.sourcePort;
  }

  /** What the client speaks: `1.0`, `1.1` or `2.0`. */
  get httpVersion(): string {
    return this.head.version;
  }

  requestLineText(): string {
    return this.originalLine;
  }

  /** The client's address as logs show it: also after a rule changed it. */
  logAddress(): string {
    return this.stream?.client.source?.toString() ?? (this.sourceAddress === "" ? "unix" : this.sourceAddress);
  }

  logPort(): number {
    return this.stream?.client.sourcePort ?? this.sourcePort;
  }

  /** The address the client asked, also after a rule changed it. */
  destinationText(): string {
    return this.stream?.client.destination?.toString() ?? this.destinationAddress;
  }

  get frontend(): ListenerRuntime["frontend"] {
    return this.listener.frontend;
  }

  setDeadline(inMs: number | undefined): void {
    if (inMs === undefined) this.deadlineMs = Number.POSITIVE_INFINITY;
    else wheel.set(this, nowMs() + inMs);
  }

  override onData(data: Buffer): void {
    onClientInput(this, data);
  }

  override onEnd(): void {
    this.ended = true;
    onClientEnd(this);
  }

  override onClose(): void {
    this.detach();
    onClientClosed(this);
  }

  override onDrained(): void {
    resumeServer(this);
  }

  override onDeadline(): void {
    onClientDeadline(this);
  }

  onTurn(server: ServerRuntime): void {
    takePlace(this, server);
  }

  /**
   * Stopping: the next answer says that it is the last. Without a next request the connection ends after a moment,
   * not at once: a request may be on its way.
   */
  endSoon(): void {
    // A client that has just connected is about to ask: it has the time that it always has.
    if (this.requests > 0 && this.phase === PHASE.HEAD && this.input === undefined) this.setDeadline(IDLE_GRACE_MS);
  }

  hold(bytes: Buffer): void {
    if (this.held === NO_BYTES) this.held = [];
    this.held.push(bytes);
    this.heldBytes += bytes.length;
  }

  /** Forgets what could be sent again. */
  dropHeld(): void {
    this.held = NO_BYTES;
    this.heldBytes = 0;
    this.canReplay = false;
  }

  /** Ready for the next request on this connection. */
  resetRequest(): void {
    this.phase = PHASE.HEAD;
    this.requestDone = true;
    this.chunks = undefined;
    this.backend = undefined;
    this.server = undefined;
    this.upstream = undefined;
    this.requestText = "";
    this.held = NO_BYTES;
    this.heldBytes = 0;
    this.canReplay = true;
    this.key = undefined;
    this.tied = false;
    this.avoid = undefined;
    this.retriesDone = 0;
    this.redispatched = false;
    this.persistIgnored = false;
    this.pendingRetry = undefined;
    this.heldReply = undefined;
    this.bodyWait = undefined;
    this.lookUp = undefined;
    this.cookieValue = undefined;
    this.cookieFound = undefined;
    this.serverLabel = undefined;
    this.serverQueue = 0;
    this.backendQueue = 0;
    this.firstByteMs = Number.NaN;
    this.headMs = Number.NaN;
    this.assignedMs = Number.NaN;
    this.connectedMs = Number.NaN;
    this.responseMs = Number.NaN;
    this.status = 0;
    this.responseBytes = 0;
    this.requestBytes = 0;
    this.cause = "-";
    this.state = "-";
    this.cookieState = "--";
    this.logged = false;
    this.coding = undefined;
    this.capturedRequestCookie = undefined;
    this.capturedResponseCookie = undefined;
    this.stream = undefined;
    this.idleMs = nowMs();
  }
}
