import type { ReasonData } from "../../reason/catalogue.ts";
import { visible } from "../../text/width.ts";
import { FACILITIES, syslogSeverity, type Facility, type LogOrigin, type LogRecord } from "./record.ts";

/** How a record becomes text. All are one line without a line end. */
export type LogFormat = "text" | "json" | "journal" | "rfc5424" | "rfc3164" | "local";

/** Longest line in UTF-16 code units; the rest is cut. RFC 5424 asks receivers to take 2048 bytes. */
export const LONGEST_LINE = 8000;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

export interface FormatOptions {
  readonly origin: LogOrigin;
  readonly facility?: Facility;
}

/** ` name=value "with blanks"=…` for people and for formats without structure. */
function fieldText(fields: ReasonData | undefined): string {
  const parts = Object.entries(fields ?? {}).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return `${name}=${/[\s"=]/.test(text) || text === "" ? JSON.stringify(text) : text}`;
  });
  return parts.length === 0 ? "" : ` ${parts.join(" ")}`;
}

/** A record made from outside text must stay one line and must not steer a terminal. */
function oneLine(text: string): string {
  return visible(text.replaceAll("\t", " ").replace(/\r?\n/g, " "));
}

function cut(text: string): string {
  return text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE - 1)}…`;
}

function priority(record: LogRecord, facility: Facility = "daemon"): string {
  return `<${FACILITIES[facility] * 8 + syslogSeverity(record.severity)}>`;
}

/** `Nov  6 07:15:01` in local time, RFC 3164 section 4.1.2. */
function stamp3164(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getDate()).padStart(2, " ");
  return `${MONTHS[date.getMonth()]} ${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A header field of RFC 5424: printable ASCII without blanks, of limited length, `-` when empty. */
function header(text: string, longest: number): string {
  const clean = text.replace(/[^\u0021-\u007e]/g, "_").slice(0, longest);
  return clean === "" ? "-" : clean;
}

/** RFC 5424 section 6.3: `"`, `\` and `]` are escaped in values; names are limited ASCII. */
function structuredData(record: LogRecord): string {
  const fields = Object.entries(record.fields ?? {});
  if (fields.length === 0) return "-";
  const parts = fields.map(([name, value]) => {
    const text = oneLine(Array.isArray(value) ? value.join(",") : String(value)).replace(/["\\\]]/g, "\\$&");
    return `${name.replace(/[^\u0021-\u007e]|[="\]]/g, "_").slice(0, 32)}="${text}"`;
  });
  // 32473 is the enterprise number that RFC 5612 sets aside for examples and documents.
  return `[data@32473 ${parts.join(" ")}]`;
}

function rfc5424(record: LogRecord, { origin, facility }: FormatOptions): string {
  const time = new Date(record.atMs).toISOString();
  const fields = [
    time,
    header(origin.host, 255),
    header(origin.tool, 48),
    String(origin.pid),
    header(record.code ?? "", 32),
  ];
  return `${priority(record, facility)}1 ${fields.join(" ")} ${structuredData(record)} \ufeff${oneLine(record.message)}`;
}

/** Gives a record its form. */
export function formatRecord(record: LogRecord, format: LogFormat, options: FormatOptions): string {
  const { origin, facility } = options;
  const code = record.code === undefined ? "" : ` [${record.code}]`;
  const body = oneLine(`${record.message}${code}${fieldText(record.fields)}`);
  switch (format) {
    case "text":
      return cut(`${new Date(record.atMs).toISOString()} ${origin.tool}[${origin.pid}] ${record.severity}: ${body}`);
    case "json":
      return JSON.stringify({
        schema: 1,
        time: new Date(record.atMs).toISOString(),
        severity: record.severity,
        tool: origin.tool,
        host: origin.host,
        pid: origin.pid,
        ...(record.code === undefined ? {} : { code: record.code }),
        message: record.message.slice(0, LONGEST_LINE),
        ...(record.fields === undefined ? {} : { data: record.fields }),
      });
    case "journal":
      // sd-daemon(3): the level in front; the journal adds time, host and process itself.
      return cut(`<${syslogSeverity(record.severity)}>${body}`);
    case "rfc5424":
      return cut(rfc5424(record, options));
    case "rfc3164":
      return cut(
        `${priority(record, facility)}${stamp3164(record.atMs)} ${header(origin.host, 255)} ${origin.tool}[${origin.pid}]: ${body}`,
      );
    case "local":
      // What syslog(3) writes to /dev/log: the receiver knows the host.
      return cut(`${priority(record, facility)}${stamp3164(record.atMs)} ${origin.tool}[${origin.pid}]: ${body}`);
    default:
      return format satisfies never;
  }
}
