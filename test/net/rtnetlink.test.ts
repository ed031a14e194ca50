/** rtnetlink against this kernel, with ip(8) as the second opinion. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { monotonicNs } from "../../shared/drive/ffi/clock.ts";
import { close } from "../../shared/drive/ffi/fd.ts";
import { Memory } from "../../shared/drive/ffi/memory.ts";
import { POLL, pollOne } from "../../shared/drive/ffi/poll.ts";
import { bindSocket, sendTo, socket, SOCKET_TYPE, socketName } from "../../shared/drive/ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../../shared/drive/ffi/socket-address.ts";
import { ADDRESS_FLAG, type AddressSpec, encodeAddressAdd } from "../../shared/drive/net/address-codec.ts";
import { formatMac, virtualRouterMac } from "../../shared/drive/net/ethernet.ts";
import { isUsable } from "../../shared/drive/net/link-codec.ts";
import { isInterfaceName, renewalOf, type RouteClient } from "../../shared/drive/net/route-client.ts";
import { type RouteEvent, RouteMonitor } from "../../shared/drive/net/route-monitor.ts";
import { formatAddress } from "../../shared/text/address.ts";
import { type Cable, connect, eventually, good, insideNamespace, ip, ipJson, Peer } from "./namespace.ts";

insideNamespace("rtnetlink in a namespace", import.meta.path, () => {
  let peer: Peer;
  let cable: Cable;
  let client: RouteClient;
  let index: number;

  beforeAll(() => {
    peer = Peer.start();
    cable = connect(peer);
    client = cable.client;
    index = cable.near.index;
  });
  afterAll(() => {
    cable.client.close();
    cable.farClient.close();
    peer.stop();
  });

  const spec = (address: string, rest: Partial<AddressSpec> = {}): AddressSpec => ({
    interfaceIndex: index,
    address: ip(address),
    prefixLength: address.includes(":") ? 128 : 32,
    ...rest,
  });
  const failure = (answer: { readonly ok: boolean }) => ("failure" in answer ? answer.failure : undefined);

  describe("interfaces", () => {
    test("are what ip(8) says they are", () => {
      const ours = good(client.links()).map(({ index: number, name, mtu, mac }) => ({
        ifindex: number,
        ifname: name,
        mtu,
        address: formatMac(mac),
      }));
      const theirs = ipJson("link show") as { ifindex: number; ifname: string; mtu: number; address: string }[];
      expect(ours).toEqual(theirs.map(({ ifindex, ifname, mtu, address }) => ({ ifindex, ifname, mtu, address })));
    });

    test("by name and by index; absent ones and impossible names", () => {
      expect(good(client.link("near"))).toEqual(good(client.link(index)));
      expect(isUsable(good(client.link("near")))).toBe(true);
      expect(failure(client.link("absent"))).toMatchObject({ name: "ENODEV" });
      expect(failure(client.link("a name that is far too long"))).toMatchObject({ name: "ENODEV" });
      expect(failure(client.createLink({ kind: "veth", name: "near", peerName: "other" }))).toMatchObject({
        name: "EEXIST",
      });
      expect(() => client.createLink({ kind: "bridge", name: "a/b" })).toThrow("can't be an interface's name");
      for (const wrong of ["", ".", "..", "a b", "a/b", "0123456789012345", "a:b"])
        expect(isInterfaceName(wrong)).toBe(false);
    });

    test("the far end going down takes the carrier away here", async () => {
      good(cable.farClient.changeLink(cable.far.index, { up: false }));
      const down = await eventually("carrier lost", () => (isUsable(good(client.link("near"))) ? undefined : "lost"));
      good(cable.farClient.changeLink(cable.far.index, { up: true }));
      await eventually("carrier back", () => (isUsable(good(client.link("near"))) ? "back" : undefined));
      expect(down).toBe("lost");
    });

    test("a macvlan with the hardware address of a virtual router, changed and removed", () => {
      const mac = virtualRouterMac(4, 51);
      good(client.createLink({ kind: "macvlan", name: "vrrp.51", parentIndex: index, mode: "private", mac, up: true }));
      const link = good(client.link("vrrp.51"));
      expect(link).toMatchObject({ kind: "macvlan", parentIndex: index });
      expect(formatMac(link.mac)).toBe("00:00:5e:00:01:33");
      const [seen] = ipJson("-d link show dev vrrp.51") as [{ linkinfo: { info_data: { mode: string } } }];
      expect(seen.linkinfo.info_data.mode).toBe("private");
      good(client.changeLink(link.index, { up: false }));
      good(client.changeLink(link.index, { name: "vrrp.52", mtu: 1400 }));
      expect(good(client.link("vrrp.52"))).toMatchObject({ index: link.index, mtu: 1400 });
      good(client.deleteLink(link.index));
      expect(failure(client.link(link.index))).toMatchObject({ name: "ENODEV" });
    });
  });

  describe("addresses", () => {
    test("are what ip(8) says they are", async () => {
      good(client.addAddress(spec("10.7.0.50", { prefixLength: 24, label: "near:1", broadcast: "computed" })));
      good(client.addAddress(spec("10.8.0.1", { peer: ip("10.8.0.2"), scope: "link" })));
      const theirs = (ipJson("addr show dev near") as [{ addr_info: Record<string, unknown>[] }])[0].addr_info;
      const ours = good(client.addresses({ interfaceIndex: index }));
      expect(ours.map((entry) => [formatAddress(entry.address), entry.prefixLength])).toEqual(
        theirs.map(({ local, prefixlen }) => [local, prefixlen] as [string, number]),
      );
      const labelled = theirs.find(({ local }) => local === "10.7.0.50");
      expect(labelled).toMatchObject({ label: "near:1", broadcast: "10.7.0.255", scope: "global", secondary: true });
      expect(theirs.find(({ local }) => local === "10.8.0.1")).toMatchObject({ address: "10.8.0.2", scope: "link" });
      good(client.deleteAddress(spec("10.7.0.50", { prefixLength: 24 })));
      good(client.deleteAddress(spec("10.8.0.1", { peer: ip("10.8.0.2") })));
    });

    test("refusals say why", () => {
      good(client.addAddress(spec("10.7.1.1")));
      expect(failure(client.addAddress(spec("10.7.1.1")))).toEqual({
        errno: 17,
        name: "EEXIST",
        text: "ipv4: Address already assigned",
      });
      expect(failure(client.addAddress({ ...spec("10.7.1.2"), interfaceIndex: 4242 }))).toMatchObject({
        name: "ENODEV",
      });
      good(client.deleteAddress(spec("10.7.1.1")));
      expect(failure(client.deleteAddress(spec("10.7.1.1")))).toMatchObject({ name: "EADDRNOTAVAIL" });
      expect(failure(client.deleteAddress(spec("fd07::77")))).toMatchObject({ name: "EADDRNOTAVAIL" });
    });

    test.each(["10.7.1.3", "fd07::103"])("the kernel itself removes %s when nobody renews it", async (address) => {
      const monitor = RouteMonitor.open(["address"]);
      const mine = spec(address, { validSeconds: 1, preferredSeconds: 1, noDuplicateDetection: true });
      good(client.addAddress({ ...mine, validSeconds: 60, preferredSeconds: 60 }));
      // Renewed downwards here; upwards is the same call.
      good(client.replaceAddress(mine));
      const entry = good(client.addresses({ interfaceIndex: index })).find(
        (each) => formatAddress(each.address) === address,
      );
      expect(entry?.validSeconds).toBeLessThanOrEqual(1);
      const removed = (event: RouteEvent) =>
        event.kind === "address-removed" && formatAddress(event.address.address) === address ? true : undefined;
      await eventually("its removal", () => monitor.read().map(removed).find(Boolean));
      monitor.close();
      expect(failure(client.deleteAddress(mine))).toMatchObject({ name: "EADDRNOTAVAIL" });
    });

    test("without duplicate detection an IPv6 address is usable at once, with it it isn't", () => {
      good(client.addAddress(spec("fd07::110", { noDuplicateDetection: true })));
      good(client.addAddress(spec("fd07::111")));
      const flags = (text: string) =>
        good(client.addresses()).find((entry) => formatAddress(entry.address) === text)?.flags ?? 0;
      expect(flags("fd07::110") & ADDRESS_FLAG.TENTATIVE).toBe(0);
      expect(flags("fd07::111") & ADDRESS_FLAG.TENTATIVE).toBe(ADDRESS_FLAG.TENTATIVE);
      good(client.deleteAddress(spec("fd07::110")));
      good(client.deleteAddress(spec("fd07::111")));
    });

    test("no route to the network when asked for none", () => {
      good(client.addAddress(spec("10.99.0.1", { prefixLength: 24, noPrefixRoute: true })));
      good(client.addAddress(spec("10.98.0.1", { prefixLength: 24 })));
      const networks = good(client.routes(4)).flatMap((route) =>
        route.destination ? formatAddress(route.destination.address) : [],
      );
      expect(networks).toContain("10.98.0.0");
      expect(networks).not.toContain("10.99.0.0");
      good(client.deleteAddress(spec("10.99.0.1", { prefixLength: 24 })));
      good(client.deleteAddress(spec("10.98.0.1", { prefixLength: 24 })));
    });

    test("500 in a batch, each with its own answer", () => {
      const many = Array.from({ length: 500 }, (_, at) => spec(`10.20.${at >> 8}.${at & 255}`));
      good(client.addAddress(many[123] ?? spec("10.20.0.123")));
      const answers = client.changeAddresses(many.map((each) => ({ kind: "add", spec: each })));
      expect(answers.flatMap((answer, at) => (answer.ok ? [] : [[at, answer.failure.name]]))).toEqual([
        [123, "EEXIST"],
      ]);
      const present = good(client.addresses({ interfaceIndex: index })).filter(
        (entry) => entry.address.bytes[1] === 20,
      );
      expect(present).toHaveLength(500);
      const removed = client.changeAddresses(many.map((each) => ({ kind: "delete", spec: each })));
      expect(removed.every((answer) => answer.ok)).toBe(true);
      expect(client.changeAddresses([])).toEqual([]);
    });
  });

  describe("lifetimes", () => {
    test("of many are renewed in one exchange; what is gone comes back, and a failure is told", () => {
      const many = Array.from({ length: 150 }, (_, at) =>
        spec(`10.21.0.${at}`, { validSeconds: 100, preferredSeconds: 100 }),
      );
      client.changeAddresses(many.slice(1).map((each) => ({ kind: "add", spec: { ...each, validSeconds: 5 } })));
      expect(client.renewAddresses(many.map(renewalOf))).toBeUndefined();
      const mine = good(client.addresses({ interfaceIndex: index })).filter((entry) => entry.address.bytes[1] === 21);
      expect(mine).toHaveLength(150);
      expect(mine.every((entry) => entry.validSeconds > 90)).toBe(true);
      const nowhere = renewalOf({ ...spec("10.21.1.1"), interfaceIndex: 4242 });
      expect(client.renewAddresses([nowhere, ...many.map(renewalOf)])).toMatchObject({ name: "ENODEV" });
      expect(client.renewAddresses([])).toBeUndefined();
      // Nothing of it disturbs the next request.
      expect(client.changeAddresses(many.map((each) => ({ kind: "delete", spec: each }))).every(({ ok }) => ok)).toBe(
        true,
      );
    });

    test("that are renewed wake nobody who waits for removals", () => {
      const monitor = RouteMonitor.open(["link", "address-removed"]);
      const mine = spec("10.22.0.1", { validSeconds: 60, preferredSeconds: 60 });
      good(client.addAddress(mine));
      expect(client.renewAddresses([renewalOf(mine)])).toBeUndefined();
      expect(monitor.read()).toEqual([]);
      good(client.deleteAddress(mine));
      expect(monitor.read().map((event) => event.kind)).toEqual(["address-removed"]);
      monitor.close();
    });
  });

  describe("routes and rules", () => {
    test("are what ip(8) says they are", () => {
      good(
        client.addRoute({
          family: 4,
          destination: { address: ip("10.77.0.0"), length: 16 },
          gateway: ip("10.7.0.2"),
          metric: 7,
          table: 1000,
          mtu: 1300,
        }),
      );
      good(client.addRoute({ family: 4, destination: { address: ip("10.78.0.0"), length: 16 }, kind: "blackhole" }));
      good(client.addRoute({ family: 6, destination: { address: ip("fd78::"), length: 32 }, gateway: ip("fd07::2") }));
      good(
        client.addRoute({
          family: 4,
          destination: { address: ip("10.79.0.0"), length: 16 },
          nextHops: [{ gateway: ip("10.7.0.2"), weight: 2 }, { gateway: ip("10.7.0.3") }],
        }),
      );
      expect(ipJson("route show table 1000")).toEqual([
        {
          dst: "10.77.0.0/16",
          gateway: "10.7.0.2",
          dev: "near",
          protocol: "static",
          metric: 7,
          flags: [],
          metrics: [{ mtu: 1300 }],
        },
      ]);
      expect(ipJson("route show 10.78.0.0/16")).toMatchObject([{ type: "blackhole", dst: "10.78.0.0/16" }]);
      expect(ipJson("-6 route show fd78::/32")).toMatchObject([{ dst: "fd78::/32", gateway: "fd07::2" }]);
      expect(ipJson("route show 10.79.0.0/16")).toMatchObject([{ nexthops: [{ weight: 2 }, { weight: 1 }] }]);
      expect(good(client.routes(4)).find((route) => route.table === 1000)).toMatchObject({ metric: 7, mtu: 1300 });
    });

    test("replaced, refused, removed", () => {
      const route = { family: 4, destination: { address: ip("10.78.0.0"), length: 16 } } as const;
      expect(failure(client.addRoute({ ...route, kind: "blackhole" }))).toMatchObject({ name: "EEXIST" });
      good(client.replaceRoute({ ...route, kind: "unreachable" }));
      expect(ipJson("route show 10.78.0.0/16")).toMatchObject([{ type: "unreachable" }]);
      good(client.deleteRoute({ ...route, kind: "unreachable" }));
      expect(failure(client.deleteRoute({ ...route, kind: "unreachable" }))).toMatchObject({ name: "ESRCH" });
      const outside = client.addRoute({ ...route, gateway: ip("99.0.0.1") });
      expect(failure(outside)).toEqual({ errno: 101, name: "ENETUNREACH", text: "Nexthop has invalid gateway" });
      good(client.addRoute({ ...route, gateway: ip("99.0.0.1"), interfaceIndex: index, onLink: true }));
      good(client.deleteRoute(route));
    });

    test("rules", () => {
      const rule = {
        family: 4,
        priority: 100,
        from: { address: ip("10.7.0.1"), length: 32 },
        inputInterface: "near",
        firewallMark: 1,
        firewallMask: 255,
        table: 1000,
      } as const;
      good(client.addRule(rule));
      expect(failure(client.addRule(rule))).toMatchObject({ name: "EEXIST" });
      expect(ipJson("rule show priority 100")).toMatchObject([
        { priority: 100, src: "10.7.0.1", iif: "near", fwmark: "0x1", fwmask: "0xff", table: "1000" },
      ]);
      expect(good(client.rules(4)).find((each) => each.priority === 100)).toMatchObject({
        table: 1000,
        firewallMark: 1,
      });
      good(client.deleteRule(rule));
      expect(failure(client.deleteRule(rule))).toMatchObject({ name: "ENOENT" });
      good(client.addRule({ family: 6, priority: 9, action: "prohibit", to: { address: ip("fd99::"), length: 16 } }));
      expect(ipJson("-6 rule show priority 9")).toMatchObject([{ action: "prohibit" }]);
      good(
        client.deleteRule({ family: 6, priority: 9, action: "prohibit", to: { address: ip("fd99::"), length: 16 } }),
      );
    });
  });

  describe("events", () => {
    test("of all kinds, in order", () => {
      const monitor = RouteMonitor.open(["link", "address", "route", "rule"]);
      good(client.createLink({ kind: "veth", name: "tmp0", peerName: "tmp1" }));
      const made = good(client.link("tmp0"));
      good(client.changeLink(made.index, { up: true }));
      good(client.addAddress({ interfaceIndex: made.index, address: ip("10.66.0.1"), prefixLength: 24 }));
      good(client.addRule({ family: 6, priority: 5, table: 99 }));
      good(client.deleteRule({ family: 6, priority: 5, table: 99 }));
      good(client.deleteLink(made.index));
      expect(pollOne(monitor.fd, POLL.IN, 5e9)).toBe(POLL.IN);
      const events = monitor.read();
      monitor.close();
      const about = events.flatMap((event) => {
        if (event.kind === "link" || event.kind === "link-removed")
          return event.link.name === "tmp0" ? [event.kind] : [];
        if (event.kind === "address" || event.kind === "address-removed") return [event.kind];
        return event.kind === "rule" || event.kind === "rule-removed" ? [event.kind] : [];
      });
      // The interface is reported once more on its way down.
      const order = about.filter((kind, at) => about.indexOf(kind) === at);
      expect(order).toEqual(["link", "address", "rule", "rule-removed", "address-removed", "link-removed"]);
      expect(events.some((event) => event.kind === "route")).toBe(true);
    });

    test("that overflow the buffer are reported as lost, and hearing goes on", () => {
      const monitor = RouteMonitor.open(["address"], { receiveBufferBytes: 4096 });
      const many = Array.from({ length: 200 }, (_, at) => spec(`10.30.0.${at}`));
      client.changeAddresses(many.map((each) => ({ kind: "add", spec: each })));
      const seen: RouteEvent[] = [];
      for (let turn = 0; turn < 10; turn += 1) seen.push(...monitor.read());
      expect(seen.some((event) => event.kind === "overrun")).toBe(true);
      expect(seen.length).toBeLessThan(200);
      good(client.deleteAddress(many[0] ?? spec("10.30.0.0")));
      expect(monitor.read().map((event) => event.kind)).toEqual(["address-removed"]);
      client.changeAddresses(many.slice(1).map((each) => ({ kind: "delete", spec: each })));
      monitor.close();
    });

    test("forged by another process count for nothing", () => {
      const monitor = RouteMonitor.open(["address"]);
      const name = socketName(monitor.fd);
      if (name?.family !== "netlink") throw new Error("no name");
      const forger = socket(FAMILY.NETLINK, SOCKET_TYPE.RAW, 0, { nonBlocking: true });
      bindSocket(forger, { family: "netlink", portId: 0, groups: 0 });
      const lie = encodeAddressAdd(1, spec("10.66.6.6"), false);
      const memory = Memory.copyOf(lie);
      const to = new SocketAddressMemory({ family: "netlink", portId: name.portId, groups: 0 });
      expect(sendTo(forger, memory, 0, lie.byteLength, to)).toBe(lie.byteLength);
      expect(pollOne(monitor.fd, POLL.IN, 5e9)).toBe(POLL.IN);
      expect(monitor.read()).toEqual([]);
      close(forger);
      monitor.close();
    });

    test("a dump while others change the table is whole", async () => {
      const script = "for i in $(seq 1 150); do ip addr add 10.40.0.$i/32 dev near; done";
      const changer = Bun.spawn(["sh", "-c", script]);
      let dumps = 0;
      const deadlineNs = monotonicNs() + 20e9;
      while (changer.exitCode === null && monotonicNs() < deadlineNs) {
        const entries = client.addresses();
        // Interrupted too often is an answer as well, never a wrong table.
        if (entries.ok) expect(entries.value.some((entry) => formatAddress(entry.address) === "10.7.0.1")).toBe(true);
        else expect(entries.failure.name).toBe("EINTR");
        dumps += 1;
        await Bun.sleep(1);
      }
      expect(dumps).toBeGreaterThan(1);
      expect(good(client.addresses()).filter((entry) => entry.address.bytes[1] === 40)).toHaveLength(150);
    });
  });
});
