import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Replaces a file as a whole: readers see the old or the new text, and after the return the new one is on the disk.
 * Mode and owner stay; a symbolic link stays and its target is replaced. Throws what the system says.
 */
export function replaceFile(file: string, text: string): void {
  const target = realpathSync(file);
  const folder = dirname(target);
  const before = statSync(target);
  const temporary = join(folder, `.${basename(target)}.${process.pid}.new`);
  const made = openSync(temporary, "wx", 0o600);
  try {
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) written += writeSync(made, bytes, written);
    chmodSync(temporary, before.mode & 0o7777);
    keepOwner(temporary, before);
    fsyncSync(made);
    closeSync(made);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const directory = openSync(folder, "r");
  try {
    // The new name itself must survive a power cut too.
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Only root can give a file away; for anybody else the file is their own already. */
function keepOwner(temporary: string, before: { readonly uid: number; readonly gid: number }): void {
  const now = statSync(temporary);
  if (now.uid !== before.uid || now.gid !== before.gid) chownSync(temporary, before.uid, before.gid);
}
