/**
 * Clients that came while a limit was reached: `maxconn`, `rate-limit sessions`, `maxconnrate` and their like. The peer
 * leaves them in the kernel's queue; the runtime's listeners can't stop taking, so they wait here, unread, in turn.
 */
import type { Socket } from "bun";
import { Peer } from "./peer.ts";
import type { FrontendRuntime } from "./runtime.ts";
import { nowMs, Timed, wheel } from "./timer-wheel.ts";

/** Beyond it a client is turned away, as by a full queue of the kernel. */
const MOST_WAITING = 4096;
/** Rates fall with time alone, and commands change limits. */
const LOOK_AGAIN_MS = 40;

/** A client whose connection has no protocol yet. */
class Waiting extends Peer {
  constructor(socket: Socket<Peer>) {
    super();
    this.socket = socket;
  }
  override onData(): void {
    // It was paused before anything came.
    this.abort();
  }
  override onEnd(): void {
    // It may still be served, and then ends.
  }
  override onClose(): void {
    this.detach();
  }
  override onDrained(): void {
    // Nothing is sent here.
  }
  override onDeadline(): void {
    // The room looks after them.
  }
}

interface Turn {
  readonly peer: Waiting;
  readonly enter: (socket: Socket<Peer>) => void;
}

export class EntryHall extends Timed {
  private readonly queues = new Map<FrontendRuntime, Turn[]>();
  private count = 0;

  /** @param tryEnter takes a place for one more client of the frontend, if there is one now */
  constructor(private readonly tryEnter: (frontend: FrontendRuntime) => boolean) {
    super();
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Does somebody wait for this frontend who came before? */
  hasTurns(frontend: FrontendRuntime): boolean {
    return this.count > 0 && this.queues.has(frontend);
  }

  wait(frontend: FrontendRuntime, socket: Socket<Peer>, enter: (socket: Socket<Peer>) => void): void {
    if (this.count >= MOST_WAITING) {
      socket.terminate();
      return;
    }
    const peer = new Waiting(socket);
    socket.data = peer;
    peer.pause();
    const queue = this.queues.get(frontend);
    if (queue === undefined) this.queues.set(frontend, [{ peer, enter }]);
    else queue.push({ peer, enter });
    this.count += 1;
    if (this.deadlineMs === Number.POSITIVE_INFINITY) wheel.set(this, nowMs() + LOOK_AGAIN_MS);
  }

  /** There may be room: lets in who came first. */
  admit(): void {
    for (const [frontend, queue] of this.queues) {
      for (let [turn] = queue; turn !== undefined; [turn] = queue) {
        const { socket } = turn.peer;
        if (socket !== undefined && !this.tryEnter(frontend)) break;
        queue.shift();
        this.count -= 1;
        if (socket === undefined) continue;
        turn.peer.resume();
        turn.peer.socket = undefined;
        turn.enter(socket);
      }
      if (queue.length === 0) this.queues.delete(frontend);
    }
  }

  override onDeadline(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.admit();
    if (!this.isEmpty) wheel.set(this, nowMs() + LOOK_AGAIN_MS);
  }
}
