/** Every concern's wrappers once, with results that the system must give. The million calls are in test/ffi. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boottimeNs, monotonicNs, realtimeNs } from "./clock.ts";
import { Epoll, EPOLL } from "./epoll.ts";
import { EAGAIN, EBADF, ENOENT, ESRCH } from "./errno.ts";
import { EventFd } from "./eventfd.ts";
import * as fd from "./fd.ts";
import { errnoName, errnoText, SystemError } from "./libc.ts";
import { Memory } from "./memory.ts";
import { MessageBuffer } from "./message.ts";
import { POLL, pollOne, PollSet } from "./poll.ts";
import { kill, pidfdOpen, pidfdSendSignal, SIGNAL, threadId } from "./process.ts";
import * as sockets from "./socket.ts";
import {
  decodeSocketAddress,
  encodeSocketAddress,
  FAMILY,
  type SocketAddress,
  SocketAddressMemory,
} from "./socket-address.ts";
import { sendFile, splice } from "./splice.ts";
import { TimerFd } from "./timerfd.ts";

const folder = mkdtempSync(join(tmpdir(), "ffi-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("errors", () => {
  test("have names and words, from either sign", () => {
    expect([errnoName(19), errnoName(-19), errnoName(11), errnoName(95), errnoName(4000)]).toEqual([
      "ENODEV",
      "ENODEV",
      "EAGAIN",
      "EOPNOTSUPP",
      "errno 4000",
    ]);
    expect(errnoText(-19)).toBe("No such device");
  });

  test("of set-up calls are thrown, of hot calls returned", () => {
    expect(() => fd.open(join(folder, "absent"), fd.OPEN.READ_ONLY)).toThrow("open");
    try {
      fd.open(join(folder, "absent"), fd.OPEN.READ_ONLY);
    } catch (error) {
      expect(error).toBeInstanceOf(SystemError);
      expect(error).toMatchObject({ call: "open", errno: ENOENT, code: "ENOENT" });
    }
    expect(fd.close(-1)).toBe(-EBADF);
  });
});

describe("files", () => {
  test("bytes in and out, at a place, cut, synced, with a mode", () => {
    const path = join(folder, "file");
    const before = fd.umask(0o027);
    const file = fd.open(path, fd.OPEN.READ_WRITE | fd.OPEN.CREATE | fd.OPEN.EXCLUSIVE, 0o666);
    expect(fd.umask(before)).toBe(0o027);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const memory = Memory.copyOf(new TextEncoder().encode("hello world"));
    expect(fd.write(file, memory, 0, 11)).toBe(11);
    expect(fd.pwrite(file, memory, 6, 5, 0)).toBe(5);
    expect([fd.fsync(file), fd.fdatasync(file), fd.ftruncate(file, 9)]).toEqual([0, 0, 0]);
    expect(readFileSync(path, "utf8")).toBe("world wor");
    const into = new Memory(16);
    expect(fd.pread(file, into, 4, 12, 6)).toBe(3);
    expect(into.text(4, 8)).toBe("wor");
    expect(fd.read(file, into)).toBe(0);
    fd.chmod(file, 0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => fd.write(file, memory, 8, 9)).toThrow("outside");
    expect(fd.close(file)).toBe(0);
  });

  test("positions beyond 4 GiB", () => {
    const file = fd.open(join(folder, "large"), fd.OPEN.READ_WRITE | fd.OPEN.CREATE);
    const memory = Memory.copyOf(new Uint8Array([1, 2, 3]));
    const position = 5 * 2 ** 30;
    expect(fd.pwrite(file, memory, 0, 3, position)).toBe(3);
    expect(fd.pread(file, memory, 4, 3, position)).toBe(3);
    expect([...memory.bytes(4, 3)]).toEqual([1, 2, 3]);
    expect(statSync(join(folder, "large")).size).toBe(position + 3);
    fd.close(file);
  });

  test("a lock is held by one open file", () => {
    const path = join(folder, "lock");
    const one = fd.open(path, fd.OPEN.READ_WRITE | fd.OPEN.CREATE);
    const two = fd.open(path, fd.OPEN.READ_WRITE);
    expect([fd.flock(one, "exclusive"), fd.flock(two, "exclusive")]).toEqual([0, -EAGAIN]);
    fd.close(one);
    expect(fd.flock(two, "exclusive")).toBe(0);
    fd.close(two);
  });

  test("descriptors aren't inherited unless asked for", () => {
    const path = join(folder, "inherit");
    const file = fd.open(path, fd.OPEN.READ_WRITE | fd.OPEN.CREATE);
    const flags = () =>
      Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${file}`, "utf8"))?.[1] ?? "", 8);
    expect(flags() & fd.OPEN.CLOSE_ON_EXEC).not.toBe(0);
    fd.setCloseOnExec(file, false);
    fd.setNonBlocking(file, true);
    expect(flags() & fd.OPEN.CLOSE_ON_EXEC).toBe(0);
    expect(flags() & fd.OPEN.NON_BLOCKING).not.toBe(0);
    fd.close(file);
  });

  test("splice and sendfile move bytes", () => {
    const path = join(folder, "source");
    writeFileSync(path, "0123456789");
    const source = fd.open(path, fd.OPEN.READ_ONLY);
    const { readEnd, writeEnd } = fd.pipe({ nonBlocking: true });
    expect(fd.setPipeSize(writeEnd, 65536)).toBe(65536);
    expect(splice(source, writeEnd, 4)).toBe(4);
    const [left, right] = sockets.socketPair(sockets.SOCKET_TYPE.STREAM, { nonBlocking: true });
    expect(splice(readEnd, left, 100)).toBe(4);
    expect(splice(readEnd, left, 100)).toBe(-EAGAIN);
    expect(sendFile(left, source, 100)).toBe(6);
    const into = new Memory(16);
    expect(sockets.receive(right, into, 0, 16)).toBe(10);
    expect(into.text(0, 10)).toBe("0123456789");
    for (const each of [source, readEnd, writeEnd, left, right]) expect(fd.close(each)).toBe(0);
  });
});

describe("waiting", () => {
  test("clocks agree with the engine's", () => {
    const before = monotonicNs();
    const engine = Bun.nanoseconds();
    const later = monotonicNs();
    expect(later).toBeGreaterThanOrEqual(before);
    expect(boottimeNs()).toBeGreaterThanOrEqual(later - 1e9);
    expect(Math.abs(realtimeNs() / 1e6 - Date.now())).toBeLessThan(60_000);
    expect(engine).toBeGreaterThan(0);
  });

  test("an eventfd counts, drains and wakes", () => {
    const event = EventFd.create();
    expect([event.drain(), pollOne(event.fd, POLL.IN, 0)]).toEqual([0, 0]);
    event.signal();
    event.signal(2 ** 40);
    expect(pollOne(event.fd, POLL.IN, 1e9)).toBe(POLL.IN);
    expect(EventFd.from(event.fd).drain()).toBe(2 ** 40 + 1);
    event.close();
    expect(event.drain()).toBe(-EBADF);
  });

  test("a poll set waits as long as asked, and tells which", () => {
    const [one, two] = [EventFd.create(), EventFd.create()];
    const set = new PollSet(2);
    expect([set.add(one.fd, POLL.IN), set.add(two.fd, POLL.IN)]).toEqual([0, 1]);
    expect(() => set.add(0, 0)).toThrow("full");
    const before = monotonicNs();
    expect(set.wait(5_000_000.4)).toBe(0);
    expect(monotonicNs() - before).toBeGreaterThanOrEqual(5_000_000);
    two.signal();
    expect([set.wait(Infinity), set.happened(0), set.happened(1)]).toEqual([1, 0, POLL.IN]);
    set.set(1, -1, POLL.IN);
    expect(set.wait(-5)).toBe(0);
    set.reset();
    expect([set.size, set.wait(0)]).toEqual([0, 0]);
    one.close();
    expect(two.close()).toBe(0);
    expect(pollOne(two.fd, POLL.IN, 0)).toBe(POLL.INVALID);
  });

  test("a timer fires at its time, at once for the past, never for Infinity", () => {
    const timer = TimerFd.create();
    timer.armAt(monotonicNs() + 600e9);
    expect(timer.drain()).toBe(0);
    const before = monotonicNs();
    timer.armAt(before + 3e6);
    expect(pollOne(timer.fd, POLL.IN, 60e9)).toBe(POLL.IN);
    expect(monotonicNs() - before).toBeGreaterThanOrEqual(3e6);
    expect(timer.drain()).toBe(1);
    timer.armAt(0);
    expect(pollOne(timer.fd, POLL.IN, 60e9)).toBe(POLL.IN);
    timer.armAt(Infinity);
    expect(pollOne(timer.fd, POLL.IN, 1e6)).toBe(0);
    timer.close();
  });

  test("epoll brings tags and events", () => {
    const epoll = Epoll.create();
    const [one, two] = [EventFd.create(), EventFd.create()];
    expect([
      epoll.control("add", one.fd, EPOLL.IN, 7),
      epoll.control("add", two.fd, EPOLL.IN | EPOLL.EDGE_TRIGGERED, 9),
    ]).toEqual([0, 0]);
    expect(epoll.wait(0)).toBe(0);
    one.signal();
    two.signal();
    expect(epoll.wait(1000)).toBe(2);
    expect(new Map([0, 1].map((at) => [epoll.tag(at), epoll.happened(at)]))).toEqual(
      new Map([
        [7, EPOLL.IN],
        [9, EPOLL.IN],
      ]),
    );
    expect([epoll.wait(0), epoll.tag(0)]).toEqual([1, 7]);
    expect(epoll.control("modify", one.fd, EPOLL.OUT, 8)).toBe(0);
    expect([epoll.wait(0), epoll.tag(0), epoll.happened(0)]).toEqual([1, 8, EPOLL.OUT]);
    expect([epoll.control("remove", one.fd, 0), epoll.control("remove", one.fd, 0)]).toEqual([0, -ENOENT]);
    for (const each of [epoll, one, two]) each.close();
  });
});

describe("processes", () => {
  test("a pidfd stands for one process until it ends", async () => {
    const child = Bun.spawn(["sleep", "60"]);
    const pidfd = pidfdOpen(child.pid);
    expect(pidfd).toBeGreaterThanOrEqual(0);
    expect([pidfdSendSignal(pidfd, 0), kill(child.pid, 0), pollOne(pidfd, POLL.IN, 0)]).toEqual([0, 0, 0]);
    expect(pidfdSendSignal(pidfd, SIGNAL.TERM)).toBe(0);
    expect(pollOne(pidfd, POLL.IN, 60e9)).toBe(POLL.IN);
    await child.exited;
    expect([pidfdSendSignal(pidfd, 0), pidfdOpen(child.pid)]).toEqual([-ESRCH, -ESRCH]);
    fd.close(pidfd);
  });

  test("the main thread is the process", () => expect(threadId()).toBe(process.pid));
});

describe("sockets", () => {
  const addresses: readonly SocketAddress[] = [
    { family: "inet", address: new Uint8Array([127, 0, 0, 1]), port: 65535 },
    { family: "inet6", address: new Uint8Array(16).fill(9), port: 1, scope: 7 },
    { family: "netlink", portId: 4_000_000_000, groups: 0x80000001 },
    { family: "packet", protocol: 0x0806, interfaceIndex: 3, hardware: new Uint8Array([1, 2, 3, 4, 5, 6]) },
    { family: "unix", path: "/run/x.sock" },
    { family: "unix", path: "@abstract" },
  ];
  test.each(addresses.map((address) => [address]))("address %#", (address) => {
    const memory = new Memory(128);
    expect(decodeSocketAddress(memory, encodeSocketAddress(address, memory))).toEqual(address);
    expect(decodeSocketAddress(memory, 1)).toBeUndefined();
  });

  test("a TCP connection on the loopback", () => {
    const make = () => sockets.socket(FAMILY.INET, sockets.SOCKET_TYPE.STREAM, 0, { nonBlocking: true });
    const [listener, client] = [make(), make()];
    sockets.bindSocket(listener, { family: "inet", address: new Uint8Array([127, 0, 0, 1]), port: 0 });
    sockets.listen(listener, 8);
    expect(sockets.accept(listener)).toBe(-EAGAIN);
    const name = sockets.socketName(listener);
    if (name?.family !== "inet") throw new Error("no name");
    expect([0, -115]).toContain(sockets.connect(client, new SocketAddressMemory(name)));
    expect(pollOne(listener, POLL.IN, 60e9)).toBe(POLL.IN);
    const peer = new SocketAddressMemory();
    const accepted = sockets.accept(listener, peer);
    expect(peer.get()).toEqual(sockets.socketName(client));
    expect(sockets.peerName(accepted)).toEqual(sockets.socketName(client));
    expect(sockets.peerName(listener)).toBeUndefined();
    const memory = Memory.copyOf(new TextEncoder().encode("ping"));
    expect(sockets.send(client, memory, 0, 4)).toBe(4);
    expect(sockets.shutdown(client, "write")).toBe(0);
    expect(pollOne(accepted, POLL.IN, 60e9) & POLL.IN).toBe(POLL.IN);
    expect(sockets.receive(accepted, memory, 8 - 4, 4)).toBe(4);
    expect(sockets.receive(accepted, memory, 0, 8)).toBe(0);
    for (const each of [listener, client, accepted]) fd.close(each);
  });

  test("receive buffers stay within bounds", () => {
    const udp = sockets.socket(FAMILY.INET, sockets.SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
    expect(sockets.setReceiveBuffer(udp, 1)).toBeGreaterThanOrEqual(sockets.RECEIVE_BUFFER_MINIMUM_BYTES);
    expect(sockets.setReceiveBuffer(udp, 1e12)).toBeLessThanOrEqual(2 * sockets.RECEIVE_BUFFER_LIMIT_BYTES);
    fd.close(udp);
  });

  test("the other end of a Unix socket is us", () => {
    const [left, right] = sockets.socketPair(sockets.SOCKET_TYPE.STREAM, { nonBlocking: true });
    expect(sockets.peerCredentials(left)).toEqual({
      pid: process.pid,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
    fd.close(left);
    fd.close(right);
  });

  test("a message buffer tells what was cut and who sent it", () => {
    const [left, right] = sockets.socketPair(sockets.SOCKET_TYPE.DATAGRAM, { nonBlocking: true });
    const buffer = new MessageBuffer(8);
    const memory = Memory.copyOf(new TextEncoder().encode("0123456789"));
    sockets.send(left, memory, 0, 10);
    sockets.send(left, memory, 2, 3);
    expect([buffer.receive(right), buffer.truncated, Buffer.from(buffer.bytes).toString()]).toEqual([
      8,
      true,
      "01234567",
    ]);
    expect([buffer.receive(right), buffer.truncated, Buffer.from(buffer.bytes).toString()]).toEqual([3, false, "234"]);
    expect([buffer.receive(right), buffer.bytes.byteLength]).toEqual([-EAGAIN, 0]);
    expect(buffer.control(0, 0)).toBeUndefined();
    fd.close(left);
    fd.close(right);
  });
});
