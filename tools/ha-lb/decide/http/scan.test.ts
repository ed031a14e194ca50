import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ChunkReader } from "./chunked.ts";
import { CHUNKED, requestBodyLength, responseBodyLength, UNTIL_CLOSE } from "./framing.ts";
import { Head } from "./head.ts";
import { DEFAULT_HEAD_LIMITS, keepsAlive, MORE, READ, scanRequest, scanResponse } from "./scan.ts";

const limits = DEFAULT_HEAD_LIMITS;
function request(text: string): { readonly result: number; readonly head: Head } {
  const head = new Head();
  return { result: scanRequest(head, Buffer.from(text, "latin1"), limits), head };
}
function response(text: string): { readonly result: number; readonly head: Head } {
  const head = new Head();
  return { result: scanResponse(head, Buffer.from(text, "latin1"), limits), head };
}

describe("requests", () => {
  test("the parts of a good head", () => {
    const { result, head } = request("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-A:  v \t\r\n\r\nhello");
    expect(result).toBe(READ);
    expect([head.method, head.target, head.minor, head.first("x-a"), head.first("host")]).toEqual([
      "POST",
      "/a?b=c",
      1,
      "v",
      "x",
    ]);
    expect(requestBodyLength(head)).toBe(5);
    expect(head.raw.endsWith("\r\n\r\n")).toBe(true);
  });

  test("empty lines before a request are forgiven, as RFC 9112 section 2.2 asks", () => {
    const { result, head } = request("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect([result, head.target, head.first("host"), head.byteLength]).toEqual([READ, "/", "x", 31]);
  });

  const good = "GET / HTTP/1.1\r\nHost: x\r\n";
  const refused: readonly (readonly [string, string, number])[] = [
    [
      "length and coding together",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
    [
      "coding and length in the other order",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
      400,
    ],
    ["two different lengths", `${good}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
    ["two equal lengths", `${good}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, 400],
    ["a list of lengths", `${good}Content-Length: 5, 5\r\n\r\n`, 400],
    ["a signed length", `${good}Content-Length: +5\r\n\r\n`, 400],
    ["a negative length", `${good}Content-Length: -5\r\n\r\n`, 400],
    ["a hexadecimal length", `${good}Content-Length: 0x5\r\n\r\n`, 400],
    ["an empty length", `${good}Content-Length:\r\n\r\n`, 400],
    ["a length beyond every file", `${good}Content-Length: 99999999999999999999\r\n\r\n`, 400],
    ["a coding that only looks like chunked", `${good}Transfer-Encoding: xchunked\r\n\r\n`, 501],
    ["chunked twice in one field", `${good}Transfer-Encoding: chunked, chunked\r\n\r\n`, 501],
    ["chunked in two fields", `${good}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 501],
    ["identity", `${good}Transfer-Encoding: identity\r\n\r\n`, 501],
    ["a vertical tab in the coding", `${good}Transfer-Encoding: \x0bchunked\r\n\r\n`, 400],
    ["chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a blank before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400],
    ["a blank before the colon of a length", `${good}Content-Length : 5\r\n\r\n`, 400],
    ["a folded line", `${good}X-A: 1\r\n 2\r\n\r\n`, 400],
    ["a first line that is folded", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400],
    ["a bare line feed in the fields", "GET / HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n", 400],
    ["a head with bare line feeds only", "GET / HTTP/1.1\nHost: x\n\n", 400],
    ["a bare carriage return", "GET / HTTP/1.1\r\nHost: x\rX: 1\r\n\r\n", 400],
    ["a zero byte in a value", "GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 400],
    ["a field without a colon", `${good}Oops\r\n\r\n`, 400],
    ["a field without a name", `${good}: 1\r\n\r\n`, 400],
    ["two hosts", `${good}Host: y\r\n\r\n`, 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two blanks in the request line", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a blank in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a raw byte in the target", "GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["HTTP/2 in the old form", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505],
    ["HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505],
    ["lower case in the version", "GET / http/1.1\r\nHost: x\r\n\r\n", 400],
    ["no version", "GET /\r\nHost: x\r\n\r\n", 400],
    ["a TLS handshake", "\x16\x03\x01\x02", 400],
    ["a request line without end", `GET /${"a".repeat(20_000)}`, 414],
    ["fields without end", `${good}X: ${"a".repeat(20_000)}`, 431],
    ["too many fields", `${good}${"X: 1\r\n".repeat(120)}\r\n`, 431],
  ];
  for (const [name, text, status] of refused)
    test(`${name}: ${status}`, () => expect(request(text).result).toBe(status));

  test.each([
    ["HTTP/1.1", "", true],
    ["HTTP/1.1", "Connection: close\r\n", false],
    ["HTTP/1.1", "Connection: foo, Close\r\n", false],
    ["HTTP/1.0", "", false],
    ["HTTP/1.0", "Connection: Keep-Alive\r\n", true],
    ["HTTP/1.0", "Connection: keep-alive, close\r\n", false],
  ])("%s with %j leaves the connection open: %p", (version, line, open) => {
    expect(keepsAlive(request(`GET / ${version}\r\nHost: x\r\n${line}\r\n`).head)).toBe(open);
  });
});

describe("responses", () => {
  test.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", 3],
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", 0],
    ["HTTP/1.1 204 No Content\r\n\r\n", "GET", 0],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "GET", 0],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", CHUNKED],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "GET", UNTIL_CLOSE],
    ["HTTP/1.0 200\r\n\r\n", "GET", UNTIL_CLOSE],
  ])("the body of %j to %s", (text, method, length) => {
    const { result, head } = response(text);
    expect([result, responseBodyLength(head, method)]).toEqual([READ, length]);
  });

  test.each([
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: 1\n\r\n\r\n",
  ])("%j is refused", (text) => expect(response(text).result).toBeGreaterThanOrEqual(400));
});

describe("what goes on", () => {
  const text = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nX-A: 1\r\nKeep-Alive: 3\r\n\r\n";
  test("fields of the connection stay behind, others keep their bytes", () => {
    expect(request(text).head.render("X-B: 2\r\n", false)).toBe(
      "GET /a HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-B: 2\r\n\r\n",
    );
  });
  test("edits: set, add, remove, rewrite, another target", () => {
    const { head } = request(text);
    head.set("X-A", "9");
    head.add("X-C", "3");
    head.removeNamed("host");
    head.map("x-c", (value) => value + value);
    head.setRequestLine("PUT", "/b");
    expect(head.render("", true)).toBe("PUT /b HTTP/1.1\r\nX-A: 9\r\nX-C: 33\r\nConnection: Upgrade\r\n\r\n");
  });
});

describe("pieces", () => {
  const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  const fields = fc.array(fc.tuple(token, value), { maxLength: 12 });

  test("a head that comes in two pieces gives what the whole gives, wherever it is cut", () => {
    fc.assert(
      fc.property(token, fields, fc.boolean(), (method, list, clean) => {
        const lines = list.map(([name, text]) => `${name}: ${text}${clean ? "" : " "}\r\n`).join("");
        const bytes = Buffer.from(`${method} /x HTTP/1.1\r\nHost: h\r\n${lines}\r\n`, "latin1");
        const whole = new Head();
        const expected = scanRequest(whole, bytes, limits);
        for (let cut = 0; cut < bytes.length; cut += 1) {
          const part = scanRequest(new Head(), bytes.subarray(0, cut), limits);
          // A part may be refused early, but only when the whole is refused too.
          if (part !== MORE) expect(part).toBe(expected);
        }
        if (expected === READ) expect(whole.all("host")).toEqual(["h"]);
      }),
      { numRuns: 150 },
    );
  });

  test("random bytes never throw and never pass as two messages", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const result = scanRequest(new Head(), Buffer.from(noise), limits);
        return result === MORE || result === READ || result >= 400;
      }),
      { numRuns: 2000 },
    );
  });

  test("changing one byte of a good head to a control character is always refused or still incomplete", () => {
    const bytes = Buffer.from("POST /a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\n", "latin1");
    for (let at = 0; at < bytes.length - 4; at += 1) {
      for (const control of [0, 10, 11, 13, 127]) {
        if (bytes[at] === control) continue;
        const changed = Buffer.from(bytes);
        changed[at] = control;
        expect(scanRequest(new Head(), changed, limits)).not.toBe(READ);
      }
    }
  });
});

describe("chunks", () => {
  const body = "5\r\nhello\r\n3;x=1\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n";

  test("cut anywhere, the end is found at the same byte and the data is the same", () => {
    const bytes = Buffer.from(`${body}NEXT`, "latin1");
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new ChunkReader();
      let data = "";
      let taken = 0;
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        if (reader.done) break;
        taken += reader.feed(part, 0, (start, end) => {
          data += part.toString("latin1", start, end);
        });
      }
      expect([reader.done, taken, data]).toEqual([true, body.length, "helloabc"]);
    }
  });

  test.each([
    "g\r\n",
    "\r\n",
    "-1\r\n",
    "0x5\r\n",
    "5\nhello",
    "5\r\nhelloX\r\n",
    "5\r\nhello\nX",
    "5;a\nb\r\n",
    "11111111111111\r\n",
    "0\r\n\n",
    `1;${"x".repeat(2000)}\r\n`,
    `0\r\n${"T: 1\r\n".repeat(2000)}\r\n`,
  ])("%j is refused", (text) => expect(new ChunkReader().feed(Buffer.from(text, "latin1"))).toBe(-1));
});
