/** What a request and a session of `mode tcp` have in common before rules and conditions. */
import type { Proxy } from "../model/proxy.ts";
import type { CaptureLengths } from "./runtime.ts";
import type { Head } from "../decide/http/head.ts";
import type { RuleTarget } from "../decide/rules/target.ts";
import type { IpAddress } from "../model/ip.ts";
import type { LogLevel } from "../model/rule.ts";
import type {
  ClientView,
  LogView,
  ProxyView,
  RequestView,
  ResponseView,
  ServerView,
  TableStore,
  TrackedEntry,
  VariableStore,
  WorldView,
} from "../model/sample-context.ts";
import type { VariableScope } from "../model/sample.ts";
import type { StatsRow } from "../model/stats-row.ts";
import type { SampleValue } from "../model/value.ts";
import type { ClientSession, RuleLevel } from "./client-session.ts";
import type { DataPlane } from "./plane.ts";

/** Variables one stream may hold. */
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

/** A proxy with the time limits of its configuration. */
export function plainProxyView({ proxy }: { readonly proxy: Proxy }): ProxyView {
  return {
    name: proxy.name,
    id: proxy.id,
    defaultBackend: proxy.defaultBackend ?? "",
    timeoutMs: (which) => proxy.timeouts[which] ?? 0,
  };
}

/** Variables, captures and tracked entries; what the rest reads stands in the two kinds of streams. */
export abstract class StreamBase implements RuleTarget {
  abstract readonly client: ClientView;
  abstract readonly requestHead: Head;
  abstract readonly request: RequestView | undefined;
  abstract readonly response: ResponseView | undefined;
  abstract readonly server: ServerView | undefined;
  abstract readonly frontend: ProxyView;
  abstract readonly backend: ProxyView | undefined;
  abstract readonly log: LogView;
  abstract readonly inspectionEnded: boolean;
  abstract requestBuffer(): string;
  abstract responseBuffer(): string;
  abstract uniqueId(): string | undefined;
  abstract setSource(address: IpAddress | undefined, port: number | undefined): void;
  abstract setDestination(address: IpAddress | undefined, port: number | undefined): void;
  abstract statsRows(): readonly StatsRow[];
  abstract errorPage(status: number): string;
  abstract isBodyHere(side: "request" | "response", atLeastBytes: number): boolean;
  abstract sendEarlyHints(lines: string): void;
  /** The slots of the frontend, with the bytes that each has room for. */
  protected abstract readonly captureLengths: CaptureLengths;
  /** Entries of tables count requests of HTTP beside sessions. */
  protected abstract readonly isHttp: boolean;

  responseHead: Head | undefined;
  lastRule: { readonly file: string; readonly line: number } | undefined;
  logLevel: LogLevel | undefined;
  retriesOff = false;
  resume: { readonly steps: object; readonly index: number } | undefined;
  serverTimeoutMs: number | undefined;
  tunnelTimeoutMs: number | undefined;
  readonly variables: VariableStore;
  readonly nowMs = Date.now();
  readonly captures: Record<"request" | "response", (string | undefined)[]> = { request: [], response: [] };
  /** Whose rules run just now. */
  level: RuleLevel = "request";
  private readonly ownEntries = new Map<number, TrackedEntry>();

  constructor(
    protected readonly plane: DataPlane,
    private readonly session: ClientSession,
  ) {
    this.variables = new Variables(session.variables, plane.processVariables);
  }

  get world(): WorldView {
    return this.plane.world;
  }
  get tables(): TableStore {
    return this.plane.tables;
  }
  tracked(slot: number): TrackedEntry | undefined {
    return this.ownEntries.get(slot) ?? this.session.tracked(slot);
  }
  track(slot: number, table: string, key: SampleValue): void {
    const isRequest = this.level === "request";
    if (isRequest ? this.ownEntries.has(slot) : this.session.tracked(slot) !== undefined) return;
    // Requests of a tracked connection are counted when they come.
    const entry = this.plane.tables.track(table, key, this.isHttp && isRequest);
    if (entry === undefined) return;
    if (isRequest) this.ownEntries.set(slot, entry);
    else this.session.keep(slot, entry);
  }
  incrementTracked(slot: number, counter: string, index: number): void {
    this.tracked(slot)?.increment(counter, index, undefined);
  }
  setTag(slot: number, name: string, index: number, value: number): void {
    const entry = this.tracked(slot);
    if (entry !== undefined) this.plane.tables.setTag(entry, name, index, value);
  }
  random(): number {
    return Math.random();
  }
  captured(side: "request" | "response", slot: number): string | undefined {
    return this.captures[side][slot];
  }
  capture(side: "request" | "response", slot: number, text: string): void {
    this.captures[side][slot] = text.slice(0, this.captureLengths[side][slot]);
  }
  storeCapture(side: "request" | "response", slot: number, text: string): void {
    this.capture(side, slot, text);
  }

  /** A request came on a connection whose rules track something. */
  countRequest(): void {
    for (const entry of this.session.besides(this.ownEntries)) this.plane.tables.countRequest(entry);
  }

  /** All that is tracked, by the request or by its connection. */
  protected *allTracked(): Iterable<TrackedEntry> {
    yield* this.ownEntries.values();
    yield* this.session.besides(this.ownEntries);
  }

  /** The session or request is over: its bytes are counted in what it tracked. */
  protected release(bytesIn: number, bytesOut: number): void {
    for (const entry of this.allTracked()) this.plane.tables.countBytes(entry, bytesIn, bytesOut);
    for (const entry of this.ownEntries.values()) this.plane.tables.release(entry);
  }
}
