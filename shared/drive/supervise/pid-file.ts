import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { flock } from "../ffi/fd.ts";

/** A pid file that only one living process can hold. */
export interface PidFile {
  readonly path: string;
  /** Removes the file and frees the lock. */
  release(): void;
}

/**
 * Writes our number into the file under a lock, flock(2). A file left by a process that is gone is taken over.
 * @returns the number of the process that holds it, when another one does
 * @throws when the file can't be written
 */
export function takePidFile(
  path: string,
): { readonly ok: true; readonly file: PidFile } | { readonly ok: false; readonly heldBy: number } {
  const fd = openSync(path, "a+", 0o644);
  if (flock(fd, "exclusive") < 0) {
    closeSync(fd);
    return { ok: false, heldBy: Number.parseInt(readFileSync(path, "utf8"), 10) };
  }
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid}\n`);
  let held = true;
  const release = () => {
    if (!held) return;
    held = false;
    rmSync(path, { force: true });
    closeSync(fd);
  };
  return { ok: true, file: { path, release } };
}
