import { IpAddress, parseIpv4, parseIpv6 } from "../model/ip.ts";
import { compileRegex } from "../model/regex.ts";
import { lowerAscii } from "../model/pattern.ts";
import { Binary, type SampleValue } from "../model/value.ts";
import { REGEX_INPUT_MAX } from "./acl-patterns.ts";
import { base64Decode, base64Encode } from "./sample-base64.ts";
import { hexOf, toAddress, toBoolean, toBytes, toInteger, toText } from "./sample-cast.ts";
import { percentDecode } from "./sample-http-text.ts";
import { escapeJson } from "./sample-json.ts";
import {
  numberArgument,
  textArgument,
  type Convert,
  type ConverterMaker,
  type ConverterTable,
} from "./sample-types.ts";
import { variableNamed } from "./sample-variable.ts";

/** A text or bytes longer than this isn't made: the size of a buffer. */
export const RESULT_MAX = 1 << 20;

const ofText =
  (convert: (text: string) => SampleValue | undefined): ConverterMaker =>
  () =>
  (value) =>
    convert(toText(value));

function regsub(pattern: string, replacement: string, flags: string): Convert {
  const regex = compileRegex(
    pattern,
    flags.includes("g") ? (flags.includes("i") ? "gi" : "g") : flags.includes("i") ? "i" : "",
  );
  if (typeof regex === "string") throw new Error(`'${pattern}' was accepted as a regular expression`);
  const template = replacementFunction(replacement);
  return (value) => {
    const text = toText(value);
    if (text.length > REGEX_INPUT_MAX) return undefined;
    return text.replace(regex, (...found: unknown[]) => template(found));
  };
}

/** `\1` … `\9`, `\0`, `\xNN`; other backslashes quote the next character. */
export function replacementFunction(replacement: string): (groups: readonly unknown[]) => string {
  const parts: (string | number)[] = [];
  for (let index = 0; index < replacement.length; index += 1) {
    const unit = replacement.charAt(index);
    const next = replacement.charAt(index + 1);
    if (unit !== "\\" || next === "") parts.push(unit);
    else if (/\d/.test(next)) {
      parts.push(Number(next));
      index += 1;
    } else if (next === "x" && /^[0-9a-fA-F]{2}$/.test(replacement.slice(index + 2, index + 4))) {
      parts.push(String.fromCharCode(Number.parseInt(replacement.slice(index + 2, index + 4), 16)));
      index += 3;
    } else {
      parts.push(next);
      index += 1;
    }
  }
  return (groups) =>
    parts
      .map((part) => (typeof part === "string" ? part : typeof groups[part] === "string" ? groups[part] : ""))
      .join("");
}

/** `field` splits at every delimiter, `word` at runs of them. */
function split(skipEmpty: boolean): ConverterMaker {
  return (values) => {
    const index = numberArgument(values, 0, 1);
    const delimiters = textArgument(values, 1);
    const count = numberArgument(values, 2, 1);
    return (value) => {
      const text = toText(value);
      const spans = findSpans(text, delimiters, skipEmpty);
      const start = index > 0 ? index - 1 : spans.length + index;
      const first = spans[start];
      if (first === undefined) return undefined;
      const lastIndex =
        index > 0 ? (count === 0 ? spans.length - 1 : Math.min(spans.length - 1, start + count - 1)) : start;
      const firstIndex = index > 0 ? start : count === 0 ? 0 : Math.max(0, start - count + 1);
      const result = text.slice(spans[firstIndex]?.[0] ?? 0, spans[lastIndex]?.[1] ?? text.length);
      return result === "" ? undefined : result;
    };
  };
}

function findSpans(text: string, delimiters: string, skipEmpty: boolean): readonly (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = [];
  let start = 0;
  for (let index = 0; index <= text.length; index += 1) {
    if (index < text.length && !delimiters.includes(text.charAt(index))) continue;
    if (!skipEmpty || index > start) spans.push([start, index]);
    start = index + 1;
  }
  return spans;
}

function trim(side: "left" | "right"): ConverterMaker {
  return (values) => {
    const set = textArgument(values, 0);
    return (value) => {
      const text = toText(value);
      let start = 0;
      let end = text.length;
      if (side === "left") while (start < end && set.includes(text.charAt(start))) start += 1;
      else while (end > start && set.includes(text.charAt(end - 1))) end -= 1;
      return text.slice(start, end);
    };
  };
}

/** The text of a variable, or nothing. */
function variableText(name: string): (context: Parameters<Convert>[1]) => string {
  if (name === "") return () => "";
  const variable = variableNamed(name);
  return ({ variables }) => {
    const value = variables.get(variable.scope, variable.name);
    return value === undefined ? "" : toText(value);
  };
}

const concat: ConverterMaker = (values) => {
  const before = textArgument(values, 0);
  const middle = variableText(textArgument(values, 1));
  const after = textArgument(values, 2);
  return (value, context) => bounded(toText(value) + before + middle(context) + after);
};

const addItem: ConverterMaker = (values) => {
  const delimiter = textArgument(values, 0);
  const middle = variableText(textArgument(values, 1));
  const suffix = textArgument(values, 2);
  return (value, context) => {
    const text = toText(value);
    const item = middle(context) + suffix;
    return bounded(item === "" ? text : text === "" ? item : text + delimiter + item);
  };
};

const bounded = (text: string) => (text.length > RESULT_MAX ? undefined : text);

const bytes: ConverterMaker = (values) => {
  const offset = numberArgument(values, 0, 0);
  const length = numberArgument(values, 1, Number.POSITIVE_INFINITY);
  return (value) => {
    const data = toBytes(value);
    if (offset >= data.length || offset < 0) return new Binary("");
    return new Binary(data.slice(offset, offset + length));
  };
};

function numbersOfBytes(format: (chunk: string) => string): ConverterMaker {
  return (values) => {
    const delimiter = textArgument(values, 0);
    const size = Math.max(1, numberArgument(values, 1, 1));
    const truncate = numberArgument(values, 2, 0) !== 0;
    return (value) => {
      const data = toBytes(value);
      const chunks: string[] = [];
      for (let index = 0; index < data.length; index += size) {
        const chunk = data.slice(index, index + size);
        if (chunk.length < size && truncate) break;
        chunks.push(format(chunk));
      }
      return bounded(chunks.join(delimiter));
    };
  };
}

const decimal = (chunk: string) => {
  let number = 0n;
  for (let index = 0; index < chunk.length; index += 1) number = number * 256n + BigInt(chunk.charCodeAt(index));
  return number.toString();
};

const ipMask: ConverterMaker = (values) => {
  const v4 = maskOf(textArgument(values, 0, "32"), 4);
  const v6 = maskOf(textArgument(values, 1, "128"), 6);
  return (value) => {
    const given = toAddress(value);
    const address = given?.toIpv4() ?? given;
    return address?.maskWith(address.family === 4 ? v4 : v6);
  };
};

/** A number of bits, or a mask written as an address, which may have holes. */
function maskOf(text: string, family: 4 | 6): IpAddress {
  const full = new IpAddress(family, family === 4 ? [0xffffffff] : Array.from({ length: 4 }, () => 0xffffffff));
  return (family === 4 ? parseIpv4(text) : parseIpv6(text)) ?? full.mask(Number(text));
}

const URL_UNRESERVED = /[A-Za-z0-9_.~-]/;

const urlEncode = (text: string) => {
  let result = "";
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charAt(index);
    result += URL_UNRESERVED.test(unit) ? unit : `%${hexOf(unit)}`;
  }
  return result;
};

/** The first of a list of languages that the client prefers: `language(en;fr,en)`. */
const language: ConverterMaker = (values) => {
  const offered = textArgument(values, 0).split(";");
  const fallback = values[1] === undefined ? undefined : textArgument(values, 1);
  return (value) => {
    let best: string | undefined;
    let bestQuality = 0;
    for (const part of toText(value).split(",")) {
      const found = /^\s*([^;\s]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?/.exec(part);
      const quality = Number(found?.[2] ?? 1);
      if (found?.[1] !== undefined && quality > bestQuality && offered.includes(found[1])) {
        best = found[1];
        bestQuality = quality;
      }
    }
    return best ?? fallback;
  };
};

const compare: ConverterMaker = (values) => {
  const { scope, name } = variableNamed(textArgument(values, 0));
  return (value, { variables }) => {
    const other = variables.get(scope, name);
    if (other === undefined) return undefined;
    const [a, b] = [toText(value), toText(other)];
    return difference(a, b);
  };
};

/** Of the first bytes that differ, else of the lengths. */
function difference(a: string, b: string): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const distance = a.charCodeAt(index) - b.charCodeAt(index);
    if (distance !== 0) return distance;
  }
  return a.length - b.length;
}

const sameBytes: ConverterMaker = (values) => {
  const { scope, name } = variableNamed(textArgument(values, 0));
  return (value, { variables }) => {
    const other = variables.get(scope, name);
    if (other === undefined) return undefined;
    const [a, b] = [toBytes(value), toBytes(other)];
    if (a.length !== b.length) return false;
    let mixed = 0;
    for (let index = 0; index < a.length; index += 1) mixed |= a.charCodeAt(index) ^ b.charCodeAt(index);
    return mixed === 0;
  };
};

const hostOnly = (text: string) => (text.startsWith("[") ? text.replace(/\](:\d*)?$/, "]") : text.replace(/:\d*$/, ""));

/** Converters of texts and bytes. */
export const TEXT_CONVERTERS: ConverterTable = {
  lower: ofText(lowerAscii),
  upper: ofText((text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
  length: ofText((text) => text.length),
  base64: () => (value) => base64Encode(toBytes(value), false),
  ub64enc: () => (value) => base64Encode(toBytes(value), true),
  b64dec: ofText((text) => binaryOrNothing(base64Decode(text, false))),
  ub64dec: ofText((text) => binaryOrNothing(base64Decode(text, true))),
  hex: () => (value) => hexOf(toBytes(value)),
  hex2i: ofText((text) => Number.parseInt(/^[0-9a-fA-F]+/.exec(text)?.[0] ?? "0", 16)),
  bytes,
  field: split(false),
  word: split(true),
  concat,
  add_item: addItem,
  ltrim: trim("left"),
  rtrim: trim("right"),
  cut_crlf: ofText((text) => /^[^\r\n]*/.exec(text)?.[0] ?? ""),
  regsub: (values) => regsub(textArgument(values, 0), textArgument(values, 1), textArgument(values, 2)),
  host_only: ofText(hostOnly),
  port_only: ofText((text) => Number(/:(\d+)$/.exec(text)?.[1] ?? 0)),
  json: (values) => {
    const mode = textArgument(values, 0) || "ascii";
    return (value) => escapeJson(toText(value), mode);
  },
  url_dec: (values) => {
    const form = numberArgument(values, 0, 0) !== 0;
    return (value) => {
      const text = toText(value);
      const mark = form ? -1 : text.indexOf("?");
      if (form || mark < 0) return percentDecode(text, form);
      const [before, after] = [percentDecode(text.slice(0, mark), false), percentDecode(text.slice(mark), true)];
      return before === undefined || after === undefined ? undefined : before + after;
    };
  },
  url_enc: ofText(urlEncode),
  iif: (values) => {
    const yes = textArgument(values, 0);
    const no = textArgument(values, 1);
    return (value) => (toBoolean(value) === true ? yes : no);
  },
  be2dec: numbersOfBytes(decimal),
  be2hex: numbersOfBytes(hexOf),
  htonl: () => (value) => {
    const number = toInteger(value) ?? 0;
    return new Binary(
      String.fromCharCode((number >>> 24) & 255, (number >>> 16) & 255, (number >>> 8) & 255, number & 255),
    );
  },
  ipmask: ipMask,
  language,
  strcmp: compare,
  secure_memcmp: sameBytes,
  debug: () => (value) => value,
};

function binaryOrNothing(data: string | undefined): Binary | undefined {
  return data === undefined ? undefined : new Binary(data);
}
