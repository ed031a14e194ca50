/** A counter that wakes a waiting thread, eventfd(2). Works across Workers: a descriptor belongs to the process. */
import { EAGAIN } from "./errno.ts";
import { close, read, write } from "./fd.ts";
import { bind, orThrow } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({ eventfd: { args: ["u32", "i32"], returns: "i32" } });

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

// One word for each direction: a thread never reads what it is about to write.
const writing = new Memory(8);
const reading = new Memory(8);

export class EventFd {
  private constructor(readonly fd: number) {}

  /** A new counter at 0, never blocking. Throws. */
  static create(): EventFd {
    return new EventFd(orThrow(C.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
  }

  /** The same counter in another thread, from its descriptor's number. */
  static from(fd: number): EventFd {
    return new EventFd(fd);
  }

  /** Adds to the counter, which makes the descriptor readable; 0 or -errno (-EAGAIN only at 2^64). Hot. */
  signal(count = 1): number {
    writing.setNumber64(0, count);
    const written = write(this.fd, writing, 0, 8);
    return written < 0 ? written : 0;
  }

  /** Takes the counter's value and sets it to 0; 0 when nobody signalled, -errno on failure. Hot. */
  drain(): number {
    const count = read(this.fd, reading, 0, 8);
    if (count === 8) return reading.number64(0);
    return count === -EAGAIN ? 0 : count;
  }

  close(): number {
    return close(this.fd);
  }
}
