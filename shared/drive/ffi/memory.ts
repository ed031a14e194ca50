/**
 * The only place in the product that takes the address of JavaScript memory.
 *
 * The hazard: `ptr()` of a small typed array points into the engine's own storage, which is copied
 * elsewhere when the code around it is compiled by an upper JIT tier, or when somebody touches
 * `.buffer`. The C side then writes into memory that JavaScript no longer reads: results turn stale
 * after a few hundred calls, without a crash. A view over an explicit `ArrayBuffer` never moves.
 *
 * So all memory that C sees is a `Memory`: one explicit, fixed-size buffer, with views that stay the
 * same objects for its whole life. Wrappers take `Memory` and offsets, never addresses, and every
 * range is checked before C gets it.
 */
import { type Pointer, ptr } from "bun:ffi";

/** An address that C may use: only made by `Memory`, only used inside `shared/drive/ffi`. */
export type Address = Pointer;

/** More than any one structure or ring here needs; catches a length that was computed wrongly. */
export const MEMORY_LIMIT_BYTES = 1 << 30;

const TWO_TO_32 = 4294967296;

/**
 * A fixed block of memory that C and JavaScript both see. Keep the object alive for as long as the
 * kernel or libc may use it: a local variable is enough for one call, a field for a stored address.
 * Numbers are in the machine's byte order (little endian on x64 and arm64).
 */
export class Memory {
  readonly byteLength: number;
  readonly u8: Uint8Array<ArrayBufferLike>;
  /** For unaligned fields and for big-endian ones. */
  readonly view: DataView<ArrayBufferLike>;
  readonly u16: Uint16Array<ArrayBufferLike>;
  readonly u32: Uint32Array<ArrayBufferLike>;
  readonly i32: Int32Array<ArrayBufferLike>;
  readonly i64: BigInt64Array<ArrayBufferLike>;
  readonly #base: Address;
  /** Blocks whose addresses are stored in this one: they must live as long as this one does. */
  readonly #referenced = new Map<number, Memory>();

  /** `byteLength` is rounded up to 8. The block starts zeroed. Throws above `MEMORY_LIMIT_BYTES`. */
  constructor(byteLength: number) {
    if (!Number.isInteger(byteLength) || byteLength < 1 || byteLength > MEMORY_LIMIT_BYTES) {
      throw new Error(`memory of ${byteLength} bytes: expected 1 to ${MEMORY_LIMIT_BYTES}`);
    }
    const buffer = new ArrayBuffer(Math.ceil(byteLength / 8) * 8);
    this.byteLength = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.#base = ptr(this.u8);
  }

  /** A new block that holds a copy of `bytes` (at least 8 bytes long, zero-filled). */
  static copyOf(bytes: Uint8Array): Memory {
    const memory = new Memory(Math.max(8, bytes.byteLength));
    memory.u8.set(bytes);
    return memory;
  }

  /** A zero-terminated UTF-8 string. Throws on an embedded zero byte, which C would cut at. */
  static cString(text: string): Memory {
    if (text.includes("\0")) throw new Error("a C string can't hold a zero byte");
    return Memory.copyOf(new TextEncoder().encode(`${text}\0`));
  }

  /** The address of `offset`, for a call that touches `length` bytes from there. Throws when out of range. */
  range(offset: number, length: number): Address {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.byteLength)) {
      throw new Error(`range ${offset}+${length} is outside a block of ${this.byteLength} bytes`);
    }
    // The brand says "address" and arithmetic loses it; this cast is the only one in the product.
    return (this.#base + offset) as Address;
  }

  /** The first offset whose address is a multiple of `alignment`: for direct I/O, open(2). */
  alignedOffset(alignment: number): number {
    return (alignment - (Number(this.#base) % alignment)) % alignment;
  }

  /** The address of the whole block. */
  get address(): Address {
    return this.#base;
  }

  /** Stores at `offset` the address of `target` (a pointer field of a C structure) and keeps `target` alive. */
  setAddress(offset: number, target: Memory, targetOffset = 0): void {
    this.setNumber64(offset, target.range(targetOffset, 0));
    this.#referenced.set(offset, target);
  }

  /** Stores a whole number of up to 53 bits, signed, as 64 bits. */
  setNumber64(offset: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw new Error(`${value} doesn't fit a 53-bit whole number`);
    this.view.setInt32(offset + 4, Math.floor(value / TWO_TO_32), true);
    this.view.setUint32(offset, value >>> 0, true);
  }

  /** Reads 64 signed bits as a number; above 2^53 the last bits are lost. No BigInt is allocated. */
  number64(offset: number): number {
    return this.view.getInt32(offset + 4, true) * TWO_TO_32 + this.view.getUint32(offset, true);
  }

  /** Copies `bytes` to `offset`. */
  set(bytes: Uint8Array, offset = 0): void {
    this.u8.set(bytes, offset);
  }

  /** A view, not a copy: it changes with the next call that writes here. */
  bytes(offset: number, length: number): Uint8Array<ArrayBufferLike> {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.byteLength)) {
      throw new Error(`bytes ${offset}+${length} are outside a block of ${this.byteLength} bytes`);
    }
    return this.u8.subarray(offset, offset + length);
  }

  /** The text up to the first zero byte, at most `limit` bytes, from UTF-8. */
  text(offset: number, limit: number): string {
    const bytes = this.bytes(offset, limit);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  clear(): void {
    this.u8.fill(0);
  }
}
