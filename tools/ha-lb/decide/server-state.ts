/**
 * States of servers as lines of text, so that the next process goes on where this one was. Pure.
 * Source: the management guide on `show servers state`, version 1 of the format.
 */
import type { Server } from "../model/server.ts";
import { type HealthState, startHealth } from "./server-health.ts";

/** One line, in the order of its columns. */
export interface ServerStateRow {
  readonly backendId: number;
  readonly backend: string;
  readonly serverId: number;
  readonly server: string;
  /** `-` when it has none. */
  readonly address: string;
  readonly operational: number;
  readonly admin: number;
  readonly weight: number;
  readonly configuredWeight: number;
  readonly sinceSeconds: number;
  readonly checkStatus: number;
  readonly checkResult: number;
  readonly checkHealth: number;
  readonly checkState: number;
  readonly agentState: number;
  readonly backendForcedId: number;
  readonly serverForcedId: number;
  readonly name: string;
  readonly port: number;
  readonly serviceName: string;
  readonly tls: number;
  readonly checkPort: number;
  readonly checkAddress: string;
  readonly agentAddress: string;
  readonly agentPort: number;
}

const HEAD =
  "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";

const OPERATIONAL = { stopped: 0, running: 2, stopping: 3 } as const;
/** Bits of the administrative state: forced by an operator, and by the configuration. */
const ADMIN = {
  maint: 1,
  followsMaint: 2,
  disabled: 4,
  drain: 8,
  followsDrain: 16,
  unresolved: 32,
  /** The name was given by a command, or is the target of a service. */
  renamed: 64,
} as const;
const CHECK_CONFIGURED = 2;
const CHECK_ENABLED = 4;
const CHECK_PAUSED = 8;
const CHECK_AGENT = 16;

/** Numbers of check results in the format. Those that aren't here are `unknown`, 0. */
const STATUS_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["HANA", 4],
  ["SOCKERR", 5],
  ["L4OK", 6],
  ["L4TOUT", 7],
  ["L4CON", 8],
  ["L6OK", 9],
  ["L6TOUT", 10],
  ["L6RSP", 11],
  ["L7TOUT", 12],
  ["L7RSP", 13],
  ["L7OK", 15],
  ["L7OKC", 16],
  ["L7STS", 17],
  ["PROCERR", 18],
  ["PROCTOUT", 19],
  ["PROCOK", 20],
]);
const RESULT = { unknown: 0, failed: 2, passed: 3, conditional: 4 } as const;

export function formatServerStates(rows: readonly ServerStateRow[]): string {
  return HEAD + rows.map((row) => `${Object.values(row).join(" ")}\n`).join("");
}

/** What a row says of a server's state. */
export interface StateFacts {
  readonly settings: Server;
  readonly health: HealthState;
  /** Its place in the configuration. */
  readonly backendId: number;
  readonly backend: string;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly hasAddress: boolean;
  /** It is spoken to over TLS. */
  readonly tls: boolean;
  /** The name that it is looked up by, and whether a command gave it. */
  readonly fqdn: string;
  readonly renamed: boolean;
  /** The target of a service's name that it stands for. */
  readonly target: string | undefined;
  readonly nowMs: number;
}

export function stateRow(facts: StateFacts): ServerStateRow {
  const { health, settings } = facts;
  const { address, agent, check } = settings;
  const isService = address.kind === "name" && address.host.startsWith("_");
  const inMaintenance = health.admin === "maint" || health.inherited === "maint" || !facts.hasAddress;
  const paused = inMaintenance ? CHECK_PAUSED : 0;
  const isDown = !health.up || inMaintenance;
  const up = health.lastStatus === "" ? check.rise : check.rise + check.fall - 1 - health.streak;
  return {
    backendId: facts.backendId,
    backend: facts.backend,
    serverId: settings.id,
    server: settings.name,
    address: facts.host === "" ? "-" : facts.host,
    operational: isDown ? OPERATIONAL.stopped : health.stopping ? OPERATIONAL.stopping : OPERATIONAL.running,
    admin: adminBits(facts),
    weight: facts.weight,
    configuredWeight: settings.weight,
    sinceSeconds: Math.max(0, Math.floor((facts.nowMs - health.changedMs) / 1000)),
    checkStatus: STATUS_NUMBERS.get(health.lastStatus) ?? 0,
    checkResult: resultOf(health),
    checkHealth: !check.enabled ? 0 : health.up ? up : health.streak,
    checkState: check.enabled ? CHECK_CONFIGURED + CHECK_ENABLED + paused : 0,
    agentState: agent.enabled ? CHECK_AGENT + CHECK_CONFIGURED + CHECK_ENABLED + paused : 0,
    backendForcedId: 0,
    serverForcedId: 0,
    name: isService ? (facts.target ?? "-") : facts.fqdn === "" ? "-" : facts.fqdn,
    port: facts.port,
    serviceName: isService ? address.host : "-",
    tls: facts.tls ? 1 : 0,
    checkPort: check.port ?? 0,
    checkAddress: check.address?.kind === "ip" ? check.address.host : "-",
    agentAddress: agent.address ?? "-",
    agentPort: agent.port,
  };
}

function adminBits({ hasAddress, health, renamed, settings, target }: StateFacts): number {
  const maint = health.admin === "maint" ? ADMIN.maint + (settings.disabled ? ADMIN.disabled : 0) : 0;
  const drain = health.admin === "drain" ? ADMIN.drain : 0;
  const followed =
    health.inherited === "maint" ? ADMIN.followsMaint : health.inherited === "drain" ? ADMIN.followsDrain : 0;
  return (
    maint +
    drain +
    followed +
    (hasAddress ? 0 : ADMIN.unresolved) +
    (target === undefined && !renamed ? 0 : ADMIN.renamed)
  );
}

function resultOf({ lastStatus, stopping }: HealthState): number {
  if (lastStatus === "") return RESULT.unknown;
  if (stopping) return RESULT.conditional;
  return /OK/.test(lastStatus) ? RESULT.passed : RESULT.failed;
}

/** Lines of a file that are whole; others, and files of another version, say nothing. */
export function parseServerStates(text: string): readonly ServerStateRow[] {
  const [version, ...lines] = text.split("\n");
  if (version?.trim() !== "1") return [];
  return lines.flatMap((line) => {
    const row = line.startsWith("#") ? undefined : parseRow(line.trim().split(/\s+/));
    return row === undefined ? [] : [row];
  });
}

/** Columns up to the port are always there; later versions of the peer added the others. */
const LEAST_COLUMNS = 19;

function parseRow(words: readonly string[]): ServerStateRow | undefined {
  if (words.length < LEAST_COLUMNS) return undefined;
  const text = (index: number): string => words[index] ?? "-";
  const number = (index: number): number => {
    const word = words[index];
    return word === undefined ? 0 : /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
  };
  const row: ServerStateRow = {
    backendId: number(0),
    backend: text(1),
    serverId: number(2),
    server: text(3),
    address: text(4),
    operational: number(5),
    admin: number(6),
    weight: number(7),
    configuredWeight: number(8),
    sinceSeconds: number(9),
    checkStatus: number(10),
    checkResult: number(11),
    checkHealth: number(12),
    checkState: number(13),
    agentState: number(14),
    backendForcedId: number(15),
    serverForcedId: number(16),
    name: text(17),
    port: number(18),
    serviceName: text(19),
    tls: number(20),
    checkPort: number(21),
    checkAddress: text(22),
    agentAddress: text(23),
    agentPort: number(24),
  };
  return Object.values(row).some((value) => Number.isNaN(value)) ? undefined : row;
}

/** The health with which a server goes on. What the new configuration says of `disabled` counts when it changed. */
export function healthFrom(row: ServerStateRow, settings: Server, nowMs: number): HealthState {
  const start = startHealth(settings.disabled, nowMs);
  const wasDisabled = (row.admin & ADMIN.disabled) !== 0;
  const admin =
    wasDisabled !== settings.disabled
      ? start.admin
      : (row.admin & ADMIN.maint) !== 0
        ? "maint"
        : (row.admin & ADMIN.drain) !== 0
          ? "drain"
          : "ready";
  const changedMs = nowMs - row.sinceSeconds * 1000;
  // Maintenance stops the operational state; whether it was up before isn't told.
  const inMaintenance = (row.admin & (ADMIN.maint | ADMIN.followsMaint | ADMIN.unresolved)) !== 0;
  if (!settings.check.enabled || inMaintenance) return { ...start, admin, changedMs };
  const lastStatus = [...STATUS_NUMBERS].find(([, number]) => number === row.checkStatus)?.[0] ?? "";
  const { fall, rise } = settings.check;
  const up = row.operational !== OPERATIONAL.stopped;
  const streak = up ? rise + fall - 1 - row.checkHealth : row.checkHealth;
  return {
    ...start,
    admin,
    changedMs,
    up,
    stopping: row.operational === OPERATIONAL.stopping,
    streak: Math.min(Math.max(0, streak), (up ? fall : rise) - 1),
    lastStatus,
  };
}

/** The name that a command had given to a server whose line names another one. */
export function nameFrom(row: ServerStateRow, configured: string): string {
  return (row.admin & ADMIN.renamed) !== 0 && row.name !== "-" ? row.name : configured;
}

/** The weight that a command or an agent had set stays, unless the configuration has another one now. */
export function weightFrom(row: ServerStateRow, settings: Server): number {
  return row.configuredWeight === settings.weight ? row.weight : settings.weight;
}
