/** IPv4 and IPv6 headers, RFC 791 and RFC 8200. Pure. */
import { internetChecksum } from "./checksum.ts";

export const IPV4_HEADER_BYTES = 20;
export const IPV6_HEADER_BYTES = 40;
/** Internetwork control, what routing protocols mark their packets with (RFC 791, RFC 2474 class selector 6). */
export const CONTROL_TRAFFIC_CLASS = 0xc0;

export interface Ipv4Header {
  /** 4 bytes; all zero lets the kernel choose. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly timeToLive: number;
  readonly trafficClass?: number;
}

/** A packet for a socket with IP_HDRINCL (raw(7)): the kernel fills in a zero identification and the checksum again. */
export function encodeIpv4(header: Ipv4Header, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_BYTES + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, header.trafficClass ?? CONTROL_TRAFFIC_CLASS);
  view.setUint16(2, bytes.byteLength);
  view.setUint8(8, header.timeToLive);
  view.setUint8(9, header.protocol);
  bytes.set(header.source, 12);
  bytes.set(header.destination, 16);
  view.setUint16(10, internetChecksum(bytes.subarray(0, IPV4_HEADER_BYTES)));
  bytes.set(payload, IPV4_HEADER_BYTES);
  return bytes;
}

export interface Ipv4Packet extends Ipv4Header {
  readonly trafficClass: number;
  readonly payload: Uint8Array;
}

/**
 * Reads a packet as a raw socket gives it. Nothing when the header is cut or its lengths contradict the
 * bytes. The payload ends where the header says, so that Ethernet padding isn't part of it. Views, not copies.
 */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet | undefined {
  const headerBytes = ((bytes[0] ?? 0) & 15) * 4;
  if ((bytes[0] ?? 0) >> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES || bytes.byteLength < headerBytes) return undefined;
  const total = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (total < headerBytes || total > bytes.byteLength) return undefined;
  return {
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    protocol: bytes[9] ?? 0,
    timeToLive: bytes[8] ?? 0,
    trafficClass: bytes[1] ?? 0,
    payload: bytes.subarray(headerBytes, total),
  };
}
