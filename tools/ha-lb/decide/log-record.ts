/** A log line as a syslog message, in the formats of the `log` line. Pure. */
import { FACILITIES, type LogTarget } from "../model/log-target.ts";
import type { LogLevel } from "../model/rule.ts";

const LEVELS: readonly LogLevel[] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export interface RecordFacts {
  readonly tag: string;
  readonly hostName: string;
  readonly processId: number;
  readonly nowMs: number;
}

/** Is a line of this level sent to the target? */
export function wantsLevel(target: LogTarget, level: LogLevel): boolean {
  return level !== "silent" && LEVELS.indexOf(level) <= LEVELS.indexOf(target.level ?? "debug");
}

function priority(target: LogTarget, level: LogLevel): number {
  const least = target.minLevel === undefined ? 0 : LEVELS.indexOf(target.minLevel);
  return FACILITIES.indexOf(target.facility) * 8 + Math.max(LEVELS.indexOf(level), least);
}

/** `Nov 21 08:40:19`, local time, RFC 3164 section 4.1.2. */
function stamp(nowMs: number): string {
  const date = new Date(nowMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getDate()).padStart(2, " ");
  return `${MONTHS[date.getMonth()] ?? ""} ${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2026-11-21T08:40:19.123000+01:00`: local time with microseconds, RFC 5424 section 6.2.3. */
function isoStamp(nowMs: number): string {
  const offsetMinutes = -new Date(nowMs).getTimezoneOffset();
  const local = new Date(nowMs + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const offset = Math.abs(offsetMinutes);
  return `${local}000${offsetMinutes < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}

/** The message, cut to the target's length, without a line end. */
export function formatRecord(target: LogTarget, level: LogLevel, line: string, facts: RecordFacts): string {
  return head(target, level, facts)
    .concat(line)
    .slice(0, target.maxLengthBytes - 1);
}

function head(target: LogTarget, level: LogLevel, facts: RecordFacts): string {
  const number = priority(target, level);
  const { tag, hostName, processId, nowMs } = facts;
  switch (target.format) {
    case "rfc3164":
      return `<${number}>${stamp(nowMs)} ${hostName === "" ? "" : `${hostName} `}${tag}[${processId}]: `;
    case "local":
      return `<${number}>${stamp(nowMs)} ${tag}[${processId}]: `;
    case "rfc5424":
      return `<${number}>1 ${isoStamp(nowMs)} ${hostName === "" ? "-" : hostName} ${tag} ${processId} - - `;
    case "priority":
      return `<${number}>`;
    case "short":
      return `<${LEVELS.indexOf(level)}>`;
    case "timed":
      return `<${LEVELS.indexOf(level)}>${isoStamp(nowMs)} `;
    case "iso":
      return `${isoStamp(nowMs)} `;
    case "raw":
      return "";
  }
}
