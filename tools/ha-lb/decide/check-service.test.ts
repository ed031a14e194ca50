import { describe, expect, test } from "bun:test";
import type { HealthCheck } from "../model/health-check.ts";
import { serviceCheckOf, type ServiceStep } from "./check-service.ts";

const bytes = (hex: string): string => Buffer.from(hex.replaceAll(" ", ""), "hex").toString("latin1");
const hexOf = (text: string): string => Buffer.from(text, "latin1").toString("hex");
/** A packet of MySQL: its length, its number, its body. */
const packet = (count: number, body: string): string => String.fromCharCode(body.length, 0, 0, count) + body;

const MYSQL: HealthCheck = { kind: "mysql", user: "u", post41: true };
const GREETING = packet(0, "\x0a8.0.19\0rest");
const POSTGRES: HealthCheck = { kind: "pgsql", user: "postgres" };
const SMTP: HealthCheck = { kind: "smtp", greeting: "HELO", domain: "a.b" };

const passed = (detail: string, code = 0): ServiceStep => ({ passed: true, status: "L7OK", code, detail });
const refused = (detail: string, code = 0): ServiceStep => ({ passed: false, status: "L7STS", code, detail });
const malformed = (detail: string): ServiceStep => ({ passed: false, status: "L7RSP", detail });

const CASES: readonly (readonly [string, HealthCheck, string, number, ServiceStep])[] = [
  ["redis: PONG", { kind: "redis" }, "+PONG\r\n", 0, passed("Redis server is ok")],
  ["redis: half of it", { kind: "redis" }, "+PON", 0, "more"],
  ["redis: an error", { kind: "redis" }, "-LOADING\r\n", 0, refused("-LOADING")],
  ["postgres: asks for a password", POSTGRES, bytes("52 00000008 00000003"), 0, passed("PostgreSQL server is ok")],
  ["postgres: an error", POSTGRES, bytes("45 0000000c 53 464154414c 00 00"), 0, malformed("FATAL")],
  ["postgres: something else", POSTGRES, "SSH-2.0-x", 0, refused("PostgreSQL unknown error")],
  ["postgres: too little", POSTGRES, "R", 0, "more"],
  ["mysql: greeting only", MYSQL, GREETING, 0, "more"],
  ["mysql: logged in", MYSQL, GREETING + packet(2, "\0\0\0\x02\0\0\0"), 0, passed("8.0.19")],
  ["mysql: refused", MYSQL, GREETING + packet(2, "\xff\x15\x04#28000denied"), 0, refused("denied", 1045)],
  ["mysql: blocked", MYSQL, packet(0, "\xff\x69\x04blocked"), 0, refused("blocked", 1129)],
  ["mysql: without a user", { kind: "mysql", post41: true }, GREETING, 0, passed("8.0.19")],
  ["smtp: the greeting", SMTP, "220 hello\r\n", 0, { send: "HELO a.b\r\n" }],
  ["smtp: more lines", SMTP, "220 hello\r\n250-one\r\n250 two\r\n", 1, { send: "QUIT\r\n" }],
  ["smtp: goodbye", SMTP, "220 hello\r\n250 one\r\n221 bye\r\n", 2, passed("bye", 221)],
  ["smtp: not now", SMTP, "421 later\r\n", 0, refused("later", 421)],
  ["smtp: no SMTP", SMTP, "HTTP/1.1 400\r\n", 0, malformed("HTTP/1.1 400")],
  ["ldap: bound", { kind: "ldap" }, bytes("300c 020101 61 07 0a0100 0400 0400"), 0, passed("Success")],
  [
    "ldap: refused",
    { kind: "ldap" },
    bytes("300c 020101 61 07 0a0131 0400 0400"),
    0,
    refused("See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9", 49),
  ],
  [
    "ldap: long lengths",
    { kind: "ldap" },
    bytes("308400000010 020101 6184 00000007 0a0100 0400 0400"),
    0,
    passed("Success"),
  ],
  [
    "ldap: another operation",
    { kind: "ldap" },
    bytes("300c 020101 60 07 0a0100 0400 0400"),
    0,
    malformed("Not LDAPv3 protocol"),
  ],
];

describe("what services answer", () => {
  test.each(CASES)("%s", (_name, check, answer, sent, step) => {
    expect(serviceCheckOf(check)?.next(answer, sent)).toEqual(step);
  });

  test("what is said first", () => {
    expect(hexOf(serviceCheckOf(POSTGRES)?.first ?? "")).toBe("00000017" + "00030000" + hexOf("user\0postgres\0\0"));
    expect(hexOf(serviceCheckOf(MYSQL)?.first ?? "")).toBe(
      `23000001008200000080000121${"00".repeat(23)}${hexOf("u\0\0")}0100000001`,
    );
    expect(serviceCheckOf(SMTP)?.first).toBe("");
  });
});
