/**
 * The C library, and how its errors come back.
 *
 * Convention of every wrapper in this folder:
 * - A *hot* call (made per packet, per wake-up, per block) returns what the system call returns, or
 *   `-errno` as a negative number. `EAGAIN` and `EINTR` are ordinary answers there, not exceptions.
 * - A *set-up* call (open, bind, socket options, scheduling) returns its result and throws `SystemError`.
 *
 * Results of `ssize_t` calls are declared `i32`: Linux moves at most 0x7ffff000 bytes a call, so the
 * value always fits, and the number never becomes a BigInt.
 */
import { dlopen, type FFIFunction, type Library, read } from "bun:ffi";
import { constants } from "node:os";

/** Where the C library is found: glibc first, then musl under its two names. */
const LIBRARY_NAMES = [
  "libc.so.6",
  process.arch === "arm64" ? "libc.musl-aarch64.so.1" : "libc.musl-x86_64.so.1",
  "libc.so",
] as const;

if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) {
  throw new Error(`this program runs on Linux on x64 or arm64, not on ${process.platform} ${process.arch}`);
}

/** True on arm64: some structures, flags and system call numbers differ from x64. */
export const IS_ARM64 = process.arch === "arm64";

function findLibrary(): string {
  const failures: string[] = [];
  for (const name of LIBRARY_NAMES) {
    try {
      dlopen(name, { __errno_location: { args: [], returns: "ptr" } });
      return name;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`no C library found: ${failures.join("; ")}`);
}

/** The name under which the C library was found, e.g. `libc.so.6`. */
export const LIBC_NAME = findLibrary();

/** Binds functions of the C library. Each concern binds its own, so a missing symbol names the concern. */
export function bind<const Functions extends Record<string, FFIFunction>>(
  functions: Functions,
): Library<Functions>["symbols"] {
  return dlopen(LIBC_NAME, functions).symbols;
}

const C = bind({
  __errno_location: { args: [], returns: "ptr" },
  strerror: { args: ["i32"], returns: "cstring" },
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], returns: "i32" },
});

function findErrnoLocation(): number {
  const location = C.__errno_location();
  if (location === null) throw new Error("the C library has no errno");
  return Number(location);
}

// errno is per thread; a module instance belongs to one JavaScript thread (a Worker has its own), so
// the location is found once. Reading it through `read` can't be stale: it is a load from memory.
const errnoLocation = findErrnoLocation();

/** The errno of the last failed call on this thread. Read it at once, before any other call. */
export function errno(): number {
  return read.i32(errnoLocation, 0);
}

/** Turns the -1 of a failed call into -errno, and passes every other result. */
export function orErrno(result: number): number {
  return result < 0 ? -read.i32(errnoLocation, 0) : result;
}

const NAMES_BY_ERRNO: ReadonlyMap<number, string> = new Map(
  // Where two names share a number, the first one in the list stays (EAGAIN, EOPNOTSUPP).
  Object.entries(constants.errno)
    .filter(([name]) => name !== "EWOULDBLOCK" && name !== "ENOTSUP")
    .map(([name, value]) => [value, name]),
);

/** `ENODEV` for 19; `errno 4095` when the number has no name. Takes errno or -errno. */
export function errnoName(code: number): string {
  const value = Math.abs(code);
  return NAMES_BY_ERRNO.get(value) ?? `errno ${value}`;
}

/** The C library's words for an error, e.g. `No such device`. Takes errno or -errno. */
export function errnoText(code: number): string {
  return C.strerror(Math.abs(code)) ?? errnoName(code);
}

/** A set-up call that the system refused. `errno` is positive; `code` is its name, as in Node's errors. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string;

  constructor(
    readonly call: string,
    readonly errno: number,
    detail = "",
  ) {
    super(`${call}${detail === "" ? "" : ` ${detail}`}: ${errnoText(errno)} (${errnoName(errno)})`);
    this.code = errnoName(errno);
  }
}

/** For set-up calls: passes a result, throws `SystemError` for -1. `detail` must hold no secret. */
export function orThrow(result: number, call: string, detail = ""): number {
  if (result < 0) throw new SystemError(call, errno(), detail);
  return result;
}

/** For results of hot wrappers: passes a result, throws `SystemError` for -errno. */
export function check(result: number, call: string, detail = ""): number {
  if (result < 0) throw new SystemError(call, -result, detail);
  return result;
}

/**
 * A system call that the C library has no function for (or not on older systems). Returns the result
 * or -errno. `numbers` differ per machine; calls since Linux 5.1 (424 and up) share one number.
 */
export function syscall(numbers: { readonly x64: number; readonly arm64: number }, ...given: number[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = given;
  return orErrno(C.syscall(IS_ARM64 ? numbers.arm64 : numbers.x64, a, b, c, d, e, f));
}
