/** Pure readers of pieces of HTTP texts: header lists, cookies, URIs. */

/** Splits a header's value at commas that aren't inside quotes, blanks trimmed. */
export function splitHeaderValue(value: string): readonly string[] {
  if (!value.includes(",")) return [trimBlanks(value)];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit === 0x5c && quoted) index += 1;
    else if (unit === 0x22) quoted = !quoted;
    else if (unit === 0x2c && !quoted) {
      parts.push(trimBlanks(value.slice(start, index)));
      start = index + 1;
    }
  }
  parts.push(trimBlanks(value.slice(start)));
  return parts;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}

export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Picks one of several: from 1 forwards, from -1 backwards, 0 is the last. */
export function pickOccurrence<Value>(values: readonly Value[], occurrence: number): Value | undefined {
  if (occurrence === 0) return values.at(-1);
  return occurrence > 0 ? values[occurrence - 1] : values.at(occurrence);
}

/** Values of the cookies of that name in `Cookie:` lines; all cookies when the name is empty. */
export function requestCookies(lines: readonly string[], name: string): readonly string[] {
  const found: string[] = [];
  for (const line of lines) {
    for (const part of line.split(";")) {
      const equals = part.indexOf("=");
      if (equals < 0) continue;
      if (name === "" || trimBlanks(part.slice(0, equals)) === name) found.push(trimBlanks(part.slice(equals + 1)));
    }
  }
  return found;
}

/** Values of the cookies of that name in `Set-Cookie:` lines. */
export function responseCookies(lines: readonly string[], name: string): readonly string[] {
  return lines.flatMap((line) => requestCookies([line.split(";", 1)[0] ?? ""], name));
}

/** Where the path starts in a request target: after scheme and authority; -1 when there is none (`*`, CONNECT). */
function pathStart(uri: string): number {
  if (uri.charCodeAt(0) === 0x2f) return 0;
  const scheme = uri.indexOf("://");
  if (scheme < 0) return -1;
  return uri.indexOf("/", scheme + 3);
}

/** The path without the query; undefined for `*` and authorities. */
export function pathOf(uri: string): string | undefined {
  const start = pathStart(uri);
  if (start < 0) return undefined;
  let end = uri.indexOf("?", start);
  if (end < 0) end = uri.indexOf("#", start);
  return end < 0 ? (start === 0 ? uri : uri.slice(start)) : uri.slice(start, end);
}

/** Path and query. */
export function pathAndQueryOf(uri: string): string | undefined {
  const start = pathStart(uri);
  if (start < 0) return undefined;
  const hash = uri.indexOf("#", start);
  return uri.slice(start, hash < 0 ? uri.length : hash);
}

/** What follows the first `?`; undefined when there is none. */
export function queryOf(uri: string): string | undefined {
  const mark = uri.indexOf("?");
  return mark < 0 ? undefined : uri.slice(mark + 1);
}

/** The values of a parameter in a query; every value when the name is empty. */
export function parameters(query: string, name: string, delimiter = "&"): readonly string[] {
  const found: string[] = [];
  for (const part of query.split(/[&;]/.test(delimiter) ? delimiter : "&")) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    if (name === "" || part.slice(0, equals) === name) found.push(part.slice(equals + 1));
  }
  return found;
}

/** `+` stays as it is unless `form`; a broken escape makes the whole text undecodable. */
export function percentDecode(text: string, form: boolean): string | undefined {
  if (!text.includes("%") && !(form && text.includes("+"))) return text;
  let result = "";
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charAt(index);
    if (unit === "+" && form) result += " ";
    else if (unit !== "%") result += unit;
    else {
      const digits = text.slice(index + 1, index + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) return undefined;
      result += String.fromCharCode(Number.parseInt(digits, 16));
      index += 2;
    }
  }
  return result;
}
