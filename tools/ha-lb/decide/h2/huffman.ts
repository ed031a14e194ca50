/** The Huffman code of HPACK, RFC 7541 section 5.2 and appendix B. It is canonical: the lengths tell all. */

/** Bits of the code of each byte. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
] as const;
/** The mark for the end, which must never be sent. */
const END_SYMBOL = 256;
const END_LENGTH = 30;
const LONGEST = 30;
/** Padding is shorter than a byte. */
const MOST_PADDING_BITS = 7;

interface Code {
  readonly bits: number;
  readonly length: number;
}

/** Of every length: its first code, and the symbols in the order of their codes. */
interface Row {
  readonly first: number;
  readonly symbols: readonly number[];
}

function makeRows(): readonly Row[] {
  const all = [...LENGTHS, END_LENGTH];
  const rows: Row[] = [];
  let first = 0;
  for (let length = 0; length <= LONGEST; length += 1) {
    const symbols = [...all.keys()].filter((symbol) => all[symbol] === length);
    rows.push({ first, symbols });
    first = (first + symbols.length) * 2;
  }
  return rows;
}

const ROWS = makeRows();

function makeCodes(): readonly Code[] {
  const codes: Code[] = Array.from({ length: END_SYMBOL + 1 }, () => ({ bits: 0, length: 0 }));
  for (const [length, { first, symbols }] of ROWS.entries()) {
    for (const [index, symbol] of symbols.entries()) codes[symbol] = { bits: first + index, length };
  }
  return codes;
}

const CODES = makeCodes();

/** The decoded byte string, or undefined when the bytes are no such code: a wrong end, or the mark for the end. */
export function decodeHuffman(bytes: Uint8Array): string | undefined {
  let text = "";
  let code = 0;
  let length = 0;
  let ones = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const one = (byte >> bit) & 1;
      code = code * 2 + one;
      length += 1;
      if (one === 0) ones = false;
      const row = ROWS[length];
      if (row === undefined) return undefined;
      const symbol = row.symbols[code - row.first];
      if (symbol === undefined) continue;
      if (symbol === END_SYMBOL) return undefined;
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
      ones = true;
    }
  }
  return length <= MOST_PADDING_BITS && ones ? text : undefined;
}

/** The code of a byte string, padded with ones. */
export function encodeHuffman(text: string): Buffer {
  const bytes: number[] = [];
  let held = 0;
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = CODES[text.charCodeAt(index) & 255];
    if (code === undefined) throw new Error("a byte without a code");
    for (let bit = code.length - 1; bit >= 0; bit -= 1) {
      held = held * 2 + (Math.floor(code.bits / 2 ** bit) & 1);
      count += 1;
      if (count < 8) continue;
      bytes.push(held);
      held = 0;
      count = 0;
    }
  }
  if (count > 0) bytes.push((held << (8 - count)) | ((1 << (8 - count)) - 1));
  return Buffer.from(bytes);
}
