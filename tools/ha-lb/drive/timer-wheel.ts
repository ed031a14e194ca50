/**
 * Deadlines of all connections on one coarse wheel. Activity only writes a number: a deadline that moved later is
 * noticed when its old slot comes by, so that a busy connection costs no timer work at all.
 */

/** How late a deadline may fire. */
export const TICK_MS = 20;
/**
 * A turn that comes so much later than it should follows a time in which this process didn't run: it was stopped, had no
 * processor, or its machine stood still. What its sockets brought meanwhile is read before anybody's time is over.
 */
const LATE_MS = 5 * TICK_MS;
const SLOTS = 1024;
/** Farther deadlines are looked at again after this long. */
const HORIZON_MS = TICK_MS * (SLOTS - 2);

/** Something with a deadline. `Infinity` is none. */
export abstract class Timed {
  deadlineMs = Number.POSITIVE_INFINITY;
  /** The wheel's own: when the slot comes by, and the neighbours in it. */
  slotMs = Number.POSITIVE_INFINITY;
  slotNext: Timed | undefined;
  slotBefore: Timed | undefined;

  abstract onDeadline(nowMs: number): void;
}

class Slot extends Timed {
  override onDeadline(): void {
    throw new Error("a slot of the wheel has no deadline");
  }
}

export class TimerWheel {
  private readonly slots = Array.from({ length: SLOTS }, () => new Slot());
  private turnedMs: number;
  private count = 0;
  private timer: Timer | undefined;
  private askedMs = 0;
  private isReading = false;

  constructor(private readonly clock: () => number) {
    this.turnedMs = Math.floor(clock() / TICK_MS) * TICK_MS;
  }

  /** Sets the deadline. Cheap when it moves later. */
  set(timed: Timed, deadlineMs: number): void {
    timed.deadlineMs = deadlineMs;
    if (deadlineMs < timed.slotMs) this.place(timed, deadlineMs);
  }

  /** Takes it off the wheel, for good or until the next `set`. */
  remove(timed: Timed): void {
    timed.deadlineMs = Number.POSITIVE_INFINITY;
    this.unlink(timed);
    if (this.count === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private unlink(timed: Timed): void {
    const { slotBefore, slotNext } = timed;
    if (slotBefore === undefined) return;
    slotBefore.slotNext = slotNext;
    if (slotNext !== undefined) slotNext.slotBefore = slotBefore;
    timed.slotBefore = undefined;
    timed.slotNext = undefined;
    timed.slotMs = Number.POSITIVE_INFINITY;
    this.count -= 1;
  }

  private place(timed: Timed, deadlineMs: number): void {
    this.unlink(timed);
    if (this.timer === undefined) this.start();
    const atMs = Math.min(Math.max(deadlineMs, this.turnedMs + TICK_MS), this.turnedMs + HORIZON_MS);
    const tick = Math.ceil(atMs / TICK_MS);
    const slot = this.slots[tick % SLOTS];
    if (slot === undefined) throw new Error("the wheel has no such slot");
    timed.slotMs = tick * TICK_MS;
    timed.slotBefore = slot;
    timed.slotNext = slot.slotNext;
    if (slot.slotNext !== undefined) slot.slotNext.slotBefore = timed;
    slot.slotNext = timed;
    this.count += 1;
  }

  private start(): void {
    this.askedMs = this.clock();
    this.turnedMs = Math.floor(this.askedMs / TICK_MS) * TICK_MS;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Turns; when it comes late, after sockets were read. */
  tick(): void {
    const nowMs = this.clock();
    const isLate = nowMs - this.askedMs > LATE_MS;
    this.askedMs = nowMs;
    if (this.isReading) return;
    if (!isLate) {
      this.turn();
      return;
    }
    this.isReading = true;
    // The first comes before the event loop looks at its sockets, the second after it has.
    setImmediate(() =>
      setImmediate(() => {
        this.isReading = false;
        this.turn();
      }),
    );
  }

  /** Fires what is due. */
  turn(): void {
    const nowMs = this.clock();
    // After a long stop every slot is visited once, not once per missed tick.
    if (nowMs - this.turnedMs > SLOTS * TICK_MS)
      this.turnedMs = Math.floor(nowMs / TICK_MS) * TICK_MS - SLOTS * TICK_MS;
    while (this.turnedMs + TICK_MS <= nowMs) {
      this.turnedMs += TICK_MS;
      const slot = this.slots[(this.turnedMs / TICK_MS) % SLOTS];
      let timed = slot?.slotNext;
      const due: Timed[] = [];
      for (; timed !== undefined; timed = timed.slotNext) due.push(timed);
      for (const one of due) this.visit(one, nowMs);
    }
  }

  private visit(timed: Timed, nowMs: number): void {
    // A deadline before it in the same slot may have taken it off.
    if (timed.slotBefore === undefined) return;
    this.unlink(timed);
    if (timed.deadlineMs <= nowMs) {
      timed.deadlineMs = Number.POSITIVE_INFINITY;
      timed.onDeadline(nowMs);
    } else if (timed.deadlineMs !== Number.POSITIVE_INFINITY) this.place(timed, timed.deadlineMs);
  }
}

let heldMs = 0;

/** Monotonic milliseconds. */
export function nowMs(): number {
  return heldMs > 0 ? heldMs : performance.now();
}

/** One moment for all that follows, until `freeClock`: an event asks a dozen times. */
export function holdClock(): void {
  heldMs = performance.now();
}

export function freeClock(): void {
  heldMs = 0;
}

/** One wheel for the process: all sockets live on one event loop. */
export const wheel = new TimerWheel(nowMs);
