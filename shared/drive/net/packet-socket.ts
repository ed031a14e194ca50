/** Whole Ethernet frames in and out, packet(7). Non-blocking, for a `ppoll` loop. */
import { close } from "../ffi/fd.ts";
import { Memory } from "../ffi/memory.ts";
import {
  bindSocket,
  LEVEL,
  MESSAGE,
  receiveFrom,
  sendTo,
  setOptionBytes,
  setReceiveBuffer,
  socket,
  SOCKET_TYPE,
} from "../ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../ffi/socket-address.ts";
import { attachFilter, drop, type FilterInstruction } from "./bpf.ts";
import { receiveDecoded } from "./datagram.ts";

/** Largest frame taken or sent: a jumbo frame and its header. */
export const FRAME_LIMIT_BYTES = 9216;
const RECEIVE_BUFFER_BYTES = 256 * 1024;
const PACKET_ADD_MEMBERSHIP = 1;
/** sll_pkttype of our own frames on their way out. */
const OUTGOING = 4;

export interface ReceivedFrame {
  readonly interfaceIndex: number;
  /** A view that the next `receive` overwrites. */
  readonly bytes: Uint8Array;
}

export class PacketSocket {
  /** Frames thrown away because they were too long. */
  discarded = 0;
  readonly #buffer: Memory;
  readonly #sending: Memory;
  readonly #from = new SocketAddressMemory();
  readonly #to = new SocketAddressMemory();
  #length = 0;
  private constructor(
    readonly fd: number,
    frameLimitBytes = FRAME_LIMIT_BYTES,
  ) {
    this.#buffer = new Memory(frameLimitBytes);
    this.#sending = new Memory(frameLimitBytes);
  }

  /** A socket that only sends, on any interface. Needs CAP_NET_RAW. Throws `SystemError`. */
  static openSender(): PacketSocket {
    // Protocol 0 receives nothing: no filter and no draining needed.
    return new PacketSocket(socket(FAMILY.PACKET, SOCKET_TYPE.RAW, 0, { nonBlocking: true }));
  }

  /**
   * Receives frames of one EtherType on one interface, those that the filter accepts (offsets count
   * from the Ethernet header). No frame from before the filter gets through. Throws `SystemError`.
   */
  static open(options: {
    readonly interfaceIndex: number;
    readonly etherType: number;
    readonly filter?: readonly FilterInstruction[];
    readonly receiveBufferBytes?: number;
    /** Longer frames are thrown away, or can't be sent; `FRAME_LIMIT_BYTES` when absent. */
    readonly frameLimitBytes?: number;
  }): PacketSocket {
    const { interfaceIndex, etherType } = options;
    const fd = socket(FAMILY.PACKET, SOCKET_TYPE.RAW, 0, { nonBlocking: true });
    try {
      setReceiveBuffer(fd, options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES);
      // Order matters: with protocol 0 nothing arrives until the bind, and by then the filter is there.
      if (options.filter !== undefined) attachFilter(fd, options.filter.length === 0 ? [drop] : options.filter);
      bindSocket(fd, { family: "packet", protocol: etherType, interfaceIndex, hardware: new Uint8Array(0) });
      return new PacketSocket(fd, options.frameLimitBytes);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Lets the interface take frames to a multicast hardware address for as long as this socket is open. Throws. */
  joinMac(interfaceIndex: number, mac: Uint8Array): void {
    // struct packet_mreq: interface index, type (0: multicast), address length, address
    const request = new Memory(16);
    request.i32[0] = interfaceIndex;
    request.u16[3] = mac.byteLength;
    request.set(mac, 8);
    setOptionBytes(this.fd, LEVEL.PACKET, PACKET_ADD_MEMBERSHIP, request, 16);
  }

  /** Sends a whole frame; 0 or -errno (-ENETDOWN: the interface is down, -ENXIO: it is gone). */
  send(interfaceIndex: number, frame: Uint8Array): number {
    this.#sending.set(frame);
    const protocol = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
    this.#to.set({ family: "packet", protocol, interfaceIndex, hardware: frame.subarray(0, 6) });
    const sent = sendTo(this.fd, this.#sending, 0, frame.byteLength, this.#to);
    return sent < 0 ? sent : 0;
  }

  /** The next frame that came in (our own going out are skipped), or -errno: -EAGAIN when none waits. */
  receive(): ReceivedFrame | number {
    return receiveDecoded(
      () => {
        const flags = MESSAGE.DONT_WAIT | MESSAGE.TRUNCATED;
        this.#length = receiveFrom(this.fd, this.#buffer, 0, this.#buffer.byteLength, this.#from, flags);
        return this.#length;
      },
      () => this.#decode(),
      () => (this.discarded += 1),
    );
  }

  #decode(): ReceivedFrame | undefined {
    const type = this.#from.memory.u8[10] ?? 0;
    if (this.#length > this.#buffer.byteLength || type === OUTGOING) return undefined;
    const interfaceIndex = this.#from.memory.i32[1] ?? 0;
    return { interfaceIndex, bytes: this.#buffer.bytes(0, this.#length) };
  }

  close(): void {
    close(this.fd);
  }
}
