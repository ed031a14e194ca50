/** Persistence cookies: reading the server's name from a request and telling it to the client. Pure. */
import type { Cookie } from "../model/balance.ts";

export interface FoundCookie {
  /** As sent, without quotes. */
  readonly value: string;
  /** The part that names the server. */
  readonly server: string;
}

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
      if (cookie.mode !== "prefix") return { value, server: value.split("|", 1)[0] ?? "" };
      const tilde = value.indexOf("~");
      if (tilde < 0) return undefined;
      return { value, server: value.slice(0, tilde) };
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
        kept.push(`${cookie.name}=${value.slice(value.indexOf("~") + 1)}`);
      } else if (cookie.mode !== "insert") kept.push(part);
    }
    if (kept.length > 0) result.push(kept.join("; "));
  }
  return result;
}

/** Days since 1970 in the compact form that the dates of `maxidle` and `maxlife` have. */
function compactDate(nowMs: number): string {
  return Math.floor(nowMs / 1000).toString(36);
}

/** The value of the `Set-Cookie` field. */
export function setCookieLine(cookie: Cookie, server: string, nowMs: number): string {
  const dated =
    cookie.maxIdleSeconds === undefined && cookie.maxLifeSeconds === undefined ? "" : `|${compactDate(nowMs)}`;
  let line = `${cookie.name}=${server}${dated}; path=/`;
  for (const domain of cookie.domains) line += `; domain=${domain}`;
  if (cookie.httpOnly) line += "; HttpOnly";
  if (cookie.secure) line += "; Secure";
  for (const attribute of cookie.attributes) line += `; ${attribute}`;
  return line;
}
