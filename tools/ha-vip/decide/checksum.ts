/**
 * The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.
 * `seed` continues a sum that began elsewhere, such as a pseudo-header.
 */
export function sumWords(bytes: Uint8Array, seed = 0): number {
  let sum = seed;
  const even = bytes.length & ~1;
  for (let index = 0; index < even; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  if (even !== bytes.length) sum += (bytes[even] ?? 0) << 8;
  return sum;
}

/** Folds a sum to 16 bits and complements it. A message whose sum includes its right checksum gives 0. */
export function finishSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/**
 * The pseudo-header that version 3 includes for both families (RFC 9568, section 5.2.8):
 * source, destination, zero, protocol, upper-layer length.
 */
export function pseudoHeaderSum(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  return sumWords(destination, sumWords(source)) + protocol + (length & 0xffff) + (length >>> 16);
}
