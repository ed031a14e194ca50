import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HAND_OVER_KINDS, type HandOverMessage } from "../model/hand-over.ts";
import { decodeHandOver, encodeHandOver } from "./hand-over-codec.ts";
import { askSchema, seal, unseal, type WitnessAsk } from "./witness-codec.ts";

const messages: fc.Arbitrary<HandOverMessage> = fc.record({
  kind: fc.constantFrom(...HAND_OVER_KINDS),
  vrid: fc.integer({ min: 1, max: 255 }),
  priority: fc.integer({ min: 0, max: 255 }),
  nonce: fc.integer({ min: 0, max: 0xffff_ffff }),
});

const asks: fc.Arbitrary<WitnessAsk> = fc.record({
  kind: fc.constant("ask" as const),
  subject: fc.string({ maxLength: 100 }),
  host: fc.string({ maxLength: 100 }),
  holds: fc.boolean(),
  nonce: fc.integer(),
  atMs: fc.integer(),
});

describe("the datagrams of a hand-over", () => {
  test("what is sent is what arrives", () => {
    fc.assert(fc.property(messages, (message) => expect(decodeHandOver(encodeHandOver(message))).toEqual(message)));
  });

  test("any other bytes are nothing, and never an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeHandOver(bytes);
        if (decoded !== undefined) expect(encodeHandOver(decoded)).toEqual(bytes);
      }),
    );
  });
});

describe("what a witness is asked", () => {
  const key = Buffer.from("0123456789abcdef");

  test("arrives as it was sent, and only with the same secret", () => {
    fc.assert(
      fc.property(asks, (ask) => {
        const sealed = seal(ask, key);
        expect(askSchema.parse(unseal(sealed, key))).toEqual(ask);
        expect(unseal(sealed, Buffer.from("another secret..."))).toBeUndefined();
      }),
    );
  });

  test("with any byte changed, cut or added is nothing", () => {
    fc.assert(
      fc.property(asks, fc.nat(), fc.integer({ min: 1, max: 255 }), (ask, place, change) => {
        const sealed = seal(ask, key);
        const at = place % sealed.length;
        expect(
          unseal(
            sealed.map((byte, index) => (index === at ? byte ^ change : byte)),
            key,
          ),
        ).toBeUndefined();
        expect(unseal(sealed.subarray(0, at), key)).toBeUndefined();
        expect(unseal(Buffer.concat([sealed, Buffer.from([change])]), key)).toBeUndefined();
      }),
    );
  });
});
