/** JSON texts on byte strings: escaping by the modes of the `json` converter, and simple paths. */

/** `utf8` and its variants keep good UTF-8 as it is (`p` replaces bad, `s` skips it); `ascii` escapes all above 127. */
export function escapeJson(text: string, mode: string): string | undefined {
  let result = "";
  for (let index = 0; index < text.length;) {
    const byte = text.charCodeAt(index);
    if (byte < 0x80 || mode === "ascii") {
      result += escapeUnit(byte);
      index += 1;
      continue;
    }
    const sequence = utf8Sequence(text, index);
    if (sequence === undefined) {
      if (mode === "utf8") return undefined;
      if (mode.includes("p")) result += escapeUnit(byte);
      index += 1;
    } else {
      result += codeUnits(sequence.code);
      index += sequence.length;
    }
  }
  return result;
}

function codeUnits(code: number): string {
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return Array.from(
    String.fromCodePoint(code).split(""),
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  ).join("");
}

const SHORT: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  47: "\\/",
  92: "\\\\",
};

function escapeUnit(byte: number): string {
  const short = SHORT[byte];
  if (short !== undefined) return short;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\u${byte.toString(16).padStart(4, "0")}`;
}

function utf8Sequence(text: string, index: number): { readonly code: number; readonly length: number } | undefined {
  const lead = text.charCodeAt(index);
  const length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length === 0 || lead >= 0xf5 || index + length > text.length) return undefined;
  let code = lead & (0xff >> (length + 1));
  for (let offset = 1; offset < length; offset += 1) {
    const byte = text.charCodeAt(index + offset);
    if ((byte & 0xc0) !== 0x80) return undefined;
    code = code * 64 + (byte & 0x3f);
  }
  return { code, length };
}

/** Nested deeper than this, a document isn't read. */
const TEXT_MAX = 65536;

/** `.name` with `\.` for a dot in it, `['name']`, or `[2]`. */
const PATH_STEP = /\.((?:\\\.|[^.[\]])+)|\['([^']*)'\]|\[(\d+)\]/g;

/** `$.a.b[2].c` in a JSON text; objects and arrays give nothing. */
export function queryJson(text: string, path: string): string | number | boolean | undefined {
  if (text.length > TEXT_MAX) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const [, dotted, quoted, index] of path.slice(1).matchAll(PATH_STEP)) {
    if (typeof value !== "object" || value === null) return undefined;
    const key = dotted?.replaceAll("\\.", ".") ?? quoted ?? index ?? "";
    value = Object.hasOwn(value, key) ? new Map<string, unknown>(Object.entries(value)).get(key) : undefined;
  }
  if (typeof value === "number") return Number.isInteger(value) ? value : String(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  return undefined;
}
