/** File descriptors: bytes in and out, durability, locks, pipes. See open(2), pread(2), fsync(2), flock(2). */
import { bind, IS_ARM64, orErrno, orThrow } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  open: { args: ["ptr", "i32", "u32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i32" },
  write: { args: ["i32", "ptr", "u64"], returns: "i32" },
  pread: { args: ["i32", "ptr", "u64", "i64"], returns: "i32" },
  pwrite: { args: ["i32", "ptr", "u64", "i64"], returns: "i32" },
  fsync: { args: ["i32"], returns: "i32" },
  fdatasync: { args: ["i32"], returns: "i32" },
  ftruncate: { args: ["i32", "i64"], returns: "i32" },
  fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i64"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  dup3: { args: ["i32", "i32", "i32"], returns: "i32" },
  umask: { args: ["u32"], returns: "u32" },
  fchmod: { args: ["i32", "u32"], returns: "i32" },
  fchown: { args: ["i32", "u32", "u32"], returns: "i32" },
});

/** Flags of open(2). Three of them have other values on arm64. */
export const OPEN = {
  READ_ONLY: 0,
  WRITE_ONLY: 1,
  READ_WRITE: 2,
  CREATE: 0o100,
  EXCLUSIVE: 0o200,
  TRUNCATE: 0o1000,
  APPEND: 0o2000,
  NON_BLOCKING: 0o4000,
  DATA_SYNC: 0o10000,
  DIRECT: IS_ARM64 ? 0o200000 : 0o40000,
  DIRECTORY: IS_ARM64 ? 0o40000 : 0o200000,
  NO_FOLLOW: IS_ARM64 ? 0o100000 : 0o400000,
  CLOSE_ON_EXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const FD_CLOEXEC = 1;

/** Opens a file; always close-on-exec. Throws. `mode` counts only with `OPEN.CREATE`. */
export function open(path: string, flags: number, mode = 0o600): number {
  const name = Memory.cString(path);
  return orThrow(C.open(name.address, flags | OPEN.CLOSE_ON_EXEC, mode), "open", path);
}

/** Closes; 0 or -errno. After any answer but -EBADF the descriptor is gone: never retry. */
export function close(fd: number): number {
  return orErrno(C.close(fd));
}

/** Reads up to `length` bytes to `offset`; the count (0 at the end), or -errno. Hot. */
export function read(fd: number, into: Memory, offset = 0, length = into.byteLength - offset): number {
  return orErrno(C.read(fd, into.range(offset, length), length));
}

/** Writes up to `length` bytes from `offset`; the count, or -errno. Hot. */
export function write(fd: number, from: Memory, offset = 0, length = from.byteLength - offset): number {
  return orErrno(C.write(fd, from.range(offset, length), length));
}

/** Like `read`, at a place in the file (up to 2^53), without moving the file's own position. Hot. */
export function pread(fd: number, into: Memory, offset: number, length: number, position: number): number {
  return orErrno(C.pread(fd, into.range(offset, length), length, position));
}

/** Like `write`, at a place in the file. May write less than asked. Hot. */
export function pwrite(fd: number, from: Memory, offset: number, length: number, position: number): number {
  return orErrno(C.pwrite(fd, from.range(offset, length), length, position));
}

/** Data and metadata to the disk; 0 or -errno. After an error the data's state is unknown: treat the file as lost. */
export function fsync(fd: number): number {
  return orErrno(C.fsync(fd));
}

/** As `fsync`, without metadata that reading the data doesn't need. */
export function fdatasync(fd: number): number {
  return orErrno(C.fdatasync(fd));
}

export function ftruncate(fd: number, byteLength: number): number {
  return orErrno(C.ftruncate(fd, byteLength));
}

/** Reserves blocks of a file so that later writes can't fail for lack of space; 0 or -errno. `mode` as fallocate(2). */
export function fallocate(fd: number, mode: number, position: number, byteLength: number): number {
  return orErrno(C.fallocate(fd, mode, position, byteLength));
}

const LOCKS = { shared: 1, exclusive: 2, unlock: 8 } as const;
const LOCK_NON_BLOCKING = 4;

/**
 * A lock that lasts as long as the open file, flock(2). Never waits: returns 0, or -EAGAIN when
 * another open file holds it. A child that inherits the descriptor holds the lock too.
 */
export function flock(fd: number, kind: keyof typeof LOCKS): number {
  return orErrno(C.flock(fd, LOCKS[kind] | LOCK_NON_BLOCKING));
}

/** Throws. */
export function setNonBlocking(fd: number, on: boolean): void {
  const flags = orThrow(C.fcntl(fd, F_GETFL, 0), "fcntl F_GETFL");
  const wanted = on ? flags | OPEN.NON_BLOCKING : flags & ~OPEN.NON_BLOCKING;
  orThrow(C.fcntl(fd, F_SETFL, wanted), "fcntl F_SETFL");
}

/** Whether a program started by us inherits the descriptor. Throws. */
export function setCloseOnExec(fd: number, on: boolean): void {
  const flags = orThrow(C.fcntl(fd, F_GETFD, 0), "fcntl F_GETFD");
  orThrow(C.fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC), "fcntl F_SETFD");
}

/** A request with a structure as its argument, ioctl(2); the result or -errno. */
export function ioctl(fd: number, request: number, argument: Memory): number {
  return orErrno(C.ioctl(fd, request, argument.address));
}

/** A pipe, close-on-exec. Throws. */
export function pipe(options: { readonly nonBlocking: boolean }): {
  readonly readEnd: number;
  readonly writeEnd: number;
} {
  const pair = new Memory(8);
  const flags = OPEN.CLOSE_ON_EXEC | (options.nonBlocking ? OPEN.NON_BLOCKING : 0);
  orThrow(C.pipe2(pair.address, flags), "pipe2");
  return { readEnd: pair.i32[0] ?? -1, writeEnd: pair.i32[1] ?? -1 };
}

/** Asks for a pipe's capacity; the capacity given, or -EPERM above /proc/sys/fs/pipe-max-size for a plain user. */
export function setPipeSize(fd: number, byteLength: number): number {
  return orErrno(C.fcntl(fd, F_SETPIPE_SZ, byteLength));
}

/** Makes `target` refer to the same open file as `fd`; the new one is close-on-exec. Throws. */
export function duplicateTo(fd: number, target: number): number {
  return orThrow(C.dup3(fd, target, OPEN.CLOSE_ON_EXEC), "dup3");
}

/** Another descriptor of the same open file, the lowest free number; close-on-exec. Throws. */
export function duplicate(fd: number): number {
  return orThrow(C.fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl F_DUPFD_CLOEXEC");
}

/** Sets which permission bits new files lose, for the whole process; returns the mask before. */
export function umask(mask: number): number {
  return C.umask(mask);
}

/** Throws. */
export function chmod(fd: number, mode: number): void {
  orThrow(C.fchmod(fd, mode), "fchmod");
}

/** Changes owner and group of an open file; -1 leaves one as it is. Throws. */
export function chown(fd: number, uid: number, gid: number): void {
  orThrow(C.fchown(fd, uid >>> 0, gid >>> 0), "fchown");
}
