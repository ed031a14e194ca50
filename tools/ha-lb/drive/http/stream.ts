/** A request as rules, conditions and log formats see it. Made only for requests that somebody asks about. */
import type { StatsRow } from "../../model/stats-row.ts";
import type { RuleTarget } from "../../decide/rules/target.ts";
import type { Head } from "../../decide/http/head.ts";
import { type IpAddress, parseIp } from "../../model/ip.ts";
import type { LogLevel } from "../../model/rule.ts";
import type {
  ClientView,
  HeaderView,
  LogView,
  ProxyView,
  RequestView,
  ResponseView,
  ServerView,
  TableStore,
  TlsView,
  TrackedEntry,
  VariableStore,
  WorldView,
} from "../../model/sample-context.ts";
import type { VariableScope } from "../../model/sample.ts";
import type { SampleValue } from "../../model/value.ts";
import type { BackendRuntime, FrontendRuntime } from "../runtime.ts";
import type { ClientConnection } from "./client.ts";
import { logViewOf } from "./log-view.ts";
import { tlsViewOf } from "../tls.ts";

/** Bytes of variables one stream may hold. */
const MOST_VARIABLES = 256;

export class Variables implements VariableStore {
  private readonly own = new Map<string, SampleValue>();

  constructor(
    private readonly session: Map<string, SampleValue>,
    private readonly process: Map<string, SampleValue>,
  ) {}

  private of(scope: VariableScope): Map<string, SampleValue> {
    return scope === "proc" ? this.process : scope === "sess" ? this.session : this.own;
  }

  get(scope: VariableScope, name: string): SampleValue | undefined {
    return this.of(scope).get(`${scope}.${name}`);
  }

  set(scope: VariableScope, name: string, value: SampleValue): void {
    const store = this.of(scope);
    if (store.size < MOST_VARIABLES) store.set(`${scope}.${name}`, value);
  }

  unset(scope: VariableScope, name: string): void {
    this.of(scope).delete(`${scope}.${name}`);
  }
}

class ClientSide implements ClientView {
  constructor(private readonly stream: Stream) {}
  private get client(): ClientConnection {
    return this.stream.connection;
  }
  get source(): IpAddress | undefined {
    return this.stream.sourceOverride ?? this.connectionSource;
  }
  get sourcePort(): number {
    return this.stream.sourcePortOverride ?? this.client.sourcePort;
  }
  get destination(): IpAddress | undefined {
    return this.stream.destinationOverride ?? this.connectionDestination;
  }
  get destinationPort(): number {
    return this.stream.destinationPortOverride ?? this.connectionDestinationPort;
  }
  get connectionSource(): IpAddress | undefined {
    return parseIp(this.client.sourceAddress);
  }
  get connectionSourcePort(): number {
    return this.client.sourcePort;
  }
  get connectionDestination(): IpAddress | undefined {
    return parseIp(this.client.destinationAddress);
  }
  get connectionDestinationPort(): number {
    return this.client.destinationPort;
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
    return Buffer.concat(this.client.held).toString("latin1");
  }
  bodySize(): number {
    const { head } = this.client;
    return head.contentLength > 0 ? head.contentLength : this.client.heldBytes;
  }
}

class Response implements ResponseView {
  constructor(private readonly head: Head) {}
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
    return "";
  }
  bodySize(): number {
    return this.head.contentLength;
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

export class Stream implements RuleTarget {
  readonly client: ClientView;
  readonly requestHead: Head;
  responseHead: Head | undefined;
  lastRule: { readonly file: string; readonly line: number } | undefined;
  logLevel: LogLevel | undefined;
  retriesOff = false;
  serverTimeoutMs: number | undefined;
  tunnelTimeoutMs: number | undefined;
  sourceOverride: IpAddress | undefined;
  sourcePortOverride: number | undefined;
  destinationOverride: IpAddress | undefined;
  destinationPortOverride: number | undefined;
  readonly variables: VariableStore;
  readonly nowMs = Date.now();
  readonly inspectionEnded = true;
  private uniqueIdText: string | undefined;
  private readonly trackedEntries = new Map<number, TrackedEntry>();
  readonly captures: Record<"request" | "response", (string | undefined)[]> = { request: [], response: [] };

  constructor(readonly connection: ClientConnection) {
    this.requestHead = connection.head;
    this.client = new ClientSide(this);
    this.variables = new Variables(connection.sessionVariables(), connection.plane.processVariables);
  }

  get request(): RequestView | undefined {
    return this.connection.head.method === "" ? undefined : new Request(this.connection);
  }
  get response(): ResponseView | undefined {
    return this.responseHead === undefined ? undefined : new Response(this.responseHead);
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
      tls: undefined,
    };
  }
  get frontend(): ProxyView {
    return proxyView(this.connection.frontend, this);
  }
  get backend(): ProxyView | undefined {
    // As long as no backend is chosen the frontend stands for it.
    return proxyView(this.connection.backend ?? this.connection.frontend, this);
  }
  get world(): WorldView {
    return this.connection.plane.world;
  }
  get tables(): TableStore {
    return this.connection.plane.tables;
  }
  get log(): LogView {
    return logViewOf(this.connection, this);
  }

  tracked(slot: number): TrackedEntry | undefined {
    return this.trackedEntries.get(slot);
  }
  track(slot: number, table: string, key: SampleValue): void {
    if (this.trackedEntries.has(slot)) return;
    const entry = this.connection.plane.tables.track(table, key, true);
    if (entry !== undefined) this.trackedEntries.set(slot, entry);
  }
  incrementTracked(slot: number, counter: string, index: number): void {
    this.trackedEntries.get(slot)?.increment(counter, index, undefined);
  }
  setTag(slot: number, name: string, index: number, value: number): void {
    const entry = this.trackedEntries.get(slot);
    if (entry !== undefined) this.connection.plane.tables.setTag(entry, name, index, value);
  }
  requestBuffer(): string {
    return Buffer.concat(this.connection.held).toString("latin1");
  }
  responseBuffer(): string {
    return "";
  }
  random(): number {
    return Math.random();
  }
  captured(side: "request" | "response", slot: number): string | undefined {
    return this.captures[side][slot];
  }
  capture(side: "request" | "response", slot: number, text: string): void {
    this.captures[side][slot] = text;
  }
  storeCapture(side: "request" | "response", slot: number, text: string): void {
    this.capture(side, slot, text);
  }
  uniqueId(): string | undefined {
    this.uniqueIdText ??= this.connection.frontend.uniqueId?.(this);
    return this.uniqueIdText;
  }
  setSource(address: IpAddress | undefined, port: number | undefined): void {
    if (address !== undefined) this.sourceOverride = address;
    if (port !== undefined) this.sourcePortOverride = port;
  }
  setDestination(address: IpAddress | undefined, port: number | undefined): void {
    if (address !== undefined) this.destinationOverride = address;
    if (port !== undefined) this.destinationPortOverride = port;
  }
  file(path: string): string | undefined {
    return this.connection.plane.files.get(path);
  }
  statsRows(): readonly StatsRow[] {
    return this.connection.plane.statsRows([], "");
  }
  errorPage(status: number): string {
    return this.connection.plane.errorPageFor(this.connection, status);
  }

  /** The server's status: rules of the answer already see it counted. */
  countStatus(status: number): void {
    for (const entry of this.trackedEntries.values()) this.connection.plane.tables.countStatus(entry, status);
    this.statusCounted = true;
  }
  private statusCounted = false;

  /** The request is over. */
  end(): void {
    if (!this.statusCounted) this.countStatus(this.connection.status);
    const { requestBytes, responseBytes } = this.connection;
    for (const entry of this.trackedEntries.values())
      this.connection.plane.tables.release(entry, { bytesIn: requestBytes, bytesOut: responseBytes });
  }
}
