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

/** One piece of ancillary data. `data` is a view of the message's memory. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array<ArrayBufferLike>;
}

/** A buffer for one datagram at a time, with its sender, its ancillary data and whether it was cut. */
export class MessageBuffer {
  readonly data: Memory;
  readonly peer = new SocketAddressMemory();
  readonly #header = new Memory(HEADER_BYTES);
  readonly #vector = new Memory(16);
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
    const length = CONTROL_HEADER_BYTES + control.data.byteLength;
    const space = Math.ceil(length / 8) * 8;
    if (space > CONTROL_LIMIT_BYTES) throw new Error(`ancillary data of ${control.data.byteLength} bytes`);
    this.#control.u8.fill(0, 0, space);
    this.#control.setNumber64(0, length);
    this.#control.i32[2] = control.level;
    this.#control.i32[3] = control.type;
    this.#control.set(control.data, CONTROL_HEADER_BYTES);
    return space;
  }
}
