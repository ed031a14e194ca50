import { describe, expect, test } from "bun:test";
import { BrokenArchive, unpackBzip2 } from "./bzip2.ts";

const packed = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));
/** What `printf 'hello hello hello\n' | bzip2` makes. */
const HELLO = "QlpoOTFBWSZTWeW18wkAAARRAAAQQAACRKAAIbUYDAKQacKjC7kinChIctr5hIA=";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("bzip2 archives", () => {
  test("a small one", () => {
    expect(text(unpackBzip2(packed(HELLO)))).toBe("hello hello hello\n");
  });

  test("nothing, and two archives after each other", () => {
    expect(unpackBzip2(packed("QlpoORdyRThQkAAAAAA=")).length).toBe(0);
    expect(text(unpackBzip2(Uint8Array.from([...packed(HELLO), ...packed(HELLO)])))).toBe(
      "hello hello hello\n".repeat(2),
    );
  });

  test("damage is noticed wherever it is", () => {
    const bytes = packed(HELLO);
    for (let at = 0; at < bytes.length - 5; at += 1) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      let result: string | undefined;
      try {
        result = text(unpackBzip2(damaged));
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenArchive);
      }
      // A bit in the level or in the sum over all blocks changes no text.
      expect([undefined, "hello hello hello\n"]).toContain(result);
    }
    for (let length = 1; length < bytes.length - 10; length += 1) {
      if (length >= 4) expect(() => unpackBzip2(bytes.subarray(0, length))).toThrow(BrokenArchive);
    }
  });

  test.skipIf(Bun.which("bzip2") === null)(
    "what bzip2 packs, several blocks, runs and all bytes (needs bzip2)",
    async () => {
      const samples = [
        new Uint8Array(300_000).fill(65),
        Uint8Array.from({ length: 250_000 }, (_, index) => (index * index * 31 + (index >> 3)) % 256),
        new TextEncoder().encode('<nvpair id="a" name="b" value="c"/>\n'.repeat(20_000)),
        Uint8Array.from({ length: 1030 }, (_, index) => (index % 259 < 255 ? 7 : index % 5)),
      ];
      for (const sample of samples) {
        const child = Bun.spawn(["bzip2", "-1", "-c"], { stdin: sample, stdout: "pipe" });
        const bytes = new Uint8Array(await new Response(child.stdout).arrayBuffer());
        expect(Buffer.compare(unpackBzip2(bytes), sample)).toBe(0);
      }
    },
  );
});
