/**
 * Reads files that bzip2 made: Pacemaker keeps the inputs of its scheduler so (`pe-input-12.bz2`). The format is that of
 * the bzip2 program, version 1: blocks of run lengths, sorted (Burrows-Wheeler), moved to the front, coded by Huffman.
 */
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const BLOCK_UNIT_BYTES = 100_000;
const SYMBOLS_PER_GROUP = 50;
const MOST_CODE_BITS = 20;
/** A text larger than this is no CIB. */
const MOST_BYTES = 512 * 1024 * 1024;

export class BrokenArchive extends Error {}

export function isBzip2(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x5a && bytes[2] === 0x68;
}

/** Gives the unpacked bytes. Throws BrokenArchive when the archive is damaged or cut short. */
export function unpackBzip2(bytes: Uint8Array): Uint8Array {
  const bits = new Bits(bytes);
  const out = new Growing();
  // Several archives, one after the other, are one.
  while (bits.at + 32 <= bytes.length * 8) {
    if (!isBzip2(bytes.subarray(bits.at / 8))) throw new BrokenArchive("it is no bzip2 archive");
    bits.take(24);
    const level = bits.take(8) - 0x30;
    if (level < 1 || level > 9) throw new BrokenArchive("its block size is none");
    readBlocks(bits, level * BLOCK_UNIT_BYTES, out);
    bits.at = Math.ceil(bits.at / 8) * 8;
  }
  return out.bytes();
}

function readBlocks(bits: Bits, limit: number, out: Growing): void {
  for (;;) {
    const magic = bits.take(24) * 2 ** 24 + bits.take(24);
    const checksum = bits.take(16) * 2 ** 16 + bits.take(16);
    if (magic === END_MAGIC) return;
    if (magic !== BLOCK_MAGIC) throw new BrokenArchive("a block has no beginning");
    const from = out.length;
    readBlock(bits, limit, out);
    if (crcOf(out.slice(from)) !== checksum) throw new BrokenArchive("the checksum of a block is wrong");
  }
}

class Bits {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  take(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) value = value * 2 + this.one();
    return value;
  }

  one(): number {
    const byte = this.bytes[this.at >> 3];
    if (byte === undefined) throw new BrokenArchive("it ends too early");
    const bit = (byte >> (7 - (this.at & 7))) & 1;
    this.at += 1;
    return bit;
  }
}

class Growing {
  length = 0;
  private room = new Uint8Array(1 << 16);

  push(byte: number): void {
    if (this.length === this.room.length) {
      if (this.length >= MOST_BYTES) throw new BrokenArchive("it holds too much");
      const larger = new Uint8Array(this.room.length * 2);
      larger.set(this.room);
      this.room = larger;
    }
    this.room[this.length] = byte;
    this.length += 1;
  }

  slice(from: number): Uint8Array {
    return this.room.subarray(from, this.length);
  }

  bytes(): Uint8Array {
    return this.slice(0);
  }
}

function readBlock(bits: Bits, limit: number, out: Growing): void {
  if (bits.one() === 1) throw new BrokenArchive("it is of the old, randomized kind");
  const origin = bits.take(24);
  const alphabet = readAlphabet(bits);
  const { tables, selectors } = readTables(bits, alphabet.length + 2);
  const sorted = readSymbols(bits, limit, alphabet, tables, selectors);
  if (origin >= sorted.length) throw new BrokenArchive("a block begins nowhere");
  unrun(unsort(sorted, origin), out);
}

/** The byte values that occur in the block: a map of 16 groups of 16. */
function readAlphabet(bits: Bits): number[] {
  const groups = bits.take(16);
  const alphabet: number[] = [];
  for (let group = 0; group < 16; group += 1) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const members = bits.take(16);
    for (let one = 0; one < 16; one += 1) if ((members & (0x8000 >> one)) !== 0) alphabet.push(group * 16 + one);
  }
  if (alphabet.length === 0) throw new BrokenArchive("a block has no letters");
  return alphabet;
}

/** A code by the number of its bits: the first code of this length, and the symbols in the order of their codes. */
interface CodeTable {
  readonly firstCode: readonly number[];
  readonly firstSymbol: readonly number[];
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

function readTables(bits: Bits, symbols: number): { readonly tables: CodeTable[]; readonly selectors: number[] } {
  const count = bits.take(3);
  const selectorCount = bits.take(15);
  if (count < 2 || count > 6 || selectorCount === 0) throw new BrokenArchive("a block has no codes");
  const order = Array.from({ length: count }, (_, index) => index);
  const selectors: number[] = [];
  for (let number = 0; number < selectorCount; number += 1) {
    let place = 0;
    while (bits.one() === 1) place += 1;
    if (place >= count) throw new BrokenArchive("a block has no such code");
    selectors.push(toFront(order, place));
  }
  return { tables: Array.from({ length: count }, () => readTable(bits, symbols)), selectors };
}

function toFront(list: number[], place: number): number {
  const [value = 0] = list.splice(place, 1);
  list.unshift(value);
  return value;
}

function readTable(bits: Bits, symbols: number): CodeTable {
  const lengths: number[] = [];
  let length = bits.take(5);
  for (let symbol = 0; symbol < symbols; symbol += 1) {
    while (bits.one() === 1) length += bits.one() === 0 ? 1 : -1;
    if (length < 1 || length > MOST_CODE_BITS) throw new BrokenArchive("a code has no length");
    lengths.push(length);
  }
  const counts = Array.from({ length: MOST_CODE_BITS + 1 }, (_, bitCount) =>
    lengths.reduce((sum, one) => sum + (one === bitCount ? 1 : 0), 0),
  );
  const firstCode: number[] = [];
  const firstSymbol: number[] = [];
  let code = 0;
  let symbol = 0;
  for (const [bitCount, number] of counts.entries()) {
    code *= 2;
    firstCode[bitCount] = code;
    firstSymbol[bitCount] = symbol;
    code += number;
    symbol += number;
  }
  const inOrder = lengths
    .map((bitCount, value) => ({ bitCount, value }))
    .toSorted((left, right) => left.bitCount - right.bitCount || left.value - right.value);
  return { firstCode, firstSymbol, counts, symbols: inOrder.map((one) => one.value) };
}

function readSymbol(bits: Bits, table: CodeTable): number {
  let code = 0;
  for (let length = 1; length <= MOST_CODE_BITS; length += 1) {
    code = code * 2 + bits.one();
    const place = code - (table.firstCode[length] ?? 0);
    if (place >= 0 && place < (table.counts[length] ?? 0))
      return table.symbols[(table.firstSymbol[length] ?? 0) + place] ?? 0;
  }
  throw new BrokenArchive("a code is none");
}

/** Symbols 0 and 1 are the digits of a run's length, the last one ends the block, others are places in the list. */
function readSymbols(
  bits: Bits,
  limit: number,
  alphabet: number[],
  tables: readonly CodeTable[],
  selectors: readonly number[],
): Uint8Array {
  const letters = new Uint8Array(limit);
  const end = alphabet.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  const flush = () => {
    if (length + run > limit) throw new BrokenArchive("a block is too long");
    letters.fill(alphabet[0] ?? 0, length, length + run);
    length += run;
    run = 0;
    weight = 1;
  };
  for (let number = 0; ; number += 1) {
    const table = tables[selectors[Math.floor(number / SYMBOLS_PER_GROUP)] ?? -1];
    if (table === undefined) throw new BrokenArchive("a block has no end");
    const symbol = readSymbol(bits, table);
    if (symbol <= 1) {
      run += weight << symbol;
      weight *= 2;
      if (run > limit) throw new BrokenArchive("a run is too long");
      continue;
    }
    flush();
    if (symbol === end) return letters.subarray(0, length);
    if (length === limit) throw new BrokenArchive("a block is too long");
    letters[length] = toFront(alphabet, symbol - 1);
    length += 1;
  }
}

function unsort(sorted: Uint8Array, origin: number): Uint8Array {
  const starts = new Uint32Array(256);
  for (const letter of sorted) if (letter < 255) starts[letter + 1] = (starts[letter + 1] ?? 0) + 1;
  for (let letter = 1; letter < 256; letter += 1) starts[letter] = (starts[letter] ?? 0) + (starts[letter - 1] ?? 0);
  const next = new Uint32Array(sorted.length);
  for (const [place, letter] of sorted.entries()) {
    const target = starts[letter] ?? 0;
    next[target] = place;
    starts[letter] = target + 1;
  }
  const text = new Uint8Array(sorted.length);
  let at = next[origin] ?? 0;
  for (let index = 0; index < text.length; index += 1) {
    text[index] = sorted[at] ?? 0;
    at = next[at] ?? 0;
  }
  return text;
}

/** After four bytes that are alike comes how many more of them there are. */
function unrun(text: Uint8Array, out: Growing): void {
  let alike = 0;
  let last = -1;
  for (const byte of text) {
    if (alike === 4) {
      for (let count = 0; count < byte; count += 1) out.push(last);
      alike = 0;
      last = -1;
      continue;
    }
    alike = byte === last ? alike + 1 : 1;
    last = byte;
    out.push(byte);
  }
}

/** Values of the checksum's register after one byte; the polynomial is that of Ethernet, the highest bit first. */
const CRC_STEPS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function crcOf(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc << 8) ^ (CRC_STEPS[(crc >>> 24) ^ byte] ?? 0);
  return ~crc >>> 0;
}
