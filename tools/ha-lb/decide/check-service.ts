/** Checks that speak a service's own protocol: what is said to it, and what its answers mean. Pure. */
import type { HealthCheck } from "../model/health-check.ts";

/** How a check ends. `detail` is what logs show as "info". */
export interface CheckVerdict {
  readonly passed: boolean;
  readonly status: string;
  readonly code?: number;
  readonly detail: string;
}

export type ServiceStep = "more" | { readonly send: string } | CheckVerdict;

export interface ServiceCheck {
  /** A byte string, sent when the connection is open; empty where the server speaks first. */
  readonly first: string;
  /**
   * @param answer all that has come, as a byte string
   * @param sent how many messages were sent after the first
   */
  readonly next: (answer: string, sent: number) => ServiceStep;
}

const passed = (detail: string, code = 0): CheckVerdict => ({ passed: true, status: "L7OK", code, detail });
const refused = (detail: string, code = 0): CheckVerdict => ({ passed: false, status: "L7STS", code, detail });
const malformed = (detail: string): CheckVerdict => ({ passed: false, status: "L7RSP", detail });

const byteAt = (text: string, at: number): number => text.charCodeAt(at);
const int16 = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const int32 = (value: number): string => int16(value >>> 16) + int16(value & 0xffff);

/** PostgreSQL's startup message, protocol 3.0: it is answered with an authentication request or an error. */
function postgres(user: string): ServiceCheck {
  const body = `${int32(196_608)}user\0${user}\0\0`;
  return {
    first: int32(body.length + 4) + body,
    next: (answer) => {
      if (answer.length < 5) return "more";
      if (answer.startsWith("R")) return passed("PostgreSQL server is ok");
      if (!answer.startsWith("E")) return refused("PostgreSQL unknown error");
      const fields = answer.slice(5).split("\0");
      return malformed(fields.find((field) => /^S[A-Z]+$/.test(field))?.slice(1) ?? "an error without a severity");
    },
  };
}

/** A TLS ClientHello that any server answers, be it with an alert (RFC 5246). */
function clientHello(): string {
  const suites = "\x00\x2f\x00\x35\xc0\x13\xc0\x14";
  const body = `\x03\x03${"\x5a".repeat(32)}\x00${int16(suites.length)}${suites}\x01\x00`;
  const message = `\x01\x00${int16(body.length)}${body}`;
  return `\x16\x03\x01${int16(message.length)}${message}`;
}

/** MySQL's packets: three bytes of length, one that counts, low byte first. */
function mysqlPacket(count: number, body: string): string {
  return String.fromCharCode(body.length & 255, (body.length >> 8) & 255, 0, count) + body;
}

function mysqlLogin(user: string, post41: boolean): string {
  const login = post41
    ? `\x00\x82\x00\x00\x00\x80\x00\x01\x21${"\0".repeat(23)}${user}\0\0`
    : `\x00\x80\x00\x00\x01${user}\0\0`;
  return mysqlPacket(1, login) + mysqlPacket(0, "\x01");
}

/** Packets that have come whole. */
function mysqlPackets(answer: string): string[] {
  const packets: string[] = [];
  for (let at = 0; at + 4 <= answer.length;) {
    const length = byteAt(answer, at) + byteAt(answer, at + 1) * 256 + byteAt(answer, at + 2) * 65_536;
    if (at + 4 + length > answer.length) break;
    packets.push(answer.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return packets;
}

function mysqlError(packet: string): CheckVerdict | undefined {
  if (byteAt(packet, 0) !== 0xff) return undefined;
  const text = packet.slice(3);
  return refused(text.startsWith("#") ? text.slice(6) : text, byteAt(packet, 1) + byteAt(packet, 2) * 256);
}

function mysql({ post41, user }: HealthCheck & { readonly kind: "mysql" }): ServiceCheck {
  return {
    first: user === undefined ? "" : mysqlLogin(user, post41),
    next: (answer) => {
      const [greeting, result] = mysqlPackets(answer);
      if (greeting === undefined) return "more";
      const error = mysqlError(greeting) ?? (result === undefined ? undefined : mysqlError(result));
      if (error !== undefined) return error;
      const version = greeting.slice(1).split("\0", 1)[0] ?? "";
      if (user !== undefined && result === undefined) return "more";
      return passed(version);
    },
  };
}

const LDAP_RESULT = "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9";

/** An anonymous bind, RFC 4511 section 4.2. */
const LDAP: ServiceCheck = {
  first: "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00",
  next: (answer) => {
    if (answer.length < 14) return "more";
    if (!answer.startsWith("\x30")) return malformed("Not LDAPv3 protocol");
    const message = afterLength(answer, 1);
    const operation = answer.startsWith("\x02\x01\x01", message) ? message + 3 : -1;
    if (operation < 0 || byteAt(answer, operation) !== 0x61) return malformed("Not LDAPv3 protocol");
    const result = afterLength(answer, operation + 1);
    if (answer.length < result + 3) return "more";
    if (!answer.startsWith("\x0a\x01", result)) return malformed("Not LDAPv3 protocol");
    const code = byteAt(answer, result + 2);
    return code === 0 ? passed("Success") : refused(LDAP_RESULT, code);
  },
};

/** Where the value begins whose length stands at `at`, in BER: one byte, or a count of bytes. */
function afterLength(text: string, at: number): number {
  const first = byteAt(text, at);
  return first < 0x80 ? at + 1 : at + 1 + (first & 0x7f);
}

/** Replies of SMTP that have come whole: the line that ends each one. */
function smtpReplies(answer: string): string[] {
  const lines = answer.split("\r\n").slice(0, -1);
  return lines.filter((line) => !/^\d{3}-/.test(line));
}

function smtp({ domain, greeting }: HealthCheck & { readonly kind: "smtp" }): ServiceCheck {
  return {
    first: "",
    next: (answer, sent) => {
      const reply = smtpReplies(answer)[sent];
      if (reply === undefined) return "more";
      const found = /^(\d{3})(?: (.*))?$/.exec(reply);
      if (found === null) return malformed(reply);
      const [code, text] = [Number(found[1]), found[2] ?? ""];
      if (code < 200 || code >= 300) return refused(text, code);
      if (sent === 0) return { send: `${greeting} ${domain}\r\n` };
      return sent === 1 ? { send: "QUIT\r\n" } : passed(text, code);
    },
  };
}

const REDIS: ServiceCheck = {
  first: "*1\r\n$4\r\nPING\r\n",
  next: (answer) => {
    const end = answer.indexOf("\r\n");
    if (end < 0) return "more";
    return answer.startsWith("+PONG\r\n") ? passed("Redis server is ok") : refused(answer.slice(0, end));
  },
};

const TLS_HELLO: ServiceCheck = {
  first: clientHello(),
  next: (answer) => {
    if (answer.length < 2) return "more";
    const isTls = answer.startsWith("\x15\x03") || answer.startsWith("\x16\x03");
    return { passed: isTls, status: isTls ? "L6OK" : "L6RSP", detail: "" };
  },
};

/** Undefined for checks that have steps, or only connect. */
export function serviceCheckOf(check: HealthCheck): ServiceCheck | undefined {
  switch (check.kind) {
    case "redis":
      return REDIS;
    case "smtp":
      return smtp(check);
    case "pgsql":
      return postgres(check.user);
    case "mysql":
      return mysql(check);
    case "ldap":
      return LDAP;
    case "ssl-hello":
      return TLS_HELLO;
    case "tcp":
    case "http":
    case "tcp-sequence":
    case "spop":
    case "external":
      return undefined;
  }
}
