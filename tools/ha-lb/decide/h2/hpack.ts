/**
 * Reading header blocks, RFC 7541. What a peer can make us hold or do is bounded: the dynamic table by its size, a list
 * by its decoded size. A list over its limit is read to the end, because the table must stay in step, but not kept.
 */
import { decodeHuffman } from "./huffman.ts";
import { type Field, STATIC_TABLE } from "./static-table.ts";

/** What a peer may use of the dynamic table before anybody says otherwise (RFC 9113, section 6.5.2). */
export const TABLE_BYTES = 4096;
/** What an entry counts beyond its texts (section 4.1). */
const ENTRY_OVERHEAD = 32;
/** Bytes of a number: 28 bits, more than any length or index here. */
const MOST_NUMBER_BYTES = 4;
/** Changes of the table's size at the start of a block: the smallest and the last one (section 4.2). */
const MOST_SIZE_CHANGES = 2;

export interface HeaderLimits {
  /** Names, values and 32 bytes for each field. */
  readonly mostBytes: number;
  readonly mostFields: number;
}

export type Decoded =
  | { readonly kind: "fields"; readonly fields: readonly Field[] }
  /** Over the limits; the table is in step. */
  | { readonly kind: "too-large" }
  /** Not a header block: the connection is of no use any more. */
  | { readonly kind: "broken" };

const BROKEN: Decoded = { kind: "broken" };

const sizeOf = ([name, value]: Field): number => name.length + value.length + ENTRY_OVERHEAD;

/** The last entries first. */
class DynamicTable {
  private readonly entries: Field[] = [];
  private bytes = 0;
  private limit = TABLE_BYTES;

  at(index: number): Field | undefined {
    return this.entries[index];
  }

  resize(limit: number): void {
    this.limit = limit;
    this.evict(0);
  }

  add(field: Field): void {
    const size = sizeOf(field);
    this.evict(size);
    // One that has no room empties the table, and that is all.
    if (size > this.limit) return;
    this.entries.unshift(field);
    this.bytes += size;
  }

  private evict(room: number): void {
    while (this.entries.length > 0 && this.bytes + room > this.limit) {
      const last = this.entries.pop();
      if (last !== undefined) this.bytes -= sizeOf(last);
    }
  }
}

export class HpackDecoder {
  private readonly table = new DynamicTable();
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(
    private readonly limits: HeaderLimits,
    private readonly tableBytes: number = TABLE_BYTES,
  ) {}

  /** Reads one whole block. */
  decode(block: Buffer): Decoded {
    this.bytes = block;
    this.at = 0;
    const fields: Field[] = [];
    let size = 0;
    let tooLarge = false;
    let changes = 0;
    while (this.at < block.length) {
      const first = block[this.at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        changes += 1;
        const limit = this.number(5);
        if (limit === undefined || limit > this.tableBytes || changes > MOST_SIZE_CHANGES || size > 0) return BROKEN;
        this.table.resize(limit);
        continue;
      }
      const field = this.field(first);
      if (field === undefined) return BROKEN;
      size += sizeOf(field);
      if (tooLarge || size > this.limits.mostBytes || fields.length >= this.limits.mostFields) tooLarge = true;
      else fields.push(field);
    }
    return tooLarge ? { kind: "too-large" } : { kind: "fields", fields };
  }

  /** One field in one of its forms (section 6). */
  private field(first: number): Field | undefined {
    if ((first & 0x80) !== 0) {
      const index = this.number(7);
      return index === undefined ? undefined : this.indexed(index);
    }
    const stored = (first & 0x40) !== 0;
    const index = this.number(stored ? 6 : 4);
    if (index === undefined) return undefined;
    const name = index === 0 ? this.text() : this.indexed(index)?.[0];
    if (name === undefined) return undefined;
    const value = this.text();
    if (value === undefined) return undefined;
    const field: Field = [name, value];
    if (stored) this.table.add(field);
    return field;
  }

  private indexed(index: number): Field | undefined {
    return index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.table.at(index - STATIC_TABLE.length - 1);
  }

  /** A number whose first bits share a byte with something else (section 5.1). */
  private number(prefixBits: number): number | undefined {
    const most = (1 << prefixBits) - 1;
    const first = this.bytes[this.at];
    if (first === undefined) return undefined;
    this.at += 1;
    let value = first & most;
    if (value < most) return value;
    for (let count = 0; count < MOST_NUMBER_BYTES; count += 1) {
      const byte = this.bytes[this.at];
      if (byte === undefined) return undefined;
      this.at += 1;
      value += (byte & 0x7f) * 128 ** count;
      if ((byte & 0x80) === 0) return value;
    }
    return undefined;
  }

  private text(): string | undefined {
    const coded = ((this.bytes[this.at] ?? 0) & 0x80) !== 0;
    const length = this.number(7);
    if (length === undefined || this.at + length > this.bytes.length) return undefined;
    const start = this.at;
    this.at += length;
    if (coded) return decodeHuffman(this.bytes.subarray(start, this.at));
    return this.bytes.toString("latin1", start, this.at);
  }
}
