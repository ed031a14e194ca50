import { describe as group, expect, test } from "bun:test";
import fc from "fast-check";
import { isIPv4, isIPv6 } from "node:net";
import {
  compareAddresses,
  formatAddress,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseAddress,
  sameAddress,
  type IpAddress,
} from "./address.ts";
import { formatEndpoint, isHostName, parseEndpoint } from "./endpoint.ts";
import { broadcastOf, contains, formatPrefix, lengthOfMask, networkOf, parsePrefix } from "./prefix.ts";

function address(text: string): IpAddress {
  const outcome = parseAddress(text);
  if (!outcome.ok) throw new Error(`${text}: ${outcome.problem.code}`);
  return outcome.value;
}

const canonical = (text: string) => {
  const outcome = parseAddress(text);
  return outcome.ok ? formatAddress(outcome.value) : outcome.problem.code;
};

group("addresses", () => {
  // The IPv6 cases are the examples of RFC 4291 section 2.2 and RFC 5952 sections 4 and 5.
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["010.0.0.1", "TEXT_ADDRESS_ZEROS"],
    ["10.0.0.00", "TEXT_ADDRESS_ZEROS"],
    ["256.0.0.1", "TEXT_ADDRESS"],
    ["10.0.1", "TEXT_ADDRESS"],
    ["10.0.0.1.2", "TEXT_ADDRESS"],
    ["0x0a.0.0.1", "TEXT_ADDRESS"],
    ["167772161", "TEXT_ADDRESS"],
    ["", "TEXT_ADDRESS"],
    ["ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"],
    ["2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"],
    ["FF01:0:0:0:0:0:0:101", "ff01::101"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::ffff:c000:201", "::ffff:192.0.2.1"],
    ["::192.0.2.1", "::c000:201"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["fe80::1%", "TEXT_ADDRESS"],
    ["fe80::1%a b", "TEXT_ADDRESS"],
    ["1::2::3", "TEXT_ADDRESS"],
    [":::", "TEXT_ADDRESS"],
    [":1::2", "TEXT_ADDRESS"],
    ["1:2:3:4:5:6:7", "TEXT_ADDRESS"],
    ["1:2:3:4:5:6:7:8:9", "TEXT_ADDRESS"],
    ["1:2:3:4:5:6:7:8::", "TEXT_ADDRESS"],
    ["::1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"],
    ["12345::", "TEXT_ADDRESS"],
    ["::1.2.3.4.5", "TEXT_ADDRESS"],
    ["1.2.3.4::", "TEXT_ADDRESS"],
    ["::1.2.3.4:1", "TEXT_ADDRESS"],
    ["[::1]", "TEXT_ADDRESS"],
  ])("%s", (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  test("agrees with the runtime on what is an address", () => {
    const letter = fc.constantFrom("0", "1", "f", ":", "::", ".", "25", "a0");
    fc.assert(
      fc.property(fc.array(letter, { maxLength: 16 }), (letters) => {
        const text = letters.join("");
        expect([text, parseAddress(text).ok]).toEqual([text, isIPv4(text) || isIPv6(text)]);
      }),
      { numRuns: 5000 },
    );
  });

  test("prints IPv6 as the URL standard does, mapped addresses aside", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xff, 0xab), { minLength: 16, maxLength: 16 }), (bytes) => {
        const value: IpAddress = { family: 6, bytes: Uint8Array.from(bytes) };
        const text = formatAddress(value);
        expect(sameAddress(address(text), value)).toBe(true);
        if (!text.includes(".")) expect(text).toBe(new URL(`http://[${text}]/`).hostname.slice(1, -1));
      }),
      { numRuns: 2000 },
    );
  });

  test("order and kinds", () => {
    const sorted = ["::1", "10.0.0.2", "9.255.0.1", "10.0.0.10"]
      .map(address)
      .toSorted(compareAddresses)
      .map(formatAddress);
    expect(sorted).toEqual(["9.255.0.1", "10.0.0.2", "10.0.0.10", "::1"]);
    const kinds = (text: string) =>
      [isMulticast, isLinkLocal, isLoopback, isUnspecified].map((is) => is(address(text)));
    expect(kinds("224.0.0.18")).toEqual([true, false, false, false]);
    expect(kinds("ff02::12")).toEqual([true, false, false, false]);
    expect(kinds("169.254.1.1")).toEqual([false, true, false, false]);
    expect(kinds("febf::1")).toEqual([false, true, false, false]);
    expect(kinds("fec0::1")).toEqual([false, false, false, false]);
    expect(kinds("127.8.8.8")).toEqual([false, false, true, false]);
    expect(kinds("::1")).toEqual([false, false, true, false]);
    expect(kinds("0.0.0.0")).toEqual([false, false, false, true]);
    expect(kinds("::")).toEqual([false, false, false, true]);
  });
});

group("prefixes", () => {
  const show = (text: string, bareLength?: number) => {
    const outcome = parsePrefix(text, bareLength === undefined ? {} : { bareLength });
    return outcome.ok ? formatPrefix(outcome.value) : outcome.problem.code;
  };

  test.each([
    ["10.0.0.100/24", "10.0.0.100/24"],
    ["10.0.0.100", "10.0.0.100/32"],
    ["2001:DB8::1", "2001:db8::1/128"],
    ["10.0.0.0/255.255.254.0", "10.0.0.0/23"],
    ["10.0.0.0/0.0.0.0", "10.0.0.0/0"],
    ["10.0.0.0/255.0.255.0", "TEXT_PREFIX"],
    ["10.0.0.0/33", "TEXT_PREFIX"],
    ["10.0.0.0/", "TEXT_PREFIX"],
    ["10.0.0.0/-1", "TEXT_PREFIX"],
    ["::/129", "TEXT_PREFIX"],
    ["::/255.0.0.0", "TEXT_PREFIX"],
    ["10.0.0/24", "TEXT_ADDRESS"],
  ])("%s", (text, expected) => {
    expect(show(text)).toBe(expected);
  });

  test("networks", () => {
    const prefix = (text: string) => {
      const outcome = parsePrefix(text);
      if (!outcome.ok) throw new Error(text);
      return outcome.value;
    };
    expect(show("10.0.0.1", 24)).toBe("10.0.0.1/24");
    expect(formatPrefix(networkOf(prefix("10.1.2.3/20")))).toBe("10.1.0.0/20");
    expect(formatPrefix(networkOf(prefix("2001:db8:ffff:ffff::1/36")))).toBe("2001:db8:f000::/36");
    const broadcast = broadcastOf(prefix("10.1.2.3/20"));
    expect(broadcast === undefined ? "" : formatAddress(broadcast)).toBe("10.1.15.255");
    expect([broadcastOf(prefix("10.0.0.1/31")), broadcastOf(prefix("::1/64"))]).toEqual([undefined, undefined]);
    expect(contains(prefix("10.0.0.5/24"), address("10.0.0.200"))).toBe(true);
    expect(contains(prefix("10.0.0.5/24"), address("10.0.1.200"))).toBe(false);
    expect(contains(prefix("0.0.0.0/0"), address("::1"))).toBe(false);
    expect([lengthOfMask("255.255.255.255"), lengthOfMask("128.0.0.0"), lengthOfMask("1.0.0.0")]).toEqual([
      32,
      1,
      undefined,
    ]);
  });
});

group("endpoints", () => {
  test.each([
    ["10.0.0.1:80", "10.0.0.1:80"],
    ["[2001:DB8::1]:80", "[2001:db8::1]:80"],
    ["web-1.example:443", "web-1.example:443"],
    ["10.0.0.1", "10.0.0.1:7"],
    ["::1", "[::1]:7"],
    ["[::1]", "[::1]:7"],
    ["[10.0.0.1]:80", "TEXT_ENDPOINT"],
    ["10.0.0.1:0", "TEXT_PORT"],
    ["10.0.0.1:65536", "TEXT_PORT"],
    ["10.0.0.1:", "TEXT_PORT"],
    ["10.0.0.256:80", "TEXT_ENDPOINT"],
    [":80", "TEXT_ENDPOINT"],
    ["a b:80", "TEXT_ENDPOINT"],
    ["", "TEXT_ENDPOINT"],
  ])("%s", (text, expected) => {
    const outcome = parseEndpoint(text, { defaultPort: 7 });
    expect(outcome.ok ? formatEndpoint(outcome.value) : outcome.problem.code).toBe(expected);
  });

  test("a port is needed when there is no default, and names have rules", () => {
    expect(parseEndpoint("web").ok).toBe(false);
    expect(["a", "a-b.c", "_sip._tcp", "a.", "A1"].map(isHostName)).toEqual([true, true, true, true, true]);
    expect(["-a", "a-", "a..b", "1.2.3.4", "a".repeat(64), ""].map(isHostName)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
