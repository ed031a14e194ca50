import { statusText } from "../decide/server-health.ts";
import { formatSocketAddress } from "../model/address.ts";
import type { StatsRow } from "../model/stats-row.ts";
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
  checkStatus: "",
  checkCode: undefined,
  checkDurationMs: undefined,
  requestRate: undefined,
  highestRequestRate: undefined,
  requests: undefined,
  clientAborts: undefined,
  serverAborts: undefined,
  address: "",
  cookie: "",
  algorithm: "",
} as const;

function frontendRow(frontend: FrontendRuntime, stopping: boolean): StatsRow {
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
    limit: proxy.maxConnections,
    sessions: counters.sessions,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    deniedRequests: counters.deniedRequests,
    deniedResponses: counters.deniedResponses,
    requestErrors: counters.requestErrors,
    rate: counters.rate.perSecond(now),
    rateLimit: proxy.sessionRateLimit,
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
    failedChecks: counters.failedChecks,
    downCount: counters.downCount,
    lastChangeSeconds: Math.floor((now - health.changedMs) / 1000),
    downSeconds: Math.floor((counters.downMs + (health.up ? 0 : now - health.changedMs)) / 1000),
    rate: counters.rate.perSecond(now),
    highestRate: counters.rate.highest,
    checkStatus: health.lastStatus,
    checkCode: health.lastCode,
    checkDurationMs: health.lastStatus === "" ? undefined : Math.round(health.lastDurationMs),
    responses: proxy.mode === "http" ? counters.byClass : undefined,
    requests: counters.requests,
    clientAborts: counters.clientAborts,
    serverAborts: counters.serverAborts,
    address: settings.address.kind === "unix" ? formatSocketAddress(settings.address) : addressOf(server),
    cookie: settings.cookie ?? "",
  };
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
    limit: proxy.fullConnections,
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
    if (frontend !== undefined) rows.push(frontendRow(frontend, plane.stopping));
    const backend = plane.backends.get(proxy.name);
    if (backend === undefined || backend.proxy !== proxy) continue;
    // A `listen` that only shows the status page has nothing to tell as a backend.
    for (const server of backend.servers) rows.push(serverRow(server));
    rows.push(backendRow(backend));
  }
  return rows;
}
