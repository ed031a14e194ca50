/** Reading DER (ITU-T X.690), as far as certificates and revocation lists need it. */

/** One value: its tag, and where its contents stand in the bytes that it was read from. */
export interface Value {
  readonly tag: number;
  /** Where the tag stands. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

export const TAG = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OBJECT_IDENTIFIER: 0x06,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  BMP_STRING: 0x1e,
} as const;

/** Values that one list may hold: a large revocation list has this many. */
const MOST_VALUES = 1_000_000;

/** The value at `at`. Throws when the bytes end before it does. */
export function valueAt(bytes: Uint8Array, at: number, end: number): Value {
  const tag = bytes[at];
  let length = bytes[at + 1];
  if (tag === undefined || length === undefined || at + 2 > end) throw new Error("the DER text ends too early");
  let from = at + 2;
  if (length > 0x80) {
    const count = length - 0x80;
    if (count > 4) throw new Error("a length of DER is too long");
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[from + index] ?? 0);
    from += count;
  } else if (length === 0x80) throw new Error("DER has no open lengths");
  if (from + length > end) throw new Error("the DER text ends too early");
  return { tag, start: at, from, to: from + length };
}

/** The values inside of one. */
export function inside(bytes: Uint8Array, { from, to }: Value): readonly Value[] {
  const values: Value[] = [];
  for (let at = from; at < to;) {
    const value = valueAt(bytes, at, to);
    values.push(value);
    if (values.length > MOST_VALUES) throw new Error("too many values in one list of DER");
    at = value.to;
  }
  return values;
}

/** `2.5.4.3` */
export function objectIdentifier(bytes: Uint8Array, { from, to }: Value): string {
  const first = bytes[from] ?? 0;
  const parts = [Math.min(2, Math.floor(first / 40)), first - 40 * Math.min(2, Math.floor(first / 40))];
  let part = 0;
  for (let at = from + 1; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    part = part * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(part);
      part = 0;
    }
  }
  return parts.join(".");
}

/** A byte string of the contents. */
export function textOf(bytes: Uint8Array, { from, to }: { readonly from: number; readonly to: number }): string {
  let text = "";
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Without the zero that only says that the number isn't negative. */
export function integerBytes(bytes: Uint8Array, { from, to }: Value): string {
  let first = from;
  while (first < to - 1 && bytes[first] === 0) first += 1;
  return textOf(bytes, { from: first, to });
}

/** `YYMMDDhhmmssZ`, also of a time that is written with its century. */
export function shortTime(bytes: Uint8Array, value: Value): string {
  const text = textOf(bytes, value);
  return value.tag === TAG.GENERALIZED_TIME ? text.slice(2) : text;
}

/** `YYYYMMDDhhmmssZ`: short years from 50 on are of the century before (RFC 5280, section 4.1.2.5.1). */
export function fullTime(bytes: Uint8Array, value: Value): string {
  const text = textOf(bytes, value);
  if (value.tag === TAG.GENERALIZED_TIME) return text;
  return `${text < "50" ? "20" : "19"}${text}`;
}
