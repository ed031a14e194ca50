/** One worker's data plane: the whole configuration as living objects, and the sockets that feed it. */
import { makeBalancer } from "../decide/balance/make.ts";
import { compileKey } from "../decide/balance/key.ts";
import { errorPage } from "../decide/http/error-page.ts";
import { Head } from "../decide/http/head.ts";
import { DEFAULT_HEAD_LIMITS, type HeadLimits, READ, scanResponse } from "../decide/http/scan.ts";
import { compileLogFormat } from "../decide/log-format.ts";
import { logDate } from "../decide/log-format-variables.ts";
import { countObservation, type Observation } from "../decide/observation.ts";
import type { ServerChange } from "../decide/server-log.ts";
import { compileProxyRules } from "../decide/rules/compile.ts";
import { compileReply, type MakeReply } from "../decide/rules/reply.ts";
import type { PatternRegistry } from "../decide/acl-registry.ts";
import type { CompileEnvironment } from "../decide/sample-types.ts";
import type { Configuration } from "../model/configuration.ts";
import type { LogFormat } from "../model/log-format.ts";
import type { LogLevel } from "../model/rule.ts";
import type { LogStyle, Proxy } from "../model/proxy.ts";
import type { WorldView } from "../model/sample-context.ts";
import type { ReplyFiles } from "../model/reply-files.ts";
import type { StatsRow } from "../model/stats-row.ts";
import type { SampleValue } from "../model/value.ts";
import type { Ends } from "./client-session.ts";
import { type ConnectionFacts, prefaceOf } from "./connect.ts";
import { Rate } from "./counters.ts";
import { EntryHall } from "./entry-hall.ts";
import type { NameKeeper } from "./dns/name-keeper.ts";
import { RuleLookups } from "./dns/rule-lookups.ts";
import { ClientConnection } from "./http/client.ts";
import { abandon } from "./http/client-events.ts";
import { requeueClient } from "./http/dispatch.ts";
import { localReplyText } from "./http/finish.ts";
import { httpLogLine } from "./http/log-line.ts";
import { Stream } from "./http/stream.ts";
import type { OperatorHooks } from "./operator-hooks.ts";
import { LogSender } from "./log-sender.ts";
import { setProcessVariables } from "./process-context.ts";
import {
  BackendRuntime,
  type ErrorPages,
  FrontendRuntime,
  type ListenerRuntime,
  type ServerRuntime,
  type Waiting,
} from "./runtime.ts";
import { Occupied } from "./shared-counts.ts";
import { changeServers } from "./server-admin.ts";
import { rowsOf } from "./stats-rows.ts";
import { Sticker, Tables } from "./tables.ts";
import type { TcpSession } from "./tcp/session.ts";
import { nowMs } from "./timer-wheel.ts";
import { makeWorld } from "./world.ts";

/** Bytes of a request that can't be understood, for `show errors`. */
const MOST_KEPT_BYTES = 4096;

export interface PlaneOptions {
  readonly configuration: Configuration;
  readonly patterns: PatternRegistry;
  readonly files: ReplyFiles;
  /** The ready-made log formats, read. */
  readonly styles: Partial<Readonly<Record<LogStyle, LogFormat>>>;
  readonly hostName: string;
  readonly version: string;
}

export class DataPlane {
  /** Of all frontends together; a command may change it. */
  mostConnections: number;
  readonly configuration: Configuration;
  readonly patterns: PatternRegistry;
  readonly files: ReplyFiles;
  readonly hostName: string;
  readonly version: string;
  readonly backends = new Map<string, BackendRuntime>();
  readonly frontends: FrontendRuntime[] = [];
  readonly limits: HeadLimits;
  /** Names that rules ask for. */
  readonly lookups: RuleLookups;
  readonly tables: Tables;
  readonly world: WorldView;
  readonly processVariables = new Map<string, SampleValue>();
  readonly logs: LogSender;
  readonly clients = new Set<ClientConnection>();
  /** Of `mode tcp`. */
  readonly sessions = new Set<TcpSession>();
  /** Connections that carry several requests at once. */
  readonly multiplexed = new Set<{ endSoon(): void }>();
  stopping = false;
  readonly connections = new Occupied();
  /** Connections of all frontends, and those with TLS, by the second. */
  readonly connectionRate = new Rate();
  readonly tlsRate = new Rate();
  readonly entryHall: EntryHall = new EntryHall((frontend) => this.tryEnter(frontend));
  totalConnections = 0;
  totalRequests = 0;
  private readonly startedMs = nowMs();
  readonly logTag: string;

  constructor(options: PlaneOptions) {
    const { configuration } = options;
    this.mostConnections = configuration.global.maxConnections ?? Number.POSITIVE_INFINITY;
    this.configuration = configuration;
    this.patterns = options.patterns;
    this.files = options.files;
    const { maxConnectionRate, maxSessionRate, maxTlsRate } = configuration.global;
    this.hasRates = [maxConnectionRate, maxSessionRate, maxTlsRate].some((rate) => rate !== undefined && rate > 0);
    this.hostName = options.hostName;
    this.version = options.version;
    const { tune, logSendHostname } = configuration.global;
    this.limits = {
      mostBytes: Math.max(1024, tune.bufferBytes - tune.maxRewriteBytes) || DEFAULT_HEAD_LIMITS.mostBytes,
      mostFields: tune.maxHeaders,
    };
    this.logTag = configuration.global.logTag ?? "haproxy";
    const shown = logSendHostname === undefined ? "" : logSendHostname === "" ? options.hostName : logSendHostname;
    this.logs = new LogSender(shown, process.pid);
    this.tables = new Tables(configuration);
    this.lookups = new RuleLookups(configuration.resolvers);
    this.world = makeWorld(this);
    setProcessVariables(this, this.environmentOf(""));
    for (const proxy of configuration.proxies) this.addProxy(proxy, options);
    for (const backend of this.backends.values()) {
      for (const server of backend.servers) {
        const { track } = server.settings;
        if (track === undefined) continue;
        server.tracked = this.backends.get(track.proxy ?? backend.name)?.server(track.server);
        server.tracked?.followers.push(server);
      }
    }
    for (const frontend of this.frontends) {
      const name = frontend.proxy.defaultBackend ?? (frontend.proxy.isBackend ? frontend.proxy.name : undefined);
      frontend.defaultBackend = name === undefined ? undefined : this.backends.get(name);
    }
    this.setFullConnections();
  }

  /** Without `fullconn`: a tenth of what the frontends may have that lead there. */
  private setFullConnections(): void {
    for (const backend of this.backends.values()) {
      if (backend.proxy.fullConnections !== undefined) continue;
      let most = 0;
      for (const { defaultBackend, mostConnections, proxy } of this.frontends) {
        const leads = proxy.useBackend.some(({ target }) => target.kind === "name" && target.name === backend.name);
        if (leads || defaultBackend === backend) most += Math.min(mostConnections, this.mostConnections);
      }
      if (Number.isFinite(most)) backend.fullConnections = Math.max(1, Math.floor((most + 9) / 10));
    }
  }

  /** What expressions of a section are compiled with. */
  environmentOf(proxyName: string): CompileEnvironment {
    return {
      patterns: this.patterns,
      proxyName,
      files: this.files,
      sectionPage: (section, status) => this.configuration.httpErrors.get(section)?.files.get(status),
    };
  }

  /** Takes a place for one more client of this frontend; false when a limit is reached now. */
  tryEnter(frontend: FrontendRuntime): boolean {
    if ((this.hasRates || frontend.proxy.sessionRateLimit !== undefined) && this.isTooFast(frontend)) return false;
    if (!frontend.tryEnter(frontend.mostConnections)) return false;
    if (this.connections.tryEnter(this.mostConnections)) return true;
    frontend.leave();
    return false;
  }
  /** Some rate of the whole process is limited. */
  readonly hasRates: boolean;

  private isTooFast({ counters, proxy }: FrontendRuntime): boolean {
    const now = nowMs();
    const { maxConnectionRate, maxSessionRate, maxTlsRate } = this.configuration.global;
    const isOver = (rate: Rate, most: number | undefined): boolean =>
      most !== undefined && most > 0 && rate.perSecond(now) >= most;
    if (isOver(counters.rate, proxy.sessionRateLimit)) return true;
    if (isOver(this.connectionRate, maxConnectionRate) || isOver(this.connectionRate, maxSessionRate)) return true;
    return proxy.binds.some(({ tls }) => tls !== undefined) && isOver(this.tlsRate, maxTlsRate);
  }

  private addProxy(proxy: Proxy, options: PlaneOptions): void {
    const environment = this.environmentOf(proxy.name);
    const rules = compileProxyRules(proxy, environment);
    const errorPages = this.errorPagesOf(proxy, environment);
    if (proxy.isBackend) {
      const balancer = makeBalancer<ServerRuntime>(proxy.balance, proxy.hashType, Math.random);
      const backend = new BackendRuntime(
        proxy,
        balancer,
        compileKey(proxy.balance, proxy.hashType, environment),
        rules,
      );
      backend.errorPages = errorPages;
      if (proxy.stickRules.length > 0) backend.stick = new Sticker(proxy.stickRules, environment, this.tables, backend);
      this.backends.set(proxy.name, backend);
    }
    if (!proxy.isFrontend) return;
    const frontend = new FrontendRuntime(proxy, rules);
    frontend.errorPages = errorPages;
    const style = proxy.logStyle === "default" && proxy.mode === "http" ? "default-http" : proxy.logStyle;
    const format = proxy.logFormat ?? (style === "http" ? undefined : options.styles[style]);
    if (format !== undefined) frontend.logFormat = compileLogFormat(format, environment, "log");
    if (proxy.uniqueIdFormat !== undefined) {
      frontend.uniqueId = compileLogFormat(proxy.uniqueIdFormat, environment, "http");
    }
    this.frontends.push(frontend);
  }

  /** Pages that `errorfile`, `errorloc`, `errorfiles` and `http-error` give. */
  private errorPagesOf(proxy: Proxy, environment: CompileEnvironment): ErrorPages {
    const pages = new Map<number, MakeReply>();
    for (const { status, answer } of proxy.errorPages) {
      const make = this.errorPageOf(status, answer, environment);
      if (make !== undefined) pages.set(status, make);
    }
    return pages;
  }

  private errorPageOf(
    status: number,
    answer: Proxy["errorPages"][number]["answer"],
    environment: CompileEnvironment,
  ): MakeReply | undefined {
    switch (answer.kind) {
      case "file":
      case "section": {
        const path = answer.kind === "file" ? answer.path : environment.sectionPage(answer.section, status);
        const text = path === undefined ? undefined : this.files.texts.get(path);
        return text === undefined ? undefined : () => text;
      }
      case "location": {
        const text = `HTTP/1.1 ${answer.code} Found\r\nContent-Length: 0\r\nCache-Control: no-cache\r\nLocation: ${answer.url}\r\n\r\n`;
        return () => text;
      }
      case "reply":
        // The page of the proxy itself would be this one again.
        if (answer.reply.body.kind === "default-errorfiles") return undefined;
        return compileReply(answer.reply, environment, false);
    }
  }

  errorPageFor(client: ClientConnection, status: number): string {
    const make = client.backend?.errorPages.get(status) ?? client.frontend.errorPages.get(status);
    return make === undefined ? errorPage(status) : make(this.streamOf(client));
  }

  /** Connections now, of all workers. */
  get activeConnections(): number {
    return this.connections.active;
  }

  /** The request as rules see it; made at the first question. */
  streamOf(client: ClientConnection): Stream {
    client.stream ??= new Stream(client);
    return client.stream;
  }

  finishLocalReply(client: ClientConnection, text: string): string {
    const { backend, frontend } = client;
    if (!frontend.rules.hasAfterResponseRules && backend?.rules.hasAfterResponseRules !== true) {
      return localReplyText(client, text);
    }
    const head = new Head();
    if (scanResponse(head, Buffer.from(text, "latin1"), this.limits) !== READ) return localReplyText(client, text);
    const stream = this.streamOf(client);
    stream.responseHead = head;
    for (const one of backend === undefined || backend.proxy === frontend.proxy ? [frontend] : [backend, frontend]) {
      one.rules.onAfterResponse(stream);
    }
    return localReplyText(client, head.render("", false) + text.slice(head.byteLength));
  }

  serverTimeoutMs(client: ClientConnection, configured: number | undefined): number | undefined {
    return client.stream?.serverTimeoutMs ?? configured;
  }

  tunnelTimeoutMs(client: ClientConnection): number | undefined {
    const { backend, frontend } = client;
    const timeouts = backend?.proxy.timeouts;
    return client.stream?.tunnelTimeoutMs ?? timeouts?.tunnel ?? frontend.proxy.timeouts.client ?? timeouts?.server;
  }

  /** What a new connection to a server needs of the client. */
  connectionFacts(client: ClientConnection, serverName: string | undefined): ConnectionFacts {
    const { server } = client;
    if (server === undefined) return NO_FACTS;
    const { sendProxy } = server.settings;
    if (sendProxy === undefined && serverName === undefined && !server.followsClient) return NO_FACTS;
    // Rules may have changed them.
    const seen = client.stream?.client;
    const sourcePort = seen?.sourcePort ?? client.sourcePort;
    const port = seen?.destinationPort ?? client.destinationPort;
    const destination = client.destinationText();
    const preface = prefaceOf(sendProxy, client.logAddress(), sourcePort, destination, port);
    return server.followsClient
      ? { preface, serverName, ...server.placeFor(destination, port) }
      : { preface, serverName };
  }

  /** What traffic tells of a server with `observe`. */
  observe(server: ServerRuntime, observation: Observation): void {
    const { errorLimit, observe } = server.settings;
    if (observe === undefined) return;
    const before = server.errorsInRow;
    server.errorsInRow = countObservation(before, observation, observe);
    if (server.errorsInRow > before) server.counters.failedObservations += 1;
    if (server.errorsInRow < errorLimit) return;
    this.onErrors?.(server, server.errorsInRow, observation);
    server.errorsInRow = 0;
  }
  /** Too many errors in a row: whoever runs the checks decides. */
  onErrors: ((server: ServerRuntime, errors: number, last: Observation) => void) | undefined;

  /** Keeps the last request that was refused as invalid, for `show errors`. */
  noteInvalid(client: ClientConnection, bytes: Buffer, status: number): void {
    this.invalidRequests += 1;
    const { backend, frontend } = client;
    this.lastInvalid = {
      atMs: Date.now(),
      status,
      bytes: Buffer.from(bytes.subarray(0, MOST_KEPT_BYTES)),
      frontend: `${frontend.name} (#${frontend.proxy.id})`,
      backend: backend === undefined ? "<NONE> (#-1)" : `${backend.name} (#${backend.proxy.id})`,
      source: `${client.sourceAddress}:${client.sourcePort}`,
    };
  }
  invalidRequests = 0;
  lastInvalid:
    | {
        readonly atMs: number;
        readonly status: number;
        readonly bytes: Buffer;
        /** Names with numbers, as `show errors` has them. */
        readonly frontend: string;
        readonly backend: string;
        readonly source: string;
      }
    | undefined;
  /** What the process around this data plane does for operators. */
  readonly hooks: OperatorHooks = {};

  /** Do rules name this server? Then it can't go. */
  isNamedByRules(server: ServerRuntime): boolean {
    const { backend, name } = server;
    const [own, full] = [JSON.stringify(name), JSON.stringify(`${backend.name}/${name}`)];
    // Rules, conditions and formats of any proxy may name it; a text that only looks so keeps it, too.
    return this.configuration.proxies.some(({ name: proxyName, servers: _servers, ...rules }) => {
      const text = JSON.stringify(rules);
      return text.includes(full) || (proxyName === backend.name && text.includes(own));
    });
  }

  forget(client: ClientConnection): void {
    if (!this.clients.delete(client)) return;
    if (client.requests === 0) this.logEmpty(client);
    client.endSession();
    this.leave(client.frontend);
  }

  forgetSession(session: TcpSession): void {
    this.sessions.delete(session);
    this.leave(session.frontend);
  }

  /** A client's connection has ended: somebody who waits may have its place. */
  leave(frontend: FrontendRuntime): void {
    this.connections.leave();
    frontend.leave();
    this.onConnectionGone?.();
    if (!this.entryHall.isEmpty) this.entryHall.admit();
  }
  onConnectionGone: (() => void) | undefined;
  /** A command changed lists, tables or limits: the master's workers do the same. */
  onSharedCommand: ((command: string, payload: string | undefined) => void) | undefined;
  /** A change of a server that is worth a line; `empty`: its backend has lost its last one with it. */
  onServerEvent: ((server: ServerRuntime, change: ServerChange, empty: boolean) => void) | undefined;
  /** Who looks for the addresses of servers with names. */
  names: NameKeeper | undefined;
  /** A server's state, weight or address changed: the master tells its workers. */
  onServerChange: ((server: ServerRuntime) => void) | undefined;
  /** Rules of the session refused who came with a PROXY header. */
  logRefused({ ends, listener }: { readonly ends: Ends; readonly listener: ListenerRuntime }): void {
    const { proxy } = listener.frontend;
    if (proxy.logTargets.length === 0 || proxy.flags.has("dontlognull")) return;
    const level = proxy.flags.has("log-separate-errors") ? "err" : "info";
    const place = `${proxy.name}/${listener.bind.name ?? listener.id}`;
    this.logEvent(proxy, level, `${ends.source}:${ends.sourcePort} [${logDate(Date.now())}] ${place}: Success`);
  }
  /** A connection without a request is worth a line unless `dontlognull` says otherwise. */
  private logEmpty(client: ClientConnection): void {
    const { proxy } = client.frontend;
    if (proxy.logTargets.length === 0 || proxy.flags.has("dontlognull") || client.logged) return;
    if (proxy.flags.has("http-ignore-probes")) return;
    client.cause = "C";
    client.state = "R";
    client.head.method = "";
    client.status = 400;
    this.logRequest(client, nowMs());
  }

  logRequest(client: ClientConnection, endMs: number): void {
    this.totalRequests += 1;
    const { frontend } = client;
    const { proxy } = frontend;
    if (client.logged || proxy.logTargets.length === 0) return;
    client.logged = true;
    const level = client.stream?.logLevel ?? "info";
    const failed = client.cause !== "-" || client.status >= 500;
    if (level === "silent" || (!failed && proxy.flags.has("dontlog-normal"))) return;
    const { logFormat } = frontend;
    const line = logFormat === undefined ? httpLogLine(client, endMs) : logFormat(this.streamOf(client));
    const shown = failed && proxy.flags.has("log-separate-errors") && level === "info" ? "err" : level;
    this.logs.send(proxy.logTargets, shown, proxy.logTag ?? this.logTag, line);
  }

  /** A line about the proxy itself: a server that went down, say. */
  logEvent(proxy: Proxy, level: LogLevel, line: string): void {
    this.logs.send(proxy.logTargets, level, proxy.logTag ?? this.logTag, line);
  }

  statsRows(scope: readonly string[], own: string): readonly StatsRow[] {
    return rowsOf(this, scope, own);
  }

  /** Cuts all sessions that are on a server. */
  shutdownSessions(server: ServerRuntime, cause: "D" | "K" | "U"): void {
    for (const client of this.clients) if (client.server === server && client.placed) abandon(client, cause);
    for (const session of this.sessions) if (session.server === server && session.hasPlace) session.cut(cause);
  }

  /** What waited for a server that went down looks for another one. */
  requeue(waiting: Waiting, server: ServerRuntime): void {
    if (waiting instanceof ClientConnection) requeueClient(waiting, server);
  }

  administer(backend: string, servers: readonly string[], action: string): number {
    return changeServers(this, backend, servers, action);
  }

  upSeconds(): number {
    return (nowMs() - this.startedMs) / 1000;
  }
}

const NO_FACTS: ConnectionFacts = { preface: undefined, serverName: undefined };
