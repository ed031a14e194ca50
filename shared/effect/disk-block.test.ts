import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeHead, encodeBlock, encodeHead, PLACE_BYTES, sightOf, type DiskHead } from "./disk-block.ts";

const id = "00112233445566778899aabbccddeeff";
const head: DiskHead = { id, leaseMs: 5000, nodes: ["node-1", "knüller"] };
const block = { slot: 1, life: "0123456789abcdef", sequence: 7, epoch: 3, flag: "hold" } as const;

test("head and block come back as they were written", () => {
  expect(decodeHead(encodeHead(head))).toEqual(head);
  expect(sightOf(id, 1, encodeBlock(id, block)).block).toEqual(block);
  expect(encodeBlock(id, block).length).toBe(PLACE_BYTES);
});

test("an empty place is nobody's; one of another disk or slot is damage", () => {
  expect(sightOf(id, 1, Buffer.alloc(PLACE_BYTES))).toEqual({ mark: "", block: null, damaged: false });
  expect(sightOf(id, 0, encodeBlock(id, block)).damaged).toBe(true);
  expect(sightOf("ff".repeat(16), 1, encodeBlock(id, block)).damaged).toBe(true);
  expect(decodeHead(Buffer.alloc(PLACE_BYTES))).toBe(null);
});

test("a flipped bit never passes for another block, and changes the mark", () => {
  fc.assert(
    fc.property(fc.nat(512 * 8 - 1), (bit) => {
      const bytes = encodeBlock(id, block);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const sight = sightOf(id, 1, bytes);
      expect(sight.damaged).toBe(true);
      expect(sight.mark).not.toBe(sightOf(id, 1, encodeBlock(id, block)).mark);
      const headBytes = encodeHead(head);
      headBytes[bit >> 3] = (headBytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeHead(headBytes)).toBe(null);
    }),
  );
});

test("half of one block and half of another is damage: a torn write", () => {
  const [one, other] = [encodeBlock(id, block), encodeBlock(id, { ...block, sequence: 8, epoch: 4 })];
  for (const cut of [42, 48, 256, 509]) {
    const torn = Buffer.concat([other.subarray(0, cut), one.subarray(cut)]);
    expect(sightOf(id, 1, torn).damaged).toBe(true);
  }
});
