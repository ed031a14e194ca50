/** Open files handed from one process to another over a Unix socket, SCM_RIGHTS of unix(7). */
import { bind, orErrno } from "./libc.ts";
import { Memory } from "./memory.ts";
import { LEVEL } from "./socket.ts";

const C = bind({
  recvmsg: { args: ["i32", "ptr", "i32"], returns: "i32" },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: "i32" },
});

/** The kernel takes this many in one message, SCM_MAX_FD; haproxy sends one less. */
export const MOST_DESCRIPTORS = 252;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

// struct msghdr, struct iovec and struct cmsghdr, alike on x64 and arm64.
const VECTOR = 16;
const VECTOR_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const HEADER_BYTES = 56;
const CONTROL_HEADER_BYTES = 16;
const CONTROL_SPACE_BYTES = CONTROL_HEADER_BYTES + MOST_DESCRIPTORS * 4;

class Envelope {
  readonly header = new Memory(HEADER_BYTES);
  readonly vector = new Memory(16);
  readonly control = new Memory(CONTROL_SPACE_BYTES);

  constructor(
    readonly data: Memory,
    byteLength: number,
  ) {
    this.vector.setAddress(0, data);
    this.vector.setNumber64(8, byteLength);
    this.header.setAddress(VECTOR, this.vector);
    this.header.setNumber64(VECTOR_COUNT, 1);
    this.header.setAddress(CONTROL, this.control);
  }
}

/**
 * Sends bytes (at least one: the kernel ties descriptors to them) and open files.
 * @returns the count of bytes, or -errno
 */
export function sendDescriptors(fd: number, bytes: Uint8Array, descriptors: readonly number[]): number {
  if (descriptors.length > MOST_DESCRIPTORS) throw new Error(`${descriptors.length} descriptors in one message`);
  const envelope = new Envelope(Memory.copyOf(bytes), bytes.byteLength);
  const { control, header } = envelope;
  const length = CONTROL_HEADER_BYTES + descriptors.length * 4;
  if (descriptors.length === 0) header.setNumber64(CONTROL, 0);
  else {
    control.setNumber64(0, length);
    control.i32[2] = LEVEL.SOCKET;
    control.i32[3] = SCM_RIGHTS;
    for (const [index, descriptor] of descriptors.entries()) control.i32[4 + index] = descriptor;
    header.setNumber64(CONTROL_LENGTH, Math.ceil(length / 8) * 8);
  }
  return orErrno(C.sendmsg(fd, header.address, MSG_NOSIGNAL));
}

export interface ReceivedDescriptors {
  readonly bytes: Uint8Array;
  /** Ours to close; close-on-exec. */
  readonly descriptors: readonly number[];
}

/** Receives up to `capacityBytes` and the open files that came with them; -errno when nothing can be had. */
export function receiveDescriptors(fd: number, capacityBytes: number, flags = 0): ReceivedDescriptors | number {
  const envelope = new Envelope(new Memory(capacityBytes), capacityBytes);
  const { control, header } = envelope;
  header.setNumber64(CONTROL_LENGTH, control.byteLength);
  const count = orErrno(C.recvmsg(fd, header.address, flags | MSG_CMSG_CLOEXEC));
  if (count < 0) return count;
  const end = header.number64(CONTROL_LENGTH);
  const length = end < CONTROL_HEADER_BYTES ? 0 : control.number64(0);
  const isRights = control.i32[2] === LEVEL.SOCKET && control.i32[3] === SCM_RIGHTS;
  const descriptors: number[] = [];
  if (isRights) {
    for (let at = CONTROL_HEADER_BYTES; at + 4 <= Math.min(length, end); at += 4)
      descriptors.push(control.i32[at / 4] ?? -1);
  }
  return { bytes: envelope.data.u8.slice(0, count), descriptors };
}
