/**
 * UDP with what the event loop's sockets hide: the received hop limit, the own address and the interface
 * of each datagram, for BFD (RFC 5881 section 5) and for witnesses. Non-blocking, for a `ppoll` loop.
 */
import { close } from "../ffi/fd.ts";
import { type ControlMessage, MessageBuffer } from "../ffi/message.ts";
import {
  bindSocket,
  bindToDevice,
  LEVEL,
  MESSAGE,
  setOption,
  setReceiveBuffer,
  socket,
  SOCKET_OPTION,
  SOCKET_TYPE,
  socketName,
} from "../ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../ffi/socket-address.ts";
import { type Datagram, receiveDecoded, wordAt } from "./datagram.ts";
import { IP_OPTION, IPV6_OPTION } from "./ip-options.ts";

export interface UdpOptions {
  readonly family: 4 | 6;
  /** Own address of 4 or 16 bytes; all addresses when absent. */
  readonly address?: Uint8Array;
  /** 0: the kernel chooses one. */
  readonly port: number;
  /** Interface index that a link-local address needs. */
  readonly scope?: number;
  /** Send and receive on this interface only. */
  readonly deviceName?: string;
  /** Time to live or hop limit of what is sent; the system's default when absent. */
  readonly hopLimit?: number;
  readonly reuseAddress?: boolean;
  readonly receiveBufferBytes?: number;
}

export interface UdpDatagram extends Datagram {
  readonly port: number;
}

/** No larger datagram is sent or taken: 64 KiB less the headers. */
export const UDP_LIMIT_BYTES = 65_507;

export class UdpSocket {
  /** Datagrams thrown away because they were cut. */
  discarded = 0;
  readonly #buffer = new MessageBuffer(UDP_LIMIT_BYTES);
  readonly #sending = new MessageBuffer(UDP_LIMIT_BYTES);
  readonly #to = new SocketAddressMemory();

  private constructor(
    readonly fd: number,
    readonly family: 4 | 6,
    /** The port that it is bound to. */
    readonly port: number,
  ) {}

  /** Throws `SystemError`. */
  static open(options: UdpOptions): UdpSocket {
    const { family } = options;
    const fd = socket(family === 4 ? FAMILY.INET : FAMILY.INET6, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
    try {
      configure(fd, options);
      const address = options.address ?? new Uint8Array(family === 4 ? 4 : 16);
      const { port } = options;
      if (family === 4) bindSocket(fd, { family: "inet", address, port });
      else bindSocket(fd, { family: "inet6", address, port, scope: options.scope ?? 0 });
      const name = socketName(fd);
      return new UdpSocket(fd, family, name !== undefined && "port" in name ? name.port : port);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** The next datagram, or -errno: -EAGAIN when none waits, -ECONNREFUSED for an ICMP answer to one of ours. */
  receive(): UdpDatagram | number {
    return receiveDecoded(
      () => this.#buffer.receive(this.fd, MESSAGE.DONT_WAIT),
      () => this.#decode(),
      () => (this.discarded += 1),
    );
  }

  #decode(): UdpDatagram | undefined {
    const sender = this.#buffer.sender;
    if (this.#buffer.truncated || (sender?.family !== "inet" && sender?.family !== "inet6")) return undefined;
    const facts = this.family === 4 ? ipv4Facts(this.#buffer) : ipv6Facts(this.#buffer);
    return facts && { source: sender.address, port: sender.port, ...facts, payload: this.#buffer.bytes };
  }

  /** Sends; 0 or -errno (-EAGAIN: the send buffer is full). `scope`: interface index for link-local destinations. */
  send(payload: Uint8Array, destination: Uint8Array, port: number, options: UdpSendOptions = {}): number {
    if (payload.byteLength > UDP_LIMIT_BYTES) throw new Error(`a datagram of ${payload.byteLength} bytes`);
    const scope = options.scope ?? 0;
    if (this.family === 4) this.#to.set({ family: "inet", address: destination, port });
    else this.#to.set({ family: "inet6", address: destination, port, scope });
    this.#sending.data.set(payload);
    const control = options.source === undefined ? undefined : sourceControl(options.source, scope);
    const sent = this.#sending.send(this.fd, payload.byteLength, this.#to, control);
    return sent < 0 ? sent : 0;
  }

  close(): void {
    close(this.fd);
  }
}

export interface UdpSendOptions {
  /** Own address to send from. */
  readonly source?: Uint8Array;
  readonly scope?: number;
}

function configure(fd: number, options: UdpOptions): void {
  if (options.receiveBufferBytes !== undefined) setReceiveBuffer(fd, options.receiveBufferBytes);
  if (options.deviceName !== undefined) bindToDevice(fd, options.deviceName);
  if (options.reuseAddress === true) setOption(fd, LEVEL.SOCKET, SOCKET_OPTION.REUSE_ADDRESS, 1);
  if (options.family === 4) {
    setOption(fd, LEVEL.IP, IP_OPTION.PACKET_INFORMATION, 1);
    setOption(fd, LEVEL.IP, IP_OPTION.RECEIVE_TIME_TO_LIVE, 1);
    if (options.hopLimit !== undefined) setOption(fd, LEVEL.IP, IP_OPTION.TIME_TO_LIVE, options.hopLimit);
    return;
  }
  setOption(fd, LEVEL.IPV6, IPV6_OPTION.ONLY_IPV6, 1);
  setOption(fd, LEVEL.IPV6, IPV6_OPTION.RECEIVE_PACKET_INFORMATION, 1);
  setOption(fd, LEVEL.IPV6, IPV6_OPTION.RECEIVE_HOP_LIMIT, 1);
  if (options.hopLimit !== undefined) setOption(fd, LEVEL.IPV6, IPV6_OPTION.UNICAST_HOPS, options.hopLimit);
}

type Facts = Pick<Datagram, "destination" | "hopLimit" | "interfaceIndex">;

/** struct in_pktinfo: interface index, own address, destination in the header. */
function ipv4Facts(buffer: MessageBuffer): Facts | undefined {
  const information = buffer.control(LEVEL.IP, IP_OPTION.PACKET_INFORMATION)?.data;
  const hops = buffer.control(LEVEL.IP, IP_OPTION.TIME_TO_LIVE)?.data;
  if (information === undefined || information.byteLength < 12 || hops === undefined) return undefined;
  return {
    destination: information.subarray(8, 12),
    hopLimit: hops[0] ?? 0,
    interfaceIndex: wordAt(information, 0),
  };
}

/** struct in6_pktinfo: destination, interface index. */
function ipv6Facts(buffer: MessageBuffer): Facts | undefined {
  const information = buffer.control(LEVEL.IPV6, IPV6_OPTION.PACKET_INFORMATION)?.data;
  const hops = buffer.control(LEVEL.IPV6, IPV6_OPTION.HOP_LIMIT)?.data;
  if (information === undefined || information.byteLength < 20 || hops === undefined) return undefined;
  return {
    destination: information.subarray(0, 16),
    hopLimit: hops[0] ?? 0,
    interfaceIndex: wordAt(information, 16),
  };
}

function sourceControl(source: Uint8Array, interfaceIndex: number): ControlMessage {
  const data = new Uint8Array(source.byteLength === 4 ? 12 : 20);
  const view = new DataView(data.buffer);
  if (source.byteLength === 4) {
    view.setUint32(0, interfaceIndex, true);
    data.set(source, 4);
    return { level: LEVEL.IP, type: IP_OPTION.PACKET_INFORMATION, data };
  }
  data.set(source, 0);
  view.setUint32(16, interfaceIndex, true);
  return { level: LEVEL.IPV6, type: IPV6_OPTION.PACKET_INFORMATION, data };
}
