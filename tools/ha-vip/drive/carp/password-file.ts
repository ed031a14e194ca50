/** The shared secret of a CARP group or a BGP session: the first line of a file that only root reads. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MAX_PASSWORD_FILE_BYTES } from "../../model/carp/carp.ts";

const OTHERS = 0o077;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** @returns the secret, or why it can't be used, in words without the secret */
export function readPasswordFile(path: string, mostBytes: number): Uint8Array | string {
  try {
    const file = openSync(path, "r");
    try {
      const mode = fstatSync(file).mode & 0o777;
      if ((mode & OTHERS) !== 0) return `others may read the secret ${path} (mode ${mode.toString(8)}): chmod 600 it`;
      const bytes = new Uint8Array(MAX_PASSWORD_FILE_BYTES);
      const all = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
      const end = all.findIndex((byte) => byte === LINE_FEED || byte === CARRIAGE_RETURN);
      const line = end < 0 ? all : all.subarray(0, end);
      if (line.length === 0) return `the first line of ${path} is empty`;
      if (line.length > mostBytes) return `the secret in ${path} has ${line.length} bytes; ${mostBytes} are the most`;
      return line.slice();
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
