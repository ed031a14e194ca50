/** The status in Prometheus' text form, with the names that dashboards for HAProxy's exporter ask for. Pure. */
import type { StatsRow } from "../model/stats-row.ts";

type Kind = "gauge" | "counter";

interface Metric {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  readonly of: (row: StatsRow) => number | undefined;
}

const gauge = (name: string, help: string, of: Metric["of"]): Metric => ({ name, kind: "gauge", help, of });
const counter = (name: string, help: string, of: Metric["of"]): Metric => ({ name, kind: "counter", help, of });

const COMMON: readonly Metric[] = [
  gauge("current_sessions", "Sessions now.", (row) => row.active),
  gauge("max_sessions", "Most sessions at once so far.", (row) => row.highestActive),
  gauge("limit_sessions", "Most sessions allowed at once.", (row) => row.limit),
  counter("sessions_total", "Sessions so far.", (row) => row.sessions),
  gauge("max_session_rate", "Most new sessions in a second so far.", (row) => row.highestRate),
  counter("bytes_in_total", "Bytes from clients.", (row) => row.bytesIn),
  counter("bytes_out_total", "Bytes to clients.", (row) => row.bytesOut),
  counter("responses_denied_total", "Answers that a rule refused.", (row) => row.deniedResponses),
];

const REQUESTS = counter("http_requests_total", "Requests so far.", (row) => row.requests);
const DENIED = counter("requests_denied_total", "Requests that a rule refused.", (row) => row.deniedRequests);

const FRONT: readonly Metric[] = [
  REQUESTS,
  DENIED,
  gauge("limit_session_rate", "Most new sessions allowed in a second.", (row) => row.rateLimit),
  counter("request_errors_total", "Requests that were wrong.", (row) => row.requestErrors),
];

const BACK: readonly Metric[] = [
  gauge("current_queue", "Requests that wait.", (row) => row.queued),
  gauge("max_queue", "Most requests that waited at once so far.", (row) => row.highestQueue),
  counter("connection_errors_total", "Connections that failed.", (row) => row.connectErrors),
  counter("response_errors_total", "Answers that failed.", (row) => row.responseErrors),
  counter("retry_warnings_total", "Connections tried again.", (row) => row.retries),
  counter("redispatch_warnings_total", "Requests sent to another server.", (row) => row.redispatches),
  counter("client_aborts_total", "Transfers that the client broke off.", (row) => row.clientAborts),
  counter("server_aborts_total", "Transfers that the server broke off.", (row) => row.serverAborts),
  gauge("weight", "The weight in force.", (row) => row.weight),
];

const BACKEND: readonly Metric[] = [
  gauge("active_servers", "Servers in use.", (row) => row.activeServers),
  gauge("backup_servers", "Backup servers in use.", (row) => row.backupServers),
];

const SERVER: readonly Metric[] = [
  counter("check_failures_total", "Checks that failed.", (row) => row.failedChecks),
  counter("check_up_down_total", "Times that the server went down.", (row) => row.downCount),
  gauge("check_last_change_seconds", "Seconds since the last change of its state.", (row) => row.lastChangeSeconds),
  counter("downtime_seconds_total", "Seconds down in all.", (row) => row.downSeconds),
  gauge("check_duration_seconds", "How long the last check took.", (row) =>
    row.check?.durationMs === undefined ? undefined : row.check.durationMs / 1000,
  ),
];

const GROUPS = [
  { type: "frontend", prefix: "haproxy_frontend", metrics: [...COMMON, ...FRONT], states: ["UP", "DOWN"] },
  {
    type: "backend",
    prefix: "haproxy_backend",
    metrics: [...COMMON, REQUESTS, DENIED, ...BACK, ...BACKEND],
    states: ["UP", "DOWN"],
  },
  {
    type: "server",
    prefix: "haproxy_server",
    metrics: [...COMMON, ...BACK, ...SERVER],
    states: ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"],
  },
] as const;

const RESPONSE_CLASSES = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

const quoted = (text: string): string => text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");

function labelsOf(row: StatsRow): string {
  const server = row.type === "server" ? `,server="${quoted(row.name)}"` : "";
  return `proxy="${quoted(row.proxy)}"${server}`;
}

/** The state without its counts: `UP 1/3` is UP, an open frontend too. */
function stateOf(row: StatsRow): string {
  const word = row.status.split(" ", 1)[0] ?? "";
  return word === "OPEN" || word === "no" ? "UP" : word;
}

/** @param rows of all proxies. Values that a row doesn't have are left out. */
export function prometheusText(rows: readonly StatsRow[]): string {
  const lines: string[] = [];
  const head = (name: string, kind: Kind, help: string): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
  };
  for (const { metrics, prefix, states, type } of GROUPS) {
    const own = rows.filter((row) => row.type === type);
    head(`${prefix}_status`, "gauge", "The state: 1 for the one that it is in.");
    for (const row of own) {
      for (const state of states) {
        lines.push(`${prefix}_status{${labelsOf(row)},state="${state}"} ${stateOf(row) === state ? 1 : 0}`);
      }
    }
    for (const { help, kind, name, of } of metrics) {
      head(`${prefix}_${name}`, kind, help);
      for (const row of own) {
        const value = of(row);
        if (value !== undefined) lines.push(`${prefix}_${name}{${labelsOf(row)}} ${value}`);
      }
    }
    head(`${prefix}_http_responses_total`, "counter", "Answers by the class of their status.");
    for (const row of own) {
      for (const [index, code] of RESPONSE_CLASSES.entries()) {
        const value = row.responses?.[index];
        if (value !== undefined) lines.push(`${prefix}_http_responses_total{${labelsOf(row)},code="${code}"} ${value}`);
      }
    }
  }
  return `${lines.join("\n")}\n`;
}
