import { compareAddresses, formatAddress, parseAddress, type IpAddress } from "./address.ts";
import { parsed, refused, type Parsed } from "./parsed.ts";
import type { Position } from "./position.ts";

/** An address with the length of its network part: `10.0.0.100/24`. Host bits are kept; see `networkOf`. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** 32 or 128. */
export function addressBits(address: IpAddress): number {
  return address.family === 4 ? 32 : 128;
}

/**
 * Reads `10.0.0.100/24`, `2001:db8::/64`, `10.0.0.0/255.255.255.0`; without a length it is that of one host,
 * or `bareLength` when given.
 * @returns the prefix, or TEXT_ADDRESS, TEXT_ADDRESS_ZEROS, TEXT_PREFIX
 */
export function parsePrefix(text: string, options: { bareLength?: number; at?: Position } = {}): Parsed<IpPrefix> {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash), options.at);
  if (!address.ok) return refused(address.problem.code, { text }, options.at);
  const bits = addressBits(address.value);
  if (slash < 0) return parsed({ address: address.value, length: Math.min(bits, options.bareLength ?? bits) });
  const word = text.slice(slash + 1).trim();
  const length = word.includes(".") ? lengthOfMask(word) : /^\d{1,3}$/.test(word) ? Number(word) : undefined;
  const wrongFamily = word.includes(".") && address.value.family === 6;
  if (length === undefined || length > bits || wrongFamily)
    return refused("TEXT_PREFIX", { text, most: bits }, options.at);
  return parsed({ address: address.value, length });
}

/** 255.255.255.0 → 24; undefined when the ones aren't all on the left. */
export function lengthOfMask(text: string): number | undefined {
  const mask = parseAddress(text);
  if (!mask.ok || mask.value.family !== 4) return undefined;
  const bits = [...mask.value.bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

export function formatPrefix(prefix: IpPrefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

function withHostBits(prefix: IpPrefix, one: boolean): IpAddress {
  const bytes = prefix.address.bytes.map((byte, index) => {
    const networkBits = Math.max(0, Math.min(8, prefix.length - index * 8));
    const hostMask = 0xff >> networkBits;
    return one ? byte | hostMask : byte & ~hostMask & 0xff;
  });
  return { ...prefix.address, bytes };
}

/** The prefix with its host bits cleared: 10.0.0.100/24 → 10.0.0.0/24. */
export function networkOf(prefix: IpPrefix): IpPrefix {
  return { address: withHostBits(prefix, false), length: prefix.length };
}

/** The last address; for IPv4 the broadcast address (a /31 or /32 has none: undefined, RFC 3021). */
export function broadcastOf(prefix: IpPrefix): IpAddress | undefined {
  if (prefix.address.family !== 4 || prefix.length >= 31) return undefined;
  return withHostBits(prefix, true);
}

/** Is the address inside the network of the prefix? */
export function contains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.address.family !== address.family) return false;
  const own = networkOf(prefix).address;
  const other = networkOf({ address, length: prefix.length }).address;
  return compareAddresses(own, other) === 0;
}
