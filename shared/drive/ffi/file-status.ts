/** What a file is, statx(2): the one stat structure that is the same on x64 and arm64 and in every C library. */
import { syscall } from "./libc.ts";
import { Memory } from "./memory.ts";

const SYS_STATX = { x64: 332, arm64: 291 };
const AT_EMPTY_PATH = 0x1000;
const BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;
const TYPE_MASK = 0o170000;

const TYPES: Readonly<Record<number, FileType>> = {
  0o010000: "pipe",
  0o020000: "character device",
  0o040000: "directory",
  0o060000: "block device",
  0o100000: "file",
  0o120000: "link",
  0o140000: "socket",
};
export type FileType =
  "pipe" | "character device" | "directory" | "block device" | "file" | "link" | "socket" | "other";

const emptyPath = Memory.cString("");

/** The status of open files: one block of memory, filled by every `read`. */
export class FileStatus {
  readonly #memory = new Memory(STATX_BYTES);

  /** Asks about an open file; 0 or -errno. Hot. */
  read(fd: number): number {
    return syscall(SYS_STATX, fd, emptyPath.address, AT_EMPTY_PATH, BASIC_STATS, this.#memory.address);
  }

  get type(): FileType {
    return TYPES[(this.#memory.u16[14] ?? 0) & TYPE_MASK] ?? "other";
  }

  /** Permission bits. */
  get mode(): number {
    return (this.#memory.u16[14] ?? 0) & 0o7777;
  }

  get links(): number {
    return this.#memory.u32[4] ?? 0;
  }

  get uid(): number {
    return this.#memory.u32[5] ?? 0;
  }

  get gid(): number {
    return this.#memory.u32[6] ?? 0;
  }

  get inode(): number {
    return this.#memory.number64(32);
  }

  get byteLength(): number {
    return this.#memory.number64(40);
  }

  /** Of 512 bytes each: less than the length for a file with holes. */
  get blocks(): number {
    return this.#memory.number64(48);
  }
}
