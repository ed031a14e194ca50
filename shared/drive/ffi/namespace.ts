/** Entering and making namespaces, setns(2), unshare(2). */
import { close, open, OPEN } from "./fd.ts";
import { bind, orErrno, orThrow } from "./libc.ts";

const C = bind({
  setns: { args: ["i32", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
});

/** CLONE_NEW… flags. */
export const NAMESPACE = {
  MOUNT: 0x00020000,
  CGROUP: 0x02000000,
  UTS: 0x04000000,
  IPC: 0x08000000,
  USER: 0x10000000,
  PID: 0x20000000,
  NETWORK: 0x40000000,
} as const;

/**
 * Moves the calling *thread* into the namespace behind a path (`/run/netns/NAME`, `/proc/PID/ns/net`).
 * Sockets opened before stay where they were; other threads too. Throws.
 */
export function enterNamespace(path: string, kind: number): void {
  const fd = open(path, OPEN.READ_ONLY);
  try {
    orThrow(C.setns(fd, kind), "setns", path);
  } finally {
    close(fd);
  }
}

/**
 * Runs `inside` with the calling thread in another network namespace, then returns to its own.
 * `inside` must not be asynchronous: other callbacks of this thread would run in there as well. Throws.
 */
export function insideNetwork<Result>(path: string, inside: () => Result): Result {
  const home = open("/proc/thread-self/ns/net", OPEN.READ_ONLY);
  try {
    enterNamespace(path, NAMESPACE.NETWORK);
    try {
      return inside();
    } finally {
      orThrow(C.setns(home, NAMESPACE.NETWORK), "setns", "home");
    }
  } finally {
    close(home);
  }
}

/**
 * Puts the calling thread into new namespaces; 0 or -errno. A new USER namespace is refused
 * (-EINVAL) because the engine has several threads: start a child with `unshare` for that.
 */
export function unshare(kinds: number): number {
  return orErrno(C.unshare(kinds));
}
