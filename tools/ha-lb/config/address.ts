import type { SocketAddress } from "../model/address.ts";
import { parseIpv4, parseIpv6 } from "../model/ip.ts";

export interface ParsedAddress {
  readonly address: SocketAddress;
  /** What stood after the last colon: `+10`, `-10`, `80-90`, `80`, or empty. */
  readonly portText: string;
}

/** A port range wider than this would open too many sockets. */
export const PORTS_MAX = 65535;

/**
 * Reads one address of chapter 11: `1.2.3.4:80`, `:80`, `*:80`, `[::1]:80`, `ipv6@…`, `unix@/path`, `/path`,
 * `abns@name`, `fd@3`, `sockpair@3`, `udp@…`, `name:80`.
 * @returns the address, or a sentence that says what is wrong
 */
export function parseSocketAddress(text: string): ParsedAddress | string {
  const prefix =
    /^(?:(stream|dgram)\+)?(ipv4|ipv6|unix|abns|fd|sockpair|udp|udp4|udp6|tcp|tcp4|tcp6|quic4|quic6|uxst|uxdg|ipv4|rhttp)@/.exec(
      text,
    );
  const family = prefix?.[2] ?? "";
  const rest = text.slice(prefix?.[0].length ?? 0);
  if (family.startsWith("quic")) return "QUIC is not supported";
  if (family === "fd" || family === "sockpair") {
    if (!/^\d{1,6}$/.test(rest)) return `file descriptor '${rest}' is not a number`;
    return { address: { kind: "descriptor", descriptor: Number(rest), pair: family === "sockpair" }, portText: "" };
  }
  if (family === "abns") return { address: { kind: "unix", path: rest, abstract: true }, portText: "" };
  if (family === "unix" || family.startsWith("ux") || (family === "" && text.startsWith("/"))) return unixAddress(rest);
  return parseInet(rest, family.endsWith("4") ? 4 : family.endsWith("6") ? 6 : undefined);
}

/** The kernel's limit of a socket's path. */
const UNIX_PATH_MAX = 107;

function unixAddress(path: string): ParsedAddress | string {
  if (path === "") return "a path is missing";
  if (path.length > UNIX_PATH_MAX) return `socket path longer than ${UNIX_PATH_MAX} characters`;
  return { address: { kind: "unix", path, abstract: false }, portText: "" };
}

function parseInet(text: string, wanted: 4 | 6 | undefined): ParsedAddress | string {
  const { host, portText } = splitPort(text);
  const ports = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(portText);
  const port = ports === null ? 0 : Number(ports[1]);
  const portEnd = ports?.[2] === undefined ? port : Number(ports[2]);
  if (portText !== "" && ports === null && !/^[+-]\d{1,5}$/.test(portText)) return `invalid port '${portText}'`;
  if (port > PORTS_MAX || portEnd > PORTS_MAX) return `port '${portText}' is above 65535`;
  if (portEnd < port) return `port range '${portText}' is upside down`;
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (bare === "" || bare === "*") {
    const any: 4 | 6 = wanted ?? 4;
    return { address: { kind: "ip", host: any === 4 ? "0.0.0.0" : "::", family: any, port, portEnd }, portText };
  }
  const ip = parseIpv4(bare) ?? parseIpv6(bare.replace(/%.*$/, ""));
  if (ip !== undefined) {
    if (wanted !== undefined && ip.family !== wanted) return `'${bare}' is not an IPv${wanted} address`;
    return { address: { kind: "ip", host: bare, family: ip.family, port, portEnd }, portText };
  }
  if (!/^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$/.test(bare)) return `invalid address '${bare}'`;
  if (/^[\d.]+$/.test(bare)) return `invalid IPv4 address '${bare}'`;
  const family = wanted === undefined ? {} : { family: wanted };
  return { address: { kind: "name", host: bare, port, ...family }, portText };
}

/** The last colon separates the port, as the reference has it: `::1:80` is `::1` port 80. */
function splitPort(text: string): { readonly host: string; readonly portText: string } {
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    const after = text.slice(close + 1);
    return { host: text.slice(0, close + 1), portText: after.startsWith(":") ? after.slice(1) : after };
  }
  const colon = text.lastIndexOf(":");
  if (colon < 0) return { host: text, portText: "" };
  return { host: text.slice(0, colon), portText: text.slice(colon + 1) };
}

/** Datagram sockets can't listen for, or lead to, streams. */
export function datagramProblem(text: string): string | undefined {
  return /^(dgram\+|udp[46]?@|uxdg@)/.test(text) ? "a datagram address is not acceptable here" : undefined;
}
