/** Raw, packet and UDP sockets between two namespaces; the second host's kernel and tcpdump judge what is sent. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { monotonicNs } from "../../shared/drive/ffi/clock.ts";
import { EAGAIN } from "../../shared/drive/ffi/errno.ts";
import { POLL, pollOne } from "../../shared/drive/ffi/poll.ts";
import { PollLoop } from "../../shared/drive/ffi/poll-loop.ts";
import { AddressProbe, type ProbeResult } from "../../shared/drive/net/address-probe.ts";
import { encodeAnnouncement } from "../../shared/drive/net/announce.ts";
import { matchAll } from "../../shared/drive/net/bpf.ts";
import type { Datagram } from "../../shared/drive/net/datagram.ts";
import {
  decodeArp,
  decodeEthernet,
  encodeArpProbe,
  encodeGratuitousArp,
  ETHER_TYPE,
} from "../../shared/drive/net/ethernet.ts";
import { PacketSocket } from "../../shared/drive/net/packet-socket.ts";
import {
  openRawIpSocket,
  openVrrpSocket,
  PACKET_LIMIT_BYTES,
  type RawIpSocket,
  VRRP_GROUP_IPV4,
  VRRP_GROUP_IPV6,
  VRRP_PROTOCOL,
} from "../../shared/drive/net/raw-ip-socket.ts";
import { UdpSocket } from "../../shared/drive/net/udp-socket.ts";
import { named, requirePrograms } from "../../shared/lab/requirements.ts";
import { formatAddress, isLinkLocal } from "../../shared/text/address.ts";
import { type Cable, connect, eventually, good, insideNamespace, ip, Peer } from "./namespace.ts";

const WAIT_NS = 5e9;
const text = (bytes: Uint8Array) => formatAddress({ family: bytes.byteLength === 4 ? 4 : 6, bytes });
const bytes = (address: string) => ip(address).bytes;

insideNamespace("raw, packet and UDP sockets in a namespace", import.meta.path, () => {
  let peer: Peer;
  let cable: Cable;
  const opened: { close(): void }[] = [];
  const keep = <Socket extends { close(): void }>(socket: Socket): Socket => {
    opened.push(socket);
    return socket;
  };

  beforeAll(() => {
    peer = Peer.start();
    cable = connect(peer);
  });
  afterAll(() => {
    for (const socket of opened) socket.close();
    peer.stop();
  });

  function arrived(socket: RawIpSocket | UdpSocket): Datagram | undefined {
    expect(pollOne(socket.fd, POLL.IN, WAIT_NS)).toBe(POLL.IN);
    const datagram = socket.receive();
    return typeof datagram === "number" ? undefined : datagram;
  }

  /** Takes our end down for a moment: the kernel drops its IPv6 addresses, so the global one is given anew. */
  function whileDown<Result>(inside: () => Result): Result {
    good(cable.client.changeLink(cable.near.index, { up: false }));
    try {
      return inside();
    } finally {
      good(cable.client.changeLink(cable.near.index, { up: true }));
      const six = { address: ip("fd07::1"), prefixLength: 64, noDuplicateDetection: true };
      good(cable.client.replaceAddress({ interfaceIndex: cable.near.index, ...six }));
    }
  }

  const nearDevice = () => ({ name: "near", index: cable.near.index });
  const farDevice = () => ({ name: "far", index: cable.far.index });

  /** The near end's own address for VRRP: the link-local one for IPv6, which takes a moment to appear. */
  function ownAddress(family: 4 | 6): Promise<Uint8Array> {
    if (family === 4) return Promise.resolve(bytes("10.7.0.1"));
    return eventually("a link-local address", () => {
      const entries = good(cable.client.addresses({ interfaceIndex: cable.near.index }));
      const entry = entries.find(
        ({ address, flags }) => address.family === 6 && isLinkLocal(address) && (flags & 0x40) === 0,
      );
      return entry?.address.bytes;
    });
  }

  describe.each([4, 6] as const)("VRRP over IPv%p", (family) => {
    const group = family === 4 ? VRRP_GROUP_IPV4 : VRRP_GROUP_IPV6;
    const far = family === 4 ? "10.7.0.2" : "fd07::2";
    // VRRPv3, router 51, priority 100, one address, 1 s; for IPv6 the kernel fills in the checksum.
    const advertisement = new Uint8Array([0x31, 51, 100, 1, 0, 100, 0, 0, 10, 7, 0, 100]);
    let source: Uint8Array;
    let near: RawIpSocket;
    let other: RawIpSocket;

    beforeAll(async () => {
      source = await ownAddress(family);
      near = keep(openVrrpSocket({ family, device: nearDevice() }));
      other = keep(peer.in(() => openVrrpSocket({ family, device: farDevice() })));
    });

    test("a group advertisement arrives with its header's facts, and not at ourselves", () => {
      expect(near.send(advertisement, source, group)).toBe(0);
      const datagram = arrived(other);
      expect(datagram && [text(datagram.source), text(datagram.destination)]).toEqual([text(source), text(group)]);
      expect(datagram).toMatchObject({ hopLimit: 255, interfaceIndex: cable.far.index });
      expect(datagram?.payload.byteLength).toBe(12);
      expect([...(datagram?.payload.subarray(0, 6) ?? [])]).toEqual([...advertisement.subarray(0, 6)]);
      expect([near.receive(), other.receive()]).toEqual([-EAGAIN, -EAGAIN]);
    });

    test("a prepared packet is the same one each time", () => {
      const send = near.prepare(advertisement, source, group);
      for (let round = 0; round < 3; round += 1) {
        expect(send()).toBe(0);
        const datagram = arrived(other);
        expect(datagram && [text(datagram.source), text(datagram.destination)]).toEqual([text(source), text(group)]);
        expect(datagram?.hopLimit).toBe(255);
        expect([...(datagram?.payload.subarray(0, 6) ?? [])]).toEqual([...advertisement.subarray(0, 6)]);
      }
      expect(other.receive()).toBe(-EAGAIN);
    });

    test("unicast arrives on the same socket", async () => {
      const from = family === 4 ? source : bytes("fd07::1");
      const send = () => near.send(advertisement, from, bytes(far));
      await eventually("a way to the other host", () => (send() === 0 ? true : undefined));
      const datagram = arrived(other);
      expect(datagram && [text(datagram.destination), datagram.hopLimit]).toEqual([far, 255]);
    });

    test("a forged hop limit shows", () => {
      const forger = keep(
        openRawIpSocket({
          family,
          protocol: VRRP_PROTOCOL,
          device: nearDevice(),
          hopLimit: 64,
          ...(family === 6 ? { checksumOffset: 6 } : {}),
        }),
      );
      expect(forger.send(advertisement, source, group)).toBe(0);
      expect(arrived(other)?.hopLimit).toBe(64);
    });

    test("packets of another size arrive whole, or are a mistake", () => {
      expect(near.send(new Uint8Array(1400).fill(9), source, group)).toBe(0);
      expect(arrived(other)?.payload.byteLength).toBe(1400);
      expect(other.discarded).toBe(0);
      expect(() => near.send(new Uint8Array(PACKET_LIMIT_BYTES + 1), source, group)).toThrow();
    });

    test("an interface that is down is an errno, not an exception", () => {
      expect(whileDown(() => near.send(advertisement, source, group))).toBeLessThan(0);
    });
  });

  test("the kernel drops VRRP for IPv6 with a wrong checksum", async () => {
    const source = await ownAddress(6);
    await eventually("the link is back", () => {
      const entries = good(cable.farClient.addresses({ interfaceIndex: cable.far.index }));
      return entries.some(({ address, flags }) => isLinkLocal(address) && (flags & 0x40) === 0) ? true : undefined;
    });
    const wrong = keep(openRawIpSocket({ family: 6, protocol: VRRP_PROTOCOL, device: nearDevice() }));
    const right = keep(openVrrpSocket({ family: 6, device: nearDevice() }));
    const other = keep(peer.in(() => openVrrpSocket({ family: 6, device: farDevice() })));
    const body = (id: number) => new Uint8Array([0x31, id, 100, 0, 0, 100, 0xde, 0xad]);
    expect(wrong.send(body(1), source, VRRP_GROUP_IPV6)).toBe(0);
    expect(right.send(body(2), source, VRRP_GROUP_IPV6)).toBe(0);
    expect(arrived(other)?.payload[1]).toBe(2);
    expect(other.receive()).toBe(-EAGAIN);
  });

  test("IPv4 from an address that isn't ours yet", () => {
    const near = keep(openVrrpSocket({ family: 4, device: nearDevice() }));
    const other = keep(peer.in(() => openVrrpSocket({ family: 4, device: farDevice() })));
    expect(near.send(new Uint8Array(8), bytes("10.7.0.200"), VRRP_GROUP_IPV4)).toBe(0);
    const datagram = arrived(other);
    expect(datagram && text(datagram.source)).toBe("10.7.0.200");
  });

  describe("announcing", () => {
    /** What the other host's kernel remembers of an address. */
    const remembered = (address: string) => {
      const entries = JSON.parse(peer.sh(`ip -j neigh show ${address}`) || "[]") as { lladdr?: string }[];
      return entries[0]?.lladdr;
    };

    test.each(["10.7.0.100", "fd07::100"])("%s: the other host's kernel believes it", async (address) => {
      peer.sh(`ip neigh replace ${address} lladdr 02:00:00:00:00:99 nud reachable dev far`);
      expect(remembered(address)).toBe("02:00:00:00:00:99");
      const sender = keep(PacketSocket.openSender());
      for (const frame of encodeAnnouncement(new Uint8Array([2, 0, 0, 0, 0, 1]), bytes(address))) {
        expect(sender.send(cable.near.index, frame)).toBe(0);
      }
      await eventually("the new hardware address", () =>
        remembered(address) === "02:00:00:00:00:01" ? true : undefined,
      );
    });

    // Tcpdump gives up its groups, which root of a user namespace may not.
    const denied = readFileSync("/proc/self/setgroups", "utf8").startsWith("deny");
    const lacking = denied ? "needs root outside of a user namespace" : requirePrograms("tcpdump");
    test.skipIf(lacking !== undefined)(named("tcpdump sees nothing wrong", lacking), async () => {
      const source = await ownAddress(6);
      const options = "-i far -n -vv -c 5 -Z root --immediate-mode".split(" ");
      const filter = "arp or ip proto 112 or ip6 proto 112 or (icmp6 and dst ff02::1 and ip6[40] == 136)";
      const dump = Bun.spawn(["nsenter", `--net=${peer.path}`, "tcpdump", ...options, filter], {
        stdout: "pipe",
        stderr: "pipe",
      });
      const reader = dump.stderr.getReader();
      let said = "";
      while (!said.includes("listening on")) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`tcpdump ended: ${said}`);
        said += Buffer.from(value).toString();
      }
      const sender = keep(PacketSocket.openSender());
      for (const address of ["10.7.0.100", "fd07::100"]) {
        for (const frame of encodeAnnouncement(cable.near.mac, bytes(address))) sender.send(cable.near.index, frame);
      }
      const body = new Uint8Array([0x31, 51, 100, 1, 0, 100, 0, 0, 10, 7, 0, 100]);
      keep(openVrrpSocket({ family: 4, device: nearDevice() })).send(body, bytes("10.7.0.1"), VRRP_GROUP_IPV4);
      keep(openVrrpSocket({ family: 6, device: nearDevice() })).send(body.subarray(0, 8), source, VRRP_GROUP_IPV6);
      const output = await new Response(dump.stdout).text();
      expect(output).toMatch(/Request who-has 10\.7\.0\.100.* tell 10\.7\.0\.100/);
      expect(output).toMatch(/Reply 10\.7\.0\.100 is-at/);
      expect(output).toMatch(/\[icmp6 sum ok\] ICMP6, neighbor advertisement.*tgt is fd07::100, Flags \[override\]/);
      expect(output).toMatch(/tos 0xc0, ttl 255,.*proto VRRP \(112\)/);
      expect(output).toMatch(/hlim 255,.*ff02::12/);
      expect(output).not.toMatch(/bad cksum|bad icmp6|wrong/);
    });
  });

  describe("packet sockets", () => {
    test("receive what the filter accepts, on their interface, in order", () => {
      const filter = matchAll([{ offset: 38, bytes: 4, value: 0x0a070064 }]);
      const listener = keep(
        peer.in(() => PacketSocket.open({ interfaceIndex: cable.far.index, etherType: ETHER_TYPE.ARP, filter })),
      );
      const sender = keep(PacketSocket.openSender());
      for (const address of ["10.7.0.99", "10.7.0.100", "10.7.0.101", "10.7.0.100"]) {
        sender.send(cable.near.index, encodeGratuitousArp(cable.near.mac, bytes(address), "reply"));
      }
      for (let count = 0; count < 2; count += 1) {
        const frame = listener.receive();
        if (typeof frame === "number") throw new Error(`no frame: ${frame}`);
        expect(frame.interfaceIndex).toBe(cable.far.index);
        const arp = decodeArp(decodeEthernet(frame.bytes)?.payload ?? new Uint8Array(0));
        expect(arp && text(arp.senderIp)).toBe("10.7.0.100");
      }
      expect([listener.receive(), sender.receive()]).toEqual([-EAGAIN, -EAGAIN]);
    });

    test("don't hear themselves", () => {
      const own = keep(PacketSocket.open({ interfaceIndex: cable.near.index, etherType: ETHER_TYPE.ARP }));
      expect(own.send(cable.near.index, encodeArpProbe(cable.near.mac, bytes("10.7.0.9")))).toBe(0);
      expect(own.receive()).toBe(-EAGAIN);
    });

    test("an interface that is gone is an errno", () => {
      const sender = keep(PacketSocket.openSender());
      expect(sender.send(4242, encodeArpProbe(cable.near.mac, bytes("10.7.0.9")))).toBeLessThan(0);
    });
  });

  describe("probing for an address", () => {
    function probe(address: string, probes = 3): { readonly result: ProbeResult; readonly tookNs: number } {
      const { index: interfaceIndex, mac } = cable.near;
      const startNs = monotonicNs();
      const one = AddressProbe.start(
        { interfaceIndex, mac, address: bytes(address), probes, intervalNs: 30e6 },
        startNs,
      );
      const stopWhenDone = () => {
        if (one.result.kind !== "waiting") loop.stop();
      };
      const loop = new PollLoop({
        nextDeadlineNs: () => one.nextDeadlineNs,
        onDeadline: (nowNs) => {
          one.onDeadline(nowNs);
          stopWhenDone();
        },
      });
      loop.add(one.fd, POLL.IN, () => {
        one.onReadable();
        stopWhenDone();
      });
      loop.run();
      one.close();
      return { result: one.result, tookNs: monotonicNs() - startNs };
    }

    test.each(["10.7.0.2", "fd07::2"])("%s belongs to the other host", (address) => {
      expect(probe(address, 10).result).toEqual({ kind: "taken", mac: cable.far.mac });
    });

    test.each(["10.7.0.77", "fd07::77"])("%s is free, after all questions", (address) => {
      const { result, tookNs } = probe(address);
      expect(result).toEqual({ kind: "free" });
      expect(tookNs).toBeGreaterThanOrEqual(3 * 30e6);
    });

    test("our own address doesn't contradict us", () => expect(probe("10.7.0.1").result).toEqual({ kind: "free" }));

    test("an interface that is down fails", () => {
      expect(whileDown(() => probe("10.7.0.77")).result).toMatchObject({ kind: "failed" });
    });

    test("a number of questions out of range is a mistake", () => {
      expect(() => probe("10.7.0.77", 0)).toThrow("1 to 10");
    });
  });

  describe.each([
    [4, "10.7.0.1", "10.7.0.2"],
    [6, "fd07::1", "fd07::2"],
  ] as const)("UDP over IPv%p", (family, nearAddress, farAddress) => {
    test("datagrams tell hop limit, own address and interface; sources can be chosen", async () => {
      const listener = keep(peer.in(() => UdpSocket.open({ family, port: 0 })));
      const sender = keep(UdpSocket.open({ family, port: 0, deviceName: "near", hopLimit: 255 }));
      const payload = new Uint8Array([1, 2, 3]);
      // The routes of an interface that was just set up take a moment.
      const source = bytes(nearAddress);
      const send = () => sender.send(payload, bytes(farAddress), listener.port, { source });
      await eventually("a way to the other host", () => (send() === 0 ? true : undefined));
      const datagram = arrived(listener);
      expect(datagram && [text(datagram.source), text(datagram.destination)]).toEqual([nearAddress, farAddress]);
      expect(datagram).toMatchObject({ hopLimit: 255, interfaceIndex: cable.far.index, port: sender.port });
      expect([...(datagram?.payload ?? [])]).toEqual([1, 2, 3]);
      expect([listener.receive(), sender.receive()]).toEqual([-EAGAIN, -EAGAIN]);
    });

    test("binding to an address", () => {
      const bound = keep(UdpSocket.open({ family, address: bytes(nearAddress), port: 0, reuseAddress: true }));
      expect(bound.port).toBeGreaterThan(0);
      expect(() => UdpSocket.open({ family, address: bytes(farAddress), port: 0 })).toThrow("EADDRNOTAVAIL");
      expect(() => bound.send(new Uint8Array(70_000), bytes(farAddress), 9)).toThrow("70000 bytes");
    });
  });
});
