/** Waiting on many descriptors, epoll(7). */
import { EEXIST } from "./errno.ts";
import { close } from "./fd.ts";
import { bind, IS_ARM64, orErrno, orThrow } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  epoll_create1: { args: ["i32"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  epoll_wait: { args: ["i32", "ptr", "i32", "i32"], returns: "i32" },
});

/** Event bits, epoll_ctl(2). */
export const EPOLL = {
  IN: 0x1,
  PRIORITY: 0x2,
  OUT: 0x4,
  ERROR: 0x8,
  HANG_UP: 0x10,
  READ_HANG_UP: 0x2000,
  EXCLUSIVE: 1 << 28,
  ONE_SHOT: 1 << 30,
  EDGE_TRIGGERED: 1 << 31,
} as const;

const EPOLL_CLOEXEC = 0o2000000;
const OPERATIONS = { add: 1, remove: 2, modify: 3 } as const;

// struct epoll_event is packed on x64 (events 4, data 8) and padded to 16 elsewhere.
const EVENT_WORDS = IS_ARM64 ? 4 : 3;
const DATA_WORD = IS_ARM64 ? 2 : 1;

/** How many events one `wait` can bring. */
export const EPOLL_BATCH = 512;

export class Epoll {
  readonly #events = new Memory(EPOLL_BATCH * EVENT_WORDS * 4);
  readonly #change = new Memory(16);
  private constructor(readonly fd: number) {}

  /** Throws. */
  static create(): Epoll {
    return new Epoll(orThrow(C.epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
  }

  /** Adds, changes or removes a descriptor. `tag` (31 bits) comes back with its events; 0 or -errno. Hot. */
  control(operation: keyof typeof OPERATIONS, fd: number, events: number, tag = fd): number {
    this.#change.i32[0] = events;
    this.#change.i32[DATA_WORD] = tag;
    this.#change.i32[DATA_WORD + 1] = 0;
    return orErrno(C.epoll_ctl(this.fd, OPERATIONS[operation], fd, this.#change.address));
  }

  /** Waits up to `timeoutMs` (-1: for ever, 0: only looks); how many events, or -errno. Hot. */
  wait(timeoutMs: number): number {
    return orErrno(C.epoll_wait(this.fd, this.#events.address, EPOLL_BATCH, timeoutMs));
  }

  /** The tag of event `index` of the last `wait`. */
  tag(index: number): number {
    return this.#events.i32[index * EVENT_WORDS + DATA_WORD] ?? -1;
  }

  /** The event bits of event `index` of the last `wait`. */
  happened(index: number): number {
    return this.#events.u32[index * EVENT_WORDS] ?? 0;
  }

  close(): number {
    return close(this.fd);
  }
}

const probe = new Memory(16);

/** Whether `epollFd` is an epoll that already watches `fd`: it refuses to be given it once more. Changes nothing. */
export function watches(epollFd: number, fd: number): boolean {
  probe.i32[0] = EPOLL.IN;
  const result = orErrno(C.epoll_ctl(epollFd, OPERATIONS.add, fd, probe.address));
  if (result === 0) C.epoll_ctl(epollFd, OPERATIONS.remove, fd, probe.address);
  return result === -EEXIST;
}
