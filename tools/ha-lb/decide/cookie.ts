/** Persistence cookies: reading the server's name from a request and telling it to the client. Pure. */
import type { Cookie } from "../model/balance.ts";

export interface FoundCookie {
  /** As sent, without quotes. */
  readonly value: string;
  /** The part that names the server. */
  readonly server: string;
  /** When the client got it last, and first, Unix ms; absent without such a date. */
  readonly lastMs?: number;
  readonly firstMs?: number;
}

/** Dates further in the future than this are somebody's mistake: such cookies are ignored. */
const MOST_FUTURE_MS = 24 * 3600 * 1000;

/** `Cookie:` lines into their parts, blanks trimmed. */
function parts(line: string): string[] {
  return line.split(";").map((part) => part.trim());
}

function nameOf(part: string): string {
  const equals = part.indexOf("=");
  return equals < 0 ? part : part.slice(0, equals).trim();
}

function valueOf(part: string): string {
  const text = part.slice(part.indexOf("=") + 1).trim();
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** Finds the cookie. In prefix mode the server stands before `~`; dates follow the server's name after `|`. */
export function findCookie(lines: readonly string[], cookie: Cookie): FoundCookie | undefined {
  for (const line of lines) {
    for (const part of parts(line)) {
      if (nameOf(part) !== cookie.name || !part.includes("=")) continue;
      const value = valueOf(part);
      if (cookie.mode === "prefix") return { value, server: value.split("~", 1)[0] ?? "" };
      const [server = "", last, first] = value.split("|", 3);
      const lastMs = last === undefined ? undefined : readDate(last);
      const firstMs = first === undefined ? undefined : readDate(first);
      return {
        value,
        server,
        ...(lastMs === undefined ? {} : { lastMs }),
        ...(firstMs === undefined ? {} : { firstMs }),
      };
    }
  }
  return undefined;
}

/**
 * The `Cookie:` lines as the server gets them: without the cookie (`indirect`), or without the prefix.
 * An unknown value of an inserted cookie is hidden from the server as well.
 */
export function rewriteRequestCookies(lines: readonly string[], cookie: Cookie): readonly string[] {
  const result: string[] = [];
  for (const line of lines) {
    const kept: string[] = [];
    for (const part of parts(line)) {
      if (nameOf(part) !== cookie.name) kept.push(part);
      else if (cookie.mode === "prefix") {
        const value = valueOf(part);
        kept.push(value.includes("~") ? `${cookie.name}=${value.slice(value.indexOf("~") + 1)}` : part);
      } else if (cookie.mode !== "insert") kept.push(part);
    }
    if (kept.length > 0) result.push(kept.join("; "));
  }
  return result;
}

/** Is the cookie too old by `maxidle` ("E", expired) or by `maxlife` ("O", old)? */
export function staleness(found: FoundCookie, cookie: Cookie, nowMs: number): "E" | "O" | undefined {
  const { firstMs, lastMs } = found;
  const beyond = (sinceMs: number | undefined, seconds: number | undefined): boolean =>
    sinceMs !== undefined &&
    seconds !== undefined &&
    (nowMs - sinceMs > seconds * 1000 || sinceMs - nowMs > MOST_FUTURE_MS);
  if (beyond(lastMs, cookie.maxIdleSeconds)) return "E";
  return beyond(firstMs, cookie.maxLifeSeconds) ? "O" : undefined;
}

/** Does a good cookie need another date in the answer? */
export function needsNewDate(found: FoundCookie, cookie: Cookie, nowMs: number): boolean {
  if (cookie.maxIdleSeconds !== undefined)
    return found.lastMs === undefined || unitsOf(found.lastMs) !== unitsOf(nowMs);
  return cookie.maxLifeSeconds !== undefined && found.firstMs === undefined;
}

/** Dates in cookies count in units of four seconds, as five letters of the usual base 64. */
const UNIT_MS = 4000;
const DATE_LETTERS = 5;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unitsOf = (ms: number): number => Math.floor((Math.floor(ms / 1000) + 3) / 4);

function writeDate(ms: number): string {
  let units = unitsOf(ms);
  let text = "";
  for (let count = 0; count < DATE_LETTERS; count += 1) {
    text = LETTERS.charAt(units & 63) + text;
    units = Math.floor(units / 64);
  }
  return text;
}

function readDate(text: string): number | undefined {
  const digits = Array.from(text, (letter) => LETTERS.indexOf(letter));
  if (digits.length !== DATE_LETTERS || digits.includes(-1)) return undefined;
  return digits.reduce((sum, digit) => sum * 64 + digit, 0) * UNIT_MS;
}

/**
 * Could a cache keep this answer, because it says how long or how to ask again? `nocache` marks such answers only.
 * @param method in capitals
 */
export function isCacheable(method: string, status: number, head: CacheHead): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  if (!CACHEABLE_STATUS.has(status)) return false;
  const control = head.all("cache-control").join(",").toLowerCase();
  if (/(^|[\s,])(no-cache|no-store|private|public)/.test(control)) return false;
  if (/(^|[\s,])(max-age|s-maxage)=/.test(control)) return true;
  return ["etag", "last-modified", "expires"].some((name) => head.all(name).length > 0);
}

interface CacheHead {
  all(name: string): readonly string[];
}

const CACHEABLE_STATUS = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]);

/** The value of the `Set-Cookie` field. */
export function setCookieLine(cookie: Cookie, server: string, nowMs: number, firstMs = nowMs): string {
  const { maxIdleSeconds, maxLifeSeconds } = cookie;
  const last = maxIdleSeconds === undefined && maxLifeSeconds === undefined ? "" : `|${writeDate(nowMs)}`;
  const dated = maxLifeSeconds === undefined ? last : `${last}|${writeDate(firstMs)}`;
  return `${cookie.name}=${server}${dated}; path=/${attributesOf(cookie)}`;
}

/** The value of the `Set-Cookie` field that takes the cookie away. */
export function removeCookieLine(cookie: Cookie): string {
  return `${cookie.name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/${attributesOf(cookie)}`;
}

function attributesOf(cookie: Cookie): string {
  let line = "";
  for (const domain of cookie.domains) line += `; domain=${domain}`;
  if (cookie.httpOnly) line += "; HttpOnly";
  if (cookie.secure) line += "; Secure";
  for (const attribute of cookie.attributes) line += `; ${attribute}`;
  return line;
}
