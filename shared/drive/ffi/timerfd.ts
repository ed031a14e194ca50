/** A timer as a descriptor, timerfd_create(2): for epoll loops that have no deadline argument of their own. */
import { CLOCKS } from "./clock.ts";
import { EAGAIN } from "./errno.ts";
import { close, read } from "./fd.ts";
import { bind, orThrow } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  timerfd_create: { args: ["i32", "i32"], returns: "i32" },
  timerfd_settime: { args: ["i32", "i32", "ptr", "ptr"], returns: "i32" },
});

const TFD_CLOEXEC = 0o2000000;
const TFD_NONBLOCK = 0o4000;
const TFD_TIMER_ABSTIME = 1;
const NANOSECONDS_PER_SECOND = 1_000_000_000;

export class TimerFd {
  // struct itimerspec: interval (s, ns), first expiry (s, ns)
  readonly #spec = new Memory(32);
  readonly #count = new Memory(8);
  private constructor(readonly fd: number) {}

  /** A disarmed timer on the monotonic clock. Throws. */
  static create(): TimerFd {
    return new TimerFd(orThrow(C.timerfd_create(CLOCKS.monotonic, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create"));
  }

  /** Fires once when the monotonic clock reaches `deadlineNs` (at once when past). `Infinity` disarms. */
  armAt(deadlineNs: number): void {
    const armed = deadlineNs !== Infinity;
    // 0 would disarm the timer; a deadline of 0 is long past and fires at 1 ns as well.
    const whole = armed ? Math.max(1, Math.ceil(deadlineNs)) : 0;
    this.#spec.clear();
    this.#spec.setNumber64(16, Math.floor(whole / NANOSECONDS_PER_SECOND));
    this.#spec.setNumber64(24, whole % NANOSECONDS_PER_SECOND);
    orThrow(C.timerfd_settime(this.fd, TFD_TIMER_ABSTIME, this.#spec.address, null), "timerfd_settime");
  }

  /** How often it fired since the last call; 0 when not, -errno on failure. Hot. */
  drain(): number {
    const count = read(this.fd, this.#count, 0, 8);
    if (count === 8) return this.#count.number64(0);
    return count === -EAGAIN ? 0 : count;
  }

  close(): number {
    return close(this.fd);
  }
}
