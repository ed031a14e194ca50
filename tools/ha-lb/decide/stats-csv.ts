/** The status as CSV, in the columns that tools for HAProxy read (management guide, chapter 9.1). Pure. */
import type { StatsRow } from "../model/stats-row.ts";

type Cell = string | number | undefined;

const TYPE_NUMBER = { frontend: 0, backend: 1, server: 2, listener: 3 } as const;

export const STATS_COLUMNS: readonly (readonly [string, (row: StatsRow) => Cell])[] = [
  ["pxname", (row) => row.proxy],
  ["svname", (row) => row.name],
  ["qcur", (row) => row.queued],
  ["qmax", (row) => row.highestQueue],
  ["scur", (row) => row.active],
  ["smax", (row) => row.highestActive],
  ["slim", (row) => row.limit],
  ["stot", (row) => row.sessions],
  ["bin", (row) => row.bytesIn],
  ["bout", (row) => row.bytesOut],
  ["dreq", (row) => row.deniedRequests],
  ["dresp", (row) => row.deniedResponses],
  ["ereq", (row) => row.requestErrors],
  ["econ", (row) => row.connectErrors],
  ["eresp", (row) => row.responseErrors],
  ["wretr", (row) => row.retries],
  ["wredis", (row) => row.redispatches],
  ["status", (row) => row.status],
  ["weight", (row) => row.weight],
  ["act", (row) => row.activeServers],
  ["bck", (row) => row.backupServers],
  ["chkfail", (row) => row.failedChecks],
  ["chkdown", (row) => row.downCount],
  ["lastchg", (row) => row.lastChangeSeconds],
  ["downtime", (row) => row.downSeconds],
  ["qlimit", () => undefined],
  ["pid", () => 1],
  ["iid", (row) => row.proxyId],
  ["sid", (row) => row.serverId],
  ["throttle", () => undefined],
  ["lbtot", (row) => (row.type === "frontend" ? undefined : row.sessions)],
  ["tracked", () => undefined],
  ["type", (row) => TYPE_NUMBER[row.type]],
  ["rate", (row) => row.rate],
  ["rate_lim", (row) => row.rateLimit],
  ["rate_max", (row) => row.highestRate],
  ["check_status", (row) => row.checkStatus],
  ["check_code", (row) => row.checkCode],
  ["check_duration", (row) => row.checkDurationMs],
  ["hrsp_1xx", (row) => row.responses?.[1]],
  ["hrsp_2xx", (row) => row.responses?.[2]],
  ["hrsp_3xx", (row) => row.responses?.[3]],
  ["hrsp_4xx", (row) => row.responses?.[4]],
  ["hrsp_5xx", (row) => row.responses?.[5]],
  ["hrsp_other", (row) => row.responses?.[0]],
  ["hanafail", () => undefined],
  ["req_rate", (row) => row.requestRate],
  ["req_rate_max", (row) => row.highestRequestRate],
  ["req_tot", (row) => row.requests],
  ["cli_abrt", (row) => row.clientAborts],
  ["srv_abrt", (row) => row.serverAborts],
  ["comp_in", () => undefined],
  ["comp_out", () => undefined],
  ["comp_byp", () => undefined],
  ["comp_rsp", () => undefined],
  ["lastsess", () => undefined],
  ["last_chk", () => undefined],
  ["last_agt", () => undefined],
  ["qtime", () => undefined],
  ["ctime", () => undefined],
  ["rtime", () => undefined],
  ["ttime", () => undefined],
  ["agent_status", () => undefined],
  ["agent_code", () => undefined],
  ["agent_duration", () => undefined],
  ["check_desc", () => undefined],
  ["agent_desc", () => undefined],
  ["check_rise", () => undefined],
  ["check_fall", () => undefined],
  ["check_health", () => undefined],
  ["agent_rise", () => undefined],
  ["agent_fall", () => undefined],
  ["agent_health", () => undefined],
  ["addr", (row) => row.address],
  ["cookie", (row) => row.cookie],
  ["mode", (row) => row.mode],
  ["algo", (row) => row.algorithm],
];

/** Commas and quotes in names would break the line. */
function cell(value: Cell): string {
  if (value === undefined) return "";
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function statsCsv(rows: readonly StatsRow[]): string {
  const lines = rows.map((row) => `${STATS_COLUMNS.map(([, read]) => cell(read(row))).join(",")},\n`);
  return `# ${STATS_COLUMNS.map(([name]) => name).join(",")},\n${lines.join("")}`;
}
