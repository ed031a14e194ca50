/** What a piece of input gave. */
export type LineEvent = { readonly kind: "line"; readonly text: string } | { readonly kind: "too-long" };

const LINE_FEED = 0x0a;

/**
 * Cuts a stream of bytes into lines of UTF-8 text. Keeps at most `longest` bytes of an unfinished line; what
 * is longer is thrown away up to its end and reported once.
 */
export class LineSplitter {
  readonly #longest: number;
  #parts: Buffer[] = [];
  #kept = 0;
  #skipping = false;

  constructor(longest: number) {
    this.#longest = longest;
  }

  push(chunk: Uint8Array): LineEvent[] {
    const events: LineEvent[] = [];
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, start);
      this.#keep(bytes.subarray(start, end < 0 ? undefined : end), events);
      if (end < 0) return events;
      this.#finish(events);
      start = end + 1;
    }
  }

  #keep(part: Buffer, events: LineEvent[]): void {
    if (part.length === 0 || this.#skipping) return;
    if (this.#kept + part.length > this.#longest) {
      this.#parts = [];
      this.#kept = 0;
      this.#skipping = true;
      events.push({ kind: "too-long" });
      return;
    }
    // Copied: the runtime may use the chunk's memory again.
    this.#parts.push(Buffer.from(part));
    this.#kept += part.length;
  }

  #finish(events: LineEvent[]): void {
    const text = Buffer.concat(this.#parts).toString("utf8").replace(/\r$/, "");
    if (!this.#skipping && text.trim() !== "") events.push({ kind: "line", text });
    this.#parts = [];
    this.#kept = 0;
    this.#skipping = false;
  }
}
