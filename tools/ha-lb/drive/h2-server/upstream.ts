/** Connections to servers that speak HTTP/2, shared by many requests at once. */
import type { Field } from "../../decide/h2/static-table.ts";
import { UpstreamSession, type UpstreamEvents } from "../../decide/h2/upstream-session.ts";
import { type ConnectionFacts, type Connecting, connectPeer } from "../connect.ts";
import { addressesOf, streamSocket } from "../h2/stream-socket.ts";
import type { ServerConnection } from "../http/server-connection.ts";
import { Peer } from "../peer.ts";
import type { ServerRuntime } from "../runtime.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import { RequestStream } from "./request-stream.ts";

/** A connection without a request ends after this, unless `pool-purge-delay` says otherwise. */
const IDLE_MS = 5000;
/** Requests that wait for one connection to be made; the next ones get another. */
const MOST_WAITING = 100;

const connections = new WeakMap<ServerRuntime, Set<Upstream>>();

/** Finds a connection with room for the request, or makes one. `onOpen` or `onFailed` follow. */
export function connectHttp2(connection: ServerConnection, facts: ConnectionFacts): void {
  const { server } = connection;
  let known = connections.get(server);
  if (known === undefined) {
    known = new Set();
    connections.set(server, known);
  }
  // A PROXY header, and an address that follows the client's, are of one client.
  const isOwn = facts.preface !== undefined || server.followsClient;
  const shared = !isOwn
    ? Array.from(known).find(
        (one) => one.serverName === facts.serverName && one.encrypted === server.usesTls && one.takesMore,
      )
    : undefined;
  if (shared !== undefined) {
    server.counters.reuses += 1;
    server.backend.counters.reuses += 1;
    shared.add(connection);
    return;
  }
  server.counters.connects += 1;
  server.backend.counters.connects += 1;
  const made = new Upstream(connection, facts, known);
  if (!isOwn) known.add(made);
  made.connect(facts);
}

class Upstream extends Peer implements Connecting, UpstreamEvents {
  readonly serverName: string | undefined;
  readonly encrypted: boolean;
  private readonly server: ServerRuntime;
  private readonly session: UpstreamSession;
  private readonly streams = new Map<number, RequestStream>();
  private waiting: ServerConnection[];
  private isReady = false;
  private over = false;
  /** Another request may only join when it is known that the server agreed to HTTP/2. */
  private readonly isSure: boolean;

  constructor(
    first: ServerConnection,
    facts: ConnectionFacts,
    private readonly known: Set<Upstream>,
  ) {
    super();
    this.server = first.server;
    this.serverName = facts.serverName;
    this.encrypted = this.server.usesTls;
    this.waiting = [first];
    this.isSure = this.server.settings.protocol === "h2";
    this.session = new UpstreamSession(this, first.client?.plane.limits ?? { mostBytes: 16_384, mostFields: 101 });
  }

  get takesMore(): boolean {
    if (this.over) return false;
    return this.isReady ? this.session.hasRoom : this.isSure && this.waiting.length < MOST_WAITING;
  }

  connect(facts: ConnectionFacts): void {
    const { connect } = this.server.backend.proxy.timeouts;
    if (connect !== undefined) wheel.set(this, nowMs() + connect);
    const { server } = this;
    const options = server.socketOptions(facts, server.settings.protocol === "h2" ? ["h2"] : server.alpn);
    connectPeer(this, facts.host ?? server.host, facts.port ?? server.port, options, facts.preface);
  }

  add(connection: ServerConnection): void {
    if (this.isReady) this.attach(connection);
    else this.waiting.push(connection);
  }

  onOpen(): void {
    wheel.remove(this);
    const { socket, waiting } = this;
    if (socket === undefined) return;
    const raw: object = socket;
    this.waiting = [];
    if (!this.isSure && "alpnProtocol" in raw && raw.alpnProtocol !== "h2") {
      this.becomeHttp1(waiting);
      return;
    }
    this.isReady = true;
    this.session.start();
    for (const connection of waiting) if (connection.client !== undefined) this.attach(connection);
    this.rest();
  }

  /** The server chose HTTP/1.1: the connection is the first request's own. */
  private becomeHttp1([first]: readonly ServerConnection[]): void {
    const { socket } = this;
    this.forget();
    this.socket = undefined;
    if (socket === undefined) return;
    if (first?.client === undefined) {
      socket.end();
      return;
    }
    socket.data = first;
    first.moveTo(socket);
    first.onOpen();
  }

  private attach(connection: ServerConnection): void {
    const { socket } = this;
    if (socket === undefined || !this.session.hasRoom) {
      connection.onFailed();
      return;
    }
    const scheme = this.encrypted ? "https" : "http";
    const stream = new RequestStream(this.session, connection, scheme, this.streams);
    connection.moveTo(streamSocket(stream, socket, addressesOf(socket), this.encrypted));
    wheel.remove(this);
    connection.onOpen();
  }

  /** Nothing runs: after a while the connection isn't worth keeping. */
  private rest(): void {
    if (this.over || this.session.openStreams > 0) return;
    const { poolPurgeDelayMs } = this.server.settings;
    wheel.set(this, nowMs() + (poolPurgeDelayMs > 0 ? poolPurgeDelayMs : IDLE_MS));
  }

  write(bytes: Buffer): void {
    this.send(bytes);
  }
  onHead(streamId: number, fields: readonly Field[], ended: boolean): void {
    this.streams.get(streamId)?.onHead(fields, ended);
  }
  onBody(streamId: number, bytes: Buffer, ended: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.session.consumed(streamId, bytes.length);
    else stream.onBody(bytes, ended);
  }
  onReset(streamId: number, untouched: boolean): void {
    this.streams.get(streamId)?.onReset(untouched);
  }
  onRoom(): void {
    for (const stream of Array.from(this.streams.values())) stream.flush();
  }
  /** The session is over. */
  onEndOfSession(): void {
    this.forget();
    this.close();
  }

  override onData(data: Buffer): void {
    this.session.feed(data);
    this.rest();
  }
  override onDrained(): void {
    this.onRoom();
  }
  override onEnd(): void {
    if (!this.over) this.gone();
  }
  override onClose(): void {
    this.detach();
    this.gone();
  }
  onFailed(): void {
    this.detach();
    this.gone();
  }
  override onDeadline(): void {
    if (this.isReady && this.session.openStreams > 0) return;
    this.abort();
    this.gone();
  }

  private forget(): void {
    this.over = true;
    this.known.delete(this);
    wheel.remove(this);
  }

  private gone(): void {
    if (this.over) return;
    this.forget();
    const { waiting } = this;
    this.waiting = [];
    for (const connection of waiting) if (connection.client !== undefined) connection.onFailed();
    this.session.end();
    this.close();
  }
}
