/**
 * The columns of `show stat`, in HAProxy 2.6's order, with what kind of value each one is (management guide, chapter
 * 9.1). A column that says nothing of a row is empty there; those of things that aren't counted here are empty always.
 */
import type { StatsRow } from "../model/stats-row.ts";
import { describeStatus } from "./server-log.ts";

type Cell = string | number | undefined;
type RowType = StatsRow["type"];

export interface StatsColumn {
  readonly name: string;
  /** Origin, nature and scope of a value, and its type: `MCP u64`. */
  readonly kind: string;
  /** Where it is of another kind in some rows. */
  readonly kindIn?: Partial<Record<RowType, string>>;
  readonly read: (row: StatsRow) => Cell;
}

const TYPE_NUMBER = { frontend: 0, backend: 1, server: 2, listener: 3 } as const;
const nothing = (): undefined => undefined;
const isFrontend = ({ type }: StatsRow): boolean => type === "frontend";
const column = (name: string, kind: string, read: StatsColumn["read"]): StatsColumn => ({ name, kind, read });
const counter = (name: string, read: StatsColumn["read"]): StatsColumn => column(name, "MCP u64", read);
const outOfHttp = (row: StatsRow, value: number): Cell => (row.mode === "http" ? value : undefined);

const SESSIONS: readonly StatsColumn[] = [
  column("pxname", "KNS str", (row) => row.proxy),
  column("svname", "KNS str", (row) => row.name),
  column("qcur", "MGP u32", (row) => row.queued),
  column("qmax", "MMP u32", (row) => row.highestQueue),
  column("scur", "MGP u32", (row) => row.active),
  column("smax", "MMP u32", (row) => row.highestActive),
  column("slim", "CLP u32", (row) => row.limit),
  counter("stot", (row) => row.sessions),
  counter("bin", (row) => row.bytesIn),
  counter("bout", (row) => row.bytesOut),
  counter("dreq", (row) => row.deniedRequests),
  counter("dresp", (row) => row.deniedResponses),
  counter("ereq", (row) => row.requestErrors),
  counter("econ", (row) => row.connectErrors),
  counter("eresp", (row) => row.responseErrors),
  counter("wretr", (row) => row.retries),
  counter("wredis", (row) => row.redispatches),
  column("status", "SGP str", (row) => row.status),
  column("weight", "MaP u32", (row) => row.weight),
  { name: "act", kind: "MGP u32", kindIn: { server: "SGP u32" }, read: (row) => row.activeServers },
  { name: "bck", kind: "MGP u32", kindIn: { server: "SGP u32" }, read: (row) => row.backupServers },
  counter("chkfail", (row) => row.failedChecks),
  counter("chkdown", (row) => row.downCount),
  column("lastchg", "MAP u32", (row) => row.lastChangeSeconds),
  column("downtime", "MCP u32", (row) => row.downSeconds),
  column("qlimit", "CGS u32", (row) => row.queueLimit),
  column("pid", "KGP u32", () => 1),
  column("iid", "KGS u32", (row) => row.proxyId),
  column("sid", "KGS u32", (row) => row.serverId),
  column("throttle", "MaP u32", (row) => row.throttlePercent),
  counter("lbtot", (row) => row.chosen),
  column("tracked", "CNS str", (row) => row.tracked),
  column("type", "CGS u32", (row) => TYPE_NUMBER[row.type]),
  { name: "rate", kind: "MRP u32", kindIn: { backend: "MGP u32" }, read: (row) => row.rate },
  column("rate_lim", "CLP u32", (row) => row.rateLimit),
  { name: "rate_max", kind: "MMP u32", kindIn: { backend: "MGP u32" }, read: (row) => row.highestRate },
];

const CHECKS: readonly StatsColumn[] = [
  column("check_status", "MOP str", (row) => row.check?.status),
  column("check_code", "MOP u32", (row) => row.check?.code),
  column("check_duration", "MDP u64", (row) => row.check?.durationMs),
];

const ANSWERS: readonly StatsColumn[] = [
  ...["1xx", "2xx", "3xx", "4xx", "5xx"].map((name, index) =>
    counter(`hrsp_${name}`, (row) => row.responses?.[index + 1]),
  ),
  counter("hrsp_other", (row) => row.responses?.[0]),
  counter("hanafail", (row) => row.failedObservations),
  column("req_rate", "MRP u32", (row) => row.requestRate),
  column("req_rate_max", "MMP u32", (row) => row.highestRequestRate),
  counter("req_tot", (row) => (row.mode === "http" || isFrontend(row) ? row.requests : undefined)),
  counter("cli_abrt", (row) => row.clientAborts),
  counter("srv_abrt", (row) => row.serverAborts),
  counter("comp_in", (row) => row.compression?.bytesIn),
  counter("comp_out", (row) => row.compression?.bytesOut),
  // Nothing that could be compressed is passed by for want of time.
  counter("comp_byp", (row) => (row.compression === undefined ? undefined : 0)),
  counter("comp_rsp", (row) => row.compression?.responses),
  column("lastsess", "MAP s32", (row) => row.lastSessionSeconds),
  column("last_chk", "MOP str", (row) => row.check?.detail),
  column("last_agt", "MOP str", (row) => row.agent?.detail),
  column("qtime", "MaP u32", (row) => row.times?.queueMs),
  column("ctime", "MaP u32", (row) => row.times?.connectMs),
  column("rtime", "MaP u32", (row) => row.times?.responseMs),
  column("ttime", "MaP u32", (row) => row.times?.totalMs),
  column("agent_status", "MOP str", (row) => row.agent?.status),
  column("agent_code", "MOP u32", (row) => row.agent?.code),
  column("agent_duration", "MDP u64", (row) => row.agent?.durationMs),
  column("check_desc", "MOP str", (row) => row.check && describeStatus(row.check.status)),
  column("agent_desc", "MOP str", (row) => row.agent && describeStatus(row.agent.status)),
  column("check_rise", "CGS u32", (row) => row.check?.rise),
  column("check_fall", "CGS u32", (row) => row.check?.fall),
  column("check_health", "CGS u32", (row) => row.check?.health),
  column("agent_rise", "CGS u32", (row) => row.agent?.rise),
  column("agent_fall", "CGS u32", (row) => row.agent?.fall),
  column("agent_health", "CGS u32", (row) => row.agent?.health),
];

const CONNECTIONS: readonly StatsColumn[] = [
  column("addr", "CGS str", (row) => row.address || undefined),
  column("cookie", "CNS str", (row) => row.cookie || undefined),
  column("mode", "CGS str", (row) => row.mode),
  column("algo", "CGS str", (row) => row.algorithm || undefined),
  column("conn_rate", "MRP u32", (row) => row.connectionRate),
  column("conn_rate_max", "MMP u32", (row) => row.highestConnectionRate),
  counter("conn_tot", (row) => row.connections),
  counter("intercepted", (row) => row.intercepted),
  counter("dcon", (row) => row.deniedConnections),
  counter("dses", (row) => row.deniedSessions),
  // No rule that changes something can fail in it.
  counter("wrew", () => 0),
  counter("connect", (row) => row.connects),
  counter("reuse", (row) => row.reuses),
  // There is no cache.
  counter("cache_lookups", (row) => (row.type === "server" ? undefined : outOfHttp(row, 0))),
  counter("cache_hits", (row) => (row.type === "server" ? undefined : outOfHttp(row, 0))),
  column("srv_icur", "MGP u32", (row) => row.idle),
  column("src_ilim", "CLP u32", (row) => row.idleLimit),
  column("qtime_max", "MMP u32", (row) => row.times?.highestQueueMs),
  column("ctime_max", "MMP u32", (row) => row.times?.highestConnectMs),
  column("rtime_max", "MMP u32", (row) => row.times?.highestResponseMs),
  column("ttime_max", "MMP u32", (row) => row.times?.highestTotalMs),
  // Requests don't fail for want of something inside.
  counter("eint", () => 0),
  column("idle_conn_cur", "MGP u32", (row) => row.idle),
  // One pool serves safe and other requests.
  column("safe_conn_cur", "MGP u32", (row) => (row.idle === undefined ? undefined : 0)),
  column("used_conn_cur", "MGP u32", (row) => row.used),
  // Connections are made when they are needed, not before.
  column("need_conn_est", "MGP u32", (row) => (row.type === "server" ? 0 : undefined)),
  column("uweight", "MaP u32", (row) => row.userWeight),
  // Deprecated there: always 0.
  column("agg_server_status", "MGP u32", (row) => (row.type === "backend" ? 0 : undefined)),
  column("agg_server_check_status", "MGP u32", (row) => (row.type === "backend" ? 0 : undefined)),
  column("agg_check_status", "MGP u32", (row) => (row.type === "backend" ? 0 : undefined)),
];

/** What HAProxy's modules count of protocols; here it isn't counted. */
const PROTOCOLS: readonly StatsColumn[] = [
  ..."ssl_sess ssl_reused_sess ssl_failed_handshake h2_headers_rcvd h2_data_rcvd h2_settings_rcvd h2_rst_stream_rcvd h2_goaway_rcvd h2_detected_conn_protocol_errors h2_detected_strm_protocol_errors h2_rst_stream_resp h2_goaway_resp"
    .split(" ")
    .map((name) => counter(name, nothing)),
  ..."h2_open_connections h2_backend_open_streams".split(" ").map((name) => column(name, "MGP u64", nothing)),
  ..."h2_total_connections h2_backend_total_streams".split(" ").map((name) => counter(name, nothing)),
  ..."h1_open_connections h1_open_streams".split(" ").map((name) => column(name, "MGP u64", nothing)),
  ..."h1_total_connections h1_total_streams h1_bytes_in h1_bytes_out h1_spliced_bytes_in h1_spliced_bytes_out"
    .split(" ")
    .map((name) => counter(name, nothing)),
];

/** Those of all rows; in the CSV form a column `-` follows, and then those of modules. */
export const OWN_COLUMNS: readonly StatsColumn[] = [...SESSIONS, ...CHECKS, ...ANSWERS, ...CONNECTIONS];
export const STATS_COLUMNS: readonly StatsColumn[] = [...OWN_COLUMNS, ...PROTOCOLS];
