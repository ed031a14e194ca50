/** One stream: a client's connection of its own for everything behind it, with one request. */
import { createHash, randomBytes } from "node:crypto";
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

/** Of a handshake of WebSockets, RFC 6455 section 1.3. */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HAS_KEY = /\r\nsec-websocket-key:/;

const CHUNK_END = Buffer.from("\r\n", "latin1");
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

export class Stream implements StreamSink {
  readonly client: StreamClient;
  private readonly answer: Answer;
  private readonly chunked: boolean;
  private paused = false;
  private held = 0;
  private over = false;
  /** Bytes of another protocol that came before the server agreed to it; the window bounds them. */
  private early: Buffer[] | undefined;
  private earlyEnd = false;

  constructor(
    private readonly host: StreamHost,
    private readonly streamId: number,
    request: TranslatedRequest,
  ) {
    const { plane, runtime, clientSocket, addresses, before } = host;
    this.answer = new Answer(host.session, streamId, request.method, request.protocol !== undefined);
    this.chunked = request.contentLength === undefined;
    if (request.protocol !== undefined) this.early = [];
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
    const { head, protocol } = request;
    if (protocol?.toLowerCase() !== "websocket" || HAS_KEY.test(head)) {
      this.client.onData(Buffer.from(head, "latin1"));
      return;
    }
    // Servers of HTTP/1.1 want a key, and show by their answer that they have understood (RFC 8441, section 5).
    const key = randomBytes(16).toString("base64");
    this.client.expectedAccept = createHash("sha1")
      .update(key + HANDSHAKE_GUID)
      .digest("base64");
    this.client.onData(Buffer.from(`${head.slice(0, -2)}sec-websocket-key: ${key}\r\n\r\n`, "latin1"));
  }

  /** Bytes of another protocol go on as they are, once the server has agreed. @returns whether they went on */
  private tunnel(early: Buffer[], bytes: Buffer, ended: boolean): boolean {
    if (this.over) return true;
    if (this.client.phase !== PHASE.TUNNEL || early.length > 0 || this.earlyEnd) {
      early.push(bytes);
      this.earlyEnd ||= ended;
      return false;
    }
    if (bytes.length > 0) this.client.onData(bytes);
    if (ended) this.client.onEnd();
    return true;
  }

  /** The server has agreed. */
  private passEarly(): void {
    const { early, earlyEnd } = this;
    if (early === undefined || this.over) return;
    this.early = [];
    this.earlyEnd = false;
    if (early.length > 0 || earlyEnd) this.tunnel(this.early, Buffer.concat(early), earlyEnd);
    if (!this.paused) this.acknowledge();
  }

  /** Body bytes came. */
  take(bytes: Buffer, ended: boolean): void {
    this.held += bytes.length;
    if (this.early !== undefined) {
      if (this.tunnel(this.early, bytes, ended) && !this.paused) this.acknowledge();
      return;
    }
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
    // After what the server's answer is a part of is done.
    if (this.early !== undefined && this.client.phase === PHASE.TUNNEL && (this.early.length > 0 || this.earlyEnd))
      queueMicrotask(() => this.passEarly());
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
