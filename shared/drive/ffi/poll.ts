/** Waiting for descriptors with nanosecond timeouts, ppoll(2). */
import { bind, orErrno } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({ ppoll: { args: ["ptr", "u64", "ptr", "ptr"], returns: "i32" } });

/** Event bits of poll(2). `ERROR`, `HANG_UP` and `INVALID` are answered without being asked for. */
export const POLL = {
  IN: 0x1,
  PRIORITY: 0x2,
  OUT: 0x4,
  ERROR: 0x8,
  HANG_UP: 0x10,
  INVALID: 0x20,
  READ_HANG_UP: 0x2000,
} as const;

/** More descriptors than one thread of ours watches; above it, epoll is the tool. */
export const POLL_SET_LIMIT = 4096;

const ENTRY_BYTES = 8;
const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** A table of descriptors to wait on, in slots `0 … size-1`. */
export class PollSet {
  readonly #entries: Memory;
  readonly #timeout = new Memory(16);
  #size = 0;

  constructor(readonly capacity: number) {
    if (capacity < 1 || capacity > POLL_SET_LIMIT) throw new Error(`poll set of ${capacity}: 1 to ${POLL_SET_LIMIT}`);
    this.#entries = new Memory(capacity * ENTRY_BYTES);
  }

  get size(): number {
    return this.#size;
  }

  /** Puts a descriptor behind the last slot and returns its slot. Throws when the table is full. */
  add(fd: number, events: number): number {
    if (this.#size >= this.capacity) throw new Error(`poll set is full (${this.capacity})`);
    this.#size += 1;
    this.set(this.#size - 1, fd, events);
    return this.#size - 1;
  }

  /** Replaces a slot. A negative `fd` makes the kernel skip it. */
  set(slot: number, fd: number, events: number): void {
    if (slot < 0 || slot >= this.#size) throw new Error(`poll slot ${slot} of ${this.#size}`);
    this.#entries.i32[slot * 2] = fd;
    this.#entries.u16[slot * 4 + 2] = events;
    this.#entries.u16[slot * 4 + 3] = 0;
  }

  /** Forgets all slots. */
  reset(): void {
    this.#size = 0;
  }

  /** What happened to a slot in the last `wait` that returned more than 0. */
  happened(slot: number): number {
    return slot < this.#size ? (this.#entries.u16[slot * 4 + 3] ?? 0) : 0;
  }

  /**
   * Waits until a descriptor is ready or `timeoutNs` passed (`Infinity`: for ever; 0 or less: only looks).
   * Returns how many slots are ready, or -errno; -EINTR is an ordinary answer. Blocks the whole thread. Hot.
   */
  wait(timeoutNs: number): number {
    if (timeoutNs === Infinity) return orErrno(C.ppoll(this.#entries.address, this.#size, null, null));
    const whole = timeoutNs > 0 ? Math.ceil(timeoutNs) : 0;
    const seconds = Math.floor(whole / NANOSECONDS_PER_SECOND);
    this.#timeout.u32[0] = seconds;
    this.#timeout.u32[2] = whole - seconds * NANOSECONDS_PER_SECOND;
    return orErrno(C.ppoll(this.#entries.address, this.#size, this.#timeout.address, null));
  }
}

const single = new PollSet(1);
single.add(-1, 0);

/** Waits for one descriptor; the event bits, 0 after the timeout, or -errno. Blocks the whole thread. */
export function pollOne(fd: number, events: number, timeoutNs: number): number {
  single.set(0, fd, events);
  const ready = single.wait(timeoutNs);
  return ready > 0 ? single.happened(0) : ready;
}
