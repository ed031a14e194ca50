/** A request as rules, conditions and log formats see it. Made only for requests that somebody asks about. */
import type { CaptureLengths } from "../runtime.ts";
import type { StatsRow } from "../../model/stats-row.ts";
import type { Head } from "../../decide/http/head.ts";
import { type IpAddress, parseIp } from "../../model/ip.ts";
import type {
  ClientView,
  HeaderView,
  LogView,
  ProxyView,
  RequestView,
  ResponseView,
  ServerView,
  TlsView,
} from "../../model/sample-context.ts";
import type { BackendRuntime, FrontendRuntime } from "../runtime.ts";
import { StreamBase } from "../stream-base.ts";
import { heldBody, isBodyHere } from "./body-wait.ts";
import type { ClientConnection } from "./client.ts";
import type { HeldAnswer } from "./response-rules.ts";
import { logViewOf } from "./log-view.ts";
import { tlsViewOf } from "../tls-view.ts";

class ClientSide implements ClientView {
  constructor(private readonly stream: Stream) {}
  private get client(): ClientConnection {
    return this.stream.connection;
  }
  get source(): IpAddress | undefined {
    return this.stream.sourceOverride ?? parseIp(this.client.sourceAddress);
  }
  get sourcePort(): number {
    return this.stream.sourcePortOverride ?? this.client.sourcePort;
  }
  get destination(): IpAddress | undefined {
    return this.stream.destinationOverride ?? parseIp(this.client.destinationAddress);
  }
  get destinationPort(): number {
    return this.stream.destinationPortOverride ?? this.client.destinationPort;
  }
  get connectionSource(): IpAddress | undefined {
    return parseIp(this.client.connectionEnds?.source ?? this.client.sourceAddress);
  }
  get connectionSourcePort(): number {
    return this.client.connectionEnds?.sourcePort ?? this.client.sourcePort;
  }
  get connectionDestination(): IpAddress | undefined {
    return parseIp(this.client.connectionEnds?.destination ?? this.client.destinationAddress);
  }
  get connectionDestinationPort(): number {
    return this.client.connectionEnds?.destinationPort ?? this.client.destinationPort;
  }
  get receivedProxyHeader(): boolean {
    return this.client.proxyHeader !== undefined;
  }
  get proxyAuthority(): string | undefined {
    return this.client.proxyHeader?.authority;
  }
  get proxyUniqueId(): string | undefined {
    return this.client.proxyHeader?.uniqueId;
  }
  get httpMajor(): number {
    return Number(this.client.httpVersion[0]);
  }
  get tls(): TlsView | undefined {
    return this.client.listener.bind.tls === undefined ? undefined : tlsViewOf(this.client.socket);
  }
  get listenerId(): number {
    return this.client.listener.id;
  }
  get listenerName(): string {
    return this.client.listener.bind.name ?? "";
  }
  get listenerConnections(): number {
    return this.client.frontend.active;
  }
  tcpInfo(): number | undefined {
    return undefined;
  }
}

class Request implements RequestView {
  constructor(private readonly client: ClientConnection) {}
  get method(): string {
    return this.client.head.method;
  }
  get uri(): string {
    return this.client.head.target;
  }
  get version(): string {
    return this.client.httpVersion;
  }
  get headers(): HeaderView {
    return this.client.head;
  }
  get first(): boolean {
    return this.client.requests <= 1;
  }
  body(): string {
    return heldBody(this.client);
  }
  bodySize(): number {
    const { head } = this.client;
    if (head.contentLength > 0) return head.contentLength;
    return this.client.heldBytes === 0 ? 0 : heldBody(this.client).length;
  }
}

class Response implements ResponseView {
  constructor(
    private readonly head: Head,
    private readonly held: HeldAnswer | undefined,
  ) {}
  get status(): number {
    return this.head.status;
  }
  get version(): string {
    return this.head.version;
  }
  get headers(): HeaderView {
    return this.head;
  }
  body(): string {
    return this.held?.body() ?? "";
  }
  bodySize(): number {
    const { held } = this;
    if (held === undefined) return this.head.contentLength;
    if (held.isBodiless) return 0;
    return this.head.contentLength > 0 ? this.head.contentLength : this.body().length;
  }
}

function proxyView(runtime: BackendRuntime | FrontendRuntime, stream: Stream): ProxyView {
  const { proxy } = runtime;
  return {
    name: proxy.name,
    id: proxy.id,
    defaultBackend: proxy.defaultBackend ?? "",
    timeoutMs(which, current) {
      if (which === "client") return proxy.timeouts.client ?? 0;
      if (which === "server") return (current ? stream.serverTimeoutMs : undefined) ?? proxy.timeouts.server ?? 0;
      return (current ? stream.tunnelTimeoutMs : undefined) ?? proxy.timeouts.tunnel ?? 0;
    },
  };
}

export class Stream extends StreamBase {
  readonly client: ClientView;
  readonly requestHead: Head;
  sourceOverride: IpAddress | undefined;
  sourcePortOverride: number | undefined;
  destinationOverride: IpAddress | undefined;
  destinationPortOverride: number | undefined;
  readonly inspectionEnded = true;
  private uniqueIdText: string | undefined;
  protected readonly isHttp = true;

  constructor(readonly connection: ClientConnection) {
    super(connection.plane, connection.clientSession());
    this.requestHead = connection.head;
    this.client = new ClientSide(this);
  }

  get request(): RequestView | undefined {
    return this.connection.head.method === "" ? undefined : new Request(this.connection);
  }
  get response(): ResponseView | undefined {
    return this.responseHead === undefined
      ? undefined
      : new Response(this.responseHead, this.connection.upstream?.held);
  }
  get server(): ServerView | undefined {
    const { server, upstream } = this.connection;
    if (server === undefined) return undefined;
    const socket = upstream?.socket;
    return {
      name: server.name,
      id: server.id,
      address: parseIp(server.host),
      port: server.port,
      localAddress: parseIp(socket?.localAddress ?? ""),
      localPort: socket?.localPort ?? 0,
      httpMajor: 1,
      tls: upstream?.encrypted === true ? tlsViewOf(socket, true) : undefined,
    };
  }
  protected get captureLengths(): CaptureLengths {
    return this.connection.frontend.captureLengths;
  }
  get frontend(): ProxyView {
    return proxyView(this.connection.frontend, this);
  }
  get backend(): ProxyView | undefined {
    // As long as no backend is chosen the frontend stands for it.
    return proxyView(this.connection.backend ?? this.connection.frontend, this);
  }
  get log(): LogView {
    return logViewOf(this.connection, this);
  }

  requestBuffer(): string {
    return Buffer.concat(this.connection.held).toString("latin1");
  }
  responseBuffer(): string {
    return "";
  }
  uniqueId(): string | undefined {
    this.uniqueIdText ??= this.connection.frontend.uniqueId?.(this);
    return this.uniqueIdText;
  }
  setSource(address: IpAddress | undefined, port: number | undefined): void {
    if (this.level !== "request") {
      const changed = address === undefined ? {} : { source: address.toString() };
      this.connection.changeEnds(this.level, port === undefined ? changed : { ...changed, sourcePort: port });
      return;
    }
    if (address !== undefined) this.sourceOverride = address;
    if (port !== undefined) this.sourcePortOverride = port;
  }
  setDestination(address: IpAddress | undefined, port: number | undefined): void {
    if (this.level !== "request") {
      const changed = address === undefined ? {} : { destination: address.toString() };
      this.connection.changeEnds(this.level, port === undefined ? changed : { ...changed, destinationPort: port });
      return;
    }
    if (address !== undefined) this.destinationOverride = address;
    if (port !== undefined) this.destinationPortOverride = port;
  }
  statsRows(): readonly StatsRow[] {
    return this.plane.statsRows([], "");
  }
  errorPage(status: number): string {
    return this.plane.errorPageFor(this.connection, status);
  }

  isBodyHere(side: "request" | "response", atLeastBytes: number): boolean {
    if (side === "request") return isBodyHere(this.connection, atLeastBytes);
    return this.connection.upstream?.held?.isHere(atLeastBytes, this.plane.limits.mostBytes) !== false;
  }
  sendEarlyHints(lines: string): void {
    // Clients of HTTP/1.0 don't know such messages.
    if (this.connection.head.minor === 1) this.connection.send(`HTTP/1.1 103 Early Hints\r\n${lines}\r\n`);
  }

  /** The server's status: rules of the answer already see it counted. */
  countStatus(status: number, fromServer = true): void {
    for (const entry of this.allTracked()) this.plane.tables.countStatus(entry, status, fromServer);
    this.statusCounted = true;
  }
  private statusCounted = false;

  /** The request is over. */
  end(): void {
    if (!this.statusCounted) this.countStatus(this.connection.status, false);
    this.release(this.connection.requestBytes, this.connection.responseBytes);
  }
}
