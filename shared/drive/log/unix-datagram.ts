import { close } from "../ffi/fd.ts";
import { Memory } from "../ffi/memory.ts";
import { FAMILY, SocketAddressMemory } from "../ffi/socket-address.ts";
import { sendTo, socket, SOCKET_TYPE } from "../ffi/socket.ts";

/** Longest datagram that is sent; longer ones are cut. */
export const LONGEST_DATAGRAM = 32 * 1024;

/** Sends datagrams to a Unix socket without ever waiting. Node's own API has no such sockets. */
export class UnixDatagram {
  readonly #fd: number;
  readonly #to: SocketAddressMemory;
  readonly #memory = new Memory(LONGEST_DATAGRAM);

  /** `@name` is an abstract address. Throws when the path is too long or no socket can be had. */
  constructor(path: string) {
    this.#to = new SocketAddressMemory({ family: "unix", path });
    this.#fd = socket(FAMILY.UNIX, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
  }

  /** The count of bytes, or -errno: -EAGAIN when the receiver's queue is full, -ENOENT or -ECONNREFUSED when nobody is there. */
  send(text: string): number {
    const { written } = new TextEncoder().encodeInto(text, this.#memory.u8);
    return sendTo(this.#fd, this.#memory, 0, written, this.#to);
  }

  close(): void {
    close(this.#fd);
  }
}
