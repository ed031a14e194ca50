import type { Socket } from "bun";
import { Timed, wheel } from "./timer-wheel.ts";

/** Bytes that may wait for a slow reader before its source is paused: what one read can bring comes on top. */
export const PENDING_HIGH_BYTES = 256 * 1024;

const NOTHING: Uint8Array[] = [];

/**
 * One end of a connection: what the socket doesn't take now is kept and sent when it drains. Who feeds it looks at
 * `pendingBytes` and pauses its own source, so that memory stays bounded by one read beyond the mark.
 */
export abstract class Peer extends Timed {
  socket: Socket<Peer> | undefined;
  /** Of the connection: what the socket took or holds. */
  bytesSent = 0;
  pendingBytes = 0;
  private pending: Uint8Array[] = NOTHING;
  private endWhenEmpty = false;
  private shutWhenEmpty = false;
  paused = false;

  abstract onData(data: Buffer): void;
  /** The other end will send nothing more. */
  abstract onEnd(): void;
  /** The socket is gone. */
  abstract onClose(): void;
  /** Everything that waited is out. */
  abstract onDrained(): void;

  get isOpen(): boolean {
    return this.socket !== undefined;
  }

  /** The connection goes on as another socket, which does what the runtime's does as far as a peer uses it. */
  moveTo(socket: object): void {
    this.socket = socket as Socket<Peer>;
  }

  /** Sends bytes, or a byte string (one unit per byte). */
  send(data: Uint8Array | string): void {
    const { socket } = this;
    if (socket === undefined) return;
    this.bytesSent += data.length;
    if (this.pendingBytes > 0) {
      this.keep(data, 0);
      return;
    }
    const written = typeof data === "string" ? writeBytes(socket, data) : socket.write(data);
    if (written < data.length) this.keep(data, Math.max(written, 0));
  }

  private keep(data: Uint8Array | string, from: number): void {
    const bytes = typeof data === "string" ? Buffer.from(data.slice(from), "latin1") : data.subarray(from);
    if (this.pending === NOTHING) this.pending = [];
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
  }

  /** The socket takes bytes again. */
  flush(): void {
    const { socket } = this;
    while (socket !== undefined && this.pendingBytes > 0) {
      const [first] = this.pending;
      if (first === undefined) break;
      const written = Math.max(socket.write(first), 0);
      this.pendingBytes -= written;
      if (written < first.length) {
        this.pending[0] = first.subarray(written);
        return;
      }
      this.pending.shift();
    }
    if (this.pendingBytes > 0) return;
    if (this.endWhenEmpty) this.endSocket();
    else if (this.shutWhenEmpty) this.shutdown();
    else this.onDrained();
  }

  /** Closes after everything was sent. */
  close(): void {
    if (this.pendingBytes > 0) this.endWhenEmpty = true;
    else this.endSocket();
  }

  /** Sends the end of the stream after everything else, and goes on reading. */
  shutdown(): void {
    if (this.pendingBytes > 0) this.shutWhenEmpty = true;
    else this.socket?.shutdown();
  }

  private endSocket(): void {
    const { socket } = this;
    this.socket = undefined;
    wheel.remove(this);
    socket?.end();
  }

  /** Closes at once: what waits is lost, and the other end sees a reset. */
  abort(): void {
    const { socket } = this;
    this.socket = undefined;
    this.pending = NOTHING;
    this.pendingBytes = 0;
    wheel.remove(this);
    socket?.terminate();
  }

  /** The socket told that it is closed. */
  detach(): void {
    this.socket = undefined;
    this.pending = NOTHING;
    this.pendingBytes = 0;
    wheel.remove(this);
  }

  pause(): void {
    if (this.paused || this.socket === undefined) return;
    this.paused = true;
    pausing(this.socket).pause();
  }

  resume(): void {
    if (!this.paused || this.socket === undefined) return;
    this.paused = false;
    pausing(this.socket).resume();
  }
}

/** The runtime has these; its types don't say so. */
interface Runtime {
  pause(): void;
  resume(): void;
  write(text: string, encoding: "latin1"): number;
}

function hasRuntime(socket: object): socket is Runtime {
  return "pause" in socket && "write" in socket;
}

function pausing(socket: object): Runtime {
  if (!hasRuntime(socket)) throw new Error("this runtime's sockets can't pause");
  return socket;
}

function writeBytes(socket: Socket<Peer>, text: string): number {
  return pausing(socket).write(text, "latin1");
}
