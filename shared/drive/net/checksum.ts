/** The Internet checksum, RFC 1071. Pure. */

/** Adds the 16-bit words of `bytes` (a missing last byte counts as 0) to a running sum. */
export function addToSum(sum: number, bytes: Uint8Array): number {
  let total = sum;
  const even = bytes.byteLength & ~1;
  for (let at = 0; at < even; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (even < bytes.byteLength) total += (bytes[even] ?? 0) << 8;
  // Folded each time, so that sums of any length stay small whole numbers.
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

/** The checksum of several parts that follow each other; every part but the last has an even length. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) sum = addToSum(sum, part);
  return ~sum & 0xffff;
}

/** What goes before an upper-layer message in its checksum: RFC 768 for IPv4 (12 bytes), RFC 8200 section 8.1 for IPv6 (40). */
export function pseudoHeader(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  upperLength: number,
): Uint8Array {
  if (source.byteLength !== destination.byteLength) throw new Error("addresses of two families");
  if (source.byteLength === 4) {
    return new Uint8Array([...source, ...destination, 0, protocol, upperLength >> 8, upperLength & 255]);
  }
  const header = new Uint8Array(40);
  header.set(source, 0);
  header.set(destination, 16);
  new DataView(header.buffer).setUint32(32, upperLength);
  header[39] = protocol;
  return header;
}
