/** A body in a coding of its own, in chunks: what comes in goes out at once, so that slow answers aren't held back. */
import { constants, createDeflate, createDeflateRaw, createGzip } from "node:zlib";
import type { Coding } from "../../decide/http/compression.ts";

/** A compressor's window and tables take about 64 KB with these: little for many connections at once. */
const WINDOW_BITS = 13;
const MEMORY_LEVEL = 6;
const OUTPUT_BYTES = 64 * 1024;
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");
const LINE_END = Buffer.from("\r\n", "latin1");

/** The compressor under the runtime's streams. They work in other threads; here bytes must come out in the same turn. */
interface RawCompressor {
  readonly _handle: {
    writeSync(
      flush: number,
      input: Buffer,
      inputAt: number,
      inputLength: number,
      output: Buffer,
      outputAt: number,
      outputLength: number,
    ): void;
    close(): void;
  };
  /** Room left in the output, and input left. */
  readonly _writeState: Uint32Array;
}

function isRaw(stream: object): stream is RawCompressor {
  return "_handle" in stream && "_writeState" in stream;
}

function makeCompressor(coding: Coding, level: number): RawCompressor | undefined {
  const options = { level, windowBits: WINDOW_BITS, memLevel: MEMORY_LEVEL, chunkSize: constants.Z_MIN_CHUNK };
  if (coding === "identity") return undefined;
  const make = coding === "gzip" ? createGzip : coding === "deflate" ? createDeflate : createDeflateRaw;
  const made: object = make(options);
  if (!isRaw(made)) throw new Error("this runtime's compressor can't be used in one turn");
  return made;
}

/** Only used within one call. */
const output = Buffer.alloc(OUTPUT_BYTES);

export class Encoder {
  private readonly compressor: RawCompressor | undefined;

  /** `level` 1 (fast) to 9. */
  constructor(coding: Coding, level: number) {
    this.compressor = makeCompressor(coding, level);
  }

  /** Content in, chunks out; `last`: with the end of the coding and of the chunks. */
  write(content: readonly Buffer[], last: boolean): Buffer {
    const { compressor } = this;
    const parts: Buffer[] = [];
    if (compressor === undefined) parts.push(...content);
    else {
      for (const [index, bytes] of content.entries()) {
        const isLast = index === content.length - 1;
        compress(compressor, bytes, isLast && !last ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH, parts);
      }
      if (last) compress(compressor, Buffer.alloc(0), constants.Z_FINISH, parts);
    }
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const chunk = length === 0 ? [] : [Buffer.from(`${length.toString(16)}\r\n`, "latin1"), ...parts, LINE_END];
    if (last) {
      chunk.push(LAST_CHUNK);
      compressor?._handle.close();
    }
    return Buffer.concat(chunk);
  }
}

function compress({ _handle, _writeState }: RawCompressor, bytes: Buffer, flush: number, parts: Buffer[]): void {
  let at = 0;
  for (;;) {
    _handle.writeSync(flush, bytes, at, bytes.length - at, output, 0, output.length);
    const [room = 0, left = 0] = _writeState;
    if (room < output.length) parts.push(Buffer.from(output.subarray(0, output.length - room)));
    at = bytes.length - left;
    if (room > 0) return;
  }
}
