import type { Position } from "../../../shared/text/position.ts";
import type { SocketAddress } from "./address.ts";
import type { LogLevel } from "./rule.ts";

export type Facility =
  | "kern"
  | "user"
  | "mail"
  | "daemon"
  | "auth"
  | "syslog"
  | "lpr"
  | "news"
  | "uucp"
  | "cron"
  | "auth2"
  | "ftp"
  | "ntp"
  | "audit"
  | "alert"
  | "cron2"
  | "local0"
  | "local1"
  | "local2"
  | "local3"
  | "local4"
  | "local5"
  | "local6"
  | "local7";

export const FACILITIES: readonly Facility[] = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "auth2",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "cron2",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
];

export type LogTransport =
  | { readonly kind: "udp"; readonly address: SocketAddress }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "stdout" | "stderr" }
  | { readonly kind: "descriptor"; readonly descriptor: number }
  | { readonly kind: "ring"; readonly name: string };

/** One `log` line. `log global` is already replaced by copies of the global ones. */
export interface LogTarget {
  readonly transport: LogTransport;
  readonly format: "rfc3164" | "rfc5424" | "local" | "priority" | "short" | "timed" | "iso" | "raw";
  readonly maxLengthBytes: number;
  readonly facility: Facility;
  /** The least severe level sent. */
  readonly level?: LogLevel;
  /** More severe levels are lowered to this one. */
  readonly minLevel?: LogLevel;
  /** `sample RANGES:SIZE`: one of every `size` lines falls in `ranges`. */
  readonly sample?: { readonly ranges: readonly (readonly [number, number])[]; readonly size: number };
  readonly at: Position;
}
