import * as fs from "node:fs";
import { join } from "node:path";
import { META_FILE_BYTES, META_SLOT_BYTES, META_SLOT_OFFSETS, type DiskOperation } from "../../effect/journal.ts";

/** What is asked of the system about the two files; only tests pass calls that fail. */
export interface DiskCalls {
  /** Reads up to `length` bytes from `position`; fewer at the end of the file. Throws as `fs.readSync` does. */
  readonly read: (fd: number, length: number, position: number) => Uint8Array;
  /** Writes the bytes from `at` on; gives how many were taken. */
  readonly write: (fd: number, bytes: Uint8Array, at: number, position: number) => number;
  readonly flushNow: (fd: number) => void;
  readonly flush: (fd: number, done: (error: Error | null) => void) => void;
}

export const SYSTEM_CALLS: DiskCalls = {
  read: (fd, length, position) => {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, position));
  },
  write: (fd, bytes, at, position) => fs.writeSync(fd, bytes, at, bytes.length - at, position),
  flushNow: (fd) => fs.fdatasyncSync(fd),
  flush: (fd, done) => fs.fdatasync(fd, done),
};

/** A sector that can't be read holds nothing that is known. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EIO";
}

function readOpened<Value>(path: string, read: (fd: number, length: number) => Value): Value | null {
  if (!fs.existsSync(path)) return null;
  const fd = fs.openSync(path, "r");
  try {
    return read(fd, fs.fstatSync(fd).size);
  } finally {
    fs.closeSync(fd);
  }
}

/** The journal; one that the disk can't give back whole is as good as damaged. Null: there is none. */
export function readJournalFile(calls: DiskCalls, path: string): Uint8Array | null {
  return readOpened(path, (fd, length) => {
    const file = new Uint8Array(length);
    try {
      for (let at = 0; at < length;) {
        const part = calls.read(fd, length - at, at);
        if (part.length === 0) return file.subarray(0, at);
        file.set(part, at);
        at += part.length;
      }
      return file;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return Uint8Array.of(0);
    }
  });
}

/** The two copies of the vote, each read by itself; one that can't be read comes back as damaged, not as empty. */
export function readMetaFile(calls: DiskCalls, path: string): Uint8Array | null {
  return readOpened(path, (fd, length) => {
    const file = new Uint8Array(Math.min(length, META_FILE_BYTES));
    for (const offset of META_SLOT_OFFSETS) {
      if (offset >= file.length) continue;
      const slot = file.subarray(offset, offset + META_SLOT_BYTES);
      try {
        slot.set(calls.read(fd, slot.length, offset));
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        slot.fill(0xff);
      }
    }
    return file;
  });
}

export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, "r");
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

/** The two files of a state directory, open for writing, and how the operations of a plan are carried out on them. */
export class JournalFiles {
  readonly journalPath: string;
  meta: number;
  journal: number;

  constructor(
    private readonly directory: string,
    private readonly lock: number,
    readonly calls: DiskCalls,
  ) {
    this.journalPath = join(directory, "journal");
    const create = fs.constants.O_RDWR | fs.constants.O_CREAT;
    this.meta = fs.openSync(join(directory, "meta"), create, 0o600);
    if (fs.fstatSync(this.meta).size < META_FILE_BYTES) fs.ftruncateSync(this.meta, META_FILE_BYTES);
    this.journal = fs.openSync(this.journalPath, create, 0o600);
  }

  close(): void {
    for (const fd of [this.meta, this.journal, this.lock]) fs.closeSync(fd);
  }

  /** Writes all of it, or throws. */
  write(fd: number, bytes: Uint8Array, position: number): void {
    let at = 0;
    while (at < bytes.length) {
      const count = this.calls.write(fd, bytes, at, position + at);
      if (count === 0) throw new Error("the system writes nothing and names no error");
      at += count;
    }
  }

  /** All but the journal's flush, which may be waited for; the rare ones block. */
  carryOutNow(operation: Exclude<DiskOperation, { kind: "replace" }>, length: number): void {
    switch (operation.kind) {
      case "meta":
        this.write(this.meta, operation.bytes, operation.offset);
        break;
      case "append":
        this.write(this.journal, operation.bytes, length);
        break;
      case "sync":
        this.calls.flushNow(operation.file === "meta" ? this.meta : this.journal);
        break;
    }
  }

  /** At start, when nothing else can be held up. */
  replaceNow(parts: Iterable<Uint8Array>): number {
    const fd = fs.openSync(`${this.journalPath}.new`, "w+", 0o600);
    let length = 0;
    for (const part of parts) {
      this.write(fd, part, length);
      length += part.length;
    }
    this.calls.flushNow(fd);
    this.putInPlace(fd);
    return length;
  }

  /** Part by part, so that heartbeats and votes go on while a large snapshot is written. */
  async replace(parts: Iterable<Uint8Array>): Promise<number> {
    const fresh = `${this.journalPath}.new`;
    const fd = fs.openSync(fresh, "w+", 0o600);
    let length = 0;
    try {
      for (const part of parts) {
        this.write(fd, part, length);
        length += part.length;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      await new Promise<void>((resolve, reject) =>
        this.calls.flush(fd, (error) => (error === null ? resolve() : reject(error))),
      );
    } catch (error) {
      fs.closeSync(fd);
      fs.rmSync(fresh, { force: true });
      throw error;
    }
    this.putInPlace(fd);
    return length;
  }

  private putInPlace(fd: number): void {
    fs.renameSync(`${this.journalPath}.new`, this.journalPath);
    syncDirectory(this.directory);
    fs.closeSync(this.journal);
    this.journal = fd;
  }
}
