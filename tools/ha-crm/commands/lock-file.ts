import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { flock } from "../../../shared/drive/ffi/fd.ts";

/**
 * An edit takes milliseconds, and longer when it asks an agent for its description; several may stand in line on a busy
 * machine. Whoever waits longer than this waits for something that hangs.
 */
const LONGEST_WAIT_MS = 60_000;
const RETRY_MS = 5;

/**
 * Runs an edit of a file while no other command edits it. The lock, flock(2), is on the file itself; an edit replaces the
 * file, so whoever waited for the old one begins again with the new one.
 * @returns undefined when the file stayed locked. Throws when it can't be opened.
 */
export function editLocked<Value>(file: string, edit: () => Value): Value | undefined {
  for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS; waitedMs += RETRY_MS) {
    const fd = openSync(file, "r");
    try {
      if (flock(fd, "exclusive") === 0 && fstatSync(fd).ino === statSync(file).ino) return edit();
    } finally {
      closeSync(fd);
    }
    Bun.sleepSync(RETRY_MS);
  }
  return undefined;
}
