/**
 * Raw IP sockets for one protocol, raw(7): VRRP, CARP. Packets are received with their header's facts
 * (source, destination, hop limit) and sent with a chosen source. Non-blocking, for a `ppoll` loop.
 */
import { type ControlMessage, FixedMessage, MessageBuffer } from "../ffi/message.ts";
import { close } from "../ffi/fd.ts";
import {
  bindToDevice,
  LEVEL,
  MESSAGE,
  setOption,
  setReceiveBuffer,
  socket,
  SOCKET_TYPE,
  trySetOption,
} from "../ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../ffi/socket-address.ts";
import { type Datagram, receiveDecoded, wordAt } from "./datagram.ts";
import { changeMembership, IP_OPTION, IPV6_OPTION, setMulticastSending } from "./ip-options.ts";
import { CONTROL_TRAFFIC_CLASS, decodeIpv4, encodeIpv4 } from "./ip-packet.ts";

export interface RawIpOptions {
  readonly family: 4 | 6;
  /** IP protocol number: 112 for VRRP and CARP. */
  readonly protocol: number;
  /** Send and receive on this interface only. Needed with `group`, and for IPv6 link-local peers. */
  readonly device?: { readonly name: string; readonly index: number };
  /** Multicast group to join on the device. */
  readonly group?: Uint8Array;
  /** Time to live or hop limit of what is sent; 255 by default. */
  readonly hopLimit?: number;
  /** IPv6: where the kernel fills in and checks a 16-bit checksum; absent: the sender's affair. */
  readonly checksumOffset?: number;
  readonly receiveBufferBytes?: number;
}

/** Larger than any VRRP advertisement (255 IPv6 addresses: 4088 bytes). */
export const PACKET_LIMIT_BYTES = 8192;
const RECEIVE_BUFFER_BYTES = 1 << 20;

export interface RawIpSocket {
  /** For the poll loop; readable when packets wait. */
  readonly fd: number;
  readonly family: 4 | 6;
  /** Packets thrown away because they were broken or too long. */
  readonly discarded: number;
  /** The next packet, or -errno: -EAGAIN when none waits. */
  receive(): Datagram | number;
  /**
   * Sends `payload`; 0 or -errno. `source` must have the family's length; all zero lets the kernel
   * choose. IPv4 sources needn't be addresses of this host.
   */
  send(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): number;
  /** For what is sent often: a function that sends this very packet each time it is called; 0 or -errno. */
  prepare(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): () => number;
  close(): void;
}

/** Needs CAP_NET_RAW. Throws `SystemError`. */
export function openRawIpSocket(options: RawIpOptions): RawIpSocket {
  const domain = options.family === 4 ? FAMILY.INET : FAMILY.INET6;
  const fd = socket(domain, SOCKET_TYPE.RAW, options.protocol, { nonBlocking: true });
  try {
    setReceiveBuffer(fd, options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES);
    if (options.device !== undefined) {
      bindToDevice(fd, options.device.name);
      setMulticastSending(fd, options.family, options.device.index, options.hopLimit ?? 255);
      if (options.group !== undefined) changeMembership(fd, options.group, options.device.index, true);
    } else if (options.group !== undefined) {
      throw new Error("a multicast group is joined on a device");
    }
    return options.family === 4 ? new RawIpv4(fd, options) : new RawIpv6(fd, options);
  } catch (error) {
    close(fd);
    throw error;
  }
}

class RawIpv4 implements RawIpSocket {
  readonly family = 4;
  discarded = 0;
  readonly #buffer = new MessageBuffer(PACKET_LIMIT_BYTES);
  readonly #sending = new MessageBuffer(PACKET_LIMIT_BYTES);
  // Made once: receiving is hot.
  readonly #next = (): number => this.#buffer.receive(this.fd, MESSAGE.DONT_WAIT);
  readonly #decoded = (): Datagram | undefined => this.#decode();
  readonly #discard = (): number => (this.discarded += 1);
  readonly #to = new SocketAddressMemory();
  readonly #protocol: number;
  readonly #hopLimit: number;

  constructor(
    readonly fd: number,
    options: RawIpOptions,
  ) {
    this.#protocol = options.protocol;
    this.#hopLimit = options.hopLimit ?? 255;
    // We write the header ourselves: the source may be any address, the TTL is the same for every kind of peer.
    setOption(fd, LEVEL.IP, IP_OPTION.HEADER_INCLUDED, 1);
    setOption(fd, LEVEL.IP, IP_OPTION.PACKET_INFORMATION, 1);
  }

  receive(): Datagram | number {
    return receiveDecoded(this.#next, this.#decoded, this.#discard);
  }

  #decode(): Datagram | undefined {
    if (this.#buffer.truncated) return undefined;
    const packet = decodeIpv4(this.#buffer.bytes);
    if (packet === undefined || packet.protocol !== this.#protocol) return undefined;
    const information = this.#buffer.control(LEVEL.IP, IP_OPTION.PACKET_INFORMATION);
    return {
      source: packet.source,
      destination: packet.destination,
      hopLimit: packet.timeToLive,
      interfaceIndex: information === undefined ? 0 : wordAt(information.data, 0),
      payload: packet.payload,
    };
  }

  prepare(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): () => number {
    const packet = this.#encode(payload, source, destination);
    const message = new FixedMessage(packet, { family: "inet", address: destination, port: 0 });
    return () => Math.min(0, message.send(this.fd));
  }

  #encode(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): Uint8Array {
    return encodeIpv4({ source, destination, protocol: this.#protocol, timeToLive: this.#hopLimit }, payload);
  }

  send(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): number {
    const packet = this.#encode(payload, source, destination);
    this.#to.set({ family: "inet", address: destination, port: 0 });
    this.#sending.data.set(packet);
    const sent = this.#sending.send(this.fd, packet.byteLength, this.#to);
    return sent < 0 ? sent : 0;
  }

  close(): void {
    close(this.fd);
  }
}

class RawIpv6 implements RawIpSocket {
  readonly family = 6;
  discarded = 0;
  readonly #buffer = new MessageBuffer(PACKET_LIMIT_BYTES);
  readonly #sending = new MessageBuffer(PACKET_LIMIT_BYTES);
  // Made once: receiving is hot.
  readonly #next = (): number => this.#buffer.receive(this.fd, MESSAGE.DONT_WAIT);
  readonly #decoded = (): Datagram | undefined => this.#decode();
  readonly #discard = (): number => (this.discarded += 1);
  readonly #to = new SocketAddressMemory();
  readonly #deviceIndex: number;
  // struct in6_pktinfo: source address, interface index
  readonly #information = new Uint8Array(20);
  readonly #control: ControlMessage;

  constructor(
    readonly fd: number,
    options: RawIpOptions,
  ) {
    this.#deviceIndex = options.device?.index ?? 0;
    new DataView(this.#information.buffer).setUint32(16, this.#deviceIndex, true);
    this.#control = { level: LEVEL.IPV6, type: IPV6_OPTION.PACKET_INFORMATION, data: this.#information };
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.RECEIVE_PACKET_INFORMATION, 1);
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.RECEIVE_HOP_LIMIT, 1);
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.UNICAST_HOPS, options.hopLimit ?? 255);
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.TRAFFIC_CLASS, CONTROL_TRAFFIC_CLASS);
    // Lets us send from an address while it is being added; kernels before 4.15 do without.
    trySetOption(fd, LEVEL.IPV6, IPV6_OPTION.FREE_BIND, 1);
    if (options.checksumOffset !== undefined) {
      setOption(fd, LEVEL.IPV6, IPV6_OPTION.CHECKSUM, options.checksumOffset);
    }
  }

  receive(): Datagram | number {
    return receiveDecoded(this.#next, this.#decoded, this.#discard);
  }

  #decode(): Datagram | undefined {
    const sender = this.#buffer.sender;
    const information = this.#buffer.control(LEVEL.IPV6, IPV6_OPTION.PACKET_INFORMATION);
    const hopLimit = this.#buffer.control(LEVEL.IPV6, IPV6_OPTION.HOP_LIMIT);
    if (this.#buffer.truncated || sender?.family !== "inet6") return undefined;
    if (information === undefined || information.data.byteLength < 20 || hopLimit === undefined) return undefined;
    const { data } = information;
    return {
      source: sender.address,
      destination: data.subarray(0, 16),
      hopLimit: hopLimit.data[0] ?? 0,
      interfaceIndex: wordAt(data, 16),
      payload: this.#buffer.bytes,
    };
  }

  prepare(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): () => number {
    const information = this.#information.slice();
    information.set(source, 0);
    const message = new FixedMessage(
      payload,
      { family: "inet6", address: destination, port: 0, scope: this.#deviceIndex },
      { ...this.#control, data: information },
    );
    return () => Math.min(0, message.send(this.fd));
  }

  send(payload: Uint8Array, source: Uint8Array, destination: Uint8Array): number {
    this.#information.set(source, 0);
    this.#to.set({ family: "inet6", address: destination, port: 0, scope: this.#deviceIndex });
    this.#sending.data.set(payload);
    const sent = this.#sending.send(this.fd, payload.byteLength, this.#to, this.#control);
    return sent < 0 ? sent : 0;
  }

  close(): void {
    close(this.fd);
  }
}

/** IP protocol number of VRRP (RFC 9568 section 5.1.1.4) and, without being asked, of CARP. */
export const VRRP_PROTOCOL = 112;
/** 224.0.0.18, RFC 9568 section 5.1.1.2. */
export const VRRP_GROUP_IPV4: Uint8Array = new Uint8Array([224, 0, 0, 18]);
/** ff02::12, RFC 9568 section 5.1.2.2. */
export const VRRP_GROUP_IPV6: Uint8Array = new Uint8Array([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12]);
/** Where VRRP has its checksum; for IPv6 the kernel fills it in and drops packets where it is wrong. */
const VRRP_CHECKSUM_OFFSET = 6;

/**
 * The socket of a VRRP (or IPv4 CARP) instance: the group joined, 255 hops, own packets not heard.
 * It receives unicast advertisements too. Needs CAP_NET_RAW. Throws `SystemError`.
 */
export function openVrrpSocket(options: {
  readonly family: 4 | 6;
  readonly device: { readonly name: string; readonly index: number };
  readonly receiveBufferBytes?: number;
}): RawIpSocket {
  return openRawIpSocket({
    ...options,
    protocol: VRRP_PROTOCOL,
    group: options.family === 4 ? VRRP_GROUP_IPV4 : VRRP_GROUP_IPV6,
    hopLimit: 255,
    ...(options.family === 6 ? { checksumOffset: VRRP_CHECKSUM_OFFSET } : {}),
  });
}
