import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IpAddress, parseAddress } from "../../../../shared/text/address.ts";
import { carpGroup, carpKey, decodeCarp, encodeCarp } from "./carp-codec.ts";
import { decodeAdvert } from "../packet.ts";
import { CARP_BYTES } from "./carp-shape.ts";

function ip(text: string): IpAddress {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

const text = (word: string): Uint8Array => new TextEncoder().encode(word);
const KEY = carpKey(7, text("secret"), [ip("10.9.0.100")]);

/** Sent by ucarp 1.5.2 -v 7 -a 10.9.0.100 with the password "secret". */
const FROM_UCARP = [
  "210700070001fe51e7f483055bbb2abc7519eb0f5e847d9c917c096dd4d73166f63c1b7e",
  "210700070001383772aea9a85d1572970ee009810242b19c44847c377cfac14a322dbd47",
];

describe("CARP packets", () => {
  test.each(FROM_UCARP)("one of ucarp is read, and made again byte for byte: %p", (hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    const read = decodeCarp(KEY, bytes, 255);
    expect(read).toMatchObject({ ok: true, advert: { vhid: 7, base: 1, skew: 0 } });
    if (read.ok) expect(Buffer.from(encodeCarp(KEY, read.advert)).toString("hex")).toBe(hex);
  });

  test("every rank and counter comes back", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (base, skew, counter) => {
        const read = decodeCarp(KEY, encodeCarp(KEY, { base, skew, counter }), 255);
        expect(read).toEqual({ ok: true, advert: { vhid: 7, base, skew, counter } });
      }),
    );
  });

  const good = encodeCarp(KEY, { base: 1, skew: 5, counter: 9n });
  test.each([
    ["a router on the way", good, 254, KEY, "ttl"],
    ["a packet cut short", good.subarray(0, 35), 255, KEY, "short"],
    ["another password", good, 255, carpKey(7, text("guess"), KEY.addresses), "signature"],
    ["another address", good, 255, carpKey(7, text("secret"), [ip("10.9.0.101")]), "signature"],
    ["another group", good, 255, carpKey(8, text("secret"), KEY.addresses), "vhid"],
  ] as const)("refused: %s", (_name, bytes, ttl, key, fault) => {
    expect(decodeCarp(key, bytes, ttl)).toMatchObject({ ok: false, fault });
  });

  test("the order of the addresses doesn't matter", () => {
    const [a, b] = [ip("10.0.0.9"), ip("10.0.0.10")];
    const sent = encodeCarp(carpKey(7, text("x"), [a, b]), { base: 1, skew: 0, counter: 1n });
    expect(decodeCarp(carpKey(7, text("x"), [b, a]), sent, 255).ok).toBe(true);
  });

  test("no bit of a packet can be changed unnoticed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: CARP_BYTES * 8 - 1 }), (bit) => {
        const forged = good.slice();
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(decodeCarp(KEY, forged, 255).ok).toBe(false);
      }),
    );
  });

  test("VRRP takes no notice of it", () => {
    const address = ip("10.9.0.1");
    const read = decodeAdvert(good, { source: address, destination: ip("224.0.0.18"), ttl: 255 });
    expect(read).toMatchObject({ ok: false, fault: "carp" });
  });

  test("whatever comes is read or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeCarp(KEY, bytes, 255).ok).toBe(false);
        carpGroup(bytes);
      }),
    );
  });
});
