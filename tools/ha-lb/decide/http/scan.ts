/**
 * Reads the head of an HTTP/1.x message, strictly (RFC 9112): what two programs could read in two ways is refused,
 * because that is how requests are smuggled past a proxy. One pass over the bytes, nothing allocated but the text.
 */
import { HEAD, type Head } from "./head.ts";

export interface HeadLimits {
  /** Bytes of the whole head: tune.bufsize less tune.maxrewrite. */
  readonly mostBytes: number;
  readonly mostFields: number;
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = { mostBytes: 15_360, mostFields: 101 };

/** Empty lines before a request that are forgiven (RFC 9112, section 2.2). */
const MOST_EMPTY_LINES = 4;
/** 2^53 has 16 digits: one fewer is always exact. */
const MOST_LENGTH_DIGITS = 15;

/** More bytes are needed. */
export const MORE = 0;
/** The head was read. Other results are the status of the refusal: 400, 414, 431, 501, 505. */
export const READ = 1;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

const TOKEN = 1;
const TARGET = 2;
const VALUE = 4;
const CLASSES = makeClasses();

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let byte = 0x21; byte < 0x7f; byte += 1) classes[byte] = TARGET | VALUE;
  for (let byte = 0x80; byte < 0x100; byte += 1) classes[byte] = VALUE;
  classes[SPACE] = VALUE;
  classes[TAB] = VALUE;
  // RFC 9110, section 5.6.2.
  for (const letter of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    const code = letter.charCodeAt(0);
    classes[code] = (classes[code] ?? 0) | TOKEN;
  }
  return classes;
}

/** Shared by all calls: a scan never waits in the middle. */
let place = 0;
let endings = 0;

/** Reads a request's head at the start of `bytes` into `head`; `MORE`, `READ`, or the status of the refusal. */
export function scanRequest(head: Head, bytes: Buffer, limits: HeadLimits): number {
  let start = 0;
  for (let lines = 0; lines < MOST_EMPTY_LINES && bytes[start] === CR && bytes[start + 1] === LF; lines += 1)
    start += 2;
  const end = bytes.indexOf("\r\n\r\n", start, "latin1");
  if (end < 0 || end + 4 - start > limits.mostBytes) return withoutEnd(bytes, start, limits);
  begin(head, bytes, start, end);
  let at = start;
  while (((CLASSES[bytes[at] ?? 0] ?? 0) & TOKEN) !== 0) at += 1;
  if (at === start || bytes[at] !== SPACE) return 400;
  head.method = head.raw.slice(0, at - start);
  const targetStart = at + 1;
  at = targetStart;
  while (((CLASSES[bytes[at] ?? 0] ?? 0) & TARGET) !== 0) at += 1;
  if (at === targetStart || bytes[at] !== SPACE) return 400;
  head.target = head.raw.slice(targetStart - start, at - start);
  const version = scanVersion(head, bytes, at + 1);
  if (version !== READ) return version;
  if (bytes[at + 9] !== CR || bytes[at + 10] !== LF) return 400;
  head.status = 0;
  head.fieldsStart = at + 11 - start;
  const result = scanFields(head, bytes, at + 11, start, end + 2, limits);
  return result === READ ? checkRequest(head) : result;
}

/** Reads a response's head. `bytes` start with it. */
export function scanResponse(head: Head, bytes: Buffer, limits: HeadLimits): number {
  const end = bytes.indexOf("\r\n\r\n", 0, "latin1");
  if (end < 0 || end + 4 > limits.mostBytes) return withoutEnd(bytes, 0, limits);
  begin(head, bytes, 0, end);
  const version = scanVersion(head, bytes, 0);
  if (version !== READ) return version;
  const hundreds = (bytes[9] ?? 0) - 0x30;
  const tens = (bytes[10] ?? 0) - 0x30;
  const ones = (bytes[11] ?? 0) - 0x30;
  if (bytes[8] !== SPACE || hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return 400;
  head.status = hundreds * 100 + tens * 10 + ones;
  let at = 12;
  if (bytes[at] === SPACE) {
    at += 1;
    while (((CLASSES[bytes[at] ?? 0] ?? 0) & VALUE) !== 0) at += 1;
  }
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return 400;
  head.reason = head.raw.slice(13, at);
  head.fieldsStart = at + 2;
  const result = scanFields(head, bytes, at + 2, 0, end + 2, limits);
  if (result !== READ) return result;
  // A length and a coding together: the response's end is ambiguous.
  if ((head.flags & HEAD.HAS_TRANSFER_ENCODING) !== 0 && (head.flags & HEAD.HAS_LENGTH) !== 0) return 400;
  return READ;
}

function begin(head: Head, bytes: Buffer, start: number, end: number): void {
  head.reset();
  head.raw = bytes.toString("latin1", start, end + 4);
  head.byteLength = end + 4;
}

/** `HTTP/1.0` or `HTTP/1.1` at `at`. */
function scanVersion(head: Head, bytes: Buffer, at: number): number {
  if (bytes[at] !== 0x48 || bytes[at + 1] !== 0x54 || bytes[at + 2] !== 0x54 || bytes[at + 3] !== 0x50) return 400;
  if (bytes[at + 4] !== 0x2f || bytes[at + 6] !== 0x2e) return 400;
  const major = (bytes[at + 5] ?? 0) - 0x30;
  const minor = (bytes[at + 7] ?? 0) - 0x30;
  if (major < 0 || major > 9 || minor < 0 || minor > 9) return 400;
  if (major !== 1 || minor > 1) return 505;
  head.minor = minor;
  return READ;
}

/** Why a head has no end yet: too long, or never to be well formed. */
function withoutEnd(bytes: Buffer, start: number, limits: HeadLimits): number {
  const first = bytes[start];
  // Nothing that begins with a control character can become a message: a TLS handshake, say.
  if (first !== undefined && first < 0x21 && first !== CR) return 400;
  // A bare line feed would otherwise wait for its end until the timeout.
  for (let at = bytes.indexOf(LF, start); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return 400;
  }
  if (bytes.length - start < limits.mostBytes) return MORE;
  const line = bytes.indexOf("\r\n", start, "latin1");
  return line < 0 || line - start >= limits.mostBytes ? 414 : 431;
}

/** Fields from `at` to the empty line, whose CR stands at `stop`. */
function scanFields(head: Head, bytes: Buffer, from: number, base: number, stop: number, limits: HeadLimits): number {
  let at = from;
  let slot = 0;
  while (at < stop) {
    const nameStart = at;
    while (((CLASSES[bytes[at] ?? 0] ?? 0) & TOKEN) !== 0) at += 1;
    // Also refuses a blank before the colon, and a line that continues the one before.
    if (at === nameStart || bytes[at] !== COLON) return 400;
    const nameEnd = at;
    at += 1;
    while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
    const valueStart = at;
    while (((CLASSES[bytes[at] ?? 0] ?? 0) & VALUE) !== 0) at += 1;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return 400;
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd -= 1;
    if (head.count >= limits.mostFields) return 431;
    if (slot >= head.places.length) head.grow();
    const { places } = head;
    places[slot] = nameStart - base;
    places[slot + 1] = nameEnd - base;
    places[slot + 2] = valueStart - base;
    places[slot + 3] = valueEnd - base;
    slot += 4;
    head.count += 1;
    const length = nameEnd - nameStart;
    if (length < 18 && NOTED[length] === 1) {
      place = valueStart - base;
      endings = valueEnd - base;
      const refusal = note(head, head.raw.slice(nameStart - base, nameEnd - base).toLowerCase());
      if (refusal !== READ) return refusal;
    }
    at += 2;
  }
  return READ;
}

/** Lengths of the names that `note` knows: only those are looked at. */
const NOTED = new Uint8Array(18);
for (const name of ["host", "expect", "cookie", "upgrade", "connection", "content-length", "proxy-connection"]) {
  NOTED[name.length] = 1;
}
NOTED["transfer-encoding".length] = 1;

/** Takes in what a field means for the message's framing and connection. */
function note(head: Head, name: string): number {
  switch (name) {
    case "host":
      // Two hosts are two answers to "whose request is this".
      if ((head.flags & HEAD.HAS_HOST) !== 0) return 400;
      head.flags |= HEAD.HAS_HOST;
      return READ;
    case "content-length":
      return noteLength(head);
    case "transfer-encoding":
      return noteCoding(head);
    case "connection":
      noteConnection(head);
      return READ;
    case "keep-alive":
    case "proxy-connection":
      head.flags |= HEAD.HOP_BY_HOP;
      return READ;
    case "upgrade":
      head.flags |= HEAD.HAS_UPGRADE;
      return READ;
    case "cookie":
      head.flags |= HEAD.HAS_COOKIE;
      return READ;
    case "expect":
      if (head.raw.slice(place, endings).toLowerCase() === "100-continue") head.flags |= HEAD.EXPECT_CONTINUE;
      return READ;
    default:
      return READ;
  }
}

function noteLength(head: Head): number {
  // Equal repeats are refused too: no client needs them, and some servers read only one.
  if ((head.flags & HEAD.HAS_LENGTH) !== 0) return 400;
  if (endings === place || endings - place > MOST_LENGTH_DIGITS) return 400;
  let length = 0;
  for (let at = place; at < endings; at += 1) {
    const digit = head.raw.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return 400;
    length = length * 10 + digit;
  }
  head.contentLength = length;
  head.flags |= HEAD.HAS_LENGTH;
  return READ;
}

function noteCoding(head: Head): number {
  const value = head.raw.slice(place, endings).toLowerCase();
  if (value === "chunked" && (head.flags & HEAD.HAS_TRANSFER_ENCODING) === 0) head.flags |= HEAD.CHUNKED;
  else head.flags |= HEAD.OTHER_CODING;
  head.flags |= HEAD.HAS_TRANSFER_ENCODING;
  return READ;
}

function noteConnection(head: Head): void {
  head.flags |= HEAD.HOP_BY_HOP;
  const value = head.raw.slice(place, endings).toLowerCase();
  if (value === "close") head.flags |= HEAD.CLOSE;
  else if (value === "keep-alive") head.flags |= HEAD.KEEP_ALIVE;
  else {
    for (const word of value.split(",")) {
      const token = word.trim();
      if (token === "close") head.flags |= HEAD.CLOSE;
      else if (token === "keep-alive") head.flags |= HEAD.KEEP_ALIVE;
      else if (token === "upgrade") head.flags |= HEAD.UPGRADE_TOKEN;
    }
  }
}

function checkRequest(head: Head): number {
  const { flags } = head;
  if (head.minor === 1 && (flags & HEAD.HAS_HOST) === 0) return 400;
  if ((flags & HEAD.HAS_TRANSFER_ENCODING) !== 0) {
    if ((flags & HEAD.HAS_LENGTH) !== 0 || head.minor === 0) return 400;
    if ((flags & HEAD.OTHER_CODING) !== 0) return 501;
  }
  return READ;
}

/** The sender leaves its connection open after this message (RFC 9112, section 9.3). */
export function keepsAlive(head: Head): boolean {
  if ((head.flags & HEAD.CLOSE) !== 0) return false;
  return head.minor === 1 || (head.flags & HEAD.KEEP_ALIVE) !== 0;
}
