/**
 * The ring and the runtime's event loop share one thread. While bytes come, the thread waits in the ring, which also
 * watches the runtime's own epoll descriptor and gives way when something is ready there, and every few milliseconds
 * for timers. When nothing comes, the thread waits in the runtime again, and a byte on a socket pair wakes it.
 */
import { drainMicrotasks } from "bun:jsc";
import { connectFd } from "../../../../shared/drive/connect-fd.ts";
import { watches } from "../../../../shared/drive/ffi/epoll.ts";
import { EventFd } from "../../../../shared/drive/ffi/eventfd.ts";
import { close as closeFd } from "../../../../shared/drive/ffi/fd.ts";
import { Memory } from "../../../../shared/drive/ffi/memory.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import { Ring } from "../../../../shared/drive/ffi/ring.ts";
import { MESSAGE, receive, SOCKET_TYPE, socketPair } from "../../../../shared/drive/ffi/socket.ts";
import { freeClock, holdClock, nowMs } from "../timer-wheel.ts";
import type { Received, RingSocket } from "./ring-socket.ts";
import { SendSlots } from "./send-slots.ts";

const ENTRIES = 1024;
const COMPLETIONS = 8192;
/** A power of two. More than are received in one turn wait for the next one. */
const BUFFERS = 256;
export const BUFFER_BYTES = 8 * 1024;
/** What one call takes of a long body. */
const LARGE_BYTES = 512 * 1024;
/** How long the thread stays with the ring at most: timers of the runtime are that late. */
const SLICE_MS = 5;
/** The thread stays with the ring until nothing came for this long. */
const LINGER_MS = 100;
/** Descriptors among which the runtime's epoll is looked for: it is one of the first. */
const MOST_EPOLL_FD = 64;

/** What a request to the ring was. */
export const KIND = { RECEIVE: 1, SEND: 2, ROOM: 3, END: 4, CANCEL: 5, RUNTIME: 6, BYTES: 7 } as const;

export class RingLoop {
  readonly slots = new SendSlots();
  /** How often the thread went to the ring: it must not while nothing comes. */
  turns = 0;
  private readonly received: Buffer;
  private readonly sockets: (RingSocket | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private scheduled = false;
  private inTurn = false;
  private watches = false;
  private runtimeReady = false;
  private awaited = false;
  private trafficMs = 0;
  private large: Memory | undefined;
  private later: (() => void)[] = [];
  private readonly byte = new Memory(8);
  private readonly runTurn = (): void => this.turn();

  private constructor(
    readonly ring: Ring,
    private readonly waker: Ring,
    private readonly signal: EventFd,
    private readonly runtimeFd: number,
    private readonly wakeFd: number,
  ) {
    this.received = Buffer.from(ring.received.u8.buffer);
  }

  /** Sets everything up; undefined where the system has or allows no rings of the kind that is needed. */
  static async open(): Promise<RingLoop | undefined> {
    const ring = Ring.open({ entries: ENTRIES, completions: COMPLETIONS, deferred: true });
    if (typeof ring === "number") return undefined;
    const waker = Ring.open({ entries: 4, completions: 16, deferred: false });
    const signal = EventFd.create();
    if (
      typeof waker === "number" ||
      ring.useBuffers({ count: BUFFERS, byteLength: BUFFER_BYTES }) < 0 ||
      ring.signalTo(signal.fd) < 0
    ) {
      ring.close();
      if (typeof waker !== "number") waker.close();
      signal.close();
      return undefined;
    }
    const [own, wakeFd] = socketPair(SOCKET_TYPE.STREAM, { nonBlocking: true });
    const woken = { tell: (): void => undefined };
    const socket = await connectFd({ fd: own, socket: { data: () => woken.tell() } });
    socket.unref();
    const runtimeFd = epollOf(own);
    if (runtimeFd === undefined) {
      socket.terminate();
      closeFd(wakeFd);
      ring.close();
      waker.close();
      signal.close();
      return undefined;
    }
    const loop = new RingLoop(ring, waker, signal, runtimeFd, wakeFd);
    woken.tell = () => loop.onWoken();
    return loop;
  }

  /** @returns the number under which completions find the socket */
  enter(socket: RingSocket): number {
    const id = this.freeIds.pop() ?? this.sockets.length;
    this.sockets[id] = socket;
    return id;
  }

  leave(id: number): void {
    this.sockets[id] = undefined;
    this.freeIds.push(id);
  }

  /** Requests were written: they are handed over soon. */
  schedule(): void {
    if (this.inTurn || this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.runTurn);
  }

  private turn(): void {
    this.scheduled = false;
    this.turns += 1;
    this.inTurn = true;
    this.runtimeReady = false;
    const startMs = nowMs();
    let endMs = startMs;
    try {
      do {
        if (!this.watches) {
          this.watches = true;
          this.ring.poll(this.runtimeFd, POLL.IN, KIND.RUNTIME, 0);
        }
        this.ring.submitAndWait(this.later.length === 0 ? SLICE_MS : 0);
        const some = this.complete();
        this.runLater();
        drainMicrotasks();
        endMs = nowMs();
        if (some) this.trafficMs = endMs;
      } while (!this.runtimeReady && endMs - startMs < SLICE_MS);
    } finally {
      if (this.ring.hasRequests) this.ring.submit();
      this.inTurn = false;
      if (endMs - this.trafficMs < LINGER_MS || this.ring.isReady || this.later.length > 0) this.schedule();
      else this.rest();
    }
  }

  /** Runs `task` after what happens now, as `setImmediate` does. */
  soon(task: () => void): void {
    if (this.inTurn) this.later.push(task);
    else setImmediate(task);
  }

  private runLater(): void {
    if (this.later.length === 0) return;
    const tasks = this.later;
    this.later = [];
    for (const task of tasks) {
      try {
        task();
      } catch (error) {
        warn(error);
      }
    }
  }

  /** Hands every completion to whom it belongs. @returns whether bytes moved */
  private complete(): boolean {
    const { ring } = this;
    let some = false;
    while (ring.next()) {
      const { kind, result } = ring;
      if (kind === KIND.RUNTIME) {
        this.watches = false;
        this.runtimeReady = true;
        continue;
      }
      const socket = this.sockets[ring.owner];
      if (kind === KIND.CANCEL || socket === undefined) continue;
      some = true;
      holdClock();
      try {
        if (kind === KIND.RECEIVE) socket.onReceived(result, ring.more, this.takeBytes(ring.buffer, result));
        else if (kind === KIND.SEND) socket.onSent(result);
        else if (kind === KIND.ROOM) socket.onRoom();
        else if (kind === KIND.BYTES) socket.onBytes();
        else if (kind === KIND.END) socket.onEndNews(result, ring.more);
      } catch (error) {
        // A mistake that one connection brings out ends that connection, not the others.
        warn(error);
        endQuietly(socket);
      }
    }
    freeClock();
    return some;
  }

  /** A copy of what came, so that the kernel can have the buffer back. */
  private takeBytes(buffer: number, count: number): Buffer | undefined {
    if (buffer < 0) return undefined;
    const bytes = count > 0 ? Buffer.allocUnsafe(count) : undefined;
    if (bytes !== undefined) this.received.copy(bytes, 0, buffer * BUFFER_BYTES, buffer * BUFFER_BYTES + count);
    this.ring.giveBack(buffer);
    return bytes;
  }

  /** Takes what is there of a long body. */
  takeLarge(fd: number): Received {
    this.large ??= new Memory(LARGE_BYTES);
    const result = receive(fd, this.large, 0, LARGE_BYTES, MESSAGE.DONT_WAIT);
    return { result, bytes: result > 0 ? Buffer.from(this.large.bytes(0, result)) : undefined };
  }

  /** The thread goes back to the runtime's loop until something comes. */
  private rest(): void {
    // The runtime's loop needs no watching by the ring while the thread waits in it.
    if (this.watches) this.ring.cancel(KIND.RUNTIME, 0, KIND.CANCEL, 0);
    this.ring.submitAndWait(0);
    let some = this.complete();
    // Only what comes from here on is to wake: the completions above would do it, too.
    this.ring.setSignals(true);
    this.signal.drain();
    this.ring.submitAndWait(0);
    if (this.complete()) some = true;
    if (some || this.watches || this.ring.hasRequests || this.later.length > 0) {
      this.schedule();
      return;
    }
    if (this.awaited) return;
    this.awaited = true;
    while (this.waker.next());
    this.waker.pollThenSend(this.signal.fd, POLL.IN, this.wakeFd, this.byte);
    this.waker.submit();
  }

  private onWoken(): void {
    this.awaited = false;
    this.ring.setSignals(false);
    this.trafficMs = nowMs();
    this.schedule();
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

/** Its peer has made one mistake already, and may make another when it hears of the end. */
function endQuietly(socket: RingSocket): void {
  try {
    socket.terminate();
  } catch (error) {
    warn(error);
  }
}

/** The epoll of the runtime's loop, which watches `fd`. */
function epollOf(fd: number): number | undefined {
  for (let candidate = 3; candidate < MOST_EPOLL_FD; candidate += 1) if (watches(candidate, fd)) return candidate;
  return undefined;
}
