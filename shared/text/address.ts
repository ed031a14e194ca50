import { parsed, refused, type Parsed } from "./parsed.ts";
import type { Position } from "./position.ts";

/** An IP address as it goes on the wire: 4 or 16 bytes in network order. Never change `bytes`. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  /** Interface of a link-local address (`fe80::1%eth0`), RFC 4007 section 11. */
  readonly zone?: string;
}

/** Reads an IPv4 or IPv6 address. TEXT_ADDRESS, or TEXT_ADDRESS_ZEROS for `010.0.0.1`. */
export function parseAddress(text: string, at?: Position): Parsed<IpAddress> {
  const word = text.trim();
  if (/^[\d.]+$/.test(word)) {
    const bytes = parseV4(word);
    if (bytes !== undefined) return parsed({ family: 4, bytes });
    return refused(/(^|\.)0\d/.test(word) ? "TEXT_ADDRESS_ZEROS" : "TEXT_ADDRESS", { text }, at);
  }
  const percent = word.indexOf("%");
  const bytes = parseV6(percent < 0 ? word : word.slice(0, percent));
  const zone = percent < 0 ? undefined : word.slice(percent + 1);
  if (bytes === undefined || zone === "" || (zone !== undefined && !/^[\w.@:-]{1,15}$/.test(zone))) {
    return refused("TEXT_ADDRESS", { text }, at);
  }
  return parsed(zone === undefined ? { family: 6, bytes } : { family: 6, bytes, zone });
}

function parseV4(word: string): Uint8Array | undefined {
  const parts = word.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[index] = Number(part);
  }
  return bytes;
}

/** RFC 4291 section 2.2: groups of hexadecimal digits, one `::`, an IPv4 tail allowed. */
function parseV6(word: string): Uint8Array | undefined {
  const halves = word.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const count = head.length + tail.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const groups = [...head, ...Array.from({ length: 8 - count }, () => 0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  }
  return bytes;
}

function groupsOf(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (mayEndInV4 && index === parts.length - 1 && part.includes(".")) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(((v4[0] ?? 0) << 8) | (v4[1] ?? 0), ((v4[2] ?? 0) << 8) | (v4[3] ?? 0));
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The canonical text: dotted for IPv4; RFC 5952 for IPv6 (lower case, longest run of zeros, v4-mapped dotted). */
export function formatAddress(address: IpAddress): string {
  if (address.family === 4) return address.bytes.join(".");
  const zone = address.zone === undefined ? "" : `%${address.zone}`;
  const groups = Array.from({ length: 8 }, (_, index) => {
    return ((address.bytes[index * 2] ?? 0) << 8) | (address.bytes[index * 2 + 1] ?? 0);
  });
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) return `::ffff:${address.bytes.subarray(12).join(".")}${zone}`;
  const run = longestZeroRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (run.length < 2) return hex(groups) + zone;
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}${zone}`;
}

/** RFC 5952 section 4.2.3: the longest run, the first of equals. */
function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (index < groups.length && groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

/** IPv4 before IPv6, then by number, as VRRP breaks ties (RFC 9568 section 6.4.3). The zone doesn't count. */
export function compareAddresses(left: IpAddress, right: IpAddress): number {
  if (left.family !== right.family) return left.family - right.family;
  for (const [index, byte] of left.bytes.entries()) {
    const other = right.bytes[index] ?? 0;
    if (byte !== other) return byte - other;
  }
  return 0;
}

export function sameAddress(left: IpAddress, right: IpAddress): boolean {
  return compareAddresses(left, right) === 0 && left.zone === right.zone;
}

/** 224.0.0.0/4, ff00::/8 */
export function isMulticast(address: IpAddress): boolean {
  const first = address.bytes[0] ?? 0;
  return address.family === 4 ? first >= 224 && first <= 239 : first === 0xff;
}

/** 169.254.0.0/16, fe80::/10 */
export function isLinkLocal(address: IpAddress): boolean {
  const [first = 0, second = 0] = address.bytes;
  return address.family === 4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80;
}

/** 127.0.0.0/8, ::1 */
export function isLoopback(address: IpAddress): boolean {
  if (address.family === 4) return address.bytes[0] === 127;
  return address.bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

/** 0.0.0.0, :: */
export function isUnspecified(address: IpAddress): boolean {
  return address.bytes.every((byte) => byte === 0);
}
