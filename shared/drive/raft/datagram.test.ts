import { describe, expect, test } from "bun:test";
import { createClusterKey, datagramKey } from "./certificate.ts";
import { DatagramOpener, DatagramSealer } from "./datagram.ts";

const KEY = datagramKey(createClusterKey());
const body = (text: string): Buffer => Buffer.from(text);

describe("datagrams", () => {
  test("are opened once, by who has the key, and tell who sent them", () => {
    const sealer = new DatagramSealer(KEY, "a", 1000);
    const opener = new DatagramOpener([KEY], ["a", "b"]);
    const one = sealer.seal(body("beat"));
    const opened = opener.open(one);
    expect(opened.ok && [opened.from, opened.body.toString()]).toEqual(["a", "beat"]);
    expect(opener.open(one)).toEqual({ ok: false, why: "replayed" });
    expect(one.includes("beat")).toBe(false);
  });

  test("while the key is changed either one opens them, and each still only once", () => {
    const next = datagramKey(createClusterKey());
    const opener = new DatagramOpener([KEY, next], ["a"]);
    const [one, other] = [KEY, next].map((key, at) => new DatagramSealer(key, "a", 1000 + at).seal(body(String(at))));
    if (one === undefined || other === undefined) throw new Error("two are needed");
    const why = (datagram: Buffer): string => {
      const opened = opener.open(datagram);
      return opened.ok ? opened.body.toString() : opened.why;
    };
    expect([why(one), why(one), why(other), why(other), why(one)]).toEqual([
      "0",
      "replayed",
      "1",
      "replayed",
      "replayed",
    ]);
  });

  test("may come out of order within the window, each once; what is older is refused", () => {
    const sealer = new DatagramSealer(KEY, "a", 1000);
    const opener = new DatagramOpener([KEY], ["a"]);
    const all = Array.from({ length: 100 }, (_, at) => sealer.seal(body(String(at))));
    const take = (at: number): boolean => opener.open(all[at] ?? Buffer.alloc(0)).ok;
    expect([take(50), take(49), take(49), take(99), take(36), take(35)]).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test("of a former life are refused once the new one was heard", () => {
    const before = new DatagramSealer(KEY, "a", 1000).seal(body("old"));
    const opener = new DatagramOpener([KEY], ["a"]);
    expect(opener.open(new DatagramSealer(KEY, "a", 2000).seal(body("new"))).ok).toBe(true);
    expect(opener.open(before)).toEqual({ ok: false, why: "replayed" });
  });

  test("any bit changed is a forgery or no datagram, and takes no number", () => {
    const sealed = new DatagramSealer(KEY, "a", 1000).seal(body("beat"));
    const opener = new DatagramOpener([KEY], ["a"]);
    for (let at = 0; at < sealed.length * 8; at += 1) {
      const forged = Buffer.from(sealed);
      forged[at >> 3] = (forged[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(opener.open(forged).ok).toBe(false);
    }
    expect(opener.open(sealed).ok).toBe(true);
  });

  test("of another cluster or an unknown node are refused, whatever their length", () => {
    const opener = new DatagramOpener([KEY], ["a"]);
    const other = datagramKey(createClusterKey());
    expect(opener.open(new DatagramSealer(other, "a", 1000).seal(body("x")))).toEqual({ ok: false, why: "forged" });
    expect(opener.open(new DatagramSealer(KEY, "z", 1000).seal(body("x")))).toEqual({
      ok: false,
      why: "unknownSender",
    });
    for (let length = 0; length < 60; length += 1) expect(opener.open(Buffer.alloc(length, 1)).ok).toBe(false);
  });
});
