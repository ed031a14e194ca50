/** The codecs against what a kernel really answered (testdata, recorded in a namespace) and against fixed bytes. */
import { describe, expect, test } from "bun:test";
import { formatAddress, type IpAddress, parseAddress } from "../../text/address.ts";
import {
  ADDRESS_FLAG,
  decodeAddress,
  encodeAddressAdd,
  encodeAddressDelete,
  encodeAddressDump,
} from "./address-codec.ts";
import { formatMac } from "./ethernet.ts";
import { decodeLink, encodeLinkChange, encodeLinkCreate, encodeLinkDelete, isUsable, LINK_FLAG } from "./link-codec.ts";
import {
  listAttributes,
  NETLINK_TYPE,
  readAttributes,
  readNetlinkError,
  readNetlinkMessages,
} from "./netlink-message.ts";
import { decodeRoute, encodeRouteAdd, encodeRouteDelete, type Route } from "./route-codec.ts";
import { decodeRule, encodeRuleAdd, type Rule } from "./rule-codec.ts";

const recorded = (await Bun.file(`${import.meta.dir}/testdata/kernel-messages.json`).json()) as Record<
  string,
  string[]
>;

function answers(name: string) {
  const datagrams = recorded[name] ?? [];
  return datagrams.flatMap((text) => readNetlinkMessages(new Uint8Array(Buffer.from(text, "hex"))));
}

function decoded<Value>(name: string, decode: (message: { body: Uint8Array }) => Value | undefined): Value[] {
  return answers(name)
    .filter((message) => message.type > NETLINK_TYPE.OVERRUN)
    .map(decode)
    .filter((value) => value !== undefined);
}

function ip(text: string): IpAddress {
  const address = parseAddress(text);
  if (!address.ok) throw new Error(text);
  return address.value;
}

/** Addresses as text, so that a failed comparison can be read. */
const readable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, field: unknown) => {
      if (typeof field === "object" && field !== null && "bytes" in field && "family" in field) {
        return formatAddress(field as IpAddress);
      }
      if (field instanceof Uint8Array) return formatMac(field);
      return field === Infinity ? "for ever" : field;
    }),
  );

describe("links of a real kernel", () => {
  test("a veth pair and the loopback", () => {
    const links = decoded("links", decodeLink);
    expect(links.map((link) => link.name)).toEqual(["lo", "v1", "v0", "vrrp.51"]);
    const v0 = links.find((link) => link.name === "v0");
    expect(v0 && formatMac(v0.mac)).toBe("02:00:00:00:00:01");
    expect(v0).toMatchObject({ kind: "veth", mtu: 1500, hardwareType: 1, operationalState: "up" });
    expect(v0 !== undefined && isUsable(v0)).toBe(true);
    const loopback = links.find((link) => link.name === "lo");
    expect(loopback).toMatchObject({ hardwareType: 772, operationalState: "down" });
    expect(loopback !== undefined && isUsable(loopback)).toBe(false);
    expect((loopback?.flags ?? 0) & LINK_FLAG.LOOPBACK).toBe(LINK_FLAG.LOOPBACK);
  });

  test("a macvlan knows its parent", () => {
    const [macvlan] = decoded("link", decodeLink);
    const parent = decoded("links", decodeLink).find((link) => link.name === "v0");
    expect(macvlan).toMatchObject({ name: "vrrp.51", kind: "macvlan", parentIndex: parent?.index });
    expect(macvlan && formatMac(macvlan.mac)).toBe("00:00:5e:00:01:33");
  });

  test("a message of the bridge family isn't about the link itself", () => {
    const message = answers("link")[0];
    if (message === undefined) throw new Error("no recorded link");
    const body = message.body.slice();
    body[0] = 7;
    expect(decodeLink({ body })).toBeUndefined();
  });
});

describe("addresses of a real kernel", () => {
  const all = decoded("addresses", decodeAddress);
  const find = (text: string) => readable(all.find((entry) => formatAddress(entry.address) === text));

  test("with a label and lifetimes", () => {
    expect(find("10.7.0.1")).toMatchObject({ prefixLength: 24, label: "v0:1", validSeconds: 60, preferredSeconds: 30 });
  });

  test("with another end", () => {
    expect(find("10.8.0.1")).toMatchObject({ prefixLength: 32, peer: "10.8.0.2", validSeconds: "for ever" });
  });

  test("IPv6 without duplicate detection", () => {
    const entry = all.find((candidate) => formatAddress(candidate.address) === "fd07::1");
    expect(entry?.flags).toBe(ADDRESS_FLAG.PERMANENT | ADDRESS_FLAG.NO_DUPLICATE_DETECTION);
    expect(find("fd07::1")).toMatchObject({ prefixLength: 64, scope: "universe" });
  });
});

describe("routes and rules of a real kernel", () => {
  test("several next hops", () => {
    const route = decoded("routes4", decodeRoute).find((candidate) => candidate.nextHops !== undefined);
    expect(readable(route)).toMatchObject({
      destination: { address: "10.79.0.0", length: 16 },
      nextHops: [
        { gateway: "10.7.0.2", weight: 2 },
        { gateway: "10.7.0.3", weight: 1 },
      ],
    });
  });

  test("a black hole in a table above 255", () => {
    const route = decoded("routes4", decodeRoute).find((candidate) => candidate.kind === "blackhole");
    expect(readable(route)).toMatchObject({
      table: 1000,
      metric: 7,
      destination: { address: "10.78.0.0", length: 16 },
    });
  });

  test("IPv6 through a gateway", () => {
    const route = decoded("routes6", decodeRoute).find((candidate) => candidate.destination?.length === 32);
    expect(readable(route)).toMatchObject({ family: 6, gateway: "fd07::2", destination: { address: "fd08::" } });
  });

  test("a rule with every selector", () => {
    const rule = decoded("rules4", decodeRule).find((candidate) => candidate.priority === 100);
    expect(readable(rule)).toEqual({
      family: 4,
      priority: 100,
      from: { address: "10.7.0.1", length: 32 },
      to: { address: "10.9.0.0", length: 16 },
      inputInterface: "v0",
      firewallMark: 1,
      firewallMask: 255,
      action: "lookup",
      table: 1000,
    });
  });
});

describe("answers of a real kernel", () => {
  const outcome = (name: string) => answers(name).map(readNetlinkError);
  test("refused with words, refused without, done", () => {
    expect(outcome("exists")).toEqual([{ errno: 17, text: "ipv4: Address already assigned" }]);
    expect(outcome("noDevice")).toEqual([{ errno: 19, text: "" }]);
    expect(outcome("acknowledged")).toEqual([{ errno: 0, text: "" }]);
  });
});

describe("requests", () => {
  const spec = { interfaceIndex: 7, address: ip("10.7.0.1"), prefixLength: 24 };
  const body = (bytes: Uint8Array) => readNetlinkMessages(bytes)[0]?.body ?? new Uint8Array(0);
  const attributes = (bytes: Uint8Array, header: number) =>
    Object.fromEntries(listAttributes(body(bytes).subarray(header)).map(([type, value]) => [type, [...value]]));

  test("an address with everything", () => {
    const request = encodeAddressAdd(
      5,
      {
        ...spec,
        scope: "link",
        label: "eth0:1",
        broadcast: "computed",
        validSeconds: 3.2,
        preferredSeconds: 9,
        noPrefixRoute: true,
      },
      true,
    );
    // RTM_NEWADDR; REQUEST | ACK | REPLACE | CREATE
    expect(Buffer.from(request.subarray(4, 12)).toString("hex")).toBe("1400050505000000");
    expect([...body(request).subarray(0, 8)]).toEqual([2, 24, 0, 253, 7, 0, 0, 0]);
    expect(attributes(request, 8)).toEqual({
      1: [10, 7, 0, 1],
      2: [10, 7, 0, 1],
      3: [...Buffer.from("eth0:1\0")],
      4: [10, 7, 0, 255],
      // Preferred is never longer than valid; seconds are rounded up.
      6: [4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      8: [0, 2, 0, 0],
    });
  });

  test("a permanent address says nothing of lifetimes", () => {
    expect(attributes(encodeAddressAdd(1, { ...spec, validSeconds: Infinity }, false), 8)).toEqual({
      1: [10, 7, 0, 1],
      2: [10, 7, 0, 1],
    });
    expect(() => encodeAddressAdd(1, { ...spec, validSeconds: -1 }, false)).toThrow("lifetime");
  });

  test("what is encoded is what is decoded", () => {
    const full = { ...spec, address: ip("fd00::5"), prefixLength: 64, noDuplicateDetection: true, validSeconds: 5 };
    expect(readable(decodeAddress({ body: body(encodeAddressAdd(1, full, false)) }))).toEqual({
      interfaceIndex: 7,
      address: "fd00::5",
      prefixLength: 64,
      scope: "universe",
      flags: ADDRESS_FLAG.NO_DUPLICATE_DETECTION,
      validSeconds: 5,
      preferredSeconds: 5,
    });
    expect(readable(decodeAddress({ body: body(encodeAddressDelete(1, spec)) }))).toMatchObject({
      address: "10.7.0.1",
    });
    expect(body(encodeAddressDump(1, "both", 3)).byteLength).toBe(8);
  });

  const routes: readonly Route[] = [
    { family: 4, destination: { address: ip("10.0.0.0"), length: 8 }, gateway: ip("10.7.0.2"), metric: 5, table: 1000 },
    {
      family: 4,
      gateway: ip("10.7.0.2"),
      interfaceIndex: 3,
      onLink: true,
      preferredSource: ip("10.7.0.9"),
      table: 254,
    },
    { family: 6, destination: { address: ip("fd00::"), length: 8 }, kind: "unreachable", table: 254, mtu: 1400 },
    {
      family: 4,
      destination: { address: ip("10.0.0.0"), length: 8 },
      gateway: ip("fe80::1"),
      interfaceIndex: 2,
      table: 254,
    },
    {
      family: 6,
      destination: { address: ip("fd00::"), length: 8 },
      table: 254,
      nextHops: [
        { gateway: ip("fe80::1"), interfaceIndex: 2, weight: 256 },
        { interfaceIndex: 3, weight: 1, onLink: true },
      ],
    },
  ];
  test.each(routes.map((route) => [route]))("route %#", (route) => {
    const back = decodeRoute({ body: body(encodeRouteAdd(1, route, false)) });
    const { scope: _, ...rest } = readable(back) as Record<string, unknown>;
    expect(rest).toEqual({ kind: "unicast", protocol: 4, ...(readable(route) as Record<string, unknown>) });
  });

  test("scopes as ip(8) chooses them", () => {
    const scope = (route: Route) => body(encodeRouteAdd(1, route, false))[6];
    expect(scope({ family: 4, interfaceIndex: 2 })).toBe(253);
    expect(scope({ family: 4, gateway: ip("10.7.0.2") })).toBe(0);
    expect(scope({ family: 4, kind: "blackhole" })).toBe(0);
    expect(scope({ family: 4, kind: "local", interfaceIndex: 2 })).toBe(254);
    expect(scope({ family: 6, interfaceIndex: 2 })).toBe(0);
    expect(body(encodeRouteDelete(1, { family: 4 }))[6]).toBe(255);
  });

  test("rules come back as they went", () => {
    const rule: Rule = {
      family: 6,
      priority: 9,
      to: { address: ip("fd00::"), length: 8 },
      outputInterface: "eth0",
      action: "prohibit",
      table: 0,
    };
    expect(readable(decodeRule({ body: body(encodeRuleAdd(1, rule)) }))).toEqual(readable(rule));
  });

  test("a macvlan, a veth pair, a change, a removal", () => {
    const mac = new Uint8Array([0, 0, 0x5e, 0, 1, 9]);
    const macvlan = encodeLinkCreate(1, { kind: "macvlan", name: "m", parentIndex: 4, mode: "private", mac, up: true });
    const fields = attributes(macvlan, 16);
    expect([fields[3], fields[1], fields[5]]).toEqual([[...Buffer.from("m\0")], [...mac], [4, 0, 0, 0]]);
    const info = readAttributes(new Uint8Array(fields[18] ?? []));
    expect(Buffer.from(info.get(1) ?? []).toString()).toBe("macvlan\0");
    expect([...(info.get(2) ?? [])]).toEqual([8, 0, 1, 0, 1, 0, 0, 0]);
    const change = body(encodeLinkChange(1, 4, { up: false, mtu: 9000 }));
    expect([...change.subarray(4, 16)]).toEqual([4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    expect(body(encodeLinkChange(1, 4, { mtu: 9000 })).subarray(12, 16)).toEqual(new Uint8Array(4));
    expect([...body(encodeLinkDelete(1, 4)).subarray(4, 8)]).toEqual([4, 0, 0, 0]);
  });
});
