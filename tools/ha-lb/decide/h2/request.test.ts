import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { READ, scanRequest, DEFAULT_HEAD_LIMITS } from "../http/scan.ts";
import { Head } from "../http/head.ts";
import { areTrailers, translateRequest } from "./request.ts";
import type { Field } from "./static-table.ts";

const BASE: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/a?b=c"],
  [":authority", "site.example"],
];
const changed = (name: string, value: string): readonly Field[] =>
  BASE.map((field): Field => (field[0] === name ? [name, value] : field));
const without = (name: string): readonly Field[] => BASE.filter((field) => field[0] !== name);

const TUNNEL: readonly Field[] = [...changed(":method", "CONNECT"), [":protocol", "websocket"]];

const REFUSED: readonly (readonly [string, readonly Field[], boolean?])[] = [
  ["no method", without(":method")],
  ["no path", without(":path")],
  ["no scheme", without(":scheme")],
  ["a method twice", [...BASE, [":method", "GET"]]],
  ["an unknown pseudo field", [...BASE, [":protokoll", "websocket"]]],
  ["a protocol without CONNECT", [...BASE, [":protocol", "websocket"]], false],
  ["a protocol and a body that is over", TUNNEL, true],
  ["a protocol and a length", [...TUNNEL, ["content-length", "0"]], false],
  ["a protocol of two words", [...TUNNEL.slice(0, -1), [":protocol", "web\r\nx: y"]], false],
  ["a protocol without a name", TUNNEL.filter(([name]) => name !== ":authority"), false],
  ["a protocol for everything", TUNNEL.map((field): Field => (field[0] === ":path" ? [":path", "*"] : field)), false],
  ["two protocols", [...TUNNEL, [":protocol", "websocket"]], false],
  ["a pseudo field after the others", [...BASE.slice(1), ["a", "b"], [":method", "GET"]]],
  ["a path with a blank", changed(":path", "/a b HTTP/1.1")],
  ["a path with a line end", changed(":path", "/a\r\nhost: evil")],
  ["a path that is no path", changed(":path", "http://evil/")],
  ["an empty path", changed(":path", "")],
  ["an asterisk without OPTIONS", changed(":path", "*")],
  ["a method with a blank", changed(":method", "GET /evil")],
  ["another scheme", changed(":scheme", "ftp")],
  ["a name with a user", changed(":authority", "user@site")],
  ["a name with a line end", changed(":authority", "site\r\nx: y")],
  ["a host that contradicts", [...BASE, ["host", "other"]]],
  ["two hosts", [...BASE, ["host", "site.example"], ["host", "site.example"]]],
  ["an upper-case name", [...BASE, ["Accept", "x"]]],
  ["a name with a colon", [...BASE, ["a:b", "x"]]],
  ["an empty name", [...BASE, ["", "x"]]],
  ["a value with a line end", [...BASE, ["a", "x\r\ntransfer-encoding: chunked"]]],
  ["a value with a zero", [...BASE, ["a", "x\0y"]]],
  ["a value that begins with a blank", [...BASE, ["a", " x"]]],
  ["connection", [...BASE, ["connection", "close"]]],
  ["transfer-encoding", [...BASE, ["transfer-encoding", "chunked"]], false],
  ["upgrade", [...BASE, ["upgrade", "h2c"]]],
  ["te but trailers", [...BASE, ["te", "gzip"]]],
  ["two lengths", [...BASE, ["content-length", "1"], ["content-length", "2"]], false],
  ["a length that is none", [...BASE, ["content-length", "+1"]], false],
  ["a length without a body", [...BASE, ["content-length", "5"]], true],
];

describe("a request of HTTP/2 as one of HTTP/1.1", () => {
  test.each(REFUSED)("%s: refused", (_name, fields, ended = true) => {
    expect(translateRequest(fields, ended)).toBeUndefined();
  });

  test("another protocol is asked for with GET", () => {
    expect(translateRequest([...TUNNEL, ["sec-websocket-version", "13"]], false)).toMatchObject({
      head: "GET /a?b=c HTTP/1.1\r\nhost: site.example\r\nsec-websocket-version: 13\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
      method: "GET",
      protocol: "websocket",
      contentLength: undefined,
    });
  });

  test("without a body", () => {
    expect(
      translateRequest([...BASE, ["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"], ["te", "trailers"]], true),
    ).toEqual({
      head: "GET /a?b=c HTTP/1.1\r\nhost: site.example\r\nx: y\r\ncookie: a=1; b=2\r\n\r\n",
      method: "GET",
      authority: "site.example",
      scheme: "https",
      path: "/a?b=c",
      contentLength: 0,
      protocol: undefined,
    });
  });

  test.each([
    ["nobody in particular is asked", without(":authority"), ""],
    ["the usual port", changed(":authority", "site.example:443"), "site.example"],
    ["another port", changed(":authority", "site.example:80"), "site.example:80"],
    ["an address with the usual port", changed(":authority", "[::1]:443"), "[::1]"],
    ["an address", changed(":authority", "[::1]"), "[::1]"],
  ] satisfies readonly (readonly [string, readonly Field[], string])[])("whose it is: %s", (_name, fields, host) => {
    expect(translateRequest(fields, true)?.head).toContain(`\r\nhost: ${host}\r\n`);
    expect(translateRequest(fields, true)?.authority).toBe(host);
  });

  test.each([
    ["a body of known length", [...BASE, ["content-length", "7"]], false, "content-length: 7"],
    ["a body of unknown length", BASE, false, "transfer-encoding: chunked"],
    ["a POST without one", changed(":method", "POST"), true, "content-length: 0"],
  ] satisfies readonly (readonly [string, readonly Field[], boolean, string])[])("%s", (_name, fields, ended, line) => {
    expect(translateRequest(fields, ended)?.head).toContain(`\r\n${line}\r\n\r\n`);
  });

  test("trailers have no pseudo fields", () => {
    expect(areTrailers([["grpc-status", "0"]])).toBe(true);
    expect(areTrailers([[":path", "/"]])).toBe(false);
  });

  test("whatever the fields are: one request with as many fields as were given, or none", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "-", ":", " ", "\r", "\n", "\0", "\t", "é", "/", "*"),
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 6 }), text, (more, path) => {
        const translated = translateRequest([...changed(":path", `/${path}`), ...more], true);
        if (translated === undefined) return;
        const bytes = Buffer.from(translated.head, "latin1");
        const head = new Head();
        expect(scanRequest(head, bytes, DEFAULT_HEAD_LIMITS)).toBe(READ);
        expect(head.byteLength).toBe(bytes.length);
        expect(head.count).toBe(1 + more.length);
      }),
      { numRuns: 2000 },
    );
  });
});
