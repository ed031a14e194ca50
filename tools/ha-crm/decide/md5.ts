/**
 * MD5 of a text in UTF-8, RFC 1321, as 32 hexadecimal digits. Pacemaker marks parameters with it; nothing here is
 * secret or signed by it.
 */
export function md5(text: string): string {
  const words = padded(new TextEncoder().encode(text));
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < words.length; at += 16) addBlock(state, words, at);
  return [...new Uint8Array(littleEndian(state))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Uint32Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32));

/** The bytes with the mark of their end and their length in bits, as words of 4 bytes, the lowest first. */
function padded(bytes: Uint8Array): Uint32Array {
  const blocks = Math.floor((bytes.length + 8) / 64) + 1;
  const words = new Uint32Array(blocks * 16);
  const add = (at: number, byte: number) => {
    words[at >> 2] = (words[at >> 2] ?? 0) | (byte << ((at % 4) * 8));
  };
  for (const [at, byte] of bytes.entries()) add(at, byte);
  add(bytes.length, 0x80);
  words[words.length - 2] = bytes.length * 8;
  words[words.length - 1] = Math.floor(bytes.length / 2 ** 29);
  return words;
}

function littleEndian(state: Uint32Array): ArrayBuffer {
  const buffer = new ArrayBuffer(state.length * 4);
  const view = new DataView(buffer);
  for (const [index, word] of state.entries()) view.setUint32(index * 4, word, true);
  return buffer;
}

function addBlock(state: Uint32Array, words: Uint32Array, start: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let step = 0; step < 64; step += 1) {
    const round = step >> 4;
    const [mixed, word] = mix(round, step, b, c, d);
    const sum = (a + mixed + (SINES[step] ?? 0) + (words[start + word] ?? 0)) >>> 0;
    const shift = SHIFTS[round * 4 + (step % 4)] ?? 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) >>> 0;
  }
  for (const [index, value] of [a, b, c, d].entries()) state[index] = (state[index] ?? 0) + value;
}

/** The function of a round, and the word of the block that the step takes. */
function mix(round: number, step: number, b: number, c: number, d: number): readonly [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), step];
    case 1:
      return [(d & b) | (~d & c), (5 * step + 1) % 16];
    case 2:
      return [b ^ c ^ d, (3 * step + 5) % 16];
    default:
      return [c ^ (b | ~d), (7 * step) % 16];
  }
}
