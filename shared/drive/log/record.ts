import type { ReasonData, Severity } from "../../reason/catalogue.ts";

/** Severities of the catalogue, and `debug` below them. */
export type LogSeverity = "debug" | Severity;

/** One thing to tell, before it has a form. */
export interface LogRecord {
  /** Unix time in milliseconds. */
  readonly atMs: number;
  readonly severity: LogSeverity;
  readonly message: string;
  /** The code of the catalogue, when it has one. */
  readonly code?: string;
  readonly fields?: ReasonData;
}

/** Who tells it. */
export interface LogOrigin {
  readonly tool: string;
  readonly host: string;
  readonly pid: number;
}

/** RFC 5424 section 6.2.1, table 2. */
const SYSLOG_SEVERITY: Readonly<Record<LogSeverity, number>> = {
  debug: 7,
  info: 6,
  notice: 5,
  warning: 4,
  error: 3,
  critical: 2,
};

export function syslogSeverity(severity: LogSeverity): number {
  return SYSLOG_SEVERITY[severity];
}

export const LOG_SEVERITIES = ["debug", "info", "notice", "warning", "error", "critical"] as const;

/** Is the record at least as grave as the filter asks for? */
export function passes(severity: LogSeverity, least: LogSeverity): boolean {
  return SYSLOG_SEVERITY[severity] <= SYSLOG_SEVERITY[least];
}

/** Facilities by name, RFC 5424 table 1. */
export const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof FACILITIES;

export function isFacility(word: string): word is Facility {
  return Object.hasOwn(FACILITIES, word);
}
