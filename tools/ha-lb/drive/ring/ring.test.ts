import { afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { duplicate } from "../../../../shared/drive/ffi/fd.ts";
import { setOption, setResetOnClose } from "../../../../shared/drive/ffi/socket.ts";
import { Peer } from "../peer.ts";
import { RingLoop } from "./ring-loop.ts";
import { RingSocket } from "./ring-socket.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);
const LIMIT_MS = 60_000;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SLOTS = 1024;
const SOME_MB = 4 * 1024 * 1024;

/** Notes what it hears. */
class Listener extends Peer {
  readonly heard: string[] = [];
  readonly got: Buffer[] = [];
  bytes = 0;
  whenData: (data: Buffer) => void = () => undefined;
  whenDrained: () => void = () => undefined;
  override onData(data: Buffer): void {
    this.bytes += data.length;
    this.got.push(data);
    this.whenData(data);
  }
  override onEnd(): void {
    this.heard.push("end");
  }
  override onClose(): void {
    this.detach();
    this.heard.push("close");
  }
  override onDrained(): void {
    this.whenDrained();
  }
  override onDeadline(): void {}
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (!(await what())) {
    if (performance.now() > deadlineMs) throw new Error(`not reached: ${what.toString()}`);
    await Bun.sleep(2);
  }
}

/** Bytes that tell their place, so that a swap shows. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes;
}

let loop: RingLoop | undefined;
beforeAll(async () => {
  loop = await RingLoop.open();
});
const possible = (await RingLoop.open()) !== undefined;

describe.skipIf(!possible)("connections on the ring (skipped where the kernel has none)", () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** One end on the ring, the other an ordinary socket. */
  async function pair(): Promise<{ readonly peer: Listener; readonly other: Socket }> {
    if (loop === undefined) throw new Error("no ring");
    const own = loop;
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const server = createServer({ allowHalfOpen: true }, resolve);
    servers.push(server);
    await new Promise<void>((listens) => void server.listen(0, "127.0.0.1", listens));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const dialled = connect({ host: "127.0.0.1", port: address.port, allowHalfOpen: true });
    const other = await promise;
    sockets.push(other, dialled);
    other.on("error", () => undefined);
    await until(() => !dialled.connecting);
    const handle: unknown = Reflect.get(dialled, "_handle");
    if (typeof handle !== "object" || handle === null || !("fd" in handle) || typeof handle.fd !== "number") {
      throw new Error("no descriptor");
    }
    const fd = duplicate(handle.fd);
    dialled.resetAndDestroy();
    setResetOnClose(fd, false);
    const peer = new Listener();
    const names = { remoteAddress: "127.0.0.1", remotePort: 1, localAddress: "127.0.0.1", localPort: 2 };
    peer.moveTo(new RingSocket(own, fd, peer, names, true));
    return { peer, other };
  }

  test("short texts go both ways, also after a rest", async () => {
    const { peer, other } = await pair();
    let echoed = "";
    other.on("data", (data) => void (echoed += data.toString()));
    peer.whenData = (data) => peer.send(data.toString());
    for (let round = 1; round <= 4; round += 1) {
      other.write("hello");
      await until(() => echoed.length === round * 5);
      // Longer than the thread stays with the ring.
      if (round > 1) await Bun.sleep(150);
    }
    expect(echoed).toBe("hello".repeat(4));
  });

  test("nothing is done while nothing comes", async () => {
    const { peer, other } = await pair();
    other.write("hello");
    await until(() => peer.bytes === 5);
    // The thread lingers for a moment, which a busy machine draws out; then it rests.
    let before = 0;
    await until(async () => {
      before = loop?.turns ?? 0;
      await Bun.sleep(400);
      return loop?.turns === before;
    });
    other.write("again");
    await until(() => peer.bytes === 10);
    expect(loop?.turns).toBeGreaterThan(before);
  });

  test("megabytes arrive in order while reading pauses and goes on", async () => {
    const { peer, other } = await pair();
    const sent = pattern(SOME_MB);
    let pauses = 0;
    peer.whenData = () => {
      if (peer.got.length % 7 !== 0) return;
      pauses += 1;
      peer.pause();
      const before = peer.bytes;
      setTimeout(() => {
        // Nothing is brought while it is paused, whatever the kernel had received before.
        expect(peer.bytes).toBe(before);
        peer.resume();
      }, 1);
    };
    other.write(sent);
    await until(() => peer.bytes === sent.length);
    expect(pauses).toBeGreaterThan(10);
    expect(Buffer.concat(peer.got).equals(sent)).toBe(true);
  });

  test("a reader that begins late gets everything, in order", async () => {
    const { peer, other } = await pair();
    const sent = pattern(SOME_MB);
    other.pause();
    peer.send("head");
    for (let at = 0; at < sent.length; at += 65_536) peer.send(sent.subarray(at, at + 65_536));
    peer.send("tail");
    expect(peer.pendingBytes).toBeGreaterThan(0);
    const got: Buffer[] = [];
    let bytes = 0;
    let drained = false;
    peer.whenDrained = () => {
      drained = true;
    };
    other.on("data", (data) => {
      got.push(data);
      bytes += data.length;
    });
    other.resume();
    await until(() => bytes === sent.length + 8);
    expect(Buffer.concat(got).equals(Buffer.concat([Buffer.from("head"), sent, Buffer.from("tail")]))).toBe(true);
    await until(() => drained);
    expect(peer.pendingBytes).toBe(0);
  });

  test("closing sends what was written, then the end", async () => {
    const { peer, other } = await pair();
    let text = "";
    let ended = false;
    other.on("data", (data) => void (text += data.toString()));
    other.on("end", () => void (ended = true));
    peer.send("last words");
    peer.close();
    expect(peer.heard).toEqual(["close"]);
    await until(() => ended);
    expect(text).toBe("last words");
  });

  test("aborting resets", async () => {
    const { peer, other } = await pair();
    const { promise, resolve } = Promise.withResolvers<string>();
    other.on("error", (error) => resolve("code" in error ? String(error.code) : "none"));
    other.on("end", () => resolve("end"));
    peer.abort();
    expect(peer.heard).toEqual(["close"]);
    expect(await promise).toBe("ECONNRESET");
  });

  test("a half-closed client still gets its answer", async () => {
    const { peer, other } = await pair();
    let text = "";
    other.on("data", (data) => void (text += data.toString()));
    other.end("question");
    await until(() => peer.heard.includes("end"));
    expect(Buffer.concat(peer.got).toString()).toBe("question");
    // More than the socket takes at once: it has to wait for room on a connection that is half closed.
    peer.send(Buffer.alloc(SOME_MB, 120));
    await until(() => text.length === SOME_MB);
    peer.shutdown();
    await until(() => peer.heard.includes("close"));
  });

  test("no descriptor stays open, however a connection ended", async () => {
    const count = (): number => readdirSync("/proc/self/fd").length;
    const before = count();
    for (const how of ["close", "abort", "half", "reset"] as const) {
      const { peer, other } = await pair();
      if (how === "half") {
        other.end();
        await until(() => peer.heard.includes("end"));
      }
      if (how === "reset") other.resetAndDestroy();
      else if (how === "abort") peer.abort();
      else peer.close();
      await until(() => peer.heard.includes("close"));
      other.destroy();
    }
    for (const server of servers.splice(0)) server.close();
    await until(() => count() <= before);
  });

  test("a reset is told once", async () => {
    const { peer, other } = await pair();
    other.resetAndDestroy();
    await until(() => peer.heard.length > 0);
    await Bun.sleep(20);
    expect(peer.heard).toEqual(["close"]);
    expect(peer.isOpen).toBe(false);
  });

  test("a mistake of one connection leaves the others alone", async () => {
    const [bad, good] = [await pair(), await pair()];
    const warned = Promise.withResolvers<Error>();
    process.once("warning", warned.resolve);
    bad.peer.whenData = () => {
      throw new Error("a mistake");
    };
    bad.other.write("x");
    expect((await warned.promise).message).toBe("a mistake");
    good.other.write("y");
    await until(() => good.peer.bytes === 1);
    expect(bad.peer.isOpen).toBe(false);
  });

  test("hundreds at once: each gets its own bytes", async () => {
    const pairs = await Promise.all(Array.from({ length: 300 }, pair));
    const texts = pairs.map(() => "");
    for (const [index, { peer, other }] of pairs.entries()) {
      other.on("data", (data) => void (texts[index] = `${texts[index]}${data.toString()}`));
      peer.whenData = (data) => peer.send(data.toString());
    }
    for (let round = 0; round < 3; round += 1) {
      for (const [index, { other }] of pairs.entries()) other.write(`<${index}>`);
      await until(() => texts.every((text, index) => text === `<${index}>`.repeat(round + 1)));
    }
  });

  /** Slots for short texts that nobody has. */
  function freeSlots(): number {
    const free: unknown = loop === undefined ? undefined : Reflect.get(loop.slots, "free");
    if (!Array.isArray(free)) throw new Error("the slots are kept otherwise");
    return free.length;
  }

  /** Short texts until the other end's reader, who sleeps, makes one of them wait in the kernel. @returns all texts */
  async function fillUp(peer: Listener, other: Socket): Promise<string> {
    other.pause();
    if (!(peer.socket instanceof RingSocket)) throw new Error("not on the ring");
    setOption(peer.socket.fd, SOL_SOCKET, SO_SNDBUF, 8192);
    let sent = "";
    for (let round = 0; round < 1000; round += 1) {
      const text = String(round).padStart(4000, ".");
      peer.send(text);
      // It waits for the text before it.
      peer.send("|");
      sent += `${text}|`;
      const limitMs = performance.now() + 300;
      while (peer.pendingBytes > 0 && performance.now() < limitMs)
        await new Promise<void>((next) => setImmediate(next));
      if (peer.pendingBytes > 0) return sent;
      expect(peer.heard).toEqual([]);
    }
    throw new Error("the socket takes everything");
  }

  test("a short text that waits in the kernel for room arrives whole, also when the connection is closed meanwhile", async () => {
    // Those of earlier tests come back first.
    await until(() => freeSlots() === SLOTS);
    const { peer, other } = await pair();
    const sent = await fillUp(peer, other);
    expect(freeSlots()).toBe(SLOTS - 1);
    peer.close();
    let got = "";
    let ended = false;
    other.on("data", (data) => void (got += data.toString()));
    other.on("end", () => void (ended = true));
    other.resume();
    await until(() => ended);
    expect(got.length).toBe(sent.length);
    expect(got === sent).toBe(true);
    await until(() => freeSlots() === SLOTS);
  });

  test.each(["abort", "reset"] as const)("its slot comes back after %p, and the end is told once", async (how) => {
    // Those of earlier tests come back first.
    await until(() => freeSlots() === SLOTS);
    const { peer, other } = await pair();
    await fillUp(peer, other);
    if (how === "abort") peer.abort();
    else other.resetAndDestroy();
    await until(() => freeSlots() === SLOTS && peer.heard.length > 0);
    await Bun.sleep(20);
    expect(peer.heard).toEqual(["close"]);
  });

  test("more bytes at once than there are buffers: each connection gets all of its own", async () => {
    const pairs = await Promise.all(Array.from({ length: 200 }, pair));
    // All of it is there before the ring looks.
    const sent = pairs.map((_pair, index) => pattern(64 * 1024 + index * 4).subarray(index * 4));
    for (const [index, { other }] of pairs.entries()) other.write(sent[index] ?? "");
    await until(() => pairs.every(({ peer }) => peer.bytes === 64 * 1024));
    for (const [index, { peer }] of pairs.entries()) {
      expect(Buffer.concat(peer.got).equals(sent[index] ?? Buffer.of())).toBe(true);
    }
  });

  test("more requests in one turn than the ring holds, with more completions than fit", async () => {
    const pairs = await Promise.all(Array.from({ length: 300 }, pair));
    for (let round = 0; round < 40; round += 1) {
      for (const { peer } of pairs) {
        peer.pause();
        peer.resume();
      }
    }
    for (const { other } of pairs) other.write("still here");
    await until(() => pairs.every(({ peer }) => peer.bytes === 10));
    expect(pairs.every(({ peer }) => peer.heard.length === 0)).toBe(true);
  });

  test("connections that take the descriptors and numbers of aborted ones hear nothing of those", async () => {
    for (let round = 0; round < 10; round += 1) {
      const old = await Promise.all(Array.from({ length: 20 }, pair));
      for (const { peer, other } of old) {
        other.write("of the old one");
        peer.send("to the old one");
        if (round % 2 === 0) peer.abort();
        else peer.close();
      }
      const fresh = await Promise.all(Array.from({ length: 20 }, pair));
      const echoed = fresh.map(() => "");
      for (const [index, { peer, other }] of fresh.entries()) {
        other.on("data", (data) => void (echoed[index] = `${echoed[index]}${data.toString()}`));
        peer.whenData = (data) => peer.send(data.toString());
        other.write(`new ${index}`);
      }
      await until(() => echoed.every((text, index) => text === `new ${index}`));
      expect(fresh.every(({ peer }) => peer.heard.length === 0)).toBe(true);
      for (const { peer } of fresh) peer.abort();
    }
  });
});
