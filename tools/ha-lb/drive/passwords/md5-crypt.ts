/** MD5-crypt: `$1$` of crypt(5), and Apache's `$apr1$`. Old and weak; read because old files have it. */
import { createHash } from "node:crypto";
import { encodeGroups } from "./encoding.ts";

const MOST_SALT = 8;
const ROUNDS = 1000;
const ORDER: readonly (readonly [number, number, number])[] = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
  [-1, -1, 11],
];

/** @returns the whole hash of `password` (bytes) with the salt of `hash`, or undefined when that is no MD5-crypt */
export function md5Crypt(password: Buffer, hash: string): string | undefined {
  const parts = /^(\$1\$)([^$]*)/.exec(hash);
  if (parts === null) return undefined;
  const magic = parts[1] ?? "";
  const salt = Buffer.from((parts[2] ?? "").slice(0, MOST_SALT), "latin1");
  const md5 = (...list: readonly Uint8Array[]): Buffer => {
    const state = createHash("md5");
    for (const part of list) state.update(part);
    return state.digest();
  };
  const both = md5(password, salt, password);
  const first = createHash("md5").update(password).update(magic, "latin1").update(salt);
  for (let left = password.length; left > 0; left -= 16) first.update(both.subarray(0, Math.min(16, left)));
  for (let left = password.length; left > 0; left >>= 1)
    first.update((left & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  let digest = first.digest();
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = (round & 1) === 1;
    const list = [odd ? password : digest];
    if (round % 3 !== 0) list.push(salt);
    if (round % 7 !== 0) list.push(password);
    list.push(odd ? digest : password);
    digest = md5(...list);
  }
  return `${magic}${salt.toString("latin1")}$${encodeGroups(digest, ORDER)}`;
}
