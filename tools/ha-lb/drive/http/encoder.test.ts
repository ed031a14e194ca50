import { expect, test } from "bun:test";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { Encoder } from "./encoder.ts";

/** The content of chunks, which must be whole. */
function contentOf(chunks: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < chunks.length;) {
    const line = chunks.indexOf("\r\n", at);
    const size = Number.parseInt(chunks.toString("latin1", at, line), 16);
    parts.push(chunks.subarray(line + 2, line + 2 + size));
    expect(chunks.toString("latin1", line + 2 + size, line + 4 + size)).toBe("\r\n");
    at = line + 4 + size;
  }
  return Buffer.concat(parts);
}

const DECODERS = {
  gzip: gunzipSync,
  deflate: inflateSync,
  "raw-deflate": inflateRawSync,
  identity: (bytes: Buffer) => bytes,
};
// Not compressible: output grows beyond one round of the compressor.
const NOISE = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * index * 31 + (index >> 3)) & 255));

for (const coding of ["gzip", "deflate", "raw-deflate", "identity"] as const) {
  test(`${coding}: parts of all sizes come out whole, and at once`, () => {
    const encoder = new Encoder(coding, 1);
    const first = encoder.write([Buffer.from("first words")], false);
    expect(contentOf(first).length).toBeGreaterThan(10);
    const rest = [
      encoder.write([], false),
      encoder.write([NOISE, Buffer.from("x")], false),
      encoder.write([NOISE.subarray(0, 7)], true),
    ];
    const all = Buffer.concat([first, ...rest]);
    expect(all.toString("latin1", all.length - 5)).toBe("0\r\n\r\n");
    const plain = DECODERS[coding](contentOf(all.subarray(0, -5)));
    const wanted = Buffer.concat([Buffer.from("first words"), NOISE, Buffer.from("x"), NOISE.subarray(0, 7)]);
    expect(Buffer.compare(plain, wanted)).toBe(0);
  });
}
