import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Decoded, HpackDecoder, type HeaderLimits } from "./hpack.ts";
import { encodeHeaders, pushNumber } from "./hpack-encode.ts";
import { decodeHuffman, encodeHuffman } from "./huffman.ts";
import { type Field, STATIC_TABLE } from "./static-table.ts";

const LIMITS: HeaderLimits = { mostBytes: 16_384, mostFields: 100 };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const fieldsOf = (decoded: Decoded): readonly Field[] | string =>
  decoded.kind === "fields" ? decoded.fields : decoded.kind;

/** RFC 7541, appendix C: blocks of one connection, in order. */
const EXAMPLES: readonly {
  readonly name: string;
  readonly blocks: readonly (readonly [string, readonly Field[]])[];
}[] = [
  {
    name: "C.2.1 a literal that is stored",
    blocks: [["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", [["custom-key", "custom-header"]]]],
  },
  {
    name: "C.2.2 a literal that is not stored",
    blocks: [["040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]]]],
  },
  {
    name: "C.4 three requests with the Huffman code",
    blocks: [
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        [
          [":method", "GET"],
          [":scheme", "http"],
          [":path", "/"],
          [":authority", "www.example.com"],
        ],
      ],
      [
        "8286 84be 5886 a8eb 1064 9cbf",
        [
          [":method", "GET"],
          [":scheme", "http"],
          [":path", "/"],
          [":authority", "www.example.com"],
          ["cache-control", "no-cache"],
        ],
      ],
      [
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        [
          [":method", "GET"],
          [":scheme", "https"],
          [":path", "/index.html"],
          [":authority", "www.example.com"],
          ["custom-key", "custom-value"],
        ],
      ],
    ],
  },
];

/** Blocks that are none. */
const BROKEN: readonly (readonly [string, string])[] = [
  ["index 0", "80"],
  ["an index beyond both tables", "be"],
  ["a number without its end", "ff ff"],
  ["a number without bounds", "ff ff ff ff ff ff 7f"],
  ["a text longer than the block", "40 0a 61"],
  ["a larger table than allowed", "3f e2 1f"],
  ["a table's size after a field", "82 20"],
  ["a third change of the table's size", "20 20 20"],
  ["Huffman padding of eight bits", "40 81 ff 00"],
  ["Huffman padding with zeros", "40 81 18 00"],
];

describe("reading header blocks", () => {
  test.each(EXAMPLES)("$name", ({ blocks }) => {
    const decoder = new HpackDecoder(LIMITS);
    for (const [block, fields] of blocks) expect(fieldsOf(decoder.decode(hex(block)))).toEqual(fields);
  });

  test.each(BROKEN)("%s is broken", (_name, block) => {
    expect(new HpackDecoder(LIMITS).decode(hex(block)).kind).toBe("broken");
  });

  test("the static table has the places of the standard", () => {
    expect(STATIC_TABLE).toHaveLength(61);
    expect([1, 8, 15, 32, 55, 61].map((index) => STATIC_TABLE[index - 1]?.[0])).toEqual([
      ":authority",
      ":status",
      "accept-charset",
      "cookie",
      "set-cookie",
      "www-authenticate",
    ]);
  });

  test("a list over its limit is not kept, and the table stays in step", () => {
    const decoder = new HpackDecoder({ mostBytes: 200, mostFields: 10 });
    // One long stored field, named again and again by one byte: small on the wire, large when read.
    const block = [
      0x40,
      1,
      0x61,
      100,
      ...Array.from({ length: 100 }, () => 0x62),
      ...Array.from({ length: 5000 }, () => 0xbe),
    ];
    expect(decoder.decode(Buffer.from(block)).kind).toBe("too-large");
    expect(fieldsOf(decoder.decode(hex("be")))).toEqual([["a", "b".repeat(100)]]);
  });

  test("the dynamic table forgets what has no room", () => {
    const decoder = new HpackDecoder({ mostBytes: 1 << 20, mostFields: 1000 });
    const stored = (name: string): number[] => {
      const bytes = [0x40, 1, name.charCodeAt(0)];
      pushNumber(bytes, 0, 7, 2000);
      return [...bytes, ...Array.from({ length: 2000 }, () => 0x78)];
    };
    decoder.decode(Buffer.from([...stored("a"), ...stored("b"), ...stored("c")]));
    expect(fieldsOf(decoder.decode(hex("be")))).toEqual([["c", "x".repeat(2000)]]);
    expect(fieldsOf(decoder.decode(hex("bf")))).toEqual([["b", "x".repeat(2000)]]);
    expect(decoder.decode(hex("c0")).kind).toBe("broken");
  });
});

const byteString = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

describe("whatever comes", () => {
  test("the Huffman code can be taken back", () => {
    fc.assert(fc.property(byteString, (text) => decodeHuffman(encodeHuffman(text)) === text));
  });

  test("what is written is read as it was", () => {
    const field = fc.tuple(byteString, byteString);
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const decoder = new HpackDecoder({ mostBytes: 1 << 20, mostFields: 1000 });
        expect(fieldsOf(decoder.decode(encodeHeaders(fields)))).toEqual(fields);
      }),
    );
  });

  test("any bytes are read without a fault, within the limits", () => {
    const block = fc.uint8Array({ maxLength: 2000 });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder({ mostBytes: 500, mostFields: 8 });
        for (const bytes of blocks) {
          const decoded = decoder.decode(Buffer.from(bytes));
          if (decoded.kind !== "fields") continue;
          expect(decoded.fields.length).toBeLessThanOrEqual(8);
          expect(decoded.fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0)).toBeLessThan(500);
        }
      }),
    );
  });
});
