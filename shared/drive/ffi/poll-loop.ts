/**
 * The deadline loop: one thread that waits for descriptors and for one moment in time, and is on time
 * for both. Made for a Worker of its own (SCHED_FIFO where allowed, see `deadline-thread.ts`), because
 * it blocks the whole thread: no promise, timer or event of that thread runs until `run` returns.
 *
 * What a blocked Worker can do, on Bun 1.4, also compiled:
 * - hear the main thread: through a `Mailbox`, whose eventfd is one of the descriptors;
 * - tell the main thread: `postMessage` arrives at once, it doesn't wait for this thread's event loop;
 * - print: only with `fs.writeSync`; `console.log` would wait for the event loop.
 */
import { monotonicNs } from "./clock.ts";
import { EINTR } from "./errno.ts";
import { check } from "./libc.ts";
import { POLL, PollSet } from "./poll.ts";

/**
 * Called when a descriptor is ready. It must take a bounded amount of work per call and return; what is
 * left keeps the descriptor ready. `events` are bits of `POLL`.
 */
export type ReadyHandler = (events: number, nowNs: number) => void;

export interface PollLoopOptions {
  /** When `onDeadline` has to run next, monotonic nanoseconds; `Infinity` for never. Asked before every wait. */
  readonly nextDeadlineNs: () => number;
  /** Runs when that moment has come. It must move the deadline, or it runs again at once. */
  readonly onDeadline: (nowNs: number) => void;
  /** How many descriptors at most. */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 256;
/**
 * `onDeadline` that leaves the deadline where it was this often in a row is a programming error, which would
 * otherwise be an endless loop at real-time priority. (Many things due at one moment are not one.)
 */
const UNMOVED_LIMIT = 100_000;

interface Registration {
  readonly fd: number;
  events: number;
  readonly handler: ReadyHandler;
}

export class PollLoop {
  readonly #options: PollLoopOptions;
  readonly #set: PollSet;
  /** In the order of the slots of `#set`. */
  #registrations: readonly Registration[] = [];
  #changed = false;
  #stopped = false;
  #unmoved = 0;

  constructor(options: PollLoopOptions) {
    this.#options = options;
    this.#set = new PollSet(options.capacity ?? DEFAULT_CAPACITY);
  }

  /** Watches a descriptor from the next turn on. Throws when it is watched already or the loop is full. */
  add(fd: number, events: number, handler: ReadyHandler): void {
    if (this.#registrations.some((registration) => registration.fd === fd)) throw new Error(`fd ${fd} is in the loop`);
    if (this.#registrations.length >= this.#set.capacity) throw new Error(`the loop is full (${this.#set.capacity})`);
    this.#registrations = [...this.#registrations, { fd, events, handler }];
    this.#changed = true;
  }

  /** Changes what a descriptor is watched for. Throws when it isn't watched. */
  change(fd: number, events: number): void {
    const registration = this.#registrations.find((candidate) => candidate.fd === fd);
    if (registration === undefined) throw new Error(`fd ${fd} isn't in the loop`);
    registration.events = events;
    this.#changed = true;
  }

  /** Forgets a descriptor; call it before closing the descriptor. Its handler doesn't run any more. */
  remove(fd: number): void {
    this.#registrations = this.#registrations.filter((registration) => registration.fd !== fd);
    this.#changed = true;
  }

  /** Makes `run` return after the handler that calls this. */
  stop(): void {
    this.#stopped = true;
  }

  /** Turns until `stop`. What a handler throws ends the loop: the process is to die and be restarted. */
  run(): void {
    this.#stopped = false;
    while (!this.#stopped) this.turn(Infinity);
  }

  /**
   * One turn: waits (at most `mostNs`), runs the handlers of what is ready, then the deadline when due.
   *
   * Descriptors come before the deadline on purpose. After a pause of this process (a stopped machine,
   * a busy host) a deadline has passed *and* the packets that prove it wrong lie in the socket: reading
   * first is what avoids a needless failover.
   */
  turn(mostNs: number): void {
    if (this.#changed) this.#rebuild();
    const waitNs = Math.min(mostNs, this.#options.nextDeadlineNs() - monotonicNs());
    const ready = this.#set.wait(waitNs);
    if (ready < 0 && ready !== -EINTR) check(ready, "ppoll");
    const nowNs = monotonicNs();
    if (ready > 0) this.#dispatch(ready, nowNs);
    if (this.#stopped) return;
    const laterNs = ready > 0 ? monotonicNs() : nowNs;
    const dueNs = this.#options.nextDeadlineNs();
    if (dueNs > laterNs) return;
    this.#options.onDeadline(laterNs);
    this.#unmoved = this.#options.nextDeadlineNs() === dueNs ? this.#unmoved + 1 : 0;
    if (this.#unmoved > UNMOVED_LIMIT) throw new Error("onDeadline doesn't move the deadline");
  }

  #rebuild(): void {
    this.#set.reset();
    for (const { fd, events } of this.#registrations) this.#set.add(fd, events);
    this.#changed = false;
  }

  #dispatch(ready: number, nowNs: number): void {
    // The list of this turn: handlers may add and remove, which makes a new list.
    const registrations = this.#registrations;
    let left = ready;
    for (let slot = 0; slot < registrations.length && left > 0 && !this.#stopped; slot += 1) {
      const events = this.#set.happened(slot);
      const registration = registrations[slot];
      if (events === 0 || registration === undefined) continue;
      left -= 1;
      if (registrations !== this.#registrations && !this.#registrations.includes(registration)) continue;
      if ((events & POLL.INVALID) !== 0) throw new Error(`fd ${registration.fd} was closed while in the loop`);
      registration.handler(events, nowNs);
    }
  }
}
