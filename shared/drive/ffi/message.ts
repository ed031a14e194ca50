/**
 * Datagrams with their circumstances: sendmsg(2), recvmsg(2), cmsg(3). The layout of msghdr, iovec and
 * cmsghdr is the same on x64 and arm64 (64-bit, little endian), for glibc and for musl.
 */
import { bind, orErrno } from "./libc.ts";
import { Memory } from "./memory.ts";
import { type SocketAddress, SocketAddressMemory } from "./socket-address.ts";

const C = bind({
  recvmsg: { args: ["i32", "ptr", "i32"], returns: "i32" },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: "i32" },
});

const CONTROL_LIMIT_BYTES = 256;
const CONTROL_HEADER_BYTES = 16;
const MSG_TRUNC = 0x20;
const MSG_CTRUNC = 0x8;
const MSG_NOSIGNAL = 0x4000;

// struct msghdr
const NAME = 0;
const NAME_LENGTH = 8;
const VECTOR = 16;
const VECTOR_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const FLAGS = 48;
const HEADER_BYTES = 56;
/** struct iovec */
const VECTOR_BYTES = 16;

/** One piece of ancillary data. `data` is a view of the message's memory. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array<ArrayBufferLike>;
}

/** A datagram that is sent again and again: laid out once, then one call each time. */
export class FixedMessage {
  readonly #header: Memory;

  /** @param source at most one piece of ancillary data, the source address for example */
  constructor(data: Uint8Array, to: SocketAddress, source?: ControlMessage) {
    const address = new SocketAddressMemory(to);
    const controlBytes = source === undefined ? 0 : controlSpace(source);
    const addressAt = HEADER_BYTES + VECTOR_BYTES;
    const controlAt = addressAt + Math.ceil(address.byteLength / 8) * 8;
    const dataAt = controlAt + controlBytes;
    const memory = new Memory(dataAt + data.byteLength);
    memory.set(address.memory.bytes(0, address.byteLength), addressAt);
    if (source !== undefined) putControl(memory, controlAt, source);
    memory.set(data, dataAt);
    memory.setAddress(NAME, memory, addressAt);
    memory.u32[NAME_LENGTH / 4] = address.byteLength;
    memory.setAddress(VECTOR, memory, HEADER_BYTES);
    memory.setNumber64(VECTOR_COUNT, 1);
    memory.setAddress(HEADER_BYTES, memory, dataAt);
    memory.setNumber64(HEADER_BYTES + 8, data.byteLength);
    memory.setAddress(CONTROL, memory, controlAt);
    memory.setNumber64(CONTROL_LENGTH, controlBytes);
    this.#header = memory;
  }

  /** The count or -errno. Hot. */
  send(fd: number): number {
    return orErrno(C.sendmsg(fd, this.#header.address, MSG_NOSIGNAL));
  }
}

/** Bytes of a piece of ancillary data with its header, CMSG_SPACE of cmsg(3). */
function controlSpace(control: ControlMessage): number {
  return Math.ceil((CONTROL_HEADER_BYTES + control.data.byteLength) / 8) * 8;
}

function putControl(memory: Memory, at: number, control: ControlMessage): void {
  memory.u8.fill(0, at, at + controlSpace(control));
  memory.setNumber64(at, CONTROL_HEADER_BYTES + control.data.byteLength);
  memory.i32[at / 4 + 2] = control.level;
  memory.i32[at / 4 + 3] = control.type;
  memory.set(control.data, at + CONTROL_HEADER_BYTES);
}

/** A buffer for one datagram at a time, with its sender, its ancillary data and whether it was cut. */
export class MessageBuffer {
  readonly data: Memory;
  readonly peer = new SocketAddressMemory();
  readonly #header = new Memory(HEADER_BYTES);
  readonly #vector = new Memory(VECTOR_BYTES);
  readonly #control = new Memory(CONTROL_LIMIT_BYTES);
  #count = 0;

  constructor(capacityBytes: number) {
    this.data = new Memory(capacityBytes);
    this.#vector.setAddress(0, this.data);
    this.#header.setAddress(NAME, this.peer.memory);
    this.#header.setAddress(VECTOR, this.#vector);
    this.#header.setNumber64(VECTOR_COUNT, 1);
    this.#header.setAddress(CONTROL, this.#control);
  }

  /** Receives the next datagram; its length as received, or -errno. Hot. */
  receive(fd: number, flags = 0): number {
    this.#vector.setNumber64(8, this.data.byteLength);
    this.#header.u32[NAME_LENGTH / 4] = this.peer.memory.byteLength;
    this.#header.setNumber64(CONTROL_LENGTH, this.#control.byteLength);
    this.#header.i32[FLAGS / 4] = 0;
    const count = orErrno(C.recvmsg(fd, this.#header.address, flags));
    this.#count = Math.max(0, count);
    if (count >= 0) this.peer.setByteLength(this.#header.u32[NAME_LENGTH / 4] ?? 0);
    return count;
  }

  /** The datagram: a view that the next `receive` overwrites. */
  get bytes(): Uint8Array<ArrayBufferLike> {
    return this.data.bytes(0, Math.min(this.#count, this.data.byteLength));
  }

  /** Whether the datagram was longer than the buffer, or its ancillary data were. */
  get truncated(): boolean {
    return ((this.#header.i32[FLAGS / 4] ?? 0) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
  }

  /** Who sent it. */
  get sender(): SocketAddress | undefined {
    return this.peer.get();
  }

  /** The first piece of ancillary data of that level and type. */
  control(level: number, type: number): ControlMessage | undefined {
    const end = Math.min(this.#header.number64(CONTROL_LENGTH), this.#control.byteLength);
    let at = 0;
    while (at + CONTROL_HEADER_BYTES <= end) {
      const length = this.#control.number64(at);
      if (length < CONTROL_HEADER_BYTES || at + length > end) return undefined;
      if (this.#control.i32[at / 4 + 2] === level && this.#control.i32[at / 4 + 3] === type) {
        return { level, type, data: this.#control.bytes(at + CONTROL_HEADER_BYTES, length - CONTROL_HEADER_BYTES) };
      }
      at += Math.ceil(length / 8) * 8;
    }
    return undefined;
  }

  /**
   * Sends the first `length` bytes of `data` to `to`, with at most one piece of ancillary data
   * (the source address, for example). The count or -errno. Hot.
   */
  send(fd: number, length: number, to: SocketAddressMemory, control?: ControlMessage, flags = 0): number {
    this.data.range(0, length);
    this.peer.memory.set(to.memory.bytes(0, to.byteLength));
    this.#vector.setNumber64(8, length);
    this.#header.u32[NAME_LENGTH / 4] = to.byteLength;
    this.#header.i32[FLAGS / 4] = 0;
    this.#header.setNumber64(CONTROL_LENGTH, control === undefined ? 0 : this.#putControl(control));
    return orErrno(C.sendmsg(fd, this.#header.address, flags | MSG_NOSIGNAL));
  }

  #putControl(control: ControlMessage): number {
    const space = controlSpace(control);
    if (space > CONTROL_LIMIT_BYTES) throw new Error(`ancillary data of ${control.data.byteLength} bytes`);
    putControl(this.#control, 0, control);
    return space;
  }
}
