import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeAddress } from "./address-codec.ts";
import { decodeLink } from "./link-codec.ts";
import {
  attributeNumber,
  attributeText,
  listAttributes,
  NETLINK_FLAG,
  NETLINK_TYPE,
  type NetlinkMessage,
  NetlinkWriter,
  readAttributes,
  readNetlinkError,
  readNetlinkMessages,
} from "./netlink-message.ts";
import { decodeRoute } from "./route-codec.ts";
import { decodeRouteEvent } from "./route-monitor.ts";
import { decodeRule } from "./rule-codec.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

describe("writing", () => {
  test("a message has its length, type, flags and sequence in the header", () => {
    const bytes = new NetlinkWriter().begin(20, 0x605, 0x01020304).u8(2, 24, 0, 0).u32(7).end().bytes();
    expect(Buffer.from(bytes).toString("hex")).toBe("180000001400050604030201000000000218000007000000");
  });

  test("attributes are padded to 4 and count without the padding", () => {
    const writer = new NetlinkWriter().begin(1, 0, 1);
    writer.attributeText(3, "v0").attributeU8(1, 9).attributeU32(4, 1500).end();
    const body = Buffer.from(writer.bytes()).toString("hex").slice(32);
    expect(body).toBe(`0700030076300000${"0500010009000000"}08000400dc050000`);
  });

  test("a nested attribute counts what is inside, with the nested bit", () => {
    const writer = new NetlinkWriter().begin(1, 0, 1);
    writer.nested(18, (inner) => inner.attributeText(1, "veth")).end();
    expect(Buffer.from(writer.bytes()).toString("hex").slice(32)).toBe("10001280090001007665746800000000");
  });

  test("several messages follow each other; an unended one is a mistake", () => {
    const writer = new NetlinkWriter();
    writer.begin(1, 0, 1).u32(5).end().begin(2, 0, 2).end();
    expect(readNetlinkMessages(writer.bytes()).map(({ type, sequence }) => [type, sequence])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    writer.begin(3, 0, 3);
    expect(() => writer.bytes()).toThrow("wasn't ended");
    expect(() => writer.begin(4, 0, 4)).toThrow("wasn't ended");
  });

  test("a request that doesn't fit is a mistake, not an overflow", () => {
    const writer = new NetlinkWriter(64).begin(1, 0, 1);
    expect(() => writer.attribute(1, new Uint8Array(64))).toThrow("over 64 bytes");
    expect(() => new NetlinkWriter(1 << 20)).toThrow("64 KiB");
  });
});

describe("reading", () => {
  test("attributes come back in order, repeated types too", () => {
    const bytes = hex("0500010009000000 0800040001000000 0500010008000000");
    expect(listAttributes(bytes).map(([type, value]) => [type, [...value]])).toEqual([
      [1, [9]],
      [4, [1, 0, 0, 0]],
      [1, [8]],
    ]);
    const attributes = readAttributes(bytes);
    expect([attributeNumber(attributes, 1), attributeNumber(attributes, 4), attributeNumber(attributes, 9)]).toEqual([
      8,
      1,
      undefined,
    ]);
  });

  test("numbers of 1, 2 and 4 bytes; text with and without its end", () => {
    const attributes = readAttributes(hex("0600010022110000 0700020061620000 0600030061620000"));
    expect(attributeNumber(attributes, 1)).toBe(0x1122);
    expect(attributeText(attributes, 2)).toBe("ab");
    expect(attributeText(attributes, 3)).toBe("ab");
  });

  const broken: readonly (readonly [string, string])[] = [
    ["a length below the header", "0300000010000000000000000000000000000000"],
    ["a length of zero", "0000000010000000000000000000000000000000"],
    ["a length beyond the bytes", "ff00000010000000000000000000000000000000"],
    ["a cut header", "140000001000"],
  ];
  test.each(broken)("%s ends the messages", (_, bytes) => {
    expect(readNetlinkMessages(hex(bytes))).toEqual([]);
  });

  test.each([["0000010000000000"], ["0300010000000000"], ["ff00010000000000"], ["0400"]])(
    "attributes end at an impossible length (%s)",
    (bytes) => expect(listAttributes(hex(bytes))).toEqual([]),
  );
});

describe("the kernel's refusals", () => {
  const error = (flags: number, body: Uint8Array, type: number = NETLINK_TYPE.ERROR): NetlinkMessage => ({
    type,
    flags,
    sequence: 1,
    portId: 0,
    body,
  });
  const words = new NetlinkWriter().begin(0, 0, 0).attributeText(1, "no way").end().bytes().subarray(16);
  const number = hex("efffffff");

  test("the explanation after a capped request", () => {
    const flags = NETLINK_FLAG.CAPPED | NETLINK_FLAG.ACK_ATTRIBUTES;
    const body = new Uint8Array([...number, ...new Uint8Array(16), ...words]);
    expect(readNetlinkError(error(flags, body))).toEqual({ errno: 17, text: "no way" });
  });

  test("the explanation after the whole request", () => {
    const quoted = new NetlinkWriter().begin(20, 5, 1).u32(1).u32(2).end().bytes();
    const body = new Uint8Array([...number, ...quoted, ...words]);
    expect(readNetlinkError(error(NETLINK_FLAG.ACK_ATTRIBUTES, body))).toEqual({ errno: 17, text: "no way" });
  });

  test("the explanation at the end of a dump", () => {
    const body = new Uint8Array([...number, ...words]);
    const message = error(NETLINK_FLAG.ACK_ATTRIBUTES, body, NETLINK_TYPE.DONE);
    expect(readNetlinkError(message)).toEqual({ errno: 17, text: "no way" });
  });

  test("no explanation, and nothing at all", () => {
    expect(readNetlinkError(error(0, number))).toEqual({ errno: 17, text: "" });
    expect(readNetlinkError(error(0, new Uint8Array(2)))).toEqual({ errno: 0, text: "" });
  });
});

describe("hostile bytes", () => {
  const decoders = [decodeLink, decodeAddress, decodeRoute, decodeRule, readNetlinkError, decodeRouteEvent];
  const decodeAll = (bytes: Uint8Array) => {
    for (const message of readNetlinkMessages(bytes)) for (const decode of decoders) decode(message);
  };

  test("random bytes neither throw nor hang, and no view leaves them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => {
        decodeAll(bytes);
        for (const [, value] of listAttributes(bytes))
          expect(value.byteOffset).toBeGreaterThanOrEqual(bytes.byteOffset);
      }),
      { numRuns: 2000 },
    );
  });

  test("random bodies behind a true header", () => {
    const families = fc.constantFrom(0, 2, 7, 10);
    fc.assert(
      fc.property(fc.nat(60), families, fc.uint8Array({ maxLength: 256 }), (type, family, rest) => {
        const body = new Uint8Array([family, ...rest]);
        const message = { type, flags: 0x300, sequence: 1, portId: 0, body };
        for (const decode of decoders) decode(message);
      }),
      { numRuns: 2000 },
    );
  });

  test("every cut of the kernel's own messages", async () => {
    const recorded: unknown = await Bun.file(`${import.meta.dir}/testdata/kernel-messages.json`).json();
    const all = Object.values(recorded as Record<string, string[]>).flat();
    for (const datagram of all) {
      const bytes = hex(datagram);
      for (let length = 0; length < bytes.byteLength; length += 7) {
        const cut = bytes.slice(0, length);
        decodeAll(cut);
        // The header still claims the whole: also as if the lie were in the header.
        if (length >= 16) {
          new DataView(cut.buffer).setUint32(0, length, true);
          decodeAll(cut);
        }
      }
    }
  });

  test("one flipped byte anywhere in the kernel's own messages", async () => {
    const recorded: unknown = await Bun.file(`${import.meta.dir}/testdata/kernel-messages.json`).json();
    const all = Object.values(recorded as Record<string, string[]>).flat();
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.nat(255), (datagram, where, value) => {
        const bytes = hex(datagram);
        bytes[where % bytes.byteLength] = value;
        decodeAll(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
