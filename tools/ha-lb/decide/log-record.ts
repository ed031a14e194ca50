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
      return `<${number}>1 ${new Date(nowMs).toISOString()} ${hostName === "" ? "-" : hostName} ${tag} ${processId} - - `;
    case "priority":
      return `<${number}>${tag}[${processId}]: `;
    case "short":
      return `<${LEVELS.indexOf(level)}>`;
    case "timed":
      return `<${LEVELS.indexOf(level)}>${new Date(nowMs).toISOString()} `;
    case "iso":
      return `${new Date(nowMs).toISOString()} `;
    case "raw":
      return "";
  }
}
