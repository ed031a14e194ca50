import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type IpPrefix, parsePrefix } from "../../../../shared/text/prefix.ts";
import type { BgpOpen, BgpRoute } from "../../model/bgp/message.ts";
import { decodeBgp, HEADER_BYTES } from "./bgp-decode.ts";
import { encodeAnnounce, encodeKeepalive, encodeNotification, encodeOpen, encodeWithdraw } from "./bgp-encode.ts";

function prefix(text: string): IpPrefix {
  const read = parsePrefix(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));
const MARKER = "ff".repeat(16);
const framed = (type: number, body: string): Uint8Array => {
  const content = bytesOf(body);
  const head = [...bytesOf(MARKER), 0, HEADER_BYTES + content.length, type];
  return Uint8Array.from([...head, ...content]);
};
const body = (bytes: Uint8Array): string => hex(bytes.subarray(HEADER_BYTES));

const OPEN: BgpOpen = {
  as: 4_200_000_001,
  holdSeconds: 9,
  routerId: 0x0a4d0001,
  fourOctetAs: true,
  families: [4, 6],
  routeRefresh: true,
};
const ROUTE: BgpRoute = { prefix: prefix("192.0.2.10/32"), nextHop: prefix("10.77.0.1/32").address, communities: [] };
const EXTERNAL = { as: 65_001, internal: false, fourOctetAs: true };

describe("BGP messages", () => {
  test("an OPEN with an AS number of four octets says 23456 where there are two", () => {
    // version, AS_TRANS, hold 9, id, parameters: capabilities 1 (IPv4), 1 (IPv6), 2, 65
    expect(body(encodeOpen(OPEN))).toBe("045ba000090a4d0001160214010400010001010400020001020041" + "04fa56ea01");
    expect(decodeBgp(encodeOpen(OPEN))).toMatchObject({ kind: "message", message: { kind: "open", open: OPEN } });
  });

  test.each([
    ["to another AS", EXTERNAL, ROUTE, "0000 0014 40010100 400206020100 00fde9 4003040a4d0001 20c000020a"],
    [
      "to our own AS",
      { ...EXTERNAL, internal: true },
      ROUTE,
      "0000 0015 40010100 400200 4003040a4d0001 40050400000064 20c000020a",
    ],
    [
      "to one that knows two octets only",
      { as: 4_200_000_001, internal: false, fourOctetAs: false },
      ROUTE,
      "0000 001b 40010100 4002040201 5ba0 4003040a4d0001 c011060201fa56ea01 20c000020a",
    ],
    [
      "with metric and communities",
      EXTERNAL,
      { ...ROUTE, med: 10, communities: [0xffff0000, (65_000 << 16) | 100] },
      "0000 0026 40010100 400206020100 00fde9 4003040a4d0001 8004040000000a c00808ffff0000fde80064 20c000020a",
    ],
  ] as const)("an announcement %s", (_name, agreement, route, expected) => {
    expect(body(encodeAnnounce(route, agreement))).toBe(hex(bytesOf(expected)));
  });

  test("IPv6 goes into attributes of its own", () => {
    const route: BgpRoute = { ...ROUTE, prefix: prefix("2001:db8::10/128"), nextHop: prefix("fd77::1/128").address };
    const reach = `800e 26 0002 01 10 fd770000000000000000000000000001 00 80 20010db8000000000000000000000010`;
    expect(body(encodeAnnounce(route, EXTERNAL))).toBe(hex(bytesOf(`0000 0036 40010100 4002060201 0000fde9 ${reach}`)));
    const gone = `0000 0017 800f14 0002 01 80 20010db8000000000000000000000010`;
    expect(body(encodeWithdraw(route.prefix))).toBe(hex(bytesOf(gone)));
  });

  test("a withdrawal of IPv4 names the prefix alone", () => {
    expect(body(encodeWithdraw(prefix("192.0.2.0/24")))).toBe("000418c00002" + "0000");
  });

  test.each([
    ["a marker that is none", bytesOf("00".repeat(19)), "1.1"],
    ["an impossible length", bytesOf(`${MARKER}ffff04`), "1.2"],
    ["a KEEPALIVE with something in it", framed(4, "00"), "1.2"],
    ["an unknown kind", framed(9, ""), "1.3"],
    ["another version", framed(1, "05 fde8 0009 0a000001 00"), "2.1"],
    ["the AS number 0", framed(1, "04 0000 0009 0a000001 00"), "2.2"],
    ["no router id", framed(1, "04 fde8 0009 00000000 00"), "2.3"],
    ["a hold time of 1 s", framed(1, "04 fde8 0001 0a000001 00"), "2.6"],
    ["capabilities that don't fit", framed(1, "04 fde8 0009 0a000001 04 0204 0104"), "2.0"],
    ["an UPDATE whose parts don't fit", framed(2, "0009 0000"), "3.1"],
  ])("refused with its own NOTIFICATION: %s", (_name, bytes, expected) => {
    const read = decodeBgp(bytes);
    expect(read.kind).toBe("broken");
    if (read.kind === "broken") expect(`${read.notification.code}.${read.notification.subcode}`).toBe(expected);
  });

  test("an OPEN without capabilities is one for IPv4, and one with wide parameters (RFC 9072) is read", () => {
    const plain = decodeBgp(framed(1, "04 fde8 0000 0a000001 00"));
    expect(plain).toMatchObject({
      message: { open: { as: 65_000, holdSeconds: 0, families: [4], fourOctetAs: false } },
    });
    const wide = decodeBgp(framed(1, "04 5ba0 0009 0a000001 ff ff 0009 02 0006 4104 00010000"));
    expect(wide).toMatchObject({ message: { open: { as: 65_536 } } });
  });

  test("the words of an operator's shutdown are shown, without control characters", () => {
    const read = decodeBgp(framed(3, "0602 06 6279651b5b21"));
    expect(read).toMatchObject({ message: { kind: "notification", text: "bye [!" } });
  });

  test("a stream cut anywhere gives the same messages", () => {
    const stream = [
      encodeOpen(OPEN),
      encodeKeepalive(),
      encodeAnnounce(ROUTE, EXTERNAL),
      encodeNotification(OPEN_CEASE),
    ];
    const whole = Uint8Array.from(stream.flatMap((one) => [...one]));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 8, maxLength: 8 }), (cuts) => {
        const kinds: string[] = [];
        let buffer = new Uint8Array(0);
        let at = 0;
        for (const size of [...cuts, whole.length]) {
          buffer = Uint8Array.from([...buffer, ...whole.subarray(at, at + size)]);
          at += size;
          for (let read = decodeBgp(buffer); read.kind === "message"; read = decodeBgp(buffer)) {
            kinds.push(read.message.kind);
            buffer = buffer.slice(read.length);
          }
        }
        expect(kinds).toEqual(["open", "keepalive", "update", "notification"]);
      }),
    );
  });

  test("whatever comes is read, waited for or refused", () => {
    const some = fc.uint8Array({ maxLength: 120 });
    const type = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(some, type, (content, kind) => {
        decodeBgp(content);
        const head = [...bytesOf(MARKER), 0, HEADER_BYTES + content.length, kind];
        expect(["message", "broken"]).toContain(decodeBgp(Uint8Array.from([...head, ...content])).kind);
      }),
      { numRuns: 2000 },
    );
  });
});

const OPEN_CEASE = { code: 6, subcode: 2 };
