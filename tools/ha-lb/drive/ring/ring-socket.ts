/**
 * A connection whose bytes come and go through the ring. To its peer it is what the runtime's socket is: what `write`
 * doesn't take is asked for by `flush` later; `end` and `terminate` close it at once as far as the peer sees.
 */
import { EAGAIN, ECANCELED, EINTR, ENOBUFS } from "../../../../shared/drive/ffi/errno.ts";
import { close } from "../../../../shared/drive/ffi/fd.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import { sendView, setResetOnClose, shutdown } from "../../../../shared/drive/ffi/socket.ts";
import type { Peer } from "../peer.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import { BUFFER_BYTES, KIND, type RingLoop } from "./ring-loop.ts";

/** Pieces of less than a buffer, one after the other, that tell that the long body is over. */
const MOST_SMALL_PIECES = 16;
/** How long the last bytes of a connection that was ended may take. */
const LAST_BYTES_MS = 30_000;

/** Asked of the runtime's socket once, before it goes. */
export interface SocketNames {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** A completion of the kernel's: bytes, or the end (0), or -errno. */
export interface Received {
  readonly result: number;
  readonly bytes: Buffer | undefined;
}

const NOTHING: Received[] = [];

export class RingSocket extends Timed implements SocketNames {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  private readonly id: number;
  // What the kernel has to do for this connection.
  private receiving = false;
  /** Long bodies: it is told that bytes are there, and takes them in large pieces. */
  private takesLarge = false;
  private waitsForBytes = false;
  private smallPieces = 0;
  private waitsForRoom = false;
  private waitsForEnd = false;
  /** The slot whose bytes are on their way, or -1. */
  private slot = -1;
  private sent = 0;
  private toSend = 0;
  /** A write was refused: its peer waits to be told. */
  private refused = false;
  private isPaused = false;
  /** What the kernel had received before it knew of a pause. */
  private early: Received[] = NOTHING;
  /** The other end sent its last byte. */
  private ended = false;
  private shutAfterSend = false;
  private isShut = false;
  private isBroken = false;
  private closing: "no" | "ends" | "resets" = "no";
  private isClosed = false;

  constructor(
    private readonly loop: RingLoop,
    readonly fd: number,
    public data: Peer,
    names: SocketNames,
    /** Is its peer told of a close that it asked for? */
    private readonly tellsOwnClose: boolean,
  ) {
    super();
    this.remoteAddress = names.remoteAddress;
    this.remotePort = names.remotePort;
    this.localAddress = names.localAddress;
    this.localPort = names.localPort;
    this.id = loop.enter(this);
    this.receive();
  }

  private receive(): void {
    if (this.receiving || this.waitsForBytes || this.isPaused || this.ended) return;
    if (this.closing !== "no" || this.early.length > 0) return;
    if (this.takesLarge) {
      this.waitsForBytes = true;
      this.loop.ring.poll(this.fd, POLL.IN, KIND.BYTES, this.id);
    } else {
      this.receiving = true;
      this.loop.ring.receive(this.fd, KIND.RECEIVE, this.id);
    }
    this.loop.schedule();
  }

  private stopReceiving(): void {
    if (!this.receiving) return;
    this.loop.ring.cancel(KIND.RECEIVE, this.id, KIND.CANCEL, this.id);
    this.loop.schedule();
  }

  private waitForRoom(): void {
    if (this.waitsForRoom) return;
    this.waitsForRoom = true;
    this.loop.ring.poll(this.fd, POLL.OUT, KIND.ROOM, this.id);
    this.loop.schedule();
  }

  /** Bytes, or a byte string. @returns how many were taken; the peer's `flush` follows when not all were */
  write(data: Uint8Array | string): number {
    if (this.closing !== "no") return 0;
    if (this.slot >= 0 || this.refused) {
      this.refused = true;
      return 0;
    }
    if (typeof data !== "string") return this.sendNow(data);
    const slot = this.loop.slots.take(data);
    if (slot < 0) return this.sendNow(Buffer.from(data, "latin1"));
    this.slot = slot;
    this.sent = 0;
    this.toSend = data.length;
    this.sendSlot();
    return data.length;
  }

  private sendSlot(): void {
    const { slots, ring } = this.loop;
    const from = slots.offset(this.slot) + this.sent;
    ring.send(this.fd, slots.memory, from, this.toSend - this.sent, KIND.SEND, this.id);
    this.loop.schedule();
  }

  private sendNow(bytes: Uint8Array): number {
    const result = sendView(this.fd, bytes);
    const count = Math.max(result, 0);
    if (count === bytes.byteLength) return count;
    // What broke is told with the next completion, not from inside of a write.
    this.isBroken = result < 0 && result !== -EAGAIN && result !== -EINTR && result !== -ENOBUFS;
    this.refused = true;
    this.waitForRoom();
    return count;
  }

  /** Sends the end of the stream after what was written, and goes on reading. */
  shutdown(): void {
    if (this.slot >= 0) {
      this.shutAfterSend = true;
      return;
    }
    if (this.isShut) return;
    this.isShut = true;
    shutdown(this.fd, "write");
  }

  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.stopReceiving();
  }

  resume(): void {
    this.isPaused = false;
    if (this.early.length === 0) this.receive();
    else this.loop.soon(() => this.takeEarly());
  }

  private takeEarly(): void {
    while (!this.isPaused && this.closing === "no") {
      const first = this.early.shift();
      if (first === undefined) break;
      this.take(first);
    }
    this.receive();
  }

  /** Closes after what was written is on its way. */
  end(): void {
    if (this.closing !== "no") return;
    this.closing = "ends";
    if (this.slot >= 0) wheel.set(this, nowMs() + LAST_BYTES_MS);
    else this.hangUp();
    this.tellClosed();
  }

  private tellClosed(): void {
    if (this.tellsOwnClose || this.data.isOpen) this.data.onClose();
  }

  /** Closes at once, with a reset. */
  terminate(): void {
    if (this.closing === "resets") return;
    const wasOpen = this.closing === "no";
    this.closing = "resets";
    if (this.isBusy) {
      this.loop.ring.cancelAll(this.fd, KIND.CANCEL, this.id);
      this.loop.schedule();
    }
    this.closeWhenIdle();
    if (wasOpen) this.tellClosed();
  }

  override onDeadline(): void {
    this.terminate();
  }

  private get isBusy(): boolean {
    return this.receiving || this.waitsForBytes || this.waitsForRoom || this.waitsForEnd || this.slot >= 0;
  }

  /** Ends both directions, which also completes what waits in the kernel; the watch for that is called off. */
  private hangUp(): void {
    shutdown(this.fd, "both");
    if (this.waitsForEnd) {
      this.loop.ring.cancel(KIND.END, this.id, KIND.CANCEL, this.id);
      this.loop.schedule();
    }
    this.closeWhenIdle();
  }

  /** The descriptor is closed when the kernel has nothing left to do with it. */
  private closeWhenIdle(): void {
    if (this.isClosed || this.isBusy) return;
    this.isClosed = true;
    wheel.remove(this);
    if (this.closing === "resets") setResetOnClose(this.fd, true);
    close(this.fd);
    this.loop.leave(this.id);
  }

  /** `bytes` belong to this connection from here on; none came with the end and with errors. */
  onReceived(result: number, more: boolean, bytes: Buffer | undefined): void {
    this.receiving = more;
    if (result === BUFFER_BYTES && !this.takesLarge) {
      this.takesLarge = true;
      this.smallPieces = 0;
      this.stopReceiving();
    }
    if (this.closing !== "no") this.closeWhenIdle();
    else if (this.isPaused || this.early.length > 0) this.keepEarly({ result, bytes });
    else {
      this.take({ result, bytes });
      this.receive();
    }
  }

  /** Bytes are there, or the end, or an error. */
  onBytes(): void {
    this.waitsForBytes = false;
    if (this.closing !== "no") {
      this.closeWhenIdle();
      return;
    }
    if (this.isPaused) return;
    const received = this.loop.takeLarge(this.fd);
    if (received.result >= BUFFER_BYTES) this.smallPieces = 0;
    else this.smallPieces += 1;
    if (this.smallPieces === MOST_SMALL_PIECES) this.takesLarge = false;
    if (received.result !== -EAGAIN) this.take(received);
    this.receive();
  }

  private keepEarly(received: Received): void {
    if (this.early === NOTHING) this.early = [];
    if (!isPassing(received.result)) this.early.push(received);
  }

  private take({ result, bytes }: Received): void {
    if (bytes !== undefined) this.data.onData(bytes);
    else if (result === 0) this.onEnded();
    else if (!isPassing(result)) this.end();
  }

  private onEnded(): void {
    this.ended = true;
    // From now on only a reset can come, or the end of the other direction.
    this.waitsForEnd = true;
    this.loop.ring.watchEnd(this.fd, KIND.END, this.id);
    this.loop.schedule();
    this.data.onEnd();
    if (this.isShut) this.end();
  }

  onSent(result: number): void {
    if (result > 0) this.sent += result;
    if (result > 0 && this.sent < this.toSend && this.closing !== "resets") {
      this.sendSlot();
      return;
    }
    this.loop.slots.giveBack(this.slot);
    this.slot = -1;
    if (this.closing === "ends") this.hangUp();
    else if (this.closing === "resets") this.closeWhenIdle();
    else if (result <= 0) this.end();
    else {
      if (this.shutAfterSend) this.shutdown();
      this.tellRoom();
    }
  }

  onRoom(): void {
    this.waitsForRoom = false;
    if (this.closing !== "no") this.closeWhenIdle();
    else if (this.isBroken) this.end();
    else this.tellRoom();
  }

  private tellRoom(): void {
    if (!this.refused) return;
    this.refused = false;
    this.data.flush();
  }

  /** After the other end's last byte: both directions are at their end, or the connection was reset. */
  onEndNews(events: number, more: boolean): void {
    this.waitsForEnd = more;
    if (this.closing !== "no") this.closeWhenIdle();
    else if (events < 0 || (events & (POLL.ERROR | POLL.HANG_UP)) !== 0) this.end();
  }
}

/** Nothing came, but it may go on: no buffer was free, or it was told to stop. */
function isPassing(result: number): boolean {
  return result === -ENOBUFS || result === -ECANCELED || result === -EINTR;
}
