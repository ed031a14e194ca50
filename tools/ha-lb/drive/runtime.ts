/** The living side of a configuration: proxies and servers with their counters, as one worker sees them. */
import type { MakeReply } from "../decide/rules/reply.ts";
import type { Balancer, Candidate } from "../decide/balance/candidate.ts";
import { inPlay } from "../decide/balance/candidate.ts";
import type { KeyOf } from "../decide/balance/key.ts";
import { type HealthState, isUsable, startHealth, takesPersistent, weightInForce } from "../decide/server-health.ts";
import type { Service } from "../decide/dns/answer.ts";
import type { Head } from "../decide/http/head.ts";
import { type CompiledSample, compileExpression } from "../decide/expression.ts";
import { toText } from "../decide/sample-cast.ts";
import type { CompileEnvironment } from "../decide/sample-types.ts";
import { RoundRobin } from "../decide/balance/round-robin.ts";
import type { Render } from "../decide/log-format.ts";
import type { CompiledRules } from "../decide/rules/compile.ts";
import { isInNetwork, parseIp, parseNetwork } from "../model/ip.ts";
import type { ForwardOption } from "../model/proxy.ts";
import type { ConnectionFacts, ConnectOptions } from "./connect.ts";
import type { SampleContext } from "../model/sample-context.ts";
import type { Sticker } from "./tables.ts";
import { OutgoingTls } from "./outgoing-tls.ts";
import { tlsPlaces } from "./tls-places.ts";
import type { ClientConnection } from "./http/client.ts";
import type { Bind } from "../model/bind.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Server } from "../model/server.ts";
import { Occupied } from "./shared-counts.ts";
import { nowMs } from "./timer-wheel.ts";
import type { WaitingRoom } from "./waiting-room.ts";
import { ProxyCounters, ServerCounters } from "./counters.ts";

/** The bytes that each capture slot has room for. */
export interface CaptureLengths {
  readonly request: readonly number[];
  readonly response: readonly number[];
}

/** Responses of an own, by status. */
export type ErrorPages = ReadonlyMap<number, MakeReply>;
const NO_PAGES: ErrorPages = new Map();
/** No place: the one that the client asked is meant. */
const isAnyHost = (host: string): boolean => host === "0.0.0.0" || host === "::";

/** Something that waits for a place on a server. */
export interface Waiting {
  readonly queuedMs: number;
  /** Counts up over the whole process: who came first. */
  readonly turn: number;
  /** It has got a place on `server`. */
  onTurn(server: ServerRuntime): void;
}

/** Who knows what expressions are compiled with. */
interface Compiling {
  environmentOf(proxyName: string): CompileEnvironment;
}

/** An idle connection in a server's pool. */
export interface Idle {
  onEvicted(): void;
}

/** Is the system asked for the name whenever a connection is made? */
function asksSystem({ initAddress, resolution }: Server): boolean {
  return resolution === undefined && initAddress.every((method) => method === "last" || method === "libc");
}

export class ServerRuntime extends Occupied implements Candidate {
  readonly name: string;
  readonly id: number;
  readonly backup: boolean;
  readonly counters = new ServerCounters();
  readonly queue: Waiting[] = [];
  /** Idle connections, the last used one at the end. */
  readonly idle: Idle[] = [];
  health: HealthState;
  usable = true;
  weight: number;
  /** Set by the operator or an agent; the configured one otherwise. */
  wantedWeight: number;
  maxConnections: number;
  host: string;
  port: number;
  upSinceMs = Number.NEGATIVE_INFINITY;
  /** Errors that traffic met in a row, with `observe`. */
  errorsInRow = 0;
  /** `disable health`, `disable agent`: nobody asks for now. */
  checksPaused = false;
  agentPaused = false;
  /** What the agent answered. */
  lastAgent: { readonly status: string; readonly durationMs: number; readonly said: string } | undefined;
  /** Other places to ask than the configured ones, from the command socket. */
  checkHost: string | undefined;
  checkPort: number | undefined;
  agentHost: string | undefined;
  agentPort: number | undefined;
  agentSend: string | undefined;
  /** Added at run time. */
  isDynamic = false;
  /** Deleted at run time. */
  gone = false;
  /** The server that this one tracks. */
  tracked: ServerRuntime | undefined;
  /** Servers that `track` this one. */
  readonly followers: ServerRuntime[] = [];
  /** For names of services (SRV): the one that it stands for. */
  service: Service | undefined;
  /** Requests go to it over TLS: as configured, or as a command wants it. */
  usesTls: boolean;
  /** The name that `resolvers` look up for it; a command may give another one than its line. */
  fqdn: string;

  constructor(
    readonly settings: Server,
    readonly backend: BackendRuntime,
  ) {
    super();
    this.name = settings.name;
    this.id = settings.id;
    this.backup = settings.backup;
    this.weight = settings.weight;
    this.wantedWeight = settings.weight;
    this.maxConnections = settings.maxConnections ?? 0;
    this.health = startHealth(settings.disabled, nowMs());
    const { address } = settings;
    const host = address.kind === "ip" || address.kind === "name" ? address.host : "";
    // Names of a `resolvers` section become addresses when they are known.
    this.host = address.kind === "name" && !asksSystem(settings) ? "" : host;
    this.port = address.kind === "ip" || address.kind === "name" ? address.port : 0;
    this.usesTls = settings.tls !== undefined;
    this.fqdn = address.kind === "name" ? address.host : "";
    this.refresh();
  }

  /** A command gave it another name. */
  get isRenamed(): boolean {
    const { address } = this.settings;
    return address.kind === "name" && this.fqdn !== address.host;
  }

  get queued(): number {
    return this.queue.length;
  }

  /** Most sessions now: between minconn and maxconn, by how busy the backend is. */
  get limit(): number {
    const most = this.maxConnections;
    if (most === 0) return Number.POSITIVE_INFINITY;
    const least = this.settings.minConnections;
    if (least === undefined) return most;
    const { active, fullConnections } = this.backend;
    return fullConnections === 0 || active >= fullConnections
      ? most
      : Math.max(least, Math.floor((most * active) / fullConnections));
  }

  /** A place on it, unless it is full or somebody waits for longer in another worker. */
  tryPlace(): boolean {
    const { limit } = this;
    if (limit === Number.POSITIVE_INFINITY) {
      this.enter();
      return true;
    }
    return this.backend.room?.othersFirst(this, nowMs()) !== true && this.tryEnter(limit);
  }

  /** May it get a request that belongs to it? */
  get takesTied(): boolean {
    return takesPersistent(this.health) && this.hasAddress;
  }

  /** False while the name of a `resolvers` section, or of `init-addr none`, has no address. */
  get hasAddress(): boolean {
    return this.host !== "" || this.settings.address.kind !== "name";
  }

  /** Works out `usable` and `weight` again; tells whether anything changed. */
  refresh(): boolean {
    const before = this.usable;
    const weightBefore = this.weight;
    this.weight = weightInForce(this.wantedWeight, nowMs() - this.upSinceMs, this.settings.slowStartMs);
    this.usable = isUsable(this.health) && this.weight > 0 && this.hasAddress;
    return before !== this.usable || weightBefore !== this.weight;
  }

  /** Its port is the one the client asked, or lies beside it. */
  private get followsClientPort(): boolean {
    return this.port === 0 && this.settings.portRule.kind !== "fixed" && this.settings.address.kind !== "unix";
  }

  /** Its address is the one the client asked: the address of any, `0.0.0.0`. */
  private get followsClientHost(): boolean {
    return isAnyHost(this.host) && this.settings.address.kind === "ip";
  }

  /** Where it is depends on what the client asked, or what rules made of that (`set-dst`). */
  get followsClient(): boolean {
    return this.followsClientPort || this.followsClientHost;
  }

  /** Where it is for a client that asked this address and port. */
  placeFor(clientHost: string, clientPort: number): { readonly host: string; readonly port: number } {
    const { portRule } = this.settings;
    const followed = portRule.kind === "offset" ? clientPort + portRule.offset : clientPort;
    return {
      host: this.followsClientHost && clientHost !== "" ? clientHost : this.host,
      port: this.followsClientPort ? followed : this.port,
    };
  }

  /** Options of the runtime for a connection to this server. */
  socketOptions(facts: ConnectionFacts, protocols: readonly string[] = []): ConnectOptions {
    const { address } = this.settings;
    const tls =
      this.tls === undefined || !this.usesTls
        ? {}
        : { tls: { ...this.tls.connect(facts.serverName, protocols), takePlace: () => tlsPlaces.take() } };
    return address.kind === "unix" ? { ...tls, unix: address.path } : tls;
  }

  /** How it would be spoken to over TLS. Its files are read once. */
  get tls(): OutgoingTls | undefined {
    const tls = this.settings.tls ?? this.settings.spareTls;
    if (tls === undefined) return undefined;
    this.outgoing ??= new OutgoingTls(tls);
    return this.outgoing;
  }
  private outgoing: OutgoingTls | undefined;
  /** What is offered in the handshake. */
  get alpn(): readonly string[] {
    return this.usesTls ? ((this.settings.tls ?? this.settings.spareTls)?.alpn ?? []) : [];
  }
  /** HTTP/2 is spoken to it, or offered in the handshake. */
  get speaksHttp2(): boolean {
    const { protocol } = this.settings;
    return protocol === "h2" || (protocol === undefined && this.alpn.includes("h2"));
  }
  /** The name that `sni` gives; a connection is only used again for the same one. */
  serverName(plane: Compiling, streamOf: () => SampleContext): string | undefined {
    const { sni } = this.settings;
    if (sni === undefined) return undefined;
    this.sniSample ??= compileExpression(sni, plane.environmentOf(this.backend.name));
    const value = this.sniSample.get(streamOf());
    const name = value === undefined ? "" : toText(value);
    // An address is no name (RFC 6066, section 3).
    return name === "" || parseIp(name) !== undefined ? undefined : name;
  }
  private sniSample: CompiledSample | undefined;

  closeIdle(): void {
    for (const idle of this.idle.splice(0)) idle.onEvicted();
  }
}

export class BackendRuntime extends Occupied {
  readonly name: string;
  readonly counters = new ProxyCounters();
  readonly servers: ServerRuntime[] = [];
  readonly queue: Waiting[] = [];
  /** Where workers share the places of servers. */
  room: WaitingRoom | undefined;
  /** From where minconn gives way to maxconn; `fullconn`. */
  fullConnections: number;
  inPlay: readonly ServerRuntime[] = [];
  readonly deterministic: boolean;
  /** For requests without the key that the algorithm would hash. */
  readonly spare = new RoundRobin<ServerRuntime>();
  stick: Sticker | undefined;
  errorPages: ErrorPages = NO_PAGES;

  constructor(
    readonly proxy: Proxy,
    readonly balancer: Balancer<ServerRuntime>,
    readonly keyOf: KeyOf | undefined,
    readonly rules: CompiledRules,
  ) {
    super();
    this.name = proxy.name;
    this.fullConnections = proxy.fullConnections ?? 0;
    this.deterministic = keyOf !== undefined;
    for (const server of proxy.servers) this.servers.push(new ServerRuntime(server, this));
    this.rebuild();
  }

  server(name: string): ServerRuntime | undefined {
    return this.servers.find((server) => server.name === name);
  }

  /** Servers or weights changed. */
  rebuild(): void {
    for (const server of this.servers) server.refresh();
    this.inPlay = inPlay(this.servers, this.proxy.flags.has("allbackups"));
    this.balancer.rebuild(this.inPlay);
    this.spare.rebuild(this.inPlay);
  }

  /** Hands free places of `server` to those who wait longest. */
  serveQueue(server: ServerRuntime): void {
    for (;;) {
      const own = server.queue[0];
      const common = server.usable && this.inPlay.includes(server) ? this.queue[0] : undefined;
      const takeOwn = common === undefined || (own !== undefined && own.turn < common.turn);
      const next = takeOwn ? own : common;
      if (next === undefined || this.room?.othersFirst(server, next.queuedMs) === true) return;
      if (!server.tryEnter(server.limit)) return;
      (takeOwn ? server.queue : this.queue).shift();
      this.room?.changed();
      next.onTurn(server);
    }
  }

  /** How many wait for this server, in all workers. */
  queuedFor(server: ServerRuntime): number {
    return this.room === undefined ? server.queue.length : this.room.queuedFor(server);
  }
}

export class FrontendRuntime extends Occupied {
  readonly name: string;
  readonly counters = new ProxyCounters();
  defaultBackend: BackendRuntime | undefined;
  errorPages: ErrorPages = NO_PAGES;
  uniqueId: Render | undefined;
  /** A format of its own; the ready-made line of httplog when absent. */
  logFormat: Render | undefined;
  /** A command may change it. */
  mostConnections: number;
  /** `disable frontend` pauses it, `shutdown frontend` closes it for good. */
  listening: "open" | "paused" | "closed" = "open";
  readonly captureLengths: CaptureLengths;
  /** `capture request|response header`: names in lower case, by slot. */
  private readonly captureHeaders: Readonly<Record<"request" | "response", readonly CapturedHeader[]>>;

  constructor(
    readonly proxy: Proxy,
    readonly rules: CompiledRules,
  ) {
    super();
    this.name = proxy.name;
    this.mostConnections = proxy.maxConnections ?? Number.POSITIVE_INFINITY;
    const lengths = (side: "request" | "response") =>
      proxy.captures.filter((capture) => capture.side === side).map(({ length }) => length);
    this.captureLengths = { request: lengths("request"), response: lengths("response") };
    const named = (side: "request" | "response") =>
      proxy.captures
        .filter((capture) => capture.side === side)
        .flatMap(({ header, length }, slot) =>
          header === undefined ? [] : [{ slot, name: header.toLowerCase(), length }],
        );
    this.captureHeaders = { request: named("request"), response: named("response") };
  }

  hasCaptures(side: "request" | "response"): boolean {
    return this.captureHeaders[side].length > 0;
  }

  /** Keeps the last value of each header that logs want; rules haven't changed it yet. */
  captureFrom(side: "request" | "response", head: Head, into: CaptureTarget): void {
    for (const { slot, name, length } of this.captureHeaders[side]) {
      const value = head.all(name).at(-1);
      if (value !== undefined) into.capture(side, slot, value.slice(0, length));
    }
  }

  /** `X-Forwarded-For` and its like, as whole lines. */
  forwardLines(client: ForwardedClient, backend: BackendRuntime): string {
    const front = this.proxy;
    const back = backend.proxy;
    const forwarded = front.forwardFor ?? back.forwardFor;
    const original = front.originalTo ?? back.originalTo;
    if (forwarded === undefined && original === undefined) return "";
    return (
      forwardLine(client, front.forwardFor, back.forwardFor, client.logAddress()) +
      forwardLine(client, front.originalTo, back.originalTo, client.destinationText())
    );
  }
}

interface CapturedHeader {
  readonly slot: number;
  readonly name: string;
  readonly length: number;
}

interface CaptureTarget {
  capture(side: "request" | "response", slot: number, text: string): void;
}

/** What the forwarding headers need of a client. */
export interface ForwardedClient {
  readonly head: Head;
  logAddress(): string;
  destinationText(): string;
}

/** The backend names the header; either side excepts clients; `if-none` holds when no side wants it always. */
function forwardLine(
  client: ForwardedClient,
  front: ForwardOption | undefined,
  back: ForwardOption | undefined,
  address: string,
): string {
  const option = back ?? front;
  if (option === undefined || address === "" || address === "unix") return "";
  const ifNone = option.ifNone && (front?.ifNone ?? true);
  if (ifNone && client.head.first(option.header.toLowerCase()) !== undefined) return "";
  if (isExcepted(address, front) || isExcepted(address, back)) return "";
  return `${option.header}: ${address}\r\n`;
}

function isExcepted(address: string, option: ForwardOption | undefined): boolean {
  if (option?.except === undefined) return false;
  const network = parseNetwork(option.except);
  const own = parseIp(address);
  return network !== undefined && own !== undefined && isInNetwork(own, network);
}

export interface ListenerRuntime {
  readonly bind: Bind;
  readonly id: number;
  readonly frontend: FrontendRuntime;
  /** Takes a connection over that begins as HTTP/2 does; absent where that is not spoken. */
  readonly becomeHttp2: ((client: ClientConnection, bytes: Buffer) => void) | undefined;
}
