import { formatAddress, parseAddress } from "./address.ts";
import { parsed, refused, type Parsed } from "./parsed.ts";
import type { Position } from "./position.ts";

/** A host (address in canonical form, or a name) and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/** Is it a host name by RFC 1123 (underscores allowed, as real DNS has them)? A text of digits and dots is not. */
export function isHostName(text: string): boolean {
  return NAME.test(text) && !/^[\d.]+$/.test(text);
}

/** 1 to 65535, or TEXT_PORT. */
export function parsePort(text: string, at?: Position): Parsed<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? parsed(port) : refused("TEXT_PORT", { text }, at);
}

/**
 * Reads `10.0.0.1:80`, `[2001:db8::1]:80`, `name:80`; without a port only when `defaultPort` is given.
 * An IPv6 address without brackets is taken as address alone.
 * @returns the endpoint, or TEXT_ENDPOINT, TEXT_PORT
 */
export function parseEndpoint(text: string, options: { defaultPort?: number; at?: Position } = {}): Parsed<Endpoint> {
  const bad = refused<Endpoint>("TEXT_ENDPOINT", { text }, options.at);
  const word = text.trim();
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(word);
  const colons = word.split(":").length - 1;
  let hostText = word;
  let portText: string | undefined;
  if (bracketed !== null) {
    hostText = bracketed[1] ?? "";
    portText = bracketed[2];
    if (!hostText.includes(":")) return bad;
  } else if (colons === 1) {
    hostText = word.slice(0, word.indexOf(":"));
    portText = word.slice(word.indexOf(":") + 1);
  }
  const address = parseAddress(hostText);
  if (!address.ok && !isHostName(hostText)) return bad;
  const host = address.ok ? formatAddress(address.value) : hostText;
  if (portText === undefined) {
    return options.defaultPort === undefined ? bad : parsed({ host, port: options.defaultPort });
  }
  const port = parsePort(portText, options.at);
  return port.ok ? parsed({ host, port: port.value }) : port;
}

export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(":") ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}
