/** The status report of ha-lb: one service a backend, from the same rows as the statistics page. Pure. */
import {
  type Attention,
  type ServiceState,
  type ServiceStatus,
  STATUS_SCHEMA,
  type StatusEvent,
  type StatusReport,
} from "../../../../shared/model/status.ts";
import type { StatsRow } from "../../model/stats-row.ts";

export interface StatusInput {
  readonly version: string;
  readonly host: string;
  readonly nowMs: number;
  readonly origin: string;
  readonly rows: readonly StatsRow[];
  readonly events: readonly StatusEvent[];
}

function stateOf(up: number, all: number): ServiceState {
  if (up === 0) return "down";
  return up === all ? "up" : "degraded";
}

function isUp(row: StatsRow): boolean {
  return row.status.startsWith("UP") || row.status === "no check";
}

function serviceOf(backend: StatsRow, servers: readonly StatsRow[]): ServiceStatus {
  const up = servers.filter(isUp).length;
  const state = stateOf(up, servers.length);
  return {
    name: `lb ${backend.proxy}`,
    kind: "lb",
    state,
    here: { state: state === "down" ? "failed" : "active", text: `${backend.rate} r/s` },
    detail: `${up}/${servers.length} servers up`,
  };
}

export function statusReport(input: StatusInput): StatusReport {
  const { rows } = input;
  const services: ServiceStatus[] = [];
  const attention: Attention[] = [];
  for (const backend of rows.filter((row) => row.type === "backend")) {
    const servers = rows.filter((row) => row.type === "server" && row.proxy === backend.proxy);
    if (servers.length === 0) continue;
    services.push(serviceOf(backend, servers));
    for (const server of servers.filter((row) => !isUp(row))) {
      attention.push({
        code: "LB_SERVER_DOWN",
        severity: "warning",
        subject: `${server.proxy}/${server.name}`.slice(0, 128),
        sentence: `server ${server.status}: ${server.check?.status ?? ""}`,
      });
    }
  }
  return {
    schema: STATUS_SCHEMA,
    tool: "ha-lb",
    version: input.version,
    host: input.host,
    sampledAtMs: input.nowMs,
    configuration: input.origin,
    services,
    attention,
    events: [...input.events],
  };
}
