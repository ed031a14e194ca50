/** A session of `mode tcp` as rules and conditions see it. Made only for sessions that somebody asks about. */
import type { CaptureLengths } from "../runtime.ts";
import { Head } from "../../decide/http/head.ts";
import { type IpAddress, parseIp } from "../../model/ip.ts";
import type { ClientView, LogView, ProxyView, ServerView, TlsView } from "../../model/sample-context.ts";
import type { StatsRow } from "../../model/stats-row.ts";
import type { DataPlane } from "../plane.ts";
import type { BackendRuntime, ListenerRuntime } from "../runtime.ts";
import { plainProxyView, StreamBase } from "../stream-base.ts";
import { tlsViewOf } from "../tls-view.ts";
import { type EndedSession, sessionLogView } from "./log-line.ts";

/** What the session lets its view read. */
export interface SessionFacts {
  readonly plane: DataPlane;
  readonly listener: ListenerRuntime;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly hasProxyHeader: boolean;
  readonly tlsSocket: object | undefined;
  /** Bytes that came and weren't forwarded. */
  buffered(): string;
}

class ClientSide implements ClientView {
  source: IpAddress | undefined;
  sourcePort: number;
  destination: IpAddress | undefined;
  destinationPort: number;
  readonly proxyAuthority = undefined;
  readonly proxyUniqueId = undefined;
  readonly httpMajor = 0;

  constructor(private readonly facts: SessionFacts) {
    this.source = parseIp(facts.source);
    this.sourcePort = facts.sourcePort;
    this.destination = parseIp(facts.destination);
    this.destinationPort = facts.destinationPort;
  }
  get connectionSource(): IpAddress | undefined {
    return parseIp(this.facts.source);
  }
  get connectionSourcePort(): number {
    return this.facts.sourcePort;
  }
  get connectionDestination(): IpAddress | undefined {
    return parseIp(this.facts.destination);
  }
  get connectionDestinationPort(): number {
    return this.facts.destinationPort;
  }
  get receivedProxyHeader(): boolean {
    return this.facts.hasProxyHeader;
  }
  get tls(): TlsView | undefined {
    return tlsViewOf(this.facts.tlsSocket);
  }
  get listenerId(): number {
    return this.facts.listener.id;
  }
  get listenerName(): string {
    return this.facts.listener.bind.name ?? "";
  }
  get listenerConnections(): number {
    return this.facts.listener.frontend.active;
  }
  tcpInfo(): number | undefined {
    return undefined;
  }
}

export class TcpStream extends StreamBase {
  readonly client: ClientSide;
  readonly requestHead = new Head();
  readonly request = undefined;
  readonly response = undefined;
  inspectionEnded = false;
  /** A rule or condition looked at the client's bytes: more of them could change what it said. */
  lookedAtBytes = false;
  backendRuntime: BackendRuntime | undefined;
  private uniqueIdText: string | undefined;
  protected readonly isHttp = false;

  constructor(private readonly facts: SessionFacts) {
    super(facts.plane, new Map());
    this.client = new ClientSide(facts);
  }

  protected get captureLengths(): CaptureLengths {
    return this.facts.listener.frontend.captureLengths;
  }
  get frontend(): ProxyView {
    return plainProxyView(this.facts.listener.frontend);
  }
  get backend(): ProxyView | undefined {
    return this.backendRuntime === undefined ? undefined : plainProxyView(this.backendRuntime);
  }
  /** Set when the session is over and its line is written. */
  ended: EndedSession | undefined;
  get server(): ServerView | undefined {
    const server = this.ended?.server;
    if (server === undefined) return undefined;
    const { id, name, port } = server;
    const seen = { localAddress: undefined, localPort: 0, httpMajor: 0, tls: undefined };
    return { name, id, address: parseIp(server.host), port, ...seen };
  }
  get log(): LogView {
    if (this.ended === undefined) throw new Error("no rule asks a session for its log line");
    return sessionLogView(this.ended, this.captures);
  }
  requestBuffer(): string {
    this.lookedAtBytes = true;
    return this.facts.buffered();
  }
  /** What of the server's first bytes rules may see. */
  serverBytes = "";
  responseBuffer(): string {
    this.lookedAtBytes = true;
    return this.serverBytes;
  }
  uniqueId(): string | undefined {
    this.uniqueIdText ??= this.facts.listener.frontend.uniqueId?.(this);
    return this.uniqueIdText;
  }
  setSource(address: IpAddress | undefined, port: number | undefined): void {
    if (address !== undefined) this.client.source = address;
    if (port !== undefined) this.client.sourcePort = port;
  }
  setDestination(address: IpAddress | undefined, port: number | undefined): void {
    if (address !== undefined) this.client.destination = address;
    if (port !== undefined) this.client.destinationPort = port;
  }
  statsRows(): readonly StatsRow[] {
    return [];
  }
  errorPage(): string {
    return "";
  }
  isBodyHere(): boolean {
    return true;
  }
  sendEarlyHints(): void {
    // There is no answer of HTTP here.
  }

  /** The session is over. */
  end(bytesIn: number, bytesOut: number): void {
    this.release(bytesIn, bytesOut);
  }
}
