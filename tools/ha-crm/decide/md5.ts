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
    const word = words[start + wordOf(round, step)] ?? 0;
    const sum = (a + mix(round, b, c, d) + (SINES[step] ?? 0) + word) >>> 0;
    const shift = SHIFTS[round * 4 + (step % 4)] ?? 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) >>> 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

/** Which word of the block a step takes. */
function wordOf(round: number, step: number): number {
  if (round === 0) return step;
  return (round === 1 ? 5 * step + 1 : round === 2 ? 3 * step + 5 : 7 * step) % 16;
}

/** The function of a round. */
function mix(round: number, b: number, c: number, d: number): number {
  switch (round) {
    case 0:
      return (b & c) | (~b & d);
    case 1:
      return (d & b) | (~d & c);
    case 2:
      return b ^ c ^ d;
    default:
      return c ^ (b | ~d);
  }
}
