import type { MatchMethod } from "./condition.ts";
import { parseNetwork, type IpNetwork } from "./ip.ts";
import { compileRegex } from "./regex.ts";

/** One pattern, ready to compare. Texts are lower case when case is ignored. */
export type Pattern =
  | { readonly kind: "any" }
  /** Both ends included. */
  | { readonly kind: "range"; readonly least: number; readonly most: number }
  | { readonly kind: "network"; readonly network: IpNetwork }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: string }
  | { readonly kind: "regex"; readonly regex: RegExp };

/**
 * Types one pattern of `match`; the same for patterns on a line, in files, and added at run time.
 * @returns the pattern, or a sentence that says what is wrong
 */
export function parsePattern(match: MatchMethod, text: string, ignoreCase: boolean): Pattern | string {
  switch (match) {
    case "found":
      return { kind: "any" };
    case "bool":
    case "int":
    case "len":
      return parseRange(text);
    case "ip": {
      const network = parseNetwork(text);
      return network === undefined ? "an IPv4 or IPv6 address or network is expected" : { kind: "network", network };
    }
    case "bin":
      return parseBytes(text);
    case "reg": {
      const regex = compileRegex(text, ignoreCase ? "i" : "");
      return typeof regex === "string" ? regex : { kind: "regex", regex };
    }
    case "str":
    case "sub":
    case "beg":
    case "end":
    case "dir":
    case "dom":
      return { kind: "text", text: ignoreCase ? lowerAscii(text) : text };
  }
}

/** Lower case of A–Z only: bytes above 127 stay as they are. */
export function lowerAscii(text: string): string {
  let upper = false;
  let high = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x41 && unit <= 0x5a) upper = true;
    else if (unit > 0x7f) high = true;
  }
  if (!upper) return text;
  return high ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

function parseBytes(text: string): Pattern | string {
  if (!/^([0-9a-fA-F]{2})+$/.test(text)) return "an even number of hexadecimal digits is expected";
  let bytes = "";
  for (let offset = 0; offset < text.length; offset += 2) {
    bytes += String.fromCharCode(Number.parseInt(text.slice(offset, offset + 2), 16));
  }
  return { kind: "bytes", bytes };
}

const NUMBER = /^-?\d+(\.\d+)?$/;
/** Versions may stand at both sides of a hyphen: `3.0-3.1`. */
const VERSIONS = /^\d+\.\d+-\d+\.\d+$/;

/** `5`, `5:10`, `5:`, `:10`, `3.0-3.1`, `gt 5`, `ge 5`, `lt 5`, `le 5`, `eq 5`; `1.1` is read as a version: 1.1. */
function parseRange(text: string): Pattern | string {
  const operator = /^(eq|gt|ge|lt|le) +/.exec(text)?.[1] ?? "eq";
  const range = text.replace(/^(eq|gt|ge|lt|le) +/, "");
  const colon = VERSIONS.test(range) ? range.indexOf("-") : range.indexOf(":");
  const low = colon < 0 ? range : range.slice(0, colon);
  const high = colon < 0 ? range : range.slice(colon + 1);
  if ((low !== "" && !NUMBER.test(low)) || (high !== "" && !NUMBER.test(high)) || range === "" || range === ":") {
    return "an integer or a range is expected";
  }
  if (colon >= 0 && operator !== "eq") return `a range doesn't go with '${operator}'`;
  const least = low === "" ? Number.NEGATIVE_INFINITY : versionNumber(low);
  const most = high === "" ? Number.POSITIVE_INFINITY : versionNumber(high);
  if (least > most) return "the range is empty";
  switch (operator) {
    case "gt":
      return { kind: "range", least: least + 1, most: Number.POSITIVE_INFINITY };
    case "ge":
      return { kind: "range", least, most: Number.POSITIVE_INFINITY };
    case "lt":
      return { kind: "range", least: Number.NEGATIVE_INFINITY, most: most - 1 };
    case "le":
      return { kind: "range", least: Number.NEGATIVE_INFINITY, most };
    default:
      return { kind: "range", least, most };
  }
}

/** Versions (`req.ssl_ver 3.1`) are compared as major × 65536 + minor. */
function versionNumber(text: string): number {
  const [major = "", minor] = text.split(".");
  return minor === undefined ? Number(major) : Number(major) * 65536 + Number(minor);
}

/** Lines of a pattern file: blanks around are dropped, empty lines and `#` comments skipped. */
export function patternLines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Lines of a map file: key, blanks, value (the rest of the line). */
export function mapLines(text: string): readonly (readonly [string, string])[] {
  return patternLines(text).map((line) => {
    const found = /^(\S+)(?:\s+(.*))?$/.exec(line);
    return [found?.[1] ?? "", found?.[2] ?? ""];
  });
}
