/**
 * A request of HTTP/2 as a head of HTTP/1.1, RFC 9113 section 8. What the one protocol can say and the other can't is
 * refused here: that is where requests would be smuggled.
 */
import { CONNECTION_FIELDS } from "./message.ts";
import type { Field } from "./static-table.ts";

export interface TranslatedRequest {
  /** The whole head, as a byte string. */
  readonly head: string;
  readonly method: string;
  readonly authority: string;
  readonly scheme: string;
  readonly path: string;
  /** Announced length of the body. */
  readonly contentLength: number | undefined;
  /** What the stream is to become when the answer is 101 (RFC 8441): `websocket`. */
  readonly protocol: string | undefined;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Nothing but visible characters and the bytes above ASCII, with blanks only inside. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/;
const TARGET = /^(?:\/[\x21-\x7e]*|\*)$/;
const AUTHORITY = /^[\x21-\x22\x24-\x2e\x30-\x3e\x41-\x5b\x5d-\x7e]*$/;
const MOST_LENGTH_DIGITS = 15;

interface Pseudo {
  method?: string;
  scheme?: string;
  authority?: string;
  path?: string;
  protocol?: string;
}

const PSEUDO_KEYS = {
  ":method": "method",
  ":scheme": "scheme",
  ":authority": "authority",
  ":path": "path",
  ":protocol": "protocol",
} as const;

function takePseudo(pseudo: Pseudo, name: string, value: string): boolean {
  switch (name) {
    case ":method":
    case ":scheme":
    case ":authority":
    case ":path":
    case ":protocol": {
      const key = PSEUDO_KEYS[name];
      if (pseudo[key] !== undefined) return false;
      pseudo[key] = value;
      return true;
    }
    default:
      return false;
  }
}

function lengthOf(value: string): number | undefined {
  return /^\d+$/.test(value) && value.length <= MOST_LENGTH_DIGITS ? Number(value) : undefined;
}

/** May a field with this name and value go on? */
function isGoodField(name: string, value: string): boolean {
  if (!NAME.test(name) || BAD_VALUE.test(value) || CONNECTION_FIELDS.has(name)) return false;
  return name !== "te" || value === "trailers";
}

interface Fields {
  pseudo: Pseudo;
  lines: string;
  host: string | undefined;
  cookies: string[];
  contentLength: number | undefined;
}

/** Sorts the fields out; false at the first that must not be. */
function sortFields(fields: readonly Field[], into: Fields): boolean {
  let regular = false;
  for (const [name, value] of fields) {
    if (name.startsWith(":")) {
      if (regular || !takePseudo(into.pseudo, name, value)) return false;
      continue;
    }
    regular = true;
    if (!isGoodField(name, value)) return false;
    if (name === "host") {
      if (into.host !== undefined) return false;
      into.host = value;
    } else if (name === "cookie") into.cookies.push(value);
    else if (name === "content-length") {
      const length = lengthOf(value);
      if (length === undefined || (into.contentLength !== undefined && into.contentLength !== length)) return false;
      into.contentLength = length;
    } else if (name !== "te") into.lines += `${name}: ${value}\r\n`;
  }
  return true;
}

/** `ended`: no body follows. Undefined: malformed, the stream is reset. */
export function translateRequest(fields: readonly Field[], ended: boolean): TranslatedRequest | undefined {
  const found: Fields = { pseudo: {}, lines: "", host: undefined, cookies: [], contentLength: undefined };
  if (!sortFields(fields, found)) return undefined;
  const { method, scheme, path } = found.pseudo;
  if (method === undefined || !METHOD.test(method) || path === undefined || !TARGET.test(path)) return undefined;
  if (scheme !== "http" && scheme !== "https") return undefined;
  if (path === "*" && method !== "OPTIONS") return undefined;
  // Who asks nobody in particular sends an empty Host on, RFC 9110 section 7.2.
  const asked = found.pseudo.authority ?? found.host ?? "";
  if (!AUTHORITY.test(asked)) return undefined;
  // Two names for whose request this is would be two answers.
  if (found.host !== undefined && found.host.toLowerCase() !== asked.toLowerCase()) return undefined;
  const authority = withoutDefaultPort(asked, scheme);
  const { contentLength } = found;
  if (ended && (contentLength ?? 0) !== 0) return undefined;
  const { protocol } = found.pseudo;
  if (protocol !== undefined && !isTunnel(found, ended)) return undefined;
  const cookies = found.cookies.length === 0 ? "" : `cookie: ${found.cookies.join("; ")}\r\n`;
  const framing =
    protocol === undefined
      ? framingOf(method, ended, contentLength)
      : `connection: Upgrade\r\nupgrade: ${protocol}\r\n`;
  // HTTP/1.1 asks for another protocol with GET.
  const verb = protocol === undefined ? method : "GET";
  const head = `${verb} ${path} HTTP/1.1\r\nhost: ${authority}\r\n${found.lines}${cookies}${framing}\r\n`;
  return { head, method: verb, authority, scheme, path, contentLength: ended ? 0 : contentLength, protocol };
}

/** May this ask for another protocol, RFC 8441 section 4? What follows is no body. */
function isTunnel({ contentLength, pseudo }: Fields, ended: boolean): boolean {
  const { authority, method, path, protocol } = pseudo;
  const isWhole = method === "CONNECT" && authority !== undefined && path !== undefined;
  return isWhole && !ended && contentLength === undefined && METHOD.test(protocol ?? "");
}

/** The port that goes without saying is left out, RFC 3986 section 6.2.3. */
export function withoutDefaultPort(authority: string, scheme: string): string {
  const port = /:(\d*)$/.exec(authority);
  const goesWithoutSaying = port !== null && (port[1] === "" || port[1] === (scheme === "https" ? "443" : "80"));
  return goesWithoutSaying ? authority.slice(0, port.index) : authority;
}

function framingOf(method: string, ended: boolean, contentLength: number | undefined): string {
  if (contentLength !== undefined) return `content-length: ${contentLength}\r\n`;
  if (!ended) return "transfer-encoding: chunked\r\n";
  return method === "POST" || method === "PUT" || method === "PATCH" ? "content-length: 0\r\n" : "";
}

/** Are these fit to be trailers? They have no pseudo fields. */
export function areTrailers(fields: readonly Field[]): boolean {
  return fields.every(([name, value]) => isGoodField(name, value));
}
