import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BodyReader } from "./body.ts";
import { parseRequestHead, parseResponseHead } from "./head.ts";

const request = (text: string): ReturnType<typeof parseRequestHead> => parseRequestHead(Buffer.from(text, "latin1"));
const response = (text: string, method = "GET"): ReturnType<typeof parseResponseHead> =>
  parseResponseHead(Buffer.from(text, "latin1"), method);

describe("requests", () => {
  test("the parts of a good head", () => {
    const text = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-A:  v \t\r\n\r\nhello";
    expect(request(text)).toMatchObject({
      kind: "head",
      head: {
        method: "POST",
        target: "/a?b=c",
        minor: 1,
        host: "x",
        framing: { kind: "length", length: 5 },
        keepAlive: true,
        bytes: text.length - 5,
      },
    });
  });

  const refused: readonly (readonly [string, string, number])[] = [
    [
      "Content-Length and Transfer-Encoding together",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
    ["two different lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400],
    ["a length that is a list of different numbers", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\n", 400],
    ["a signed length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n", 400],
    ["a hexadecimal length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n", 400],
    ["a coding that only looks like chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501],
    ["chunked twice", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501],
    ["chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400],
    ["a folded line", "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n", 400],
    ["a bare line feed in the headers", "GET / HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n", 400],
    ["a bare carriage return", "GET / HTTP/1.1\r\nHost: x\rX: 1\r\n\r\n", 400],
    ["a zero byte", "GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 400],
    ["two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two spaces in the request line", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a raw byte in the target", "GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["HTTP/2 in the old form", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505],
    ["a TLS handshake", "\x16\x03\x01\x02", 400],
    ["a request line without end", `GET /${"a".repeat(20_000)}`, 414],
    ["headers without end", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(20_000)}`, 431],
    ["too many headers", `GET / HTTP/1.1\r\nHost: x\r\n${"X: 1\r\n".repeat(120)}\r\n`, 431],
  ];
  for (const [name, text, status] of refused) {
    test(`${name} gets ${status}`, () => expect(request(text)).toMatchObject({ kind: "fault", fault: { status } }));
  }

  const connections: readonly (readonly [string, boolean])[] = [
    ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", true],
    ["GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", false],
    ["GET / HTTP/1.0\r\n\r\n", false],
    ["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true],
  ];
  for (const [text, keepAlive] of connections) {
    test(`${JSON.stringify(text.slice(4))} keeps the connection: ${keepAlive}`, () =>
      expect(request(text)).toMatchObject({ head: { keepAlive } }));
  }

  test("whatever bytes come, there is an answer, and a prefix of a good head is never a fault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parseRequestHead(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
    const good = "GET /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    for (let length = 0; length < good.length; length += 1) expect(request(good.slice(0, length)).kind).toBe("more");
  });
});

describe("responses", () => {
  const framings: readonly (readonly [string, string, string, string])[] = [
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", "length"],
    ["chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", "chunked"],
    ["neither: until the connection ends", "HTTP/1.1 200 OK\r\n\r\n", "GET", "close"],
    ["an answer to HEAD has no body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", "none"],
    ["204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", "GET", "none"],
    ["304 has no body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "GET", "none"],
    ["no reason phrase", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "GET", "length"],
  ];
  for (const [name, text, method, kind] of framings) {
    test(name, () => expect(response(text, method)).toMatchObject({ kind: "head", head: { framing: { kind } } }));
  }

  test("an ambiguous length is refused", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(response(text).kind).toBe("fault");
  });
});

describe("bodies", () => {
  const CHUNKED = "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: 1\r\n\r\n";

  test("a chunked body ends at the same byte however it is cut", () => {
    const bytes = Buffer.from(`${CHUNKED}GET / HTTP/1.1`);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }), (cuts) => {
        const reader = new BodyReader({ kind: "chunked" });
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          if (reader.done || at >= bytes.length) break;
          const part = bytes.subarray(at, at + size);
          const taken = reader.feed(part);
          expect(taken).toBeGreaterThanOrEqual(0);
          at += taken;
          if (taken < part.length) break;
        }
        expect(reader.done).toBe(true);
        expect(at).toBe(CHUNKED.length);
      }),
    );
  });

  const broken = [
    "x\r\n",
    "\r\n",
    "5\nhello",
    "5\r\nhelloX\r\n",
    "5 \nhello",
    "ffffffffffffff\r\n",
    "-1\r\n",
    "0\r\nA: 1\n\r\n",
  ];
  for (const text of broken) {
    test(`${JSON.stringify(text)} breaks the coding`, () => {
      expect(new BodyReader({ kind: "chunked" }).feed(Buffer.from(text))).toBe(-1);
    });
  }

  test("a body with a length takes exactly that", () => {
    const reader = new BodyReader({ kind: "length", length: 4 });
    expect([reader.feed(Buffer.from("ab")), reader.done]).toEqual([2, false]);
    expect([reader.feed(Buffer.from("cdef")), reader.done]).toEqual([2, true]);
  });
});
