import { Binary } from "../model/value.ts";
import { base64Decode } from "./sample-base64.ts";
import { toBytes } from "./sample-cast.ts";
import { hashOf, type HashName } from "./sample-hash.ts";
import { numberArgument, textArgument, type ConverterMaker, type ConverterTable } from "./sample-types.ts";
import { variableNamed } from "./sample-variable.ts";

function hash(name: HashName): ConverterMaker {
  return (values) => {
    const avalanche = numberArgument(values, 0, 0) !== 0;
    return (value) => hashOf(name, toBytes(value), avalanche);
  };
}

function digest(algorithm: (values: Parameters<ConverterMaker>[0]) => string): ConverterMaker {
  return (values) => {
    const name = algorithm(values);
    return (value, { world }) => {
      const result = world.digest(name, toBytes(value));
      return result === undefined ? undefined : new Binary(result);
    };
  };
}

/** Keys are given in base64, or in a variable that holds base64. */
function keyReader(text: string): (context: Parameters<ReturnType<ConverterMaker>>[1]) => string | undefined {
  if (!/^(proc|sess|txn|req|res|check)\./.test(text)) {
    const key = base64Decode(text, false);
    return () => key;
  }
  const { scope, name } = variableNamed(text);
  return ({ variables }) => {
    const value = variables.get(scope, name);
    return value === undefined ? undefined : base64Decode(toBytes(value), false);
  };
}

const PRIME = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const;
const turn = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));

/** XXH32 with a seed, as published by its author. */
export function xxh32(bytes: string, seed: number): number {
  const word = (at: number) =>
    bytes.charCodeAt(at) |
    (bytes.charCodeAt(at + 1) << 8) |
    (bytes.charCodeAt(at + 2) << 16) |
    (bytes.charCodeAt(at + 3) << 24);
  let offset = 0;
  let result: number;
  if (bytes.length >= 16) {
    const lanes = [seed + PRIME[0] + PRIME[1], seed + PRIME[1], seed, seed - PRIME[0]].map((lane) => lane | 0);
    for (; offset <= bytes.length - 16;) {
      for (let lane = 0; lane < 4; lane += 1, offset += 4) {
        lanes[lane] = Math.imul(turn(((lanes[lane] ?? 0) + Math.imul(word(offset), PRIME[1])) | 0, 13), PRIME[0]);
      }
    }
    result = (turn(lanes[0] ?? 0, 1) + turn(lanes[1] ?? 0, 7) + turn(lanes[2] ?? 0, 12) + turn(lanes[3] ?? 0, 18)) | 0;
  } else result = (seed + PRIME[4]) | 0;
  result = (result + bytes.length) | 0;
  for (; offset <= bytes.length - 4; offset += 4) {
    result = Math.imul(turn((result + Math.imul(word(offset), PRIME[2])) | 0, 17), PRIME[3]);
  }
  for (; offset < bytes.length; offset += 1) {
    result = Math.imul(turn((result + Math.imul(bytes.charCodeAt(offset), PRIME[4])) | 0, 11), PRIME[0]);
  }
  result = Math.imul(result ^ (result >>> 15), PRIME[1]);
  result = Math.imul(result ^ (result >>> 13), PRIME[2]);
  return (result ^ (result >>> 16)) >>> 0;
}

/** Hashes, and what cryptography the platform lends. */
export const HASH_CONVERTERS: ConverterTable = {
  sdbm: hash("sdbm"),
  djb2: hash("djb2"),
  wt6: hash("wt6"),
  crc32: hash("crc32"),
  crc32c: hash("crc32c"),
  xxh32: (values) => {
    const seed = numberArgument(values, 0, 0);
    return (value) => xxh32(toBytes(value), seed);
  },
  sha1: digest(() => "sha1"),
  sha2: digest((values) => `sha${numberArgument(values, 0, 256)}`),
  digest: digest((values) => textArgument(values, 0)),
  hmac: (values) => {
    const algorithm = textArgument(values, 0);
    const key = keyReader(textArgument(values, 1));
    return (value, context) => {
      const secret = key(context);
      const result = secret === undefined ? undefined : context.world.hmac(algorithm, secret, toBytes(value));
      return result === undefined ? undefined : new Binary(result);
    };
  },
  aes_gcm_dec: (values) => {
    const bits = numberArgument(values, 0, 128);
    const [nonce, key, tag] = [
      keyReader(textArgument(values, 1)),
      keyReader(textArgument(values, 2)),
      keyReader(textArgument(values, 3)),
    ];
    return (value, context) => {
      const [n, k, t] = [nonce(context), key(context), tag(context)];
      if (n === undefined || k === undefined || t === undefined) return undefined;
      const result = context.world.aesGcmDecrypt(bits, n, k, t, toBytes(value));
      return result === undefined ? undefined : new Binary(result);
    };
  },
};
