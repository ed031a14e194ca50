/**
 * Finding the end of a chunked body while its bytes pass through (RFC 9112, section 7.1). The bytes are not changed
 * or copied; only chunk sizes are read. State is a small object, so that it can be tested byte by byte.
 */
/** Hexadecimal digits of a chunk's size: 13 are more than any file has. */
const MOST_SIZE_DIGITS = 13;
/** Chunk extensions and trailers are never used here; long ones only cost memory and time. */
const MOST_EXTENSION_BYTES = 1_024;
const MOST_TRAILER_BYTES = 8_192;

type ChunkPart =
  "size" | "extension" | "size-lf" | "data" | "data-cr" | "data-lf" | "trailer" | "trailer-lf" | "last-lf";

export class ChunkReader {
  #left = 0;
  #part: ChunkPart = "size";
  #digits = 0;
  #extra = 0;
  #lineBytes = 0;
  #done = false;

  get done(): boolean {
    return this.#done;
  }

  /** The next byte is content. */
  get insideData(): boolean {
    return this.#part === "data";
  }

  /**
   * Takes bytes in. `onData` gets the places of the chunks' contents, for who must send them on without the coding.
   * @returns how many bytes belong to the body (fewer than given only when it ends there), or -1 when they break
   * the chunked coding
   */
  feed(bytes: Uint8Array, from = 0, onData?: (start: number, end: number) => void): number {
    let at = from;
    while (at < bytes.length && !this.#done) {
      if (this.#part === "data") {
        const taken = Math.min(bytes.length - at, this.#left);
        this.#left -= taken;
        onData?.(at, at + taken);
        at += taken;
        if (this.#left === 0) this.#part = "data-cr";
      } else {
        if (!this.#step(bytes[at] ?? 0)) return -1;
        at += 1;
      }
    }
    return at - from;
  }

  #step(byte: number): boolean {
    switch (this.#part) {
      case "size":
        return this.#onSize(byte);
      case "extension":
        this.#extra += 1;
        if (byte === 0x0d) this.#part = "size-lf";
        // A bare line feed here is read as a line end by some: never let it pass.
        return byte !== 0x0a && byte !== 0 && this.#extra <= MOST_EXTENSION_BYTES;
      case "size-lf":
        if (byte !== 0x0a || this.#digits === 0) return false;
        this.#part = this.#left === 0 ? "trailer" : "data";
        this.#digits = 0;
        this.#lineBytes = 0;
        return true;
      case "data-cr":
        this.#part = "data-lf";
        return byte === 0x0d;
      case "data-lf":
        this.#part = "size";
        return byte === 0x0a;
      case "trailer":
      case "trailer-lf":
      case "last-lf":
        return this.#onTrailer(byte);
      case "data":
        return false;
    }
  }

  #onSize(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      this.#digits += 1;
      return this.#digits <= MOST_SIZE_DIGITS;
    }
    if (this.#digits === 0) return false;
    if (byte === 0x0d) this.#part = "size-lf";
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#part = "extension";
    else return false;
    return true;
  }

  /** Lines until an empty one; the coding ends there. */
  #onTrailer(byte: number): boolean {
    this.#extra += 1;
    if (this.#extra > MOST_TRAILER_BYTES) return false;
    if (this.#part === "trailer") {
      // A field begins with its name: a blank would continue the line before, which some parsers drop and others don't.
      const begins = this.#lineBytes === 0;
      if (byte === 0x0a || byte === 0 || (begins && (byte === 0x20 || byte === 0x09 || byte === 0x3a))) return false;
      if (byte === 0x0d) this.#part = this.#lineBytes === 0 ? "last-lf" : "trailer-lf";
      else this.#lineBytes += 1;
      return true;
    }
    if (byte !== 0x0a) return false;
    if (this.#part === "last-lf") {
      this.#done = true;
    } else {
      this.#part = "trailer";
      this.#lineBytes = 0;
    }
    return true;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
