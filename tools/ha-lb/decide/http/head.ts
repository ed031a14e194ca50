/**
 * Reading the head of an HTTP/1.x message, strictly (RFC 9112). A message that two programs could read in two
 * ways is refused: that is how requests are smuggled past a proxy. Pure and without state between calls.
 */

export interface HeaderField {
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  readonly value: string;
}

/** How the end of the body is known (RFC 9112, section 6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** Responses only: until the connection closes. */
  | { readonly kind: "close" };

interface CommonHead {
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minor: 0 | 1;
  readonly headers: readonly HeaderField[];
  /** Bytes of the head with the empty line. */
  readonly bytes: number;
  readonly framing: Framing;
  /** What the sender says of the connection: stays open after this message. */
  readonly keepAlive: boolean;
}

export interface RequestHead extends CommonHead {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  /** The protocol asked for with `Upgrade`, when `Connection` names it. */
  readonly upgrade: string | undefined;
  readonly expectContinue: boolean;
}

export interface ResponseHead extends CommonHead {
  readonly status: number;
  readonly reason: string;
}

/** Why a message is refused, with the status that the sender gets. */
export interface HeadFault {
  readonly status: 400 | 414 | 431 | 501 | 505;
  readonly why: string;
}

export type HeadResult<Head> =
  | { readonly kind: "more" }
  | { readonly kind: "fault"; readonly fault: HeadFault }
  | { readonly kind: "head"; readonly head: Head };

export interface HeadLimits {
  /** Bytes of the whole head; HAProxy's tune.bufsize less tune.maxrewrite. */
  readonly mostBytes: number;
  readonly mostHeaders: number;
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = { mostBytes: 15_360, mostHeaders: 101 };

/** RFC 9110, section 5.6.2: what names and methods are made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A request target: visible ASCII; anything else must be percent-encoded. */
const TARGET = /^[\x21-\x7e]+$/;
/** RFC 9110, section 5.5: tab, visible characters and bytes from 0x80; no other control characters. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const VERSION = /^HTTP\/1\.([01])$/;
const DIGITS = /^\d{1,15}$/;

const MORE = { kind: "more" } as const;

function fault(status: HeadFault["status"], why: string): { readonly kind: "fault"; readonly fault: HeadFault } {
  return { kind: "fault", fault: { status, why } };
}

/** The end of the head, or -1. Looks only for the one form that the standard allows: CRLF CRLF. */
function endOfHead(bytes: Buffer): number {
  const end = bytes.indexOf("\r\n\r\n", 0, "latin1");
  return end < 0 ? -1 : end + 4;
}

interface Fields {
  readonly headers: HeaderField[];
  readonly lengths: string[];
  readonly codings: string[];
  readonly connection: string[];
  readonly hosts: string[];
  upgrade: string | undefined;
  expect: string | undefined;
}

function readFields(lines: readonly string[], limits: HeadLimits): Fields | HeadFault {
  const fields: Fields = {
    headers: [],
    lengths: [],
    codings: [],
    connection: [],
    hosts: [],
    upgrade: undefined,
    expect: undefined,
  };
  if (lines.length > limits.mostHeaders) return { status: 431, why: `more than ${limits.mostHeaders} headers` };
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    // A space before the colon and a line that continues the one before are both ways to hide a header.
    if (colon <= 0 || !TOKEN.test(name)) return { status: 400, why: "a header line is malformed" };
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (!VALUE.test(value)) return { status: 400, why: `header ${name} has control characters` };
    const key = name.toLowerCase();
    fields.headers.push({ name, key, value });
    noteField(fields, key, value);
  }
  return fields;
}

function splitList(value: string): string[] {
  return value
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
}

function noteField(fields: Fields, key: string, value: string): void {
  switch (key) {
    case "content-length":
      fields.lengths.push(...value.split(",").map((word) => word.trim()));
      break;
    case "transfer-encoding":
      fields.codings.push(...splitList(value));
      break;
    case "connection":
      fields.connection.push(...splitList(value));
      break;
    case "host":
      fields.hosts.push(value);
      break;
    case "upgrade":
      fields.upgrade = value;
      break;
    case "expect":
      fields.expect = value.toLowerCase();
      break;
    default:
      break;
  }
}

/** The one length that all Content-Length values agree on; undefined when there is none. */
function lengthOf(lengths: readonly string[]): number | undefined | HeadFault {
  const [first] = lengths;
  if (first === undefined) return undefined;
  if (!lengths.every((one) => DIGITS.test(one) && one === first)) {
    return { status: 400, why: "Content-Length is not one number" };
  }
  return Number(first);
}

function requestFraming(fields: Fields, minor: 0 | 1): Framing | HeadFault {
  const length = lengthOf(fields.lengths);
  if (typeof length === "object") return length;
  if (fields.codings.length > 0) {
    if (length !== undefined) return { status: 400, why: "both Content-Length and Transfer-Encoding" };
    if (minor === 0) return { status: 400, why: "Transfer-Encoding in HTTP/1.0" };
    if (fields.codings.length !== 1 || fields.codings[0] !== "chunked") {
      return { status: 501, why: "a transfer coding other than chunked" };
    }
    return { kind: "chunked" };
  }
  return length === undefined || length === 0 ? { kind: "none" } : { kind: "length", length };
}

/** Text before the empty line, cut at CRLF. A lone CR or LF stays in a line and is refused there. */
function linesOf(bytes: Buffer, end: number): string[] {
  return bytes.toString("latin1", 0, end - 4).split("\r\n");
}

function checkStart(bytes: Buffer, limits: HeadLimits): HeadFault | undefined {
  // The method begins the message: anything below `!` can't.
  const first = bytes[0];
  if (first !== undefined && first < 0x21 && first !== 0x0d)
    return { status: 400, why: "the message doesn't begin with a method" };
  if (bytes.length <= limits.mostBytes) return undefined;
  const line = bytes.indexOf("\r\n", 0, "latin1");
  return line < 0 || line > limits.mostBytes
    ? { status: 414, why: "the request line is too long" }
    : { status: 431, why: "the headers are too large" };
}

/** Reads a request's head from the start of `bytes`; `more` until the empty line has come. */
export function parseRequestHead(bytes: Buffer, limits: HeadLimits = DEFAULT_HEAD_LIMITS): HeadResult<RequestHead> {
  const end = endOfHead(bytes);
  if (end < 0 || end > limits.mostBytes) {
    const early = checkStart(bytes, limits);
    return early === undefined ? MORE : { kind: "fault", fault: early };
  }
  const [start = "", ...rest] = linesOf(bytes, end);
  const words = start.split(" ");
  const [method = "", target = "", version = ""] = words;
  const minorText = VERSION.exec(version)?.[1];
  if (words.length !== 3 || !TOKEN.test(method) || !TARGET.test(target))
    return fault(400, "the request line is malformed");
  if (minorText === undefined)
    return fault(/^HTTP\/\d\.\d$/.test(version) ? 505 : 400, "the version is not HTTP/1.0 or 1.1");
  const minor = minorText === "1" ? 1 : 0;
  const fields = readFields(rest, limits);
  if ("why" in fields) return { kind: "fault", fault: fields };
  const host = fields.hosts[0];
  if (fields.hosts.length > 1) return fault(400, "more than one Host");
  if (minor === 1 && host === undefined) return fault(400, "no Host");
  const framing = requestFraming(fields, minor);
  if ("why" in framing) return { kind: "fault", fault: framing };
  return {
    kind: "head",
    head: {
      method,
      target,
      minor,
      headers: fields.headers,
      bytes: end,
      framing,
      host,
      keepAlive: minor === 1 ? !fields.connection.includes("close") : fields.connection.includes("keep-alive"),
      upgrade: fields.connection.includes("upgrade") ? fields.upgrade : undefined,
      expectContinue: fields.expect === "100-continue" && minor === 1,
    },
  };
}

function responseFraming(fields: Fields, status: number, minor: 0 | 1, requestMethod: string): Framing | HeadFault {
  if (requestMethod === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  const length = lengthOf(fields.lengths);
  if (typeof length === "object") return length;
  if (fields.codings.length > 0) {
    if (length !== undefined || minor === 0) return { status: 400, why: "the response's length is ambiguous" };
    return fields.codings.at(-1) === "chunked" ? { kind: "chunked" } : { kind: "close" };
  }
  return length === undefined ? { kind: "close" } : { kind: "length", length };
}

/** Reads a response's head; a fault here means that the server gets no more requests on this connection. */
export function parseResponseHead(
  bytes: Buffer,
  requestMethod: string,
  limits: HeadLimits = DEFAULT_HEAD_LIMITS,
): HeadResult<ResponseHead> {
  const end = endOfHead(bytes);
  if (end < 0 || end > limits.mostBytes) {
    return bytes.length > limits.mostBytes ? fault(431, "the response's headers are too large") : MORE;
  }
  const [start = "", ...rest] = linesOf(bytes, end);
  const line = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(start);
  if (line === null) return fault(400, "the status line is malformed");
  const minor = line[1] === "1" ? 1 : 0;
  const status = Number(line[2]);
  const fields = readFields(rest, limits);
  if ("why" in fields) return { kind: "fault", fault: fields };
  const framing = responseFraming(fields, status, minor, requestMethod);
  if ("why" in framing) return { kind: "fault", fault: framing };
  const open = minor === 1 ? !fields.connection.includes("close") : fields.connection.includes("keep-alive");
  return {
    kind: "head",
    head: {
      status,
      reason: line[3] ?? "",
      minor,
      headers: fields.headers,
      bytes: end,
      framing,
      keepAlive: open && framing.kind !== "close",
    },
  };
}
