import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CheckTarget } from "../model/configuration.ts";
import { parseCheckTarget } from "./check-target.ts";

describe("a check in one word", () => {
  const good: readonly (readonly [string, CheckTarget])[] = [
    ["tcp://127.0.0.1:80", { kind: "tcp", host: "127.0.0.1", port: 80 }],
    ["tcp:127.0.0.1:80", { kind: "tcp", host: "127.0.0.1", port: 80 }],
    ["tcp://[fd00::1]:443", { kind: "tcp", host: "fd00::1", port: 443 }],
    ["http://127.0.0.1/health", { kind: "http", url: "http://127.0.0.1/health" }],
    [
      "https://web.example.com/a?b#status=204&match=all%20good",
      { kind: "http", url: "https://web.example.com/a?b", status: 204, match: "all good" },
    ],
    ["udp://10.0.0.1:514", { kind: "udp", host: "10.0.0.1", port: 514, send: "" }],
    [
      "udp://10.0.0.1:53#send=ping&match=pong",
      { kind: "udp", host: "10.0.0.1", port: 53, send: "ping", match: "pong" },
    ],
    ["dns://10.0.0.1/www.example.com", { kind: "dns", host: "10.0.0.1", port: 53, name: "www.example.com" }],
    ["dns://[fd00::1]:5353/www.example.com", { kind: "dns", host: "fd00::1", port: 5353, name: "www.example.com" }],
    ["process:nginx", { kind: "process", name: "nginx", quorum: 1 }],
    ["file:/run/ready", { kind: "exists", path: "/run/ready" }],
    ["file:///run/ready", { kind: "exists", path: "/run/ready" }],
    ["exec:/usr/bin/test -e  /run/x", { kind: "exec", argv: ["/usr/bin/test", "-e", "/run/x"] }],
    [
      "ocf:/usr/lib/ocf/resource.d/heartbeat/nginx",
      { kind: "exec", argv: ["/usr/lib/ocf/resource.d/heartbeat/nginx", "monitor"] },
    ],
  ];
  for (const [text, target] of good) test(text, () => expect(parseCheckTarget(text)).toEqual(target));

  const wrong = [
    "",
    "tcp",
    "tcp://",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:0",
    "tcp://127.0.0.1:65536",
    "tcp://fd00::1:443:x",
    "http://",
    "http://[",
    "http://127.0.0.1/#status=99",
    "http://127.0.0.1/#status=2xx",
    "udp://10.0.0.1",
    "dns://10.0.0.1",
    "dns://10.0.0.1/",
    "ftp://127.0.0.1",
    "process:",
    "127.0.0.1:80",
  ];
  for (const text of wrong)
    test(`${JSON.stringify(text)} is none`, () => expect(parseCheckTarget(text)).toBeUndefined());

  test("any text is a target or none, never an exception", () => {
    const schemes = fc.constantFrom(
      "tcp:",
      "tcp://",
      "http://",
      "https://",
      "udp://",
      "dns://",
      "process:",
      "file:",
      "exec:",
      "ocf:",
      "",
    );
    fc.assert(
      fc.property(schemes, fc.string({ unit: "binary" }), (scheme, rest) => {
        const found = parseCheckTarget(scheme + rest);
        if (found !== undefined && "port" in found) expect(found.port).toBeGreaterThan(0);
        if (found?.kind === "exec") expect(found.argv.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
