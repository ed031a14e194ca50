/** The non-cryptographic hashes of the reference, on byte strings; all give 32 bits. */
export type HashName = "sdbm" | "djb2" | "wt6" | "crc32" | "crc32c";

/** `avalanche` mixes the bits once more, as the converters' argument and `hash-type … avalanche` ask. */
export function hashOf(name: HashName, bytes: string, avalanche: boolean): number {
  const hash = plainHash(name, bytes);
  return avalanche ? fullAvalanche(hash) : hash;
}

function plainHash(name: HashName, bytes: string): number {
  switch (name) {
    case "sdbm":
      return sdbm(bytes);
    case "djb2":
      return djb2(bytes);
    case "wt6":
      return wt6(bytes);
    case "crc32":
      return crc(bytes, CRC32_TABLE);
    case "crc32c":
      return crc(bytes, CRC32C_TABLE);
  }
}

function sdbm(bytes: string): number {
  let hash = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    hash = (bytes.charCodeAt(index) + (hash << 6) + (hash << 16) - hash) | 0;
  }
  return hash >>> 0;
}

function djb2(bytes: string): number {
  let hash = 5381;
  for (let index = 0; index < bytes.length; index += 1) hash = ((hash << 5) + hash + bytes.charCodeAt(index)) | 0;
  return hash >>> 0;
}

/** Two words turned by amounts that depend on the data. */
function wt6(bytes: string): number {
  let h0 = 0xa53c965a | 0;
  let h1 = 0x5ca6953a | 0;
  let step0 = 6;
  let step1 = 18;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes.charCodeAt(index);
    h0 = ~(h0 ^ byte);
    h1 = ~(h1 + byte);
    const turned = rotate(h1, step0);
    h1 = rotate(h0, step1);
    h0 = turned;
    const mixed = ((h0 >>> 16) ^ h1) & 0xffff;
    step0 = mixed & 31;
    step1 = mixed >>> 11;
  }
  return (h0 ^ h1) >>> 0;
}

function rotate(word: number, bits: number): number {
  return bits === 0 ? word : (word << bits) | (word >>> (32 - bits));
}

/** Bob Jenkins' 32-bit mix. */
export function fullAvalanche(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) ^ (a << 9)) | 0;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  // Spread once more: times a prime near three quarters of the range.
  return Math.imul(a, 0xc0000001) >>> 0;
}

function crcTable(polynomial: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    table[byte] = value >>> 0;
  }
  return table;
}

const CRC32_TABLE = crcTable(0xedb88320);
const CRC32C_TABLE = crcTable(0x82f63b78);

function crc(bytes: string, table: Uint32Array): number {
  let value = 0xffffffff;
  for (let index = 0; index < bytes.length; index += 1) {
    value = (value >>> 8) ^ (table[(value ^ bytes.charCodeAt(index)) & 255] ?? 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}
