/** Socket options of level IP and IPV6, ip(7) and ipv6(7), and the structures that some of them take. */
import { Memory } from "../ffi/memory.ts";
import { LEVEL, setOption, setOptionBytes } from "../ffi/socket.ts";

export const IP_OPTION = {
  TRAFFIC_CLASS: 1,
  TIME_TO_LIVE: 2,
  HEADER_INCLUDED: 3,
  PACKET_INFORMATION: 8,
  RECEIVE_TIME_TO_LIVE: 12,
  FREE_BIND: 15,
  MULTICAST_INTERFACE: 32,
  MULTICAST_TIME_TO_LIVE: 33,
  MULTICAST_LOOP: 34,
  JOIN: 35,
  LEAVE: 36,
} as const;

export const IPV6_OPTION = {
  CHECKSUM: 7,
  UNICAST_HOPS: 16,
  MULTICAST_INTERFACE: 17,
  MULTICAST_HOPS: 18,
  MULTICAST_LOOP: 19,
  JOIN: 20,
  LEAVE: 21,
  ONLY_IPV6: 26,
  RECEIVE_PACKET_INFORMATION: 49,
  PACKET_INFORMATION: 50,
  RECEIVE_HOP_LIMIT: 51,
  HOP_LIMIT: 52,
  TRAFFIC_CLASS: 67,
  TRANSPARENT: 75,
  FREE_BIND: 78,
} as const;

/** struct ip_mreqn: group, local address, interface index. */
function ipv4Membership(group: Uint8Array, interfaceIndex: number): Memory {
  const request = new Memory(16);
  request.set(group, 0);
  request.i32[2] = interfaceIndex;
  return request;
}

/** struct ipv6_mreq: group, interface index. */
function ipv6Membership(group: Uint8Array, interfaceIndex: number): Memory {
  const request = new Memory(24);
  request.set(group, 0);
  request.i32[4] = interfaceIndex;
  return request;
}

/** Joins or leaves a multicast group on one interface; the interface needs no address. Throws `SystemError`. */
export function changeMembership(fd: number, group: Uint8Array, interfaceIndex: number, join: boolean): void {
  if (group.byteLength === 4) {
    const option = join ? IP_OPTION.JOIN : IP_OPTION.LEAVE;
    setOptionBytes(fd, LEVEL.IP, option, ipv4Membership(group, interfaceIndex), 12);
  } else {
    const option = join ? IPV6_OPTION.JOIN : IPV6_OPTION.LEAVE;
    setOptionBytes(fd, LEVEL.IPV6, option, ipv6Membership(group, interfaceIndex), 20);
  }
}

/** Sends multicast through one interface, with that many hops, not to ourselves. Throws `SystemError`. */
export function setMulticastSending(fd: number, family: 4 | 6, interfaceIndex: number, hops: number): void {
  if (family === 4) {
    setOptionBytes(fd, LEVEL.IP, IP_OPTION.MULTICAST_INTERFACE, ipv4Membership(new Uint8Array(4), interfaceIndex), 12);
    setOption(fd, LEVEL.IP, IP_OPTION.MULTICAST_TIME_TO_LIVE, hops);
    setOption(fd, LEVEL.IP, IP_OPTION.MULTICAST_LOOP, 0);
  } else {
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.MULTICAST_INTERFACE, interfaceIndex);
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.MULTICAST_HOPS, hops);
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.MULTICAST_LOOP, 0);
  }
}
