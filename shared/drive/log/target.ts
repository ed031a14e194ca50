import { hint } from "../../text/did-you-mean.ts";
import { formatEndpoint, parseEndpoint, type Endpoint } from "../../text/endpoint.ts";
import { parseAddress } from "../../text/address.ts";
import { descriptorSink } from "./descriptor-sink.ts";
import type { LogOutlet } from "./logger.ts";
import { FACILITIES, isFacility, type Facility, type LogSeverity } from "./record.ts";
import { LOCAL_SYSLOG, localSyslogSink, udpSyslogSink } from "./syslog-sink.ts";

/** Where a log goes, as an operator writes it. */
export type LogTarget =
  | { readonly kind: "stderr"; readonly format: "text" | "json" | "journal" }
  | { readonly kind: "syslog"; readonly path: string; readonly facility: Facility }
  | {
      readonly kind: "udp";
      readonly endpoint: Endpoint;
      readonly format: "rfc5424" | "rfc3164";
      readonly facility: Facility;
    };

const SYSLOG_PORT = 514;
const WORDS = ["stderr", "json", "journal", "syslog", "udp://ADDRESS:PORT"] as const;

/**
 * Reads `stderr`, `json`, `journal`, `syslog`, `syslog:/path`, `udp://10.0.0.9:514`, `udp+rfc3164://…`; a facility
 * may follow syslog and udp as `?local3`.
 * @returns the target, or a hint of what is allowed
 */
export function parseLogTarget(
  text: string,
): { readonly ok: true; readonly target: LogTarget } | { readonly ok: false; readonly hint: string } {
  const bad = { ok: false, hint: hint(text, WORDS) } as const;
  const [head = "", facilityWord] = text.split("?");
  const facility = facilityWord ?? "daemon";
  if (!isFacility(facility)) return { ok: false, hint: hint(facility, Object.keys(FACILITIES)) };
  if (head === "stderr") return { ok: true, target: { kind: "stderr", format: "text" } };
  if (head === "json" || head === "journal") return { ok: true, target: { kind: "stderr", format: head } };
  if (head === "syslog") return { ok: true, target: { kind: "syslog", path: LOCAL_SYSLOG, facility } };
  const path = /^syslog:(\/.+)$/.exec(head)?.[1];
  if (path !== undefined) return { ok: true, target: { kind: "syslog", path, facility } };
  const udp = /^udp(\+rfc3164|\+rfc5424)?:\/\/(.+)$/.exec(head);
  if (udp === null) return bad;
  const endpoint = parseEndpoint(udp[2] ?? "", { defaultPort: SYSLOG_PORT });
  if (!endpoint.ok || !parseAddress(endpoint.value.host).ok) return bad;
  const format = udp[1] === "+rfc3164" ? "rfc3164" : "rfc5424";
  return { ok: true, target: { kind: "udp", endpoint: endpoint.value, format, facility } };
}

/** The words of a target. */
export function showLogTarget(target: LogTarget): string {
  switch (target.kind) {
    case "stderr":
      return target.format === "text" ? "stderr" : target.format;
    case "syslog":
      return target.path === LOCAL_SYSLOG ? "syslog" : `syslog:${target.path}`;
    case "udp":
      return `udp${target.format === "rfc3164" ? "+rfc3164" : ""}://${formatEndpoint(target.endpoint)}`;
    default:
      return target satisfies never;
  }
}

/** Stderr as the environment suggests: with levels for the journal when systemd collects it, as text otherwise. */
export function defaultLogTarget(env: Readonly<Record<string, string | undefined>>): LogTarget {
  return { kind: "stderr", format: (env["JOURNAL_STREAM"] ?? "") === "" ? "text" : "journal" };
}

/** Opens a target. Throws when no socket can be had. */
export function openLogTarget(target: LogTarget, least: LogSeverity = "info"): LogOutlet {
  switch (target.kind) {
    case "stderr":
      return { sink: descriptorSink(2), format: target.format, least };
    case "syslog":
      return { sink: localSyslogSink(target.path), format: "local", least, facility: target.facility };
    case "udp":
      return { sink: udpSyslogSink(target.endpoint), format: target.format, least, facility: target.facility };
    default:
      return target satisfies never;
  }
}
