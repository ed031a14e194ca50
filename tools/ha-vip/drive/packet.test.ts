import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatAddress, type IpAddress, parseAddress } from "../../../shared/text/address.ts";
import type { Advert } from "../model/packet.ts";
import { decodeAdvert, encodeAdvert } from "./packet.ts";

function ip(text: string): IpAddress {
  const found = parseAddress(text);
  if (!found.ok) throw new Error(text);
  return found.value;
}

const V4 = { source: ip("10.77.0.1"), destination: ip("224.0.0.18"), ttl: 255 };
const V6 = { source: ip("fe80::1"), destination: ip("ff02::12"), ttl: 255 };

/** Adverts of keepalived 2.2.7 as captured on the wire, and what its configuration said. */
const CAPTURED: readonly (readonly [string, string, string, Partial<Advert>, readonly string[]])[] = [
  [
    "version 2 with PASS",
    "10.77.0.9",
    "214764020101b9fe0a4d00ab0a4d00ac6d79736563726574",
    { version: 2, vrid: 71, priority: 100, intervalMs: 1000, password: "mysecret" },
    ["10.77.0.171", "10.77.0.172"],
  ],
  [
    "version 3",
    "10.77.0.9",
    "31489601001942be0a4d00ad",
    { version: 3, vrid: 72, priority: 150, intervalMs: 250 },
    ["10.77.0.173"],
  ],
  [
    "version 3 over IPv6",
    "fe80::77:ff:fe00:9",
    "3149780200325bf5fe800000000000000000000000000073fd770000000000000000000000000073",
    { version: 3, vrid: 73, priority: 120, intervalMs: 500 },
    ["fe80::73", "fd77::73"],
  ],
  [
    "leaving",
    "10.77.0.9",
    "314800010019d8be0a4d00ad",
    { version: 3, vrid: 72, priority: 0, intervalMs: 250 },
    ["10.77.0.173"],
  ],
];

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

describe("adverts", () => {
  const cases: readonly (readonly [string, Advert, typeof V4])[] = [
    ["version 2", { version: 2, vrid: 51, priority: 100, intervalMs: 1000, addresses: [ip("10.77.0.100")] }, V4],
    [
      "version 2 with a password",
      {
        version: 2,
        vrid: 1,
        priority: 255,
        intervalMs: 3000,
        addresses: [ip("10.0.0.1"), ip("10.0.0.2")],
        password: "mysecret",
      },
      V4,
    ],
    ["version 3 at 10 ms", { version: 3, vrid: 255, priority: 0, intervalMs: 10, addresses: [ip("10.77.0.100")] }, V4],
    ["version 3 at its longest", { version: 3, vrid: 7, priority: 1, intervalMs: 40_950, addresses: [] }, V4],
    [
      "version 3 over IPv6",
      { version: 3, vrid: 7, priority: 99, intervalMs: 100, addresses: [ip("fe80::99"), ip("fd77::100")] },
      V6,
    ],
  ];
  for (const [name, advert, arrival] of cases) {
    test(`${name}: what is sent is what arrives`, () => {
      const decoded = decodeAdvert(encodeAdvert(advert, arrival.source, arrival.destination), arrival);
      expect(decoded).toEqual({ ok: true, advert });
    });
  }

  for (const [name, from, hex, expected, addresses] of CAPTURED) {
    test(`keepalived's bytes are understood and are what we would send: ${name}`, () => {
      const source = ip(from);
      const arrival = { source, destination: source.family === 4 ? V4.destination : V6.destination, ttl: 255 };
      const decoded = decodeAdvert(bytesOf(hex), arrival);
      if (!decoded.ok) throw new Error(decoded.detail);
      expect(decoded.advert).toMatchObject(expected);
      expect(decoded.advert.addresses.map(formatAddress)).toEqual([...addresses]);
      expect(Buffer.from(encodeAdvert(decoded.advert, source, arrival.destination)).toString("hex")).toBe(hex);
    });
  }

  const refused: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array, number, string])[] = [
    ["a routed packet", (bytes) => bytes, 254, "ttl"],
    ["a cut packet", (bytes) => bytes.subarray(0, 7), 255, "short"],
    ["another version", (bytes) => bytes.with(0, 0x41), 255, "version"],
    ["another type", (bytes) => bytes.with(0, 0x32), 255, "type"],
    ["a flipped bit", (bytes) => bytes.with(2, 101), 255, "checksum"],
    ["more addresses than bytes", (bytes) => bytes.with(3, 9), 255, "count"],
    ["virtual router 0", (bytes) => bytes.with(1, 0), 255, "vrid"],
  ];
  for (const [name, change, ttl, fault] of refused) {
    test(`${name} is refused`, () => {
      const advert: Advert = { version: 3, vrid: 51, priority: 100, intervalMs: 100, addresses: [ip("10.77.0.100")] };
      const bytes = change(encodeAdvert(advert, V4.source, V4.destination));
      expect(decodeAdvert(bytes, { ...V4, ttl })).toMatchObject({ ok: false, fault });
    });
  }

  test("whatever bytes arrive, decoding ends with an answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, six) => {
        const decoded = decodeAdvert(bytes, six ? V6 : V4);
        if (decoded.ok) expect(decoded.advert.addresses.length).toBe(bytes[3] ?? -1);
      }),
      { numRuns: 2000 },
    );
  });

  test("any advert survives the wire, and any single flipped bit is noticed in version 3", () => {
    const adverts = fc.record({
      vrid: fc.integer({ min: 1, max: 255 }),
      priority: fc.integer({ min: 0, max: 255 }),
      intervalMs: fc.integer({ min: 1, max: 4095 }).map((centiseconds) => centiseconds * 10),
      addresses: fc.array(
        fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes): IpAddress => ({ family: 4, bytes })),
        {
          maxLength: 20,
        },
      ),
    });
    fc.assert(
      fc.property(adverts, fc.nat(), (parts, place) => {
        const advert: Advert = { version: 3, ...parts };
        const bytes = encodeAdvert(advert, V4.source, V4.destination);
        expect(decodeAdvert(bytes, V4)).toEqual({ ok: true, advert });
        const bit = place % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(decodeAdvert(bytes, V4).ok).toBe(false);
      }),
    );
  });
});
