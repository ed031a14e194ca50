/** Moving bytes between descriptors inside the kernel, splice(2), sendfile(2). */
import { bind, orErrno } from "./libc.ts";

const C = bind({
  splice: { args: ["i32", "ptr", "i32", "ptr", "u64", "u32"], returns: "i32" },
  sendfile: { args: ["i32", "i32", "ptr", "u64"], returns: "i32" },
});

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const SPLICE_F_MORE = 4;

/**
 * Moves up to `length` bytes from one descriptor to another, one of which must be a pipe. Never waits
 * on the pipe; the other end waits unless it is non-blocking. The count, 0 at the end, or -errno
 * (-EAGAIN: nothing to read or no room; which end, the caller knows from its own bookkeeping). Hot.
 */
export function splice(from: number, to: number, length: number, more = false): number {
  const flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0);
  return orErrno(C.splice(from, null, to, null, length, flags));
}

/** Copies up to `length` bytes from a file's own position to a socket; the count or -errno. Hot. */
export function sendFile(to: number, from: number, length: number): number {
  return orErrno(C.sendfile(to, from, null, length));
}
