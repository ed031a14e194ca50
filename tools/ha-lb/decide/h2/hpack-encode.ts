/** Writing header blocks, RFC 7541. Nothing is stored in the peer's table: no state to hold, and no secret to guess. */
import { type Field, STATIC_TABLE } from "./static-table.ts";

const WHOLE = new Map<string, number>();
const NAMES = new Map<string, number>();
for (const [index, [name, value]] of STATIC_TABLE.entries()) {
  WHOLE.set(`${name}:${value}`, index + 1);
  if (!NAMES.has(name)) NAMES.set(name, index + 1);
}

/** Appends a number whose first `prefixBits` share a byte with `mark` (section 5.1). */
export function pushNumber(into: number[], mark: number, prefixBits: number, value: number): void {
  const most = (1 << prefixBits) - 1;
  if (value < most) {
    into.push(mark | value);
    return;
  }
  into.push(mark | most);
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) into.push((rest % 128) | 0x80);
  into.push(rest);
}

function pushText(into: number[], text: string): void {
  pushNumber(into, 0, 7, text.length);
  for (let index = 0; index < text.length; index += 1) into.push(text.charCodeAt(index) & 255);
}

/** A block of fields whose names are in lower case. Texts are byte strings. */
export function encodeHeaders(fields: readonly Field[]): Buffer {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    const whole = WHOLE.get(`${name}:${value}`);
    if (whole !== undefined) {
      pushNumber(bytes, 0x80, 7, whole);
      continue;
    }
    const index = NAMES.get(name) ?? 0;
    pushNumber(bytes, 0, 4, index);
    if (index === 0) pushText(bytes, name);
    pushText(bytes, value);
  }
  return Buffer.from(bytes);
}
