/** What the hashes of crypt(3) share: their alphabet, and bytes repeated to a length. */
const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Six bits a letter, the lowest first, as many letters as said. */
export function letters(value: number, count: number): string {
  let text = "";
  let rest = value;
  for (let index = 0; index < count; index += 1) {
    text += ALPHABET.charAt(rest & 63);
    rest >>= 6;
  }
  return text;
}

/** Groups of bytes by their places, three to four letters; a place of -1 is a zero. */
export function encodeGroups(bytes: Uint8Array, groups: readonly (readonly [number, number, number])[]): string {
  return groups
    .map(([high, middle, low]) => {
      const value = ((bytes[high] ?? 0) << 16) | ((bytes[middle] ?? 0) << 8) | (bytes[low] ?? 0);
      // Two bytes need three letters, one needs two.
      return letters(value, middle < 0 ? 2 : high < 0 ? 3 : 4);
    })
    .join("");
}

/** `bytes` again and again until there are `length` of them. */
export function repeated(bytes: Uint8Array, length: number): Buffer {
  const result = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) result[at] = bytes[at % bytes.length] ?? 0;
  return result;
}
