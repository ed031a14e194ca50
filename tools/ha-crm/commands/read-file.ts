import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { isBzip2, unpackBzip2 } from "../config/bzip2.ts";

/**
 * The text of a file, or of standard input for `-`; packed ones (the scheduler's inputs are kept as `pe-input-12.bz2`)
 * are unpacked, whatever their name. Throws what the system says, or that the archive is damaged.
 */
export function readText(file: string): string {
  const bytes = readFileSync(file === "-" ? 0 : file);
  return new TextDecoder().decode(unpack(bytes));
}

function unpack(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes);
  return isBzip2(bytes) ? unpackBzip2(bytes) : bytes;
}
