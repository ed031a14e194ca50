/** SHA-crypt with 256 and 512 bits: `$5$` and `$6$` of crypt(5), after Ulrich Drepper's public specification. */
import { createHash } from "node:crypto";
import { encodeGroups, repeated } from "./encoding.ts";

const MOST_SALT = 16;
const USUAL_ROUNDS = 5000;
const FEWEST_ROUNDS = 1000;
const MOST_ROUNDS = 999_999_999;

type Groups = readonly (readonly [number, number, number])[];

/** The bytes of the digest in the order in which they are written: each group is the one before, turned. */
const ORDER_256: Groups = [
  ...Array.from({ length: 10 }, (_, index): readonly [number, number, number] => turned(index, 10, index % 3)),
  [-1, 31, 30],
];
const ORDER_512: Groups = [
  ...Array.from({ length: 21 }, (_, index): readonly [number, number, number] => turned(index, 21, 2 * (index % 3))),
  [-1, -1, 63],
];

function turned(index: number, step: number, turn: number): readonly [number, number, number] {
  const places = [index, index + step, index + 2 * step];
  const at = (place: number): number => places[(place + 3 - (turn % 3)) % 3] ?? 0;
  return [at(0), at(1), at(2)];
}

/** @returns the whole hash of `password` (bytes) with the settings of `hash`, or undefined when that is no SHA-crypt */
export function shaCrypt(password: Buffer, hash: string): string | undefined {
  const parts = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]*)/.exec(hash);
  if (parts === null) return undefined;
  const algorithm = parts[1] === "5" ? "sha256" : "sha512";
  const rounds =
    parts[2] === undefined ? USUAL_ROUNDS : Math.min(MOST_ROUNDS, Math.max(FEWEST_ROUNDS, Number(parts[2])));
  const salt = (parts[3] ?? "").slice(0, MOST_SALT);
  const digest = runRounds(algorithm, password, Buffer.from(salt, "latin1"), rounds);
  const shown = parts[2] === undefined ? "" : `rounds=${rounds}$`;
  return `$${parts[1] ?? ""}$${shown}${salt}$${encodeGroups(digest, algorithm === "sha256" ? ORDER_256 : ORDER_512)}`;
}

function runRounds(algorithm: "sha256" | "sha512", password: Buffer, salt: Buffer, rounds: number): Buffer {
  const hash = (...parts: readonly Uint8Array[]): Buffer => {
    const state = createHash(algorithm);
    for (const part of parts) state.update(part);
    return state.digest();
  };
  const both = hash(password, salt, password);
  const first = createHash(algorithm).update(password).update(salt).update(repeated(both, password.length));
  for (let left = password.length; left > 0; left >>= 1) first.update((left & 1) === 1 ? both : password);
  let digest = first.digest();
  const many = createHash(algorithm);
  for (let count = 0; count < password.length; count += 1) many.update(password);
  const longPassword = repeated(many.digest(), password.length);
  const more = createHash(algorithm);
  for (let count = 0; count < 16 + (digest[0] ?? 0); count += 1) more.update(salt);
  const longSalt = repeated(more.digest(), salt.length);
  for (let round = 0; round < rounds; round += 1) {
    const odd = (round & 1) === 1;
    const parts = [odd ? longPassword : digest];
    if (round % 3 !== 0) parts.push(longSalt);
    if (round % 7 !== 0) parts.push(longPassword);
    parts.push(odd ? digest : longPassword);
    digest = hash(...parts);
  }
  return digest;
}
