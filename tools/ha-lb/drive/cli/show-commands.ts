/** Commands that only look. */
import type { DataPlane } from "../plane.ts";
import { nowMs } from "../timer-wheel.ts";

function infoOf(plane: DataPlane): readonly (readonly [string, string | number])[] {
  const seconds = Math.floor(plane.upSeconds());
  const { global } = plane.configuration;
  const days = Math.floor(seconds / 86_400);
  const clock = `${Math.floor((seconds % 86_400) / 3600)}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}m${String(seconds % 60).padStart(2, "0")}s`;
  return [
    ["Name", "ha-lb"],
    ["Version", plane.version],
    ["Nbthread", Math.max(1, global.threads)],
    ["Nbproc", 1],
    ["Process_num", 1],
    ["Pid", process.pid],
    ["Uptime", `${days}d ${clock}`],
    ["Uptime_sec", seconds],
    ["Maxconn", global.maxConnections ?? 0],
    ["CurrConns", plane.activeConnections],
    ["CumConns", plane.totalConnections],
    ["CumReq", plane.totalRequests],
    ["Stopping", plane.stopping ? 1 : 0],
    ["DroppedLogs", plane.logs.lost],
    ["node", global.node ?? plane.hostName],
    ["description", global.description ?? ""],
  ];
}

export function showInfo(plane: DataPlane, form: string | undefined): string {
  const info = infoOf(plane);
  if (form === "json") return `${JSON.stringify(Object.fromEntries(info))}\n`;
  if (form === "typed") {
    return info
      .map(([name, value], index) => `${index}.${name}.1:POS:${typeof value === "number" ? "u64" : "str"}:${value}\n`)
      .join("");
  }
  return info.map(([name, value]) => `${name}: ${value}\n`).join("");
}

export function showServersConn(plane: DataPlane, only: string | undefined): string {
  let text = "# bkname/svname bkid/svid addr port - purge_delay used_cur idle_cur\n";
  for (const backend of plane.backends.values()) {
    if (only !== undefined && backend.name !== only) continue;
    for (const server of backend.servers) {
      text += `${backend.name}/${server.name} ${backend.proxy.id}/${server.id} ${server.host} ${server.port} - ${server.settings.poolPurgeDelayMs} ${server.active} ${server.idle.length}\n`;
    }
  }
  return text;
}

export function showSessions(plane: DataPlane): string {
  let text = "";
  for (const client of plane.clients) {
    const age = Math.floor((nowMs() - client.acceptMs) / 1000);
    text += `src=${client.sourceAddress}:${client.sourcePort} fe=${client.frontend.name} be=${client.backend?.name ?? "<NONE>"} srv=${client.server?.name ?? "<none>"} age=${age}s phase=${client.phase} requests=${client.requests}\n`;
  }
  return text;
}

export function showErrors(plane: DataPlane): string {
  const { lastInvalid } = plane;
  if (lastInvalid === undefined) return "Total events captured: 0\n";
  const { atMs, status, bytes } = lastInvalid;
  // What a client sent may hold anything, also escape sequences for a terminal.
  const text = bytes
    .toString("latin1")
    .replace(/[^\x20-\x7e\n]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `${new Date(atMs).toISOString()} invalid request, answered with ${status}, ${bytes.length} bytes:\n${text}\n`;
}
