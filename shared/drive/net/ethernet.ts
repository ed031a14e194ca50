/** Ethernet frames and ARP, RFC 826, RFC 5227, RFC 5944 (gratuitous ARP). Pure: bytes in, bytes out. */

export const ETHER_TYPE = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const;
export const MAC_BYTES = 6;
export const BROADCAST_MAC: Uint8Array = new Uint8Array([255, 255, 255, 255, 255, 255]);
const NO_MAC: Uint8Array = new Uint8Array(MAC_BYTES);
const ETHERNET_HEADER_BYTES = 14;
const ARP_BYTES = 28;

/** `02:00:5e:00:53:01`; empty for an interface without a hardware address. */
export function formatMac(mac: Uint8Array): string {
  return [...mac].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Six pairs of hexadecimal digits with `:` or `-` between; nothing for any other text. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  return new Uint8Array(text.split(/[:-]/).map((pair) => Number.parseInt(pair, 16)));
}

/** The hardware address that VRRP gives a virtual router, RFC 9568 section 7.3. */
export function virtualRouterMac(family: 4 | 6, virtualRouterId: number): Uint8Array {
  return new Uint8Array([0x00, 0x00, 0x5e, 0x00, family === 4 ? 0x01 : 0x02, virtualRouterId]);
}

/** Where IPv4 multicast goes on Ethernet, RFC 1112 section 6.4. */
export function multicastMac(group: Uint8Array): Uint8Array {
  if (group.byteLength === 16) return new Uint8Array([0x33, 0x33, ...group.subarray(12)]);
  return new Uint8Array([0x01, 0x00, 0x5e, (group[1] ?? 0) & 0x7f, group[2] ?? 0, group[3] ?? 0]);
}

export interface EthernetFrame {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly etherType: number;
  readonly payload: Uint8Array;
}

export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + frame.payload.byteLength);
  bytes.set(frame.destination, 0);
  bytes.set(frame.source, 6);
  bytes.set([frame.etherType >> 8, frame.etherType & 255], 12);
  bytes.set(frame.payload, ETHERNET_HEADER_BYTES);
  return bytes;
}

/** Nothing when it is shorter than a header. Views, not copies. */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame | undefined {
  if (bytes.byteLength < ETHERNET_HEADER_BYTES) return undefined;
  return {
    destination: bytes.subarray(0, 6),
    source: bytes.subarray(6, 12),
    etherType: ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0),
    payload: bytes.subarray(ETHERNET_HEADER_BYTES),
  };
}

const OPERATIONS = { request: 1, reply: 2 } as const;

/** ARP for IPv4 over Ethernet. Addresses have 4 bytes, hardware addresses 6. */
export interface ArpPacket {
  readonly operation: keyof typeof OPERATIONS;
  readonly senderMac: Uint8Array;
  readonly senderIp: Uint8Array;
  readonly targetMac: Uint8Array;
  readonly targetIp: Uint8Array;
}

export function encodeArp(arp: ArpPacket): Uint8Array {
  if (arp.senderIp.byteLength !== 4 || arp.targetIp.byteLength !== 4) throw new Error("ARP carries IPv4 addresses");
  if (arp.senderMac.byteLength !== 6 || arp.targetMac.byteLength !== 6)
    throw new Error("ARP carries Ethernet addresses");
  const bytes = new Uint8Array(ARP_BYTES);
  bytes.set([0, 1, 0x08, 0x00, MAC_BYTES, 4, 0, OPERATIONS[arp.operation]]);
  bytes.set(arp.senderMac, 8);
  bytes.set(arp.senderIp, 14);
  bytes.set(arp.targetMac, 18);
  bytes.set(arp.targetIp, 24);
  return bytes;
}

/** Nothing when it isn't ARP for IPv4 over Ethernet. Views, not copies. */
export function decodeArp(payload: Uint8Array): ArpPacket | undefined {
  const header = [0, 1, 0x08, 0x00, MAC_BYTES, 4, 0];
  if (payload.byteLength < ARP_BYTES || header.some((byte, index) => payload[index] !== byte)) return undefined;
  const operation = payload[7] === 1 ? "request" : payload[7] === 2 ? "reply" : undefined;
  if (operation === undefined) return undefined;
  return {
    operation,
    senderMac: payload.subarray(8, 14),
    senderIp: payload.subarray(14, 18),
    targetMac: payload.subarray(18, 24),
    targetIp: payload.subarray(24, 28),
  };
}

/**
 * Tells the whole segment that `ip` is at `mac` now. Some hosts update on requests only, some on
 * replies only: announce with both. In the reply the target is the broadcast address.
 */
export function encodeGratuitousArp(mac: Uint8Array, ip: Uint8Array, operation: ArpPacket["operation"]): Uint8Array {
  const targetMac = operation === "reply" ? BROADCAST_MAC : NO_MAC;
  const payload = encodeArp({ operation, senderMac: mac, senderIp: ip, targetMac, targetIp: ip });
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, etherType: ETHER_TYPE.ARP, payload });
}

/** Asks who has `ip` without claiming anything: the sender's address is 0.0.0.0, RFC 5227 section 2.1.1. */
export function encodeArpProbe(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  const payload = encodeArp({
    operation: "request",
    senderMac: mac,
    senderIp: new Uint8Array(4),
    targetMac: NO_MAC,
    targetIp: ip,
  });
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, etherType: ETHER_TYPE.ARP, payload });
}

/**
 * Whether an ARP packet shows another host using `ip`, or probing for it at the same time
 * (RFC 5227 section 2.1.1). Our own packets, which come back over a bridge loop, don't count.
 */
export function contradictsOwnership(arp: ArpPacket, ip: Uint8Array, ownMac: Uint8Array): boolean {
  const same = (left: Uint8Array, right: Uint8Array) => left.every((byte, index) => byte === right[index]);
  if (same(arp.senderMac, ownMac)) return false;
  if (same(arp.senderIp, ip)) return true;
  return arp.operation === "request" && same(arp.senderIp, NO_MAC.subarray(0, 4)) && same(arp.targetIp, ip);
}
