import { printable } from "../decide/server-log.ts";
import { statusText } from "../decide/server-health.ts";
import { formatSocketAddress } from "../model/address.ts";
import type { StatsRow } from "../model/stats-row.ts";
import type { ProxyCounters } from "./counters.ts";
import type { DataPlane } from "./plane.ts";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "./runtime.ts";
import { nowMs } from "./timer-wheel.ts";

const NONE = {
  queued: undefined,
  highestQueue: undefined,
  limit: undefined,
  deniedRequests: undefined,
  requestErrors: undefined,
  connectErrors: undefined,
  responseErrors: undefined,
  retries: undefined,
  redispatches: undefined,
  weight: undefined,
  activeServers: undefined,
  backupServers: undefined,
  failedChecks: undefined,
  downCount: undefined,
  lastChangeSeconds: undefined,
  downSeconds: undefined,
  rateLimit: undefined,
  check: undefined,
  agent: undefined,
  failedObservations: undefined,
  queueLimit: undefined,
  throttlePercent: undefined,
  chosen: undefined,
  tracked: undefined,
  compression: undefined,
  lastSessionSeconds: undefined,
  times: undefined,
  connectionRate: undefined,
  highestConnectionRate: undefined,
  connections: undefined,
  intercepted: undefined,
  deniedConnections: undefined,
  deniedSessions: undefined,
  connects: undefined,
  reuses: undefined,
  idle: undefined,
  idleLimit: undefined,
  used: undefined,
  userWeight: undefined,
  requestRate: undefined,
  highestRequestRate: undefined,
  requests: undefined,
  clientAborts: undefined,
  serverAborts: undefined,
  address: "",
  cookie: "",
  algorithm: "",
} as const;

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
const secondsSince = (sinceMs: number): number => Math.floor((nowMs() - sinceMs) / 1000);
/** -1 when there was none. */
const lastSession = ({ lastSessionMs }: { readonly lastSessionMs: number }): number =>
  lastSessionMs < 0 ? -1 : secondsSince(lastSessionMs);

function compressionOf({ compressedIn, compressedOut, compressedResponses }: ProxyCounters): StatsRow["compression"] {
  return { bytesIn: compressedIn, bytesOut: compressedOut, responses: compressedResponses };
}

function frontendRow(frontend: FrontendRuntime, { mostConnections, stopping }: DataPlane): StatsRow {
  const { counters, proxy } = frontend;
  const now = nowMs();
  return {
    ...NONE,
    proxy: proxy.name,
    name: "FRONTEND",
    type: "frontend",
    mode: proxy.mode,
    proxyId: proxy.id,
    serverId: 0,
    status: stopping || frontend.listening !== "open" ? "STOP" : "OPEN",
    active: frontend.active,
    highestActive: counters.highestActive,
    limit: finite(frontend.mostConnections) ?? finite(mostConnections),
    sessions: counters.sessions,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    deniedRequests: counters.deniedRequests,
    deniedResponses: counters.deniedResponses,
    requestErrors: counters.requestErrors,
    rate: counters.rate.perSecond(now),
    rateLimit: proxy.sessionRateLimit ?? 0,
    connectionRate: counters.connectionRate.perSecond(now),
    highestConnectionRate: counters.connectionRate.highest,
    connections: counters.connections,
    intercepted: proxy.mode === "http" ? counters.intercepted : undefined,
    deniedConnections: counters.deniedConnections,
    deniedSessions: counters.deniedSessions,
    compression: compressionOf(counters),
    highestRate: counters.rate.highest,
    responses: proxy.mode === "http" ? counters.byClass : undefined,
    requestRate: counters.requestRate.perSecond(now),
    highestRequestRate: counters.requestRate.highest,
    requests: counters.requests,
  };
}

function serverRow(server: ServerRuntime): StatsRow {
  const { counters, settings, backend, health } = server;
  const { proxy } = backend;
  const now = nowMs();
  return {
    ...NONE,
    proxy: proxy.name,
    name: server.name,
    type: "server",
    mode: proxy.mode,
    proxyId: proxy.id,
    serverId: server.id,
    status: statusOf(server),
    queued: server.queued,
    highestQueue: counters.highestQueue,
    active: server.active,
    highestActive: counters.highestActive,
    limit: server.maxConnections === 0 ? undefined : server.maxConnections,
    sessions: counters.sessions,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    deniedResponses: counters.deniedResponses,
    connectErrors: counters.connectErrors,
    responseErrors: counters.responseErrors,
    retries: counters.retries,
    redispatches: counters.redispatches,
    weight: server.weight,
    activeServers: server.backup ? 0 : 1,
    backupServers: server.backup ? 1 : 0,
    ...checkedOf(server),
    queueLimit: settings.maxQueue || undefined,
    throttlePercent: throttleOf(server),
    chosen: counters.selected,
    tracked: server.tracked === undefined ? undefined : `${server.tracked.backend.name}/${server.tracked.name}`,
    lastChangeSeconds: Math.floor((now - health.changedMs) / 1000),
    rate: counters.rate.perSecond(now),
    highestRate: counters.rate.highest,
    lastSessionSeconds: lastSession(counters),
    times: counters.times(),
    connects: counters.connects,
    reuses: counters.reuses,
    idle: server.idle.length,
    idleLimit: idleLimitOf(server),
    used: server.active,
    userWeight: server.wantedWeight,
    responses: proxy.mode === "http" ? counters.byClass : undefined,
    requests: counters.requests,
    clientAborts: counters.clientAborts,
    serverAborts: counters.serverAborts,
    address: settings.address.kind === "unix" ? formatSocketAddress(settings.address) : addressOf(server),
    cookie: settings.cookie ?? "",
  };
}

/** What checks and the agent say. */
function checkedOf({ counters, health, lastAgent, settings, tracked }: ServerRuntime): Partial<StatsRow> {
  const { agent, check, track } = settings;
  const { observe } = (tracked ?? { settings }).settings;
  const failedObservations = observe === undefined ? {} : { failedObservations: counters.failedObservations };
  const asked = {
    status: lastAgent?.status ?? "INI",
    code: undefined,
    durationMs: lastAgent === undefined ? undefined : Math.round(lastAgent.durationMs),
    detail: printable(lastAgent?.said ?? ""),
    rise: 1,
    fall: 1,
    health: health.agentDown ? 0 : 1,
  };
  const byAgent = { ...failedObservations, ...(agent.enabled ? { agent: asked } : {}) };
  if (!check.enabled || track !== undefined) return byAgent;
  const { rise, fall } = check;
  const hasResult = health.lastStatus !== "";
  return {
    ...byAgent,
    failedChecks: counters.failedChecks,
    downCount: counters.downCount,
    downSeconds: Math.floor((counters.downMs + (health.up ? 0 : nowMs() - health.changedMs)) / 1000),
    check: {
      status: hasResult ? health.lastStatus : "INI",
      code: health.lastCode,
      durationMs: hasResult ? Math.round(health.lastDurationMs) : undefined,
      detail: printable(health.lastDetail),
      rise,
      fall,
      health: health.up ? rise + fall - 1 - health.streak : health.streak,
    },
  };
}

function throttleOf({ health, upSinceMs, settings, wantedWeight, weight }: ServerRuntime): number | undefined {
  const { slowStartMs = 0 } = settings;
  if (!health.up || wantedWeight === 0 || nowMs() - upSinceMs >= slowStartMs) return undefined;
  return Math.round((100 * weight) / wantedWeight);
}

function idleLimitOf({ settings }: ServerRuntime): number | undefined {
  const { poolMaxConnections: most } = settings;
  return most === undefined || most < 0 ? undefined : most;
}

/** Servers that track each other in a row. */
const MOST_TRACKED = 100;

/** Who tracks another server has that one's checks. */
function statusOf(server: ServerRuntime): string {
  const { tracked } = server;
  let checked = server;
  for (let step = 0; step < MOST_TRACKED && checked.tracked !== undefined; step += 1) checked = checked.tracked;
  const name = tracked === undefined ? "" : `${tracked.backend.name}/${tracked.name}`;
  return statusText(server.health, checked.settings.check, server.hasAddress, name);
}

/** Where the server is now: a command may have moved it. */
function addressOf({ host, port }: ServerRuntime): string {
  if (host === "") return "";
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function backendRow(backend: BackendRuntime): StatsRow {
  const { counters, proxy, servers } = backend;
  const now = nowMs();
  const usable = servers.filter((server) => server.usable);
  const up = usable.length > 0 || servers.length === 0;
  return {
    ...NONE,
    proxy: proxy.name,
    name: "BACKEND",
    type: "backend",
    mode: proxy.mode,
    proxyId: proxy.id,
    serverId: 0,
    status: up ? "UP" : "DOWN",
    queued: backend.queue.length,
    highestQueue: counters.highestQueue,
    active: backend.active,
    highestActive: counters.highestActive,
    limit: backend.fullConnections === 0 ? undefined : backend.fullConnections,
    sessions: counters.sessions,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    deniedRequests: counters.deniedRequests,
    deniedResponses: counters.deniedResponses,
    connectErrors: counters.connectErrors,
    responseErrors: counters.responseErrors,
    retries: counters.retries,
    redispatches: counters.redispatches,
    weight: usable.filter((server) => !server.backup).reduce((sum, server) => sum + server.weight, 0),
    activeServers: usable.filter((server) => !server.backup).length,
    backupServers: usable.filter((server) => server.backup).length,
    downCount: counters.downCount,
    lastChangeSeconds: secondsSince(counters.changedMs),
    downSeconds:
      servers.length === 0 ? undefined : Math.floor((counters.downMs + (up ? 0 : now - counters.changedMs)) / 1000),
    chosen: counters.selected,
    compression: compressionOf(counters),
    lastSessionSeconds: lastSession(counters),
    times: counters.times(),
    connects: counters.connects,
    reuses: counters.reuses,
    userWeight: usable.filter((server) => !server.backup).reduce((sum, server) => sum + server.wantedWeight, 0),
    cookie: proxy.cookie?.name ?? "",
    rate: counters.rate.perSecond(now),
    highestRate: counters.rate.highest,
    responses: proxy.mode === "http" ? counters.byClass : undefined,
    requests: counters.requests,
    clientAborts: counters.clientAborts,
    serverAborts: counters.serverAborts,
    algorithm: proxy.balance.kind,
  };
}

/** All proxies in the configuration's order; only those of `scope` when it names some (`.` is the own one). */
export function rowsOf(plane: DataPlane, scope: readonly string[], own: string): readonly StatsRow[] {
  const rows: StatsRow[] = [];
  for (const proxy of plane.configuration.proxies) {
    const named = scope.some((name) => name === proxy.name || (name === "." && proxy.name === own));
    if (scope.length > 0 && !named) continue;
    const frontend = plane.frontends.find((one) => one.proxy === proxy);
    if (frontend !== undefined) rows.push(frontendRow(frontend, plane));
    const backend = plane.backends.get(proxy.name);
    if (backend === undefined || backend.proxy !== proxy) continue;
    // A `listen` that only shows the status page has nothing to tell as a backend.
    for (const server of backend.servers) rows.push(serverRow(server));
    rows.push(backendRow(backend));
  }
  return rows;
}
