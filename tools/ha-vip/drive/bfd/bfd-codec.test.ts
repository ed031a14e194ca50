import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BfdPacket } from "../../model/bfd/bfd.ts";
import { decodeBfd, encodeBfd } from "./bfd-codec.ts";

const PACKET: BfdPacket = {
  state: "up",
  diagnostic: 0,
  poll: true,
  final: false,
  multiplier: 3,
  myDiscriminator: 0x01020304,
  yourDiscriminator: 0x0a0b0c0d,
  desiredMinTxUs: 50_000,
  requiredMinRxUs: 60_000,
};

describe("BFD packets", () => {
  test("have the layout of RFC 5880", () => {
    const hex = Buffer.from(encodeBfd(PACKET)).toString("hex");
    expect(hex).toBe("20e00318" + "01020304" + "0a0b0c0d" + "0000c350" + "0000ea60" + "00000000");
    expect(decodeBfd(encodeBfd(PACKET), 255)).toEqual(PACKET);
  });

  const change = (at: number, value: number): Uint8Array => {
    const bytes = encodeBfd(PACKET);
    bytes[at] = value;
    return bytes;
  };
  test.each([
    ["from behind a router", encodeBfd(PACKET), 254],
    ["cut short", encodeBfd(PACKET).subarray(0, 23), 255],
    ["of another version", change(0, 0x40), 255],
    ["with authentication", change(1, 0xc4), 255],
    ["for many", change(1, 0xc1), 255],
    ["without a multiplier", change(2, 0), 255],
    ["longer than it is", change(3, 25), 255],
    ["without a sender", encodeBfd({ ...PACKET, myDiscriminator: 0 }), 255],
    ["that is up with nobody", encodeBfd({ ...PACKET, yourDiscriminator: 0 }), 255],
  ])("are thrown away: one %s", (_name, bytes, hops) => {
    expect(decodeBfd(bytes, hops)).toBeUndefined();
  });

  test("whatever comes is read or thrown away", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeBfd(bytes, 255)));
  });
});
