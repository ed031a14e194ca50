/** `show info`: the lines of HAProxy 2.6 in its order (management guide, chapter 9.3). What isn't there is 0. */
import { readFileSync } from "node:fs";
import { fieldJson } from "../../decide/stats-typed.ts";
import type { DataPlane } from "../plane.ts";
import { nowMs } from "../timer-wheel.ts";

type Value = string | number;
/** Name, origin with nature and scope, type, value; `undefined` keeps the place of a line that isn't shown. */
type Line = readonly [name: string, tags: string, type: "str" | "u32" | "u64", value: Value | undefined];

const MEGABYTE = 1024 * 1024;

function uptime(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${Math.floor((seconds % 86_400) / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 86_400)}d ${clock}`;
}

/** Files that the process may have open. */
function mostFiles(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

let lookedAt = { ms: 0, usage: process.cpuUsage({ user: 0, system: 0 }) };

/** How much of its processor the process left alone since somebody looked, or since it began. */
function idlePercent(): number {
  const now = { ms: nowMs(), usage: process.cpuUsage() };
  const busyMs = (now.usage.user + now.usage.system - lookedAt.usage.user - lookedAt.usage.system) / 1000;
  const passedMs = now.ms - lookedAt.ms;
  lookedAt = now;
  return passedMs <= 0 ? 100 : Math.max(0, Math.min(100, Math.round(100 - (100 * busyMs) / passedMs)));
}

const sum = <One>(list: readonly One[], of: (one: One) => number): number =>
  list.reduce((total, one) => total + of(one), 0);

function processLines(plane: DataPlane): readonly Line[] {
  const { global } = plane.configuration;
  const seconds = Math.floor(plane.upSeconds());
  const files = mostFiles();
  const most = Number.isFinite(plane.mostConnections) ? plane.mostConnections : 0;
  return [
    ["Name", "POS", "str", "ha-lb"],
    ["Version", "POS", "str", plane.version],
    ["Release_date", "POS", "str", ""],
    ["Nbthread", "CGS", "u32", Math.max(1, global.threads)],
    ["Nbproc", "CGS", "u32", 1],
    ["Process_num", "KGP", "u32", 1],
    ["Pid", "SGP", "u32", process.pid],
    ["Uptime", "MDP", "str", uptime(seconds)],
    ["Uptime_sec", "MDP", "u32", seconds],
    ["Memmax_MB", "CLP", "u32", 0],
    ["PoolAlloc_MB", "MGP", "u32", Math.floor(process.memoryUsage.rss() / MEGABYTE)],
    ["PoolUsed_MB", "MGP", "u32", Math.floor(process.memoryUsage().heapUsed / MEGABYTE)],
    ["PoolFailed", "MCP", "u32", 0],
    ["Ulimit-n", "CLP", "u32", files],
    ["Maxsock", "CLP", "u32", files],
    ["Maxconn", "CLP", "u32", most],
    ["Hard_maxconn", "CLP", "u32", most],
  ];
}

function trafficLines(plane: DataPlane): readonly Line[] {
  const { frontends } = plane;
  const { maxConnectionRate, maxSessionRate, maxTlsRate } = plane.configuration.global;
  const now = nowMs();
  const withTls = frontends.filter(({ proxy }) => proxy.binds.some(({ tls }) => tls !== undefined));
  return [
    ["CurrConns", "MGP", "u32", plane.activeConnections],
    ["CumConns", "MCP", "u32", sum(frontends, ({ counters }) => counters.connections)],
    ["CumReq", "MCP", "u32", sum(frontends, ({ counters }) => counters.requests)],
    ["MaxSslConns", "MMP", "u32", 0],
    ["CurrSslConns", "MGP", "u32", sum(withTls, ({ active }) => active)],
    ["CumSslConns", "MCP", "u32", sum(withTls, ({ counters }) => counters.connections)],
    ["Maxpipes", "CLP", "u32", 0],
    ["PipesUsed", "MGP", "u32", 0],
    ["PipesFree", "MGP", "u32", 0],
    ["ConnRate", "MRP", "u32", sum(frontends, ({ counters }) => counters.connectionRate.perSecond(now))],
    ["ConnRateLimit", "CLP", "u32", maxConnectionRate ?? 0],
    ["MaxConnRate", "MMP", "u32", Math.max(0, ...frontends.map(({ counters }) => counters.connectionRate.highest))],
    ["SessRate", "MRP", "u32", sum(frontends, ({ counters }) => counters.rate.perSecond(now))],
    ["SessRateLimit", "CLP", "u32", maxSessionRate ?? 0],
    ["MaxSessRate", "MRP", "u32", Math.max(0, ...frontends.map(({ counters }) => counters.rate.highest))],
    ["SslRate", "MRP", "u32", sum(withTls, ({ counters }) => counters.rate.perSecond(now))],
    ["SslRateLimit", "CLP", "u32", maxTlsRate ?? 0],
    ["MaxSslRate", "MMP", "u32", Math.max(0, ...withTls.map(({ counters }) => counters.rate.highest))],
    ["SslFrontendKeyRate", "MGP", "u32", 0],
    ["SslFrontendMaxKeyRate", "MMP", "u32", 0],
    ["SslFrontendSessionReuse_pct", "MGP", "u32", 0],
    ["SslBackendKeyRate", "MRP", "u32", 0],
    ["SslBackendMaxKeyRate", "MMP", "u32", 0],
    ["SslCacheLookups", "MCP", "u32", 0],
    ["SslCacheMisses", "MCP", "u32", 0],
    ["CompressBpsIn", "MRP", "u32", 0],
    ["CompressBpsOut", "MRP", "u32", 0],
    ["CompressBpsRateLim", "CLP", "u32", 0],
    // There only where haproxy was built with zlib.
    ["ZlibMemUsage", "MGP", "u32", undefined],
    ["MaxZlibMemUsage", "CLP", "u32", undefined],
  ];
}

function stateLines(plane: DataPlane): readonly Line[] {
  const { global } = plane.configuration;
  const listeners = sum(plane.frontends, ({ listening, proxy }) => (listening === "open" ? proxy.binds.length : 0));
  return [
    ["Tasks", "MGP", "u32", 0],
    ["Run_queue", "MGP", "u32", 0],
    ["Idle_pct", "MaP", "u32", idlePercent()],
    ["node", "COS", "str", global.node ?? plane.hostName],
    ["description", "COS", "str", global.description ?? ""],
    ["Stopping", "MGP", "u32", plane.stopping ? 1 : 0],
    ["Jobs", "MGP", "u32", plane.activeConnections + listeners + global.statsSockets.length],
    ["Unstoppable Jobs", "MGP", "u32", 0],
    ["Listeners", "MGP", "u32", listeners + global.statsSockets.length],
    ["ActivePeers", "MGP", "u32", 0],
    ["ConnectedPeers", "MGP", "u32", 0],
    ["DroppedLogs", "MGP", "u32", plane.logs.lost],
    ["BusyPolling", "MGP", "u32", 0],
    ["FailedResolutions", "MGP", "u32", plane.lookups.failures],
    ["TotalBytesOut", "MGP", "u64", sum(plane.frontends, ({ counters }) => counters.bytesOut)],
    ["TotalSplicdedBytesOut", "MGP", "u64", 0],
    ["BytesOutRate", "MRP", "u64", 0],
    ["DebugCommandsIssued", "MGP", "u32", 0],
    ["CumRecvLogs", "MCP", "u32", 0],
    ["Build info", "POS", "str", plane.version],
    ["Memmax_bytes", "CLP", "u32", 0],
    ["PoolAlloc_bytes", "MGP", "u64", process.memoryUsage.rss()],
    ["PoolUsed_bytes", "MGP", "u64", process.memoryUsage().heapUsed],
    ["Start_time_sec", "MDP", "u32", Math.floor(Date.now() / 1000 - plane.upSeconds())],
    ["Tainted", "SGP", "str", "0"],
  ];
}

/** `show info [typed|json]`. */
export function showInfo(plane: DataPlane, form: string | undefined): string {
  const all = [...processLines(plane), ...trafficLines(plane), ...stateLines(plane)];
  const lines = all.flatMap(([name, tags, type, value], position) =>
    value === undefined ? [] : [{ name, tags, type, value, position }],
  );
  if (form === "json") return `${JSON.stringify(lines.map(fieldJson))}\n`;
  const texts = lines.map(({ name, position, tags, type, value }) =>
    form === "typed" ? `${position}.${name}.1:${tags}:${type}:${value}\n` : `${name}: ${value}\n`,
  );
  return texts.join("");
}
