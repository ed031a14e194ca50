import type { Socket } from "bun";
import type { ProxyHeader } from "../../decide/proxy-protocol.ts";
import { decideRetry } from "../../decide/retry.ts";
import { connectPeer, prefaceOf } from "../connect.ts";
import { ClientSession, type Ends, endsOfHeader, endsOfSocket } from "../client-session.ts";
import { Peer, PENDING_HIGH_BYTES } from "../peer.ts";
import type { DataPlane } from "../plane.ts";
import type { BackendRuntime, FrontendRuntime, ListenerRuntime, ServerRuntime, Waiting } from "../runtime.ts";
import type { SpliceEnd } from "../splice/messages.ts";
import { type SplicedStream, splicer } from "../splice/splicer.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import { askBackend, inspect } from "./inspection.ts";
import { logSession } from "./log-line.ts";
import { Asking } from "./asking.ts";
import { countBytes, countChosen, countTimes, leaveQueue } from "./accounts.ts";
import { LETTERS_OF_END, SPLICE_AFTER_BYTES, TcpServer } from "./server.ts";
import { silenceLimit } from "./silence.ts";
import { TcpStream } from "./stream.ts";

let turns = 0;

/** A session of `mode tcp`: bytes both ways until both ends are done. */
export class TcpSession extends Peer implements Waiting, SplicedStream {
  bytesOut = 0;
  private bytesIn = 0;
  server: ServerRuntime | undefined;
  backend: BackendRuntime | undefined;
  private peer: TcpServer | undefined;
  private early: Buffer[] = [];
  hasPlace = false;
  private connected = false;
  private clientEnded = false;
  private serverEnded = false;
  private retriesLeft = 0;
  private retriesDone = 0;
  private redispatched = false;
  private cause = "-";
  private state = "-";
  private done = false;
  queuedMs = 0;
  turn = 0;
  private serverQueue = 0;
  private backendQueue = 0;
  readonly acceptMs = nowMs();
  private assignedMs = Number.NaN;
  private connectedMs = Number.NaN;
  private waiting = false;
  /** What rules see of the session; only when there are rules. */
  private stream: TcpStream | undefined;
  private inspecting = false;
  private readonly asking: Asking;
  proxyHeader: ProxyHeader | undefined;
  private readonly connectionEnds: Ends;
  ends: Ends;
  readonly session = new ClientSession();
  private spliceAsked = false;
  /** The sockets belong to the splicing thread. */
  private spliced = false;
  private bytesBefore = { in: 0, out: 0 };

  constructor(
    readonly plane: DataPlane,
    readonly listener: ListenerRuntime,
    socket: Socket<Peer>,
  ) {
    super();
    this.socket = socket;
    this.asking = new Asking(plane);
    // Read now: at the end the socket doesn't know it any more.
    this.connectionEnds = endsOfSocket(socket);
    this.ends = this.connectionEnds;
  }

  get frontend(): FrontendRuntime {
    return this.listener.frontend;
  }

  takeProxyHeader(header: ProxyHeader): void {
    this.proxyHeader = header;
    this.ends = endsOfHeader(header, this.ends);
    this.stream?.takeProxyHeader(header);
  }

  start(): void {
    const { frontend } = this;
    const { rules, proxy } = frontend;
    // A format may ask for what the socket no longer knows at the end.
    if (frontend.logFormat !== undefined && proxy.logStyle !== "tcp") this.rulesView();
    if (!rules.hasContentRules && rules.useBackend.length === 0) {
      this.enter(frontend.defaultBackend);
      return;
    }
    this.rulesView();
    this.inspecting = true;
    const { inspectDelayMs } = proxy.tcpRules;
    if (inspectDelayMs !== undefined) wheel.set(this, nowMs() + inspectDelayMs);
    this.inspect(false);
  }

  /** The session as rules see it. */
  rulesView(): TcpStream {
    return (this.stream ??= new TcpStream({
      plane: this.plane,
      session: this.session,
      listener: this.listener,
      ends: this.ends,
      connectionEnds: this.connectionEnds,
      hasProxyHeader: this.proxyHeader !== undefined,
      tlsSocket: this.listener.bind.tls === undefined ? undefined : this.socket,
      buffered: () => Buffer.concat(this.early).toString("latin1"),
    }));
  }

  /** What rules tracked is let go. */
  endSession(): void {
    this.session.end(this.plane.tables);
  }

  /** Asks the rules what they make of what has come so far. */
  private inspect(ended: boolean): void {
    const { frontend } = this.listener;
    if (this.stream === undefined || !this.inspecting || this.asking.isOpen) return;
    const buffered = Buffer.concat(this.early).toString("latin1");
    const full = ended || buffered.length >= PENDING_HIGH_BYTES;
    const verdict = inspect(frontend, this.stream, buffered, full, (name) => this.plane.backends.get(name));
    if (verdict.kind === "wait") return;
    if (verdict.kind === "look-up") {
      this.asking.ask(verdict, () => {
        this.resume();
        this.inspect(ended || this.clientEnded);
      });
      return;
    }
    this.inspecting = false;
    wheel.remove(this);
    if (verdict.kind === "refuse") {
      frontend.counters.deniedRequests += 1;
      this.giveUp("P", "R");
      return;
    }
    this.enter(verdict.backend);
  }

  private enter(backend: BackendRuntime | undefined): void {
    if (backend === undefined) return this.giveUp("S", "C");
    this.backend = backend;
    backend.enter();
    backend.counters.sessions += 1;
    backend.counters.rate.add(this.acceptMs);
    if (backend.active > backend.counters.highestActive) backend.counters.highestActive = backend.active;
    this.retriesLeft = backend.proxy.retries;
    this.askBackend(backend);
  }

  private askBackend(backend: BackendRuntime): void {
    const verdict = askBackend(backend, this.listener.frontend, () => this.rulesView());
    if (verdict === "go") this.assign(undefined);
    else if (verdict === "refuse") {
      backend.counters.deniedRequests += 1;
      this.giveUp("P", "R");
    } else this.asking.ask(verdict, () => this.askBackend(backend));
  }

  /** What a hashing algorithm looks at; 0 when the session has none of it. */
  private key(backend: BackendRuntime): number {
    return backend.keyOf?.(this.rulesView()) ?? 0;
  }

  private assign(avoid: ServerRuntime | undefined): void {
    const { backend } = this;
    if (backend === undefined) return;
    const server = backend.balancer.next(this.key(backend), avoid);
    if (server === undefined) return this.giveUp("S", "C");
    if (server.tryPlace()) return this.onTurn(server);
    const queue = backend.keyOf === undefined ? backend.queue : server.queue;
    this.server = backend.keyOf === undefined ? undefined : server;
    this.queuedMs = nowMs();
    this.turn = turns;
    turns += 1;
    this.waiting = true;
    queue.push(this);
    backend.room?.changed();
    if (this.server === undefined) this.backendQueue = queue.length;
    else this.serverQueue = queue.length;
    const limitMs = backend.proxy.timeouts.queue ?? backend.proxy.timeouts.connect;
    if (limitMs !== undefined) wheel.set(this, nowMs() + limitMs);
  }

  onTurn(server: ServerRuntime): void {
    this.waiting = false;
    this.server = server;
    this.hasPlace = true;
    server.counters.sessions += 1;
    this.assignedMs = nowMs();
    server.counters.rate.add(this.assignedMs);
    countChosen([server, server.backend]);
    if (server.active > server.counters.highestActive) server.counters.highestActive = server.active;
    this.connect(server);
  }

  private connect(server: ServerRuntime): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    const peer = (this.peer = new TcpServer(this));
    for (const { counters } of [server, server.backend]) counters.connects += 1;
    const { connect } = server.backend.proxy.timeouts;
    if (connect !== undefined) wheel.set(peer, nowMs() + connect);
    const { sendProxy } = server.settings;
    const { destination, destinationPort, source, sourcePort } = this.stream?.client.ends ?? this.ends;
    const preface = prefaceOf(sendProxy, source, sourcePort, destination, destinationPort);
    const serverName = server.serverName(this.plane, () => this.rulesView());
    const place = server.placeFor(destination, destinationPort);
    connectPeer(peer, place.host, place.port, server.socketOptions({ preface, serverName }), preface);
  }

  onConnected(): void {
    const { peer } = this;
    if (peer === undefined || this.done) {
      peer?.abort();
      return;
    }
    wheel.remove(peer);
    this.connected = true;
    this.connectedMs = nowMs();
    if (this.server !== undefined) this.plane.observe(this.server, "connected");
    for (const bytes of this.early) peer.send(bytes);
    this.early = [];
    if (this.clientEnded) peer.shutdown();
    this.resume();
    this.touch();
  }

  onFailed(): void {
    const { server, backend } = this;
    this.peer = undefined;
    if (server === undefined || backend === undefined || this.done) return;
    server.counters.connectErrors += 1;
    backend.counters.connectErrors += 1;
    this.plane.observe(server, "refused");
    const decision = decideRetry({
      left: this.retriesLeft,
      most: backend.proxy.retries,
      redispatch: backend.proxy.redispatch,
      tied: false,
      deterministic: backend.deterministic,
      servers: backend.inPlay.length,
      reused: false,
      connectTimeoutMs: backend.proxy.timeouts.connect,
    });
    if (decision.kind === "give-up") return this.giveUp("S", "C");
    this.retriesLeft -= 1;
    this.retriesDone += 1;
    const again = () => {
      if (this.done) return;
      if (decision.kind === "same-server") {
        server.counters.retries += 1;
        backend.counters.retries += 1;
        this.connect(server);
        return;
      }
      this.leavePlace();
      server.counters.redispatches += 1;
      backend.counters.redispatches += 1;
      this.redispatched = true;
      this.assign(server);
    };
    if (decision.waitMs === 0) again();
    else setTimeout(again, decision.waitMs);
  }

  /** Gives its place back. @returns the server that has room now */
  private freePlace(): ServerRuntime | undefined {
    if (!this.hasPlace || this.server === undefined) return undefined;
    this.hasPlace = false;
    this.server.leave();
    return this.server;
  }

  private leavePlace(): void {
    const server = this.freePlace();
    server?.backend.serveQueue(server);
  }

  /** Something passed: the time of silence starts anew. */
  touch(): void {
    const { limitMs } = silenceLimit(this.listener.frontend, this.backend);
    if (limitMs !== undefined) wheel.set(this, nowMs() + limitMs);
  }

  /** Not at once: a socket can't be let go of while its own data is being handled. */
  askSplice(): void {
    if (this.spliceAsked || this.pendingBytes > 0) return;
    this.spliceAsked = true;
    setImmediate(() => {
      this.spliceAsked = false;
      this.trySplice();
    });
  }

  /** @returns whether the stream went over to the splicing thread */
  trySplice(): boolean {
    const { peer, server, socket } = this;
    if (this.done || this.spliced || this.clientEnded || this.serverEnded || !this.connected) return false;
    if (Math.max(this.bytesIn, this.bytesOut) < SPLICE_AFTER_BYTES || !this.maySplice(server)) return false;
    if (peer?.socket === undefined || socket === undefined || this.pendingBytes + peer.pendingBytes > 0) return false;
    const { limitMs } = silenceLimit(this.listener.frontend, this.backend);
    return splicer.take(this, socket, peer.socket, limitMs, () => {
      this.spliced = true;
      this.bytesBefore = { in: this.bytesIn, out: this.bytesOut };
      this.abort();
      peer.abort();
    });
  }

  private maySplice(server: ServerRuntime | undefined): boolean {
    const isPlain = server?.settings.tls === undefined && this.listener.bind.tls === undefined;
    return server !== undefined && isPlain && this.plane.configuration.global.splice;
  }

  onMoved(fromClient: number, fromServer: number): void {
    this.bytesIn = this.bytesBefore.in + fromClient;
    this.bytesOut = this.bytesBefore.out + fromServer;
  }

  onSpliceEnd(how: SpliceEnd): void {
    [this.cause, this.state] = how === "cut" ? [this.cause, "-"] : LETTERS_OF_END[how];
    this.finish();
  }

  /** An operator, or the state of its server, ends it. */
  cut(cause: "D" | "K" | "U"): void {
    if (this.done) return;
    if (!this.spliced) return this.giveUp(cause, this.connected ? "-" : this.waiting ? "Q" : "C");
    this.cause = cause;
    splicer.cut(this);
  }

  override onData(data: Buffer): void {
    this.bytesIn += data.length;
    const { peer } = this;
    if (!this.connected || peer === undefined) {
      this.early.push(data);
      if (this.inspecting && !this.asking.isOpen) this.inspect(false);
      else this.pause();
      return;
    }
    peer.send(data);
    this.touch();
    if (peer.pendingBytes > PENDING_HIGH_BYTES) this.pause();
    if (this.bytesIn >= SPLICE_AFTER_BYTES) this.askSplice();
  }

  override onEnd(): void {
    this.clientEnded = true;
    this.inspect(true);
    if (this.connected) this.peer?.shutdown();
    if (this.serverEnded) this.finish();
  }

  onServerEnd(): void {
    this.serverEnded = true;
    if (this.isOpen) this.shutdown();
    if (this.clientEnded) this.finish();
  }

  onServerGone(): void {
    if (this.done) return;
    // Its end and its close may come as one.
    if (!this.serverEnded && !this.clientEnded && this.cause === "-") [this.cause, this.state] = ["S", "D"];
    this.finish();
  }

  override onClose(): void {
    if (this.spliced) return;
    this.detach();
    if (!this.done && !this.serverEnded && this.cause === "-") {
      [this.cause, this.state] = ["C", this.connected ? "D" : "C"];
    }
    this.finish();
  }

  override onDrained(): void {
    if (!this.trySplice()) this.peer?.resume();
  }

  override onDeadline(): void {
    if (this.inspecting) {
      // The time to look at the session is over, also for a name server.
      this.asking.forget();
      this.inspect(true);
      return;
    }
    if (this.waiting) return this.giveUp("s", "Q");
    [this.cause, this.state] = [silenceLimit(this.listener.frontend, this.backend).cause, "D"];
    this.abort();
    this.peer?.abort();
    this.finish();
  }

  /** A rule doesn't want what the server said. */
  refuseAnswer(): void {
    for (const place of [this.frontend, this.backend, this.server]) if (place) place.counters.deniedResponses += 1;
    this.giveUp("P", "D");
  }

  private giveUp(cause: string, state: string): void {
    [this.cause, this.state] = [cause, state];
    this.abort();
    this.finish();
  }

  private finish(): void {
    if (this.done) return;
    this.done = true;
    this.asking.forget();
    const { backend, server, listener } = this;
    if (this.waiting) leaveQueue((server ?? backend)?.queue, this);
    const { peer } = this;
    this.peer = undefined;
    // A client that is gone reads nothing more: its server must see that, and not wait for room that never comes.
    if (this.cause === "C" || this.cause === "c") peer?.abort();
    else peer?.close();
    this.close();
    countBytes(this.bytesIn, this.bytesOut, [listener.frontend, backend, server]);
    if (this.connected) countTimes(this.acceptMs, this.assignedMs, this.connectedMs, [backend, server]);
    this.stream?.end(this.bytesIn, this.bytesOut);
    this.endSession();
    if (backend !== undefined) backend.leave();
    const freed = this.freePlace();
    // The line counts the sessions beside this one, without the one that gets its place.
    this.log();
    if (freed !== undefined) freed.backend.serveQueue(freed);
    this.plane.forgetSession(this);
  }

  private log(): void {
    const { backend, server, listener, plane } = this;
    const { acceptMs, assignedMs, backendQueue, bytesIn, bytesOut, cause, connectedMs, serverQueue, state } = this;
    const { source: sourceAddress, sourcePort } = this.stream?.client.ends ?? this.ends;
    const moments = { acceptMs, assignedMs, connectedMs, endMs: nowMs() };
    const places = { plane, frontend: listener.frontend, backend, server, serverQueue, backendQueue };
    const ending = { bytesIn, bytesOut, cause, state, redispatched: this.redispatched, retriesDone: this.retriesDone };
    logSession({ ...places, ...moments, ...ending, sourceAddress, sourcePort }, () => this.rulesView());
  }
}
