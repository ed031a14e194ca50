/** The frames that tell a segment where an address is now. Pure; send them with `PacketSocket`. */
import { encodeEthernet, encodeGratuitousArp, ETHER_TYPE, multicastMac } from "./ethernet.ts";
import { CONTROL_TRAFFIC_CLASS, IPV6_HEADER_BYTES } from "./ip-packet.ts";
import {
  ALL_NODES,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  ICMPV6,
  solicitedNode,
  withIcmpv6Checksum,
} from "./neighbour.ts";

const HOP_LIMIT = 255;

function ipv6Frame(mac: Uint8Array, source: Uint8Array, destination: Uint8Array, message: Uint8Array): Uint8Array {
  const payload = new Uint8Array(IPV6_HEADER_BYTES + message.byteLength);
  const view = new DataView(payload.buffer);
  view.setUint32(0, (6 << 28) | (CONTROL_TRAFFIC_CLASS << 20));
  view.setUint16(4, message.byteLength);
  view.setUint8(6, ICMPV6);
  view.setUint8(7, HOP_LIMIT);
  payload.set(source, 8);
  payload.set(destination, 24);
  payload.set(withIcmpv6Checksum(source, destination, message), IPV6_HEADER_BYTES);
  return encodeEthernet({ destination: multicastMac(destination), source: mac, etherType: ETHER_TYPE.IPV6, payload });
}

/**
 * An unsolicited neighbour advertisement to all nodes, from the announced address itself
 * (RFC 4861 section 7.2.6): neighbours replace the hardware address that they remember.
 */
export function encodeAdvertisementFrame(mac: Uint8Array, address: Uint8Array, router: boolean): Uint8Array {
  return ipv6Frame(mac, address, ALL_NODES, encodeNeighbourAdvertisement({ target: address, mac, router }));
}

/** Asks whether anybody has `address`, as duplicate address detection does (RFC 4862 section 5.4.2). */
export function encodeSolicitationFrame(mac: Uint8Array, address: Uint8Array): Uint8Array {
  return ipv6Frame(mac, new Uint8Array(16), solicitedNode(address), encodeNeighbourSolicitation(address));
}

/**
 * All frames that announce an address of 4 or 16 bytes at `mac` once: for IPv4 a gratuitous ARP request
 * and reply (hosts differ in which one they believe), for IPv6 an advertisement.
 */
export function encodeAnnouncement(mac: Uint8Array, address: Uint8Array, router = false): readonly Uint8Array[] {
  if (address.byteLength === 16) return [encodeAdvertisementFrame(mac, address, router)];
  return [encodeGratuitousArp(mac, address, "request"), encodeGratuitousArp(mac, address, "reply")];
}
