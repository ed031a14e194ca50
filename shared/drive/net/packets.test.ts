/** Packets built and read here, against bytes worked out from the RFCs. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseAddress } from "../../text/address.ts";
import { encodeAdvertisementFrame, encodeAnnouncement, encodeSolicitationFrame } from "./announce.ts";
import { arpFilter, contradiction, neighbourFilter } from "./address-probe.ts";
import { accept, drop, encodeFilter, type FilterInstruction, matchAll } from "./bpf.ts";
import { addToSum, internetChecksum, pseudoHeader } from "./checksum.ts";
import {
  contradictsOwnership,
  decodeArp,
  decodeEthernet,
  encodeArp,
  encodeArpProbe,
  encodeEthernet,
  encodeGratuitousArp,
  formatMac,
  multicastMac,
  parseMac,
  virtualRouterMac,
} from "./ethernet.ts";
import { decodeIpv4, encodeIpv4 } from "./ip-packet.ts";
import { decodeNeighbour, encodeNeighbourAdvertisement, solicitedNode } from "./neighbour.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

function ip(text: string): Uint8Array {
  const address = parseAddress(text);
  if (!address.ok) throw new Error(text);
  return address.value.bytes;
}

const MAC = bytes("020000000001");
const OTHER = bytes("020000000002");

describe("checksum", () => {
  test("the example of RFC 1071 section 3", () => {
    expect(addToSum(0, bytes("0001f203f4f5f6f7"))).toBe(0xddf2);
    expect(internetChecksum(bytes("0001f203f4f5f6f7"))).toBe(0x220d);
  });

  test("an odd last byte counts as the high one; nothing sums to 0xffff", () => {
    expect(internetChecksum(bytes("0102 03"))).toBe(internetChecksum(bytes("01020300")));
    expect(internetChecksum(new Uint8Array(0))).toBe(0xffff);
  });

  test("parts sum like the whole, and a filled-in checksum verifies to 0", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(), (data, cut) => {
        const at = (cut % (data.byteLength + 1)) & ~1;
        const sum = internetChecksum(data);
        expect(internetChecksum(data.subarray(0, at), data.subarray(at))).toBe(sum);
        const even = data.byteLength % 2 === 0 ? data : new Uint8Array([...data, 0]);
        expect(internetChecksum(even, new Uint8Array([sum >> 8, sum & 255]))).toBe(0);
      }),
    );
  });

  test("pseudo-headers of both families", () => {
    expect(hex(pseudoHeader(ip("10.0.0.1"), ip("224.0.0.18"), 112, 12))).toBe("0a000001e00000120070000c");
    expect(hex(pseudoHeader(ip("fe80::1"), ip("ff02::12"), 112, 0x10024))).toBe(
      "fe800000000000000000000000000001ff020000000000000000000000000012" + "0001002400000070",
    );
    expect(() => pseudoHeader(ip("10.0.0.1"), ip("::1"), 1, 1)).toThrow("two families");
  });
});

describe("hardware addresses", () => {
  test("text to bytes and back", () => {
    expect(formatMac(MAC)).toBe("02:00:00:00:00:01");
    expect(parseMac("02-00-00-00-00-0A")).toEqual(bytes("02000000000a"));
    for (const wrong of ["", "02:00:00:00:00", "02:00:00:00:00:1", "0g:00:00:00:00:00", "02:00:00:00:00:01:02"]) {
      expect(parseMac(wrong)).toBeUndefined();
    }
  });

  test("of virtual routers and of multicast groups", () => {
    expect(formatMac(virtualRouterMac(4, 51))).toBe("00:00:5e:00:01:33");
    expect(formatMac(virtualRouterMac(6, 255))).toBe("00:00:5e:00:02:ff");
    expect(formatMac(multicastMac(ip("224.128.0.18")))).toBe("01:00:5e:00:00:12");
    expect(formatMac(multicastMac(ip("ff02::1:ff28:9c5a")))).toBe("33:33:ff:28:9c:5a");
  });
});

describe("ARP", () => {
  test("a gratuitous request and reply", () => {
    const head = "ffffffffffff" + "020000000001" + "0806" + "0001080006040";
    expect(hex(encodeGratuitousArp(MAC, ip("10.7.0.100"), "request"))).toBe(
      `${head}001` + "020000000001" + "0a070064" + "000000000000" + "0a070064",
    );
    expect(hex(encodeGratuitousArp(MAC, ip("10.7.0.100"), "reply"))).toBe(
      `${head}002` + "020000000001" + "0a070064" + "ffffffffffff" + "0a070064",
    );
  });

  test("a probe claims nothing", () => {
    const arp = decodeArp(decodeEthernet(encodeArpProbe(MAC, ip("10.7.0.100")))?.payload ?? new Uint8Array(0));
    expect(arp).toEqual({
      operation: "request",
      senderMac: MAC,
      senderIp: new Uint8Array(4),
      targetMac: new Uint8Array(6),
      targetIp: ip("10.7.0.100"),
    });
  });

  test("other hardware, protocols, operations and cut packets are not ARP for us", () => {
    const good = encodeGratuitousArp(MAC, ip("10.7.0.100"), "request").subarray(14);
    expect(decodeArp(good)).toBeDefined();
    expect(decodeArp(good.subarray(0, 27))).toBeUndefined();
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const wrong = good.slice();
      wrong[at] = 9;
      expect(decodeArp(wrong)).toBeUndefined();
    }
    expect(() =>
      encodeArp({ operation: "reply", senderMac: MAC, senderIp: ip("::1"), targetMac: MAC, targetIp: ip("::1") }),
    ).toThrow("IPv4");
  });

  const address = ip("10.7.0.100");
  const cases: readonly (readonly [string, Uint8Array, boolean])[] = [
    ["another host that uses it", encodeGratuitousArp(OTHER, address, "reply"), true],
    ["another host that probes for it too", encodeArpProbe(OTHER, address), true],
    ["ourselves", encodeGratuitousArp(MAC, address, "reply"), false],
    ["another address", encodeGratuitousArp(OTHER, ip("10.7.0.101"), "reply"), false],
    ["a probe for another address", encodeArpProbe(OTHER, ip("10.7.0.101")), false],
  ];
  test.each(cases)("%s", (_, frame, expected) => {
    const arp = decodeArp(frame.subarray(14));
    expect(arp && contradictsOwnership(arp, address, MAC)).toBe(expected);
    expect(contradiction(frame, address, MAC) !== undefined).toBe(expected);
    expect(runFilter(arpFilter(address), frame) > 0).toBe(expected || frame === cases[2]?.[1]);
  });

  test("a host that asks for the owner contradicts nothing", () => {
    const targetMac = new Uint8Array(6);
    const question = encodeArp({
      operation: "request",
      senderMac: OTHER,
      senderIp: ip("10.7.0.3"),
      targetMac,
      targetIp: address,
    });
    const frame = encodeEthernet({ destination: MAC, source: OTHER, etherType: 0x0806, payload: question });
    expect(contradiction(frame, address, MAC)).toBeUndefined();
  });
});

describe("IPv4", () => {
  test("a header with its checksum, and back", () => {
    const header = { source: ip("10.7.0.1"), destination: ip("224.0.0.18"), protocol: 112, timeToLive: 255 };
    const packet = encodeIpv4(header, bytes("01020304"));
    expect(hex(packet)).toBe("45c0001800000000ff70" + hex(packet.subarray(10, 12)) + "0a070001e000001201020304");
    expect(internetChecksum(packet.subarray(0, 20))).toBe(0);
    expect(decodeIpv4(packet)).toEqual({ ...header, trafficClass: 0xc0, payload: bytes("01020304") });
  });

  test("options before and padding after the payload", () => {
    const packet = bytes("46 00 001a 0000 0000 ff 70 0000 0a070001 e0000012 94040000 aabb 000000000000");
    expect(decodeIpv4(packet)?.payload).toEqual(bytes("aabb"));
  });

  const broken = [
    "",
    "45",
    "65c00018",
    "44c0001400000000ff700000 0a070001 e0000012",
    "45c0001500000000ff700000 0a070001 e0000012",
  ];
  test.each(broken.map((text) => [text]))("refuses %j", (text) => expect(decodeIpv4(bytes(text))).toBeUndefined());

  test("hostile bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
        const packet = decodeIpv4(data);
        if (packet !== undefined) expect(packet.payload.byteLength).toBeLessThanOrEqual(data.byteLength - 20);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("neighbour discovery", () => {
  test("an advertisement overrides and carries the hardware address", () => {
    const message = encodeNeighbourAdvertisement({ target: ip("fd07::100"), mac: MAC, router: true });
    expect(hex(message)).toBe("88000000a0000000" + "fd070000000000000000000000000100" + "0201020000000001");
    expect(decodeNeighbour(message)).toEqual({
      kind: "advertisement",
      target: ip("fd07::100"),
      solicited: false,
      override: true,
      router: true,
      mac: MAC,
    });
  });

  test("the frame goes to all nodes, with 255 hops and a checksum that verifies", () => {
    const frame = encodeAdvertisementFrame(MAC, ip("fd07::100"), false);
    const ethernet = decodeEthernet(frame);
    if (ethernet === undefined) throw new Error("no frame");
    expect([formatMac(ethernet.destination), ethernet.etherType]).toEqual(["33:33:00:00:00:01", 0x86dd]);
    const packet = ethernet.payload;
    expect(hex(packet.subarray(0, 8))).toBe("6c000000" + "0020" + "3aff");
    const pseudo = pseudoHeader(packet.subarray(8, 24), packet.subarray(24, 40), 58, packet.byteLength - 40);
    expect(internetChecksum(pseudo, packet.subarray(40))).toBe(0);
  });

  test("a solicitation comes from nobody and goes to the solicited-node group", () => {
    expect(hex(solicitedNode(ip("fe80::2aa:ff:fe28:9c5a")))).toBe(hex(ip("ff02::1:ff28:9c5a")));
    const frame = encodeSolicitationFrame(MAC, ip("fd07::100"));
    expect(hex(frame.subarray(0, 6))).toBe("3333ff000100");
    expect(frame.subarray(22, 38)).toEqual(new Uint8Array(16));
    expect(contradiction(frame, ip("fd07::100"), OTHER)).toEqual(MAC);
    expect(contradiction(frame, ip("fd07::100"), MAC)).toBeUndefined();
  });

  test("an advertisement from elsewhere contradicts; not when a router passed it on", () => {
    const frame = encodeAdvertisementFrame(OTHER, ip("fd07::100"), false);
    expect(contradiction(frame, ip("fd07::100"), MAC)).toEqual(OTHER);
    expect(contradiction(frame, ip("fd07::101"), MAC)).toBeUndefined();
    frame[14 + 7] = 254;
    expect(contradiction(frame, ip("fd07::100"), MAC)).toBeUndefined();
  });

  test("an option of length 0 ends it", () => {
    const message = encodeNeighbourAdvertisement({ target: ip("fd07::100"), mac: MAC, router: false });
    message[25] = 0;
    expect(decodeNeighbour(message)).toBeUndefined();
  });

  test("hostile bytes", () => {
    fc.assert(
      fc.property(fc.constantFrom(135, 136), fc.uint8Array({ maxLength: 80 }), (type, rest) => {
        decodeNeighbour(new Uint8Array([type, 0, ...rest]));
        contradiction(rest, ip("fd07::100"), MAC);
        contradiction(rest, ip("10.7.0.100"), MAC);
      }),
      { numRuns: 2000 },
    );
  });

  test("an announcement is two ARP packets or one advertisement", () => {
    expect(encodeAnnouncement(MAC, ip("10.7.0.100")).map((frame) => frame[21])).toEqual([1, 2]);
    expect(encodeAnnouncement(MAC, ip("fd07::100"))).toHaveLength(1);
  });
});

/** What the kernel does with a program: enough of socket(7)'s machine to run ours. */
function runFilter(program: readonly FilterInstruction[], packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 1) {
    const { code, whenTrue, whenFalse, value } = program[at] ?? drop;
    const size = code === 0x20 ? 4 : code === 0x28 ? 2 : 1;
    if (code === 0x06) return value;
    if (code === 0x15) at += accumulator === value ? whenTrue : whenFalse;
    // A load beyond the packet's end drops it.
    else if (value + size > packet.byteLength) return 0;
    else accumulator = size === 4 ? view.getUint32(value) : size === 2 ? view.getUint16(value) : view.getUint8(value);
  }
  throw new Error("the program has no end");
}

describe("filters", () => {
  test("struct sock_filter", () => {
    expect(hex(encodeFilter([{ code: 0x15, whenTrue: 1, whenFalse: 2, value: 0x0a070064 }, accept]))).toBe(
      "150001026400070a" + "0600000000000400",
    );
    expect(() => encodeFilter([])).toThrow("0 instructions");
  });

  test("matchAll wants every field", () => {
    const program = matchAll([
      { offset: 0, bytes: 2, value: 0x0806 },
      { offset: 2, bytes: 1, value: 7 },
      { offset: 3, bytes: 4, value: 0x0a070064 },
    ]);
    const packet = bytes("0806 07 0a070064");
    expect(runFilter(program, packet)).toBeGreaterThan(0);
    for (let at = 0; at < packet.byteLength; at += 1) {
      const wrong = packet.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      expect(runFilter(program, wrong)).toBe(0);
      expect(runFilter(program, packet.subarray(0, at))).toBe(0);
    }
  });

  test("the neighbour filter passes what can contradict, for that address only", () => {
    const program = neighbourFilter(ip("fd07::100"));
    expect(runFilter(program, encodeAdvertisementFrame(OTHER, ip("fd07::100"), false))).toBeGreaterThan(0);
    expect(runFilter(program, encodeSolicitationFrame(OTHER, ip("fd07::100")))).toBeGreaterThan(0);
    expect(runFilter(program, encodeSolicitationFrame(OTHER, ip("fd07::101")))).toBe(0);
    const echo = encodeAdvertisementFrame(OTHER, ip("fd07::100"), false);
    echo[54] = 128;
    expect(runFilter(program, echo)).toBe(0);
    echo[20] = 17;
    expect(runFilter(program, echo)).toBe(0);
  });
});
