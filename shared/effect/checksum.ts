/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as iSCSI (RFC 3720, appendix B.4) and ext4 use it: it finds every
 * burst of up to 32 wrong bits. It guards against accidents, not against attackers.
 */
const TABLES = makeTables();

/** Eight tables, for eight bytes at a time ("slicing by 8", Kounavis and Berry 2005). */
function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    tables[byte] = value >>> 0;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/** The checksum of bytes [from, to) as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  const t = TABLES;
  const b = (at: number): number => bytes[at] ?? 0;
  let crc = 0xffffffff;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const low = crc ^ (b(at) | (b(at + 1) << 8) | (b(at + 2) << 16) | (b(at + 3) << 24));
    crc =
      (t[0x700 + (low & 0xff)] ?? 0) ^
      (t[0x600 + ((low >>> 8) & 0xff)] ?? 0) ^
      (t[0x500 + ((low >>> 16) & 0xff)] ?? 0) ^
      (t[0x400 + (low >>> 24)] ?? 0) ^
      (t[0x300 + b(at + 4)] ?? 0) ^
      (t[0x200 + b(at + 5)] ?? 0) ^
      (t[0x100 + b(at + 6)] ?? 0) ^
      (t[b(at + 7)] ?? 0);
  }
  for (; at < to; at += 1) crc = (t[(crc ^ b(at)) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
