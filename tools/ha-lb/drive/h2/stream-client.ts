/** One stream: a client's connection of its own for everything behind it, with one request. */
import type { Socket } from "bun";
import type { TranslatedRequest } from "../../decide/h2/request.ts";
import { ERROR } from "../../decide/h2/frame.ts";
import type { Session } from "../../decide/h2/session.ts";
import { ClientConnection, PHASE } from "../http/client.ts";
import type { Peer } from "../peer.ts";
import type { DataPlane } from "../plane.ts";
import type { ListenerRuntime } from "../runtime.ts";
import { Answer, BROKEN } from "./answer.ts";
import { type Addresses, type StreamSink, streamSocket } from "./stream-socket.ts";

/** A request as HTTP/2 clients mean it. */
class StreamClient extends ClientConnection {
  request: TranslatedRequest | undefined;

  override get httpVersion(): string {
    return "2.0";
  }

  override endSession(): void {
    // The session is its connection's.
  }

  override requestLineText(): string {
    const { request } = this;
    if (request === undefined) return super.requestLineText();
    return `${request.method} ${request.scheme}://${request.authority}${request.path} HTTP/2.0`;
  }
}

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly plane: DataPlane;
  readonly runtime: ListenerRuntime;
  readonly session: Session;
  readonly clientSocket: Socket<Peer>;
  readonly addresses: Addresses;
  readonly before: ClientConnection;
  /** Bytes that the connection takes now without holding too much. */
  room(): number;
  forget(streamId: number): void;
}

const CHUNK_END = Buffer.from("\r\n", "latin1");
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

export class Stream implements StreamSink {
  readonly client: StreamClient;
  private readonly answer: Answer;
  private readonly chunked: boolean;
  private paused = false;
  private held = 0;
  private over = false;

  constructor(
    private readonly host: StreamHost,
    private readonly streamId: number,
    request: TranslatedRequest,
  ) {
    const { plane, runtime, clientSocket, addresses, before } = host;
    this.answer = new Answer(host.session, streamId, request.method);
    this.chunked = request.contentLength === undefined;
    this.client = new StreamClient(
      plane,
      runtime,
      streamSocket(this, clientSocket, addresses, runtime.bind.tls !== undefined),
    );
    this.client.request = request;
    this.client.joinSession(before);
    // A stream counts as a connection: maxconn bounds what a process holds.
    plane.connections.enter();
    runtime.frontend.enter();
    plane.clients.add(this.client);
  }

  start(request: TranslatedRequest): void {
    this.client.onData(Buffer.from(request.head, "latin1"));
  }

  /** Body bytes came. */
  take(bytes: Buffer, ended: boolean): void {
    this.held += bytes.length;
    // Answered before the end of its body: the rest must not be taken for another request.
    if (!this.over && this.client.phase !== PHASE.HEAD) {
      if (!this.chunked) {
        if (bytes.length > 0) this.client.onData(bytes);
      } else {
        const parts = bytes.length === 0 ? [] : [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CHUNK_END];
        if (ended) parts.push(LAST_CHUNK);
        if (parts.length > 0) this.client.onData(Buffer.concat(parts));
      }
    }
    if (!this.paused) this.acknowledge();
  }

  private acknowledge(): void {
    if (this.held === 0) return;
    const count = this.held;
    this.held = 0;
    this.host.session.consumed(this.streamId, count);
  }

  write(bytes: Buffer): number {
    if (this.over) return bytes.length;
    const taken = this.answer.write(bytes, this.host.room());
    if (taken === BROKEN) {
      this.abort();
      return bytes.length;
    }
    if (this.answer.done) this.leave(() => this.host.session.finish(this.streamId));
    return taken;
  }

  /** There is room again. */
  flush(): void {
    if (!this.over && this.client.pendingBytes > 0) this.client.flush();
  }

  end(): void {
    if (this.answer.end()) this.leave(() => this.host.session.finish(this.streamId));
    else this.abort();
  }

  abort(): void {
    this.leave(() => this.host.session.reset(this.streamId, ERROR.CANCEL));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.acknowledge();
  }

  /** The stream is gone: the client reset it, or its connection is. */
  cut(): void {
    this.leave(() => undefined);
  }

  /** Ends the stream once; the client behind it hears that its connection is closed, after what it is doing now. */
  private leave(say: () => void): void {
    if (this.over) return;
    this.over = true;
    say();
    this.host.forget(this.streamId);
    queueMicrotask(() => this.client.onClose());
  }
}
