/** A session of `mode tcp` as rules and conditions see it. Made only for sessions that somebody asks about. */
import { Head } from "../../decide/http/head.ts";
import type { RuleTarget } from "../../decide/rules/target.ts";
import { type IpAddress, parseIp } from "../../model/ip.ts";
import type { LogLevel } from "../../model/rule.ts";
import type {
  ClientView,
  LogView,
  ProxyView,
  TableStore,
  TlsView,
  TrackedEntry,
  VariableStore,
  WorldView,
} from "../../model/sample-context.ts";
import type { StatsRow } from "../../model/stats-row.ts";
import type { SampleValue } from "../../model/value.ts";
import { Variables } from "../http/stream.ts";
import type { DataPlane } from "../plane.ts";
import type { BackendRuntime, FrontendRuntime, ListenerRuntime } from "../runtime.ts";
import { tlsViewOf } from "../tls.ts";

/** What the session lets its view read. */
export interface SessionFacts {
  readonly plane: DataPlane;
  readonly listener: ListenerRuntime;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
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
    this.source = parseIp(facts.sourceAddress);
    this.sourcePort = facts.sourcePort;
    this.destination = parseIp(facts.destinationAddress);
    this.destinationPort = facts.destinationPort;
  }
  get connectionSource(): IpAddress | undefined {
    return parseIp(this.facts.sourceAddress);
  }
  get connectionSourcePort(): number {
    return this.facts.sourcePort;
  }
  get connectionDestination(): IpAddress | undefined {
    return parseIp(this.facts.destinationAddress);
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

function proxyView({ proxy }: FrontendRuntime | BackendRuntime): ProxyView {
  return {
    name: proxy.name,
    id: proxy.id,
    defaultBackend: proxy.defaultBackend ?? "",
    timeoutMs: (which) => proxy.timeouts[which] ?? 0,
  };
}

export class TcpStream implements RuleTarget {
  readonly client: ClientSide;
  readonly requestHead = new Head();
  responseHead: Head | undefined;
  readonly request = undefined;
  readonly response = undefined;
  readonly server = undefined;
  lastRule: { readonly file: string; readonly line: number } | undefined;
  logLevel: LogLevel | undefined;
  retriesOff = false;
  serverTimeoutMs: number | undefined;
  tunnelTimeoutMs: number | undefined;
  readonly variables: VariableStore;
  readonly nowMs = Date.now();
  inspectionEnded = false;
  /** A rule or condition looked at the client's bytes: more of them could change what it said. */
  lookedAtBytes = false;
  backendRuntime: BackendRuntime | undefined;
  private readonly trackedEntries = new Map<number, TrackedEntry>();
  private readonly captures: Record<"request" | "response", (string | undefined)[]> = { request: [], response: [] };

  constructor(private readonly facts: SessionFacts) {
    this.client = new ClientSide(facts);
    this.variables = new Variables(new Map(), facts.plane.processVariables);
  }

  get frontend(): ProxyView {
    return proxyView(this.facts.listener.frontend);
  }
  get backend(): ProxyView | undefined {
    return this.backendRuntime === undefined ? undefined : proxyView(this.backendRuntime);
  }
  get world(): WorldView {
    return this.facts.plane.world;
  }
  get tables(): TableStore {
    return this.facts.plane.tables;
  }
  /** Log lines of sessions are written without formats of one's own. */
  get log(): LogView {
    throw new Error("no rule asks a session for its log line");
  }
  tracked(slot: number): TrackedEntry | undefined {
    return this.trackedEntries.get(slot);
  }
  track(slot: number, table: string, key: SampleValue): void {
    if (this.trackedEntries.has(slot)) return;
    const entry = this.facts.plane.tables.track(table, key, false);
    if (entry !== undefined) this.trackedEntries.set(slot, entry);
  }
  incrementTracked(slot: number, counter: string, index: number): void {
    this.trackedEntries.get(slot)?.increment(counter, index, undefined);
  }
  setTag(slot: number, name: string, index: number, value: number): void {
    const entry = this.trackedEntries.get(slot);
    if (entry !== undefined) this.facts.plane.tables.setTag(entry, name, index, value);
  }
  requestBuffer(): string {
    this.lookedAtBytes = true;
    return this.facts.buffered();
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
    return undefined;
  }
  setSource(address: IpAddress | undefined, port: number | undefined): void {
    if (address !== undefined) this.client.source = address;
    if (port !== undefined) this.client.sourcePort = port;
  }
  setDestination(address: IpAddress | undefined, port: number | undefined): void {
    if (address !== undefined) this.client.destination = address;
    if (port !== undefined) this.client.destinationPort = port;
  }
  file(path: string): string | undefined {
    return this.facts.plane.files.get(path);
  }
  statsRows(): readonly StatsRow[] {
    return [];
  }
  errorPage(): string {
    return "";
  }

  /** The session is over. */
  end(bytesIn: number, bytesOut: number): void {
    for (const entry of this.trackedEntries.values()) {
      this.facts.plane.tables.release(entry, { bytesIn, bytesOut });
    }
  }
}
