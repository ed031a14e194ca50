/** Neighbour discovery for IPv6, RFC 4861: the messages with which an address is announced or probed. Pure. */
import { internetChecksum, pseudoHeader } from "./checksum.ts";

export const ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
const FLAG_ROUTER = 0x80;
const FLAG_SOLICITED = 0x40;
const FLAG_OVERRIDE = 0x20;
const MESSAGE_BYTES = 24;

/** ff02::1, all nodes of a link. */
export const ALL_NODES: Uint8Array = new Uint8Array([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/** ff02::1:ffXX:XXXX, where a node with that address listens, RFC 4291 section 2.7.1. */
export function solicitedNode(address: Uint8Array): Uint8Array {
  const group = new Uint8Array([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0]);
  group.set(address.subarray(13), 13);
  return group;
}

export interface NeighbourAdvertisement {
  /** The address announced, 16 bytes. */
  readonly target: Uint8Array;
  readonly mac: Uint8Array;
  readonly router: boolean;
}

/**
 * An unsolicited advertisement that overrides what neighbours remember (RFC 4861 section 7.2.6), as an
 * ICMPv6 message with checksum 0: a raw ICMPv6 socket makes the kernel fill it in (RFC 3542 section 3.1).
 */
export function encodeNeighbourAdvertisement(advertisement: NeighbourAdvertisement): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES + 8);
  bytes[0] = NEIGHBOUR_ADVERTISEMENT;
  bytes[4] = FLAG_OVERRIDE | (advertisement.router ? FLAG_ROUTER : 0);
  bytes.set(advertisement.target, 8);
  bytes.set([TARGET_LINK_ADDRESS, 1], MESSAGE_BYTES);
  bytes.set(advertisement.mac, MESSAGE_BYTES + 2);
  return bytes;
}

/** Asks who has `target`, to its solicited-node group; from `::` it carries no hardware address (RFC 4862 section 5.4.2). */
export function encodeNeighbourSolicitation(target: Uint8Array, mac?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES + (mac === undefined ? 0 : 8));
  bytes[0] = NEIGHBOUR_SOLICITATION;
  bytes.set(target, 8);
  if (mac !== undefined) {
    bytes.set([SOURCE_LINK_ADDRESS, 1], MESSAGE_BYTES);
    bytes.set(mac, MESSAGE_BYTES + 2);
  }
  return bytes;
}

export interface NeighbourMessage {
  readonly kind: "solicitation" | "advertisement";
  readonly target: Uint8Array;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly router: boolean;
  /** The hardware address in its options, when there is one. */
  readonly mac?: Uint8Array;
}

/** Reads an ICMPv6 message; nothing for other types and for broken ones. Views, not copies. */
export function decodeNeighbour(bytes: Uint8Array): NeighbourMessage | undefined {
  if (bytes.byteLength < MESSAGE_BYTES) return undefined;
  const kind =
    bytes[0] === NEIGHBOUR_SOLICITATION
      ? "solicitation"
      : bytes[0] === NEIGHBOUR_ADVERTISEMENT
        ? "advertisement"
        : undefined;
  if (kind === undefined || bytes[1] !== 0) return undefined;
  const wanted = kind === "solicitation" ? SOURCE_LINK_ADDRESS : TARGET_LINK_ADDRESS;
  let mac: Uint8Array | undefined;
  for (let at = MESSAGE_BYTES; at + 8 <= bytes.byteLength;) {
    const length = (bytes[at + 1] ?? 0) * 8;
    // A length of 0 would never end; RFC 4861 section 4.6 says to drop the packet.
    if (length === 0 || at + length > bytes.byteLength) return undefined;
    if (bytes[at] === wanted) mac = bytes.subarray(at + 2, at + 8);
    at += length;
  }
  const flags = kind === "advertisement" ? (bytes[4] ?? 0) : 0;
  return {
    kind,
    target: bytes.subarray(8, 24),
    solicited: (flags & FLAG_SOLICITED) !== 0,
    override: (flags & FLAG_OVERRIDE) !== 0,
    router: (flags & FLAG_ROUTER) !== 0,
    ...(mac === undefined ? {} : { mac }),
  };
}

/** The message with its checksum filled in, for sockets where the kernel doesn't (AF_PACKET). */
export function withIcmpv6Checksum(source: Uint8Array, destination: Uint8Array, message: Uint8Array): Uint8Array {
  const filled = message.slice();
  filled.set([0, 0], 2);
  const sum = internetChecksum(pseudoHeader(source, destination, ICMPV6, filled.byteLength), filled);
  filled.set([sum >> 8, sum & 255], 2);
  return filled;
}
