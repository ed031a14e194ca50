import { describe, expect, test } from "bun:test";
import type { Cookie } from "../model/balance.ts";
import type { StickTable } from "../model/stick-table.ts";
import { parseIp } from "../model/ip.ts";
import { findCookie, isCacheable, needsNewDate, rewriteRequestCookies, setCookieLine, staleness } from "./cookie.ts";
import { readProxyHeader, writeProxyHeader } from "./proxy-protocol.ts";
import { StickStore } from "./stick-table.ts";
import { normalizeUri, withPath, withQuery } from "./rules/uri.ts";

const cookie = (mode: Cookie["mode"], more: Partial<Cookie> = {}): Cookie => ({
  name: "SRV",
  mode,
  indirect: false,
  noCache: false,
  postOnly: false,
  preserve: false,
  httpOnly: false,
  secure: false,
  domains: [],
  dynamic: false,
  attributes: [],
  ...more,
});

describe("cookies", () => {
  test("insert: found among others, hidden from the server", () => {
    const lines = ["a=1; SRV=web2; b=2"];
    expect(findCookie(lines, cookie("insert"))).toEqual({ value: "web2", server: "web2" });
    expect(rewriteRequestCookies(lines, cookie("insert"))).toEqual(["a=1; b=2"]);
    expect(rewriteRequestCookies(["SRV=web2"], cookie("insert"))).toEqual([]);
    expect(findCookie(["XSRV=web2"], cookie("insert"))).toBeUndefined();
  });
  test("prefix: the server stands before the tilde", () => {
    expect(findCookie(["SRV=web1~abc"], cookie("prefix"))?.server).toBe("web1");
    expect(rewriteRequestCookies(["SRV=web1~abc; x=y"], cookie("prefix"))).toEqual(["SRV=abc; x=y"]);
    // Without a prefix the whole value may name a server, and the server gets it as it is.
    expect(findCookie(["SRV=web1"], cookie("prefix"))?.server).toBe("web1");
    expect(rewriteRequestCookies(["SRV=web1"], cookie("prefix"))).toEqual(["SRV=web1"]);
  });
  test("dates: too long idle, too old, from the future, without a date, malformed", () => {
    const dated = cookie("insert", { maxIdleSeconds: 60, maxLifeSeconds: 600 });
    const now = 1_700_000_000_000;
    const at = (lastMs: number, firstMs: number) => {
      const line = setCookieLine(dated, "s1", lastMs, firstMs).split(";", 1)[0] ?? "";
      const found = findCookie([line], dated);
      return found === undefined ? undefined : staleness(found, dated, now);
    };
    expect(at(now - 30_000, now - 300_000)).toBeUndefined();
    expect(at(now - 70_000, now - 300_000)).toBe("E");
    expect(at(now - 30_000, now - 700_000)).toBe("O");
    expect(at(now + 3_600_000, now)).toBeUndefined();
    expect(at(now + 2 * 86_400_000, now)).toBe("E");
    const plain = findCookie(["SRV=s1"], dated);
    expect(plain).toEqual({ value: "s1", server: "s1" });
    expect(plain === undefined ? false : needsNewDate(plain, dated, now)).toBe(true);
    expect(findCookie(["SRV=s1|!!!!!"], dated)).toEqual({ value: "s1|!!!!!", server: "s1" });
  });
  test("nocache marks only what a cache could keep", () => {
    const head = (fields: Record<string, string>) => ({
      all: (name: string) => (name in fields ? [fields[name] ?? ""] : []),
    });
    const cases: readonly (readonly [string, number, Record<string, string>, boolean])[] = [
      ["GET", 200, {}, false],
      ["GET", 200, { etag: '"x"' }, true],
      ["HEAD", 200, { "cache-control": "max-age=60" }, true],
      ["POST", 200, { etag: '"x"' }, false],
      ["GET", 500, { etag: '"x"' }, false],
      ["GET", 200, { "cache-control": "private, max-age=60" }, false],
    ];
    for (const [method, status, fields, expected] of cases) {
      expect(isCacheable(method, status, head(fields))).toBe(expected);
    }
  });
  test("attributes", () => {
    const full = cookie("insert", { domains: [".x.org"], httpOnly: true, secure: true, attributes: ["SameSite=Lax"] });
    expect(setCookieLine(full, "s1", 0)).toBe("SRV=s1; path=/; domain=.x.org; HttpOnly; Secure; SameSite=Lax");
  });
});

describe("PROXY protocol", () => {
  const cases = [
    ["10.0.0.1", 1234, "10.0.0.2", 80],
    ["2001:db8::1", 1, "2001:db8::2", 65_535],
  ] as const;
  for (const version of [1, 2] as const) {
    test.each(cases)(
      `version ${version}: what is written is read, cut anywhere it is not yet complete`,
      (from, port, to, toPort) => {
        const text = writeProxyHeader(version, from, port, to, toPort);
        expect(readProxyHeader(`${text}GET /`)).toMatchObject({
          source: from,
          sourcePort: port,
          destination: to,
          destinationPort: toPort,
          byteLength: text.length,
        });
        for (let cut = 0; cut < text.length; cut += 1) expect(readProxyHeader(text.slice(0, cut))).toBe("more");
      },
    );
  }
  test.each([
    "GET / HTTP/1.1\r\n",
    "PROXY TCP4 10.0.0.1 10.0.0.2 1 99999\r\n",
    "PROXY TCP4 ::1 ::2 1 2\r\n",
    "PROXY TCP4 10.0.0.1 10.0.0.2 1 2 3\r\n",
    `PROXY TCP4 ${"1".repeat(120)}`,
    "\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
  ])("%j is refused", (text) => expect(readProxyHeader(text)).toBe("bad"));
});

describe("stick tables", () => {
  const settings: StickTable = {
    name: "t",
    type: "ip",
    keyLength: 0,
    size: 2,
    expireMs: 1000,
    noPurge: false,
    serverKey: "name",
    store: [{ name: "http_req_cnt" }, { name: "http_req_rate", periodMs: 100 }, { name: "gpc0" }],
    at: { file: "t", line: 1, column: 1 },
  };
  test("counts, rates over a sliding period, and expiry", () => {
    const store = new StickStore(settings);
    const entry = store.obtain(store.keyOf(parseIp("10.0.0.1") ?? "") ?? "", 0);
    if (entry === undefined) throw new Error("no entry");
    for (let time = 0; time < 100; time += 10) store.event(entry, "http_req", 1, time);
    expect(store.read(entry, "http_req_cnt", 0, 100)).toBe(10);
    expect(store.read(entry, "http_req_rate", 0, 150)).toBe(5);
    expect(store.read(entry, "http_req_rate", 0, 400)).toBe(0);
    expect(store.read(entry, "bytes_in_cnt", 0, 0)).toBeUndefined();
    expect(store.find("10.0.0.1", 999)).toBe(entry);
    expect(store.find("10.0.0.1", 1001)).toBeUndefined();
  });
  test("a full table gives up what was used the longest ago, but nothing that is held", () => {
    const store = new StickStore(settings);
    const one = store.obtain("1.1.1.1", 0);
    store.obtain("2.2.2.2", 1);
    if (one !== undefined) one.held = 1;
    expect(store.obtain("3.3.3.3", 2)).toBeDefined();
    expect([store.find("1.1.1.1", 3), store.find("2.2.2.2", 3)]).toEqual([one, undefined]);
    const strict = new StickStore({ ...settings, noPurge: true, size: 1 });
    strict.obtain("1.1.1.1", 0);
    expect(strict.obtain("2.2.2.2", 1)).toBeUndefined();
  });
});

describe("targets", () => {
  test.each([
    ["/a//b///c?x=//", "path-merge-slashes", "/a/b/c?x=//"],
    ["/a/../b/../../c", "path-strip-dotdot", "/../c"],
    ["/%7euser/%2f", "percent-decode-unreserved", "/~user/%2f"],
    ["/%2f%aB", "percent-to-uppercase", "/%2F%AB"],
    ["/?b=1&a=2&b=0", "query-sort-by-name", "/?a=2&b=1&b=0"],
    ["/a#b", "fragment-strip", "/a"],
  ] as const)("%s with %s is %s", (target, how, wanted) =>
    expect(normalizeUri(target, how, false, false)).toBe(wanted),
  );
  test("parts are replaced, the authority stays", () => {
    expect(withPath("http://h/a?q", "/b", false)).toBe("http://h/b?q");
    expect(withPath("/a?q", "/b?r", true)).toBe("/b?r");
    expect([withQuery("/a?q", "r"), withQuery("/a?q", ""), withQuery("/a", "r")]).toEqual(["/a?r", "/a", "/a?r"]);
  });
});
