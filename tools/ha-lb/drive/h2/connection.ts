/** A client's connection that speaks HTTP/2: frames between its socket and the clients that its streams are. */
import type { Socket } from "bun";
import type { TranslatedRequest } from "../../decide/h2/request.ts";
import { Session, type SessionEvents } from "../../decide/h2/session.ts";
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from "../../decide/h2/session-limits.ts";
import type { ClientConnection } from "../http/client.ts";
import { Peer } from "../peer.ts";
import type { DataPlane } from "../plane.ts";
import { soon } from "../ring/adopt.ts";
import type { ListenerRuntime } from "../runtime.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import { type Addresses, addressesOf } from "./stream-socket.ts";
import { Stream, type StreamHost } from "./stream-client.ts";

/** Body bytes that may wait for the socket. */
const HIGH_BYTES = 128 * 1024;
/** Beyond this only answers to a client that never reads can have come: it is cut off. */
const MOST_PENDING_BYTES = 1 << 20;
/** How long the last frames may take to go out. */
const LINGER_MS = 1000;

/** `tune.h2.…` of the configuration. No limit of streams (0) would be no limit of memory: the default then. */
function limitsOf({ limits, configuration }: DataPlane): SessionLimits {
  const { h2MaxConcurrentStreams, h2InitialWindowBytes, h2HeaderTableBytes, h2MaxFrameBytes } =
    configuration.global.tune;
  return {
    ...limits,
    mostStreams: h2MaxConcurrentStreams === 0 ? DEFAULT_SESSION_LIMITS.mostStreams : h2MaxConcurrentStreams,
    streamWindowBytes: h2InitialWindowBytes,
    headerTableBytes: h2HeaderTableBytes,
    frameBytes: h2MaxFrameBytes ?? DEFAULT_SESSION_LIMITS.frameBytes,
    offersTunnels: configuration.global.h2Tunnels,
  };
}

export class Http2Connection extends Peer implements SessionEvents, StreamHost {
  readonly session: Session;
  readonly plane: DataPlane;
  readonly runtime: ListenerRuntime;
  readonly clientSocket: Socket<Peer>;
  readonly addresses: Addresses;
  private readonly streams = new Map<number, Stream>();
  private corked: Buffer[] = [];
  private corkedBytes = 0;
  private readonly uncorkSoon = (): void => this.uncork();
  private gone = false;

  constructor(
    /** What the connection was until it showed its protocol. */
    readonly before: ClientConnection,
    socket: Socket<Peer>,
  ) {
    super();
    this.socket = socket;
    this.clientSocket = socket;
    this.addresses = addressesOf(socket);
    this.plane = before.plane;
    // Its streams are not asked for their protocol.
    this.runtime = { ...before.listener, becomeHttp2: undefined };
    this.session = new Session(this, limitsOf(this.plane), nowMs());
    this.plane.multiplexed.add(this);
    this.session.start();
    this.rest();
  }

  override onData(data: Buffer): void {
    this.session.feed(data, nowMs());
    // Pings and parts of frames don't prolong the life of a connection without a request.
    if (this.streams.size > 0) this.rest();
  }

  /** Silence ends the connection: soon when nothing runs, later when the client is to read or to send. */
  private rest(): void {
    if (this.gone) return;
    const { timeouts } = this.runtime.frontend.proxy;
    const idle = this.streams.size === 0;
    const limitMs = idle ? (timeouts.httpKeepAlive ?? timeouts.httpRequest ?? timeouts.client) : timeouts.client;
    if (limitMs !== undefined) wheel.set(this, nowMs() + limitMs);
    if (idle && this.plane.stopping) this.endSoon();
  }

  /** The configuration changed or the process stops: the client is asked to go elsewhere. */
  endSoon(): void {
    this.session.leave();
    if (this.streams.size === 0) this.finish();
  }

  write(bytes: Buffer): void {
    if (this.corked.length === 0) soon(this.uncorkSoon);
    this.corked.push(bytes);
    this.corkedBytes += bytes.length;
  }

  /** All that the sockets brought in one turn of the event loop goes out in one write. */
  private uncork(): void {
    const parts = this.corked;
    if (parts.length === 0) return;
    this.corked = [];
    this.corkedBytes = 0;
    this.send(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts));
    if (this.pendingBytes > MOST_PENDING_BYTES) this.cut();
    // The socket took it all: no other event tells those that wait for room.
    else if (this.pendingBytes === 0) this.onRoom();
  }

  room(): number {
    return Math.max(0, HIGH_BYTES - this.pendingBytes - this.corkedBytes);
  }

  onRequest(streamId: number, request: TranslatedRequest): void {
    const stream = new Stream(this, streamId, request);
    this.streams.set(streamId, stream);
    stream.start(request);
  }

  onBody(streamId: number, bytes: Buffer, ended: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.session.consumed(streamId, bytes.length);
    else stream.take(bytes, ended);
  }

  onReset(streamId: number): void {
    this.streams.get(streamId)?.cut();
  }

  /** Streams take turns: who was served last stands last. */
  onRoom(): void {
    for (const [streamId, stream] of Array.from(this.streams)) {
      if (stream.client.pendingBytes === 0) continue;
      if (this.room() === 0) return;
      this.streams.delete(streamId);
      this.streams.set(streamId, stream);
      stream.flush();
    }
  }

  forget(streamId: number): void {
    this.streams.delete(streamId);
    if (this.streams.size === 0) this.rest();
  }

  /** The session is over. */
  override onEnd(): void {
    this.finish();
  }

  override onDrained(): void {
    this.rest();
    this.onRoom();
  }

  override onDeadline(): void {
    if (this.gone || this.pendingBytes > 0) {
      this.cut();
      return;
    }
    // Streams have deadlines of their own: theirs tell who it is that keeps silent.
    if (this.streams.size > 0) {
      this.rest();
      return;
    }
    this.session.leave();
    this.finish();
  }

  override onClose(): void {
    this.detach();
    this.release();
  }

  /** Sends what is left and closes. */
  private finish(): void {
    this.uncork();
    this.release();
    this.close();
    if (this.isOpen) wheel.set(this, nowMs() + LINGER_MS);
  }

  private cut(): void {
    this.abort();
    this.release();
  }

  private release(): void {
    if (this.gone) return;
    this.gone = true;
    this.plane.multiplexed.delete(this);
    for (const stream of Array.from(this.streams.values())) stream.cut();
    this.before.endSession();
    this.plane.leave(this.runtime.frontend);
  }
}

/** The connection of `client` began as HTTP/2 does: it is one from now on. `bytes` are all that has come. */
export function becomeHttp2(client: ClientConnection, bytes: Buffer): void {
  const { socket, plane } = client;
  if (socket === undefined) return;
  // It is no client any more; what it counted for goes on to count.
  plane.clients.delete(client);
  wheel.remove(client);
  client.socket = undefined;
  const connection = new Http2Connection(client, socket);
  socket.data = connection;
  connection.onData(bytes);
}
