/**
 * VRRP adverts to bytes and back: version 2 (RFC 3768, with the PASS authentication of RFC 2338) and
 * version 3 (RFC 9568), for IPv4 and IPv6. Bytes come from the network: nothing in them is believed.
 */
import type { IpAddress } from "../../../shared/text/address.ts";
import { type Advert, MAX_ADVERT_ADDRESSES, type PacketFault, VRRP_PROTOCOL, VRRP_TTL } from "../model/packet.ts";
import { looksLikeCarp } from "./carp/carp-shape.ts";
import { internetChecksum, pseudoHeader } from "../../../shared/drive/net/checksum.ts";

const TYPE_ADVERTISEMENT = 1;
const HEADER_BYTES = 8;
const AUTHENTICATION_BYTES = 8;
const AUTHENTICATION_NONE = 0;
const AUTHENTICATION_PASSWORD = 1;
const CHECKSUM_AT = 6;
/** Version 3 counts centiseconds in 12 bits. */
const MAX_CENTISECONDS = 0xfff;

/** Where a datagram came from and how it arrived. */
export interface Arrival {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** TTL or hop limit as received. */
  readonly ttl: number;
}

export type Decoded =
  | { readonly ok: true; readonly advert: Advert }
  | { readonly ok: false; readonly fault: PacketFault; readonly detail: string };

/** The password as it goes on the wire: eight bytes, cut or filled with zeros. */
function passwordBytes(password: string): Uint8Array {
  const bytes = new Uint8Array(AUTHENTICATION_BYTES);
  bytes.set(new TextEncoder().encode(password).subarray(0, AUTHENTICATION_BYTES));
  return bytes;
}

/**
 * Bytes of an advert, ready to send from `source` to `destination`.
 * For IPv6 the kernel fills the same checksum in again (IPV6_CHECKSUM); it is right here already.
 */
export function encodeAdvert(advert: Advert, source: IpAddress, destination: IpAddress): Uint8Array {
  const { addresses, version } = advert;
  if (addresses.length > MAX_ADVERT_ADDRESSES) throw new Error(`an advert can't name ${addresses.length} addresses`);
  const step = source.family === 4 ? 4 : 16;
  const tail = version === 2 ? AUTHENTICATION_BYTES : 0;
  const bytes = new Uint8Array(HEADER_BYTES + step * addresses.length + tail);
  bytes[0] = (version << 4) | TYPE_ADVERTISEMENT;
  bytes[1] = advert.vrid;
  bytes[2] = advert.priority;
  bytes[3] = addresses.length;
  if (version === 2) {
    bytes[4] = advert.password === undefined ? AUTHENTICATION_NONE : AUTHENTICATION_PASSWORD;
    bytes[5] = Math.max(1, Math.round(advert.intervalMs / 1000));
    if (advert.password !== undefined) bytes.set(passwordBytes(advert.password), bytes.length - tail);
  } else {
    const centiseconds = Math.min(MAX_CENTISECONDS, Math.max(1, Math.round(advert.intervalMs / 10)));
    bytes[4] = centiseconds >> 8;
    bytes[5] = centiseconds & 0xff;
  }
  for (const [index, address] of addresses.entries()) {
    if (address.family !== source.family) throw new Error("an advert's addresses are of one family");
    bytes.set(address.bytes, HEADER_BYTES + index * step);
  }
  const pseudo = pseudoHeader(source.bytes, destination.bytes, VRRP_PROTOCOL, bytes.length);
  const checksum = version === 2 ? internetChecksum(bytes) : internetChecksum(pseudo, bytes);
  bytes[CHECKSUM_AT] = checksum >> 8;
  bytes[CHECKSUM_AT + 1] = checksum & 0xff;
  return bytes;
}

function refuse(fault: PacketFault, detail: string): Decoded {
  return { ok: false, fault, detail };
}

/** Version 3 over IPv4: some senders leave the pseudo-header out of the checksum; RFC 5798 was unclear there. */
function checksumHolds(bytes: Uint8Array, version: 2 | 3, arrival: Arrival): boolean {
  const plain = internetChecksum(bytes) === 0;
  if (version === 2) return plain;
  const { source, destination } = arrival;
  const pseudo = pseudoHeader(source.bytes, destination.bytes, VRRP_PROTOCOL, bytes.length);
  return internetChecksum(pseudo, bytes) === 0 || (source.family === 4 && plain);
}

function readAddresses(bytes: Uint8Array, count: number, family: 4 | 6): IpAddress[] {
  const step = family === 4 ? 4 : 16;
  return Array.from({ length: count }, (_, index) => {
    const start = HEADER_BYTES + index * step;
    return { family, bytes: bytes.slice(start, start + step) };
  });
}

function readPassword(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Reads the VRRP part of a datagram (without the IP header). Never throws, whatever the bytes are. */
export function decodeAdvert(bytes: Uint8Array, arrival: Arrival): Decoded {
  if (arrival.ttl !== VRRP_TTL) return refuse("ttl", `TTL ${arrival.ttl}, not ${VRRP_TTL}`);
  if (looksLikeCarp(bytes)) return refuse("carp", "CARP, another protocol with the same number");
  if (bytes.length < HEADER_BYTES) return refuse("short", `${bytes.length} bytes`);
  const version = (bytes[0] ?? 0) >> 4;
  if (version !== 2 && version !== 3) return refuse("version", `version ${version}`);
  if (((bytes[0] ?? 0) & 0xf) !== TYPE_ADVERTISEMENT) return refuse("type", `type ${(bytes[0] ?? 0) & 0xf}`);
  const family = arrival.source.family;
  if (version === 2 && family === 6) return refuse("version", "version 2 over IPv6");
  const vrid = bytes[1] ?? 0;
  if (vrid === 0) return refuse("vrid", "virtual router 0");
  const count = bytes[3] ?? 0;
  const length = HEADER_BYTES + count * (family === 4 ? 4 : 16) + (version === 2 ? AUTHENTICATION_BYTES : 0);
  if (bytes.length !== length) return refuse("count", `${count} addresses in ${bytes.length} bytes`);
  if (!checksumHolds(bytes, version, arrival)) return refuse("checksum", "wrong checksum");
  const base = { vrid, priority: bytes[2] ?? 0, addresses: readAddresses(bytes, count, family) };
  if (version === 3) {
    const centiseconds = (((bytes[4] ?? 0) & 0xf) << 8) | (bytes[5] ?? 0);
    if (centiseconds === 0) return refuse("interval", "interval 0");
    return { ok: true, advert: { version, ...base, intervalMs: centiseconds * 10 } };
  }
  const seconds = bytes[5] ?? 0;
  if (seconds === 0) return refuse("interval", "interval 0");
  const kind = bytes[4] ?? 0;
  if (kind === AUTHENTICATION_NONE) return { ok: true, advert: { version, ...base, intervalMs: seconds * 1000 } };
  if (kind !== AUTHENTICATION_PASSWORD) return refuse("authentication", `authentication type ${kind}`);
  const password = readPassword(bytes.subarray(length - AUTHENTICATION_BYTES));
  return { ok: true, advert: { version, ...base, intervalMs: seconds * 1000, password } };
}
