/** The first words of checks that speak a service's own protocol, and how its answer is judged. Pure. */
import type { HealthCheck } from "../model/health-check.ts";

export interface Handshake {
  /** A byte string; empty where the server speaks first. */
  readonly send: string;
  readonly judge: (answer: string, ended: boolean) => boolean | "more";
}

export function defaultRequest(method: string, uri: string, version: string): string {
  return `${method} ${uri} ${version}\r\n\r\n`;
}

const int32 = (value: number): string =>
  String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** PostgreSQL's startup message, protocol 3.0: it is answered with an authentication request or an error. */
function postgresStartup(user: string): string {
  const body = `${int32(196_608)}user\0${user}\0\0`;
  return int32(body.length + 4) + body;
}

/** A TLS ClientHello of version 1.0 that any server answers, be it with an alert (RFC 5246). */
function clientHello(): string {
  const suites = "\x00\x2f\x00\x35\xc0\x13\xc0\x14";
  const body = `\x03\x03${"\x5a".repeat(32)}\x00${String.fromCharCode(0, suites.length)}${suites}\x01\x00`;
  const message = `\x01\x00${String.fromCharCode(body.length >> 8, body.length & 255)}${body}`;
  return `\x16\x03\x01${String.fromCharCode(message.length >> 8, message.length & 255)}${message}`;
}

/** Undefined for checks that only connect. */
export function handshakeOf(check: HealthCheck): Handshake | undefined {
  switch (check.kind) {
    case "redis":
      return {
        send: "*1\r\n$4\r\nPING\r\n",
        judge: (answer) => (answer.length < 7 ? "more" : answer.startsWith("+PONG\r\n")),
      };
    case "smtp":
      return {
        send: `${check.greeting} ${check.domain}\r\n`,
        judge: (answer) => (/^2\d\d[ -][^\n]*\n(2\d\d)/.test(answer) ? true : /^[45]/m.test(answer) ? false : "more"),
      };
    case "pgsql":
      return {
        send: postgresStartup(check.user),
        judge: (answer) => (answer.length < 9 ? "more" : answer.startsWith("R") || answer.startsWith("E")),
      };
    case "mysql":
      // The server greets first: an error packet begins with 0xff.
      return {
        send: "",
        judge: (answer) => (answer.length < 5 ? "more" : answer.charCodeAt(4) !== 0xff),
      };
    case "ldap":
      return {
        send: "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00",
        judge: (answer) => (answer.length < 14 ? "more" : answer.startsWith("\x30") && answer.includes("\x61")),
      };
    case "ssl-hello":
      return {
        send: clientHello(),
        judge: (answer) =>
          answer.length < 2 ? "more" : answer.startsWith("\x15\x03") || answer.startsWith("\x16\x03"),
      };
    case "tcp":
    case "http":
    case "tcp-sequence":
    case "spop":
    case "external":
      return undefined;
  }
}
