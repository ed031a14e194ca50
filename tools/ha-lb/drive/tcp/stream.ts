/** A session of `mode tcp` as rules and conditions see it. Made only for sessions that somebody asks about. */
import type { CaptureLengths } from "../runtime.ts";
import { Head } from "../../decide/http/head.ts";
import { type IpAddress, parseIp } from "../../model/ip.ts";
import type { ClientView, LogView, ProxyView, ServerView, TlsView } from "../../model/sample-context.ts";
import type { StatsRow } from "../../model/stats-row.ts";
import type { ProxyHeader } from "../../decide/proxy-protocol.ts";
import { type ClientSession, type Ends, endsOfHeader } from "../client-session.ts";
import type { DataPlane } from "../plane.ts";
import type { BackendRuntime, ListenerRuntime } from "../runtime.ts";
import { plainProxyView, StreamBase } from "../stream-base.ts";
import { tlsViewOf } from "../tls-view.ts";
import { type EndedSession, sessionLogView } from "./log-line.ts";

/** What the session lets its view read. */
export interface SessionFacts {
  readonly plane: DataPlane;
  readonly session: ClientSession;
  readonly listener: ListenerRuntime;
  readonly ends: Ends;
  /** Of the connection itself. */
  readonly connectionEnds: Ends;
  readonly hasProxyHeader: boolean;
  readonly tlsSocket: object | undefined;
  /** Bytes that came and weren't forwarded. */
  buffered(): string;
}

class ClientSide implements ClientView {
  readonly proxyAuthority = undefined;
  readonly proxyUniqueId = undefined;
  readonly httpMajor = 0;
  receivedProxyHeader: boolean;
  ends: Ends;
  connectionEnds: Ends;

  constructor(private readonly facts: SessionFacts) {
    this.ends = facts.ends;
    this.connectionEnds = facts.connectionEnds;
    this.receivedProxyHeader = facts.hasProxyHeader;
  }
  get source(): IpAddress | undefined {
    return parseIp(this.ends.source);
  }
  get sourcePort(): number {
    return this.ends.sourcePort;
  }
  get destination(): IpAddress | undefined {
    return parseIp(this.ends.destination);
  }
  get destinationPort(): number {
    return this.ends.destinationPort;
  }
  get connectionSource(): IpAddress | undefined {
    return parseIp(this.connectionEnds.source);
  }
  get connectionSourcePort(): number {
    return this.connectionEnds.sourcePort;
  }
  get connectionDestination(): IpAddress | undefined {
    return parseIp(this.connectionEnds.destination);
  }
  get connectionDestinationPort(): number {
    return this.connectionEnds.destinationPort;
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
    super(facts.plane, facts.session);
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
    const source = address === undefined ? {} : { source: address.toString() };
    this.change(port === undefined ? source : { ...source, sourcePort: port });
  }
  setDestination(address: IpAddress | undefined, port: number | undefined): void {
    const destination = address === undefined ? {} : { destination: address.toString() };
    this.change(port === undefined ? destination : { ...destination, destinationPort: port });
  }
  private change(ends: Partial<Ends>): void {
    const { client } = this;
    client.ends = { ...client.ends, ...ends };
    if (this.level === "connection") client.connectionEnds = client.ends;
  }
  /** The PROXY header tells more than the connection. */
  takeProxyHeader(header: ProxyHeader): void {
    this.client.ends = endsOfHeader(header, this.client.ends);
    this.client.receivedProxyHeader = true;
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
