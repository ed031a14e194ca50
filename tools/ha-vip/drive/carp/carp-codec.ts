/**
 * CARP version 2 to bytes and back, as carp(4) of OpenBSD and FreeBSD and ucarp(8) speak it. There is no standard:
 *
 *     0  version 2, type 1    1 vhid    2 advskew    3 length of what is signed, in words (7)    4 0    5 advbase
 *     6  checksum of all 36 bytes       8 counter (64 bits)       16 HMAC-SHA1
 *
 * The HMAC covers version, type, vhid, the addresses in ascending order and the counter, but not base and skew.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { internetChecksum } from "../../../../shared/drive/net/checksum.ts";
import { compareAddresses, type IpAddress } from "../../../../shared/text/address.ts";
import type { CarpAdvert } from "../../model/carp/carp.ts";
import { CARP_AUTHENTICATION_WORDS, CARP_BYTES, CARP_HEAD, looksLikeCarp } from "./carp-shape.ts";

const VERSION = 2;
const TYPE_ADVERTISEMENT = 1;
const CHECKSUM_AT = 6;
const COUNTER_AT = 8;
const DIGEST_AT = 16;
const KEY_BYTES = 20;
const TTL = 255;

/** What a group's packets are signed with. */
export interface CarpKey {
  readonly vhid: number;
  /** 20 bytes, filled up with zeros. */
  readonly secret: Uint8Array;
  /** In ascending order. */
  readonly addresses: readonly IpAddress[];
}

/** @param password at most 20 bytes count */
export function carpKey(vhid: number, password: Uint8Array, addresses: readonly IpAddress[]): CarpKey {
  const secret = new Uint8Array(KEY_BYTES);
  secret.set(password.subarray(0, KEY_BYTES));
  return { vhid, secret, addresses: addresses.toSorted(compareAddresses) };
}

function digestOf(key: CarpKey, counter: Uint8Array): Buffer {
  const hmac = createHmac("sha1", key.secret).update(Uint8Array.of(VERSION, TYPE_ADVERTISEMENT, key.vhid));
  for (const address of key.addresses) hmac.update(address.bytes);
  return hmac.update(counter).digest();
}

/** The packet without its IP header. */
export function encodeCarp(key: CarpKey, { base, counter, skew }: Omit<CarpAdvert, "vhid">): Uint8Array {
  const bytes = new Uint8Array(CARP_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([CARP_HEAD, key.vhid, skew, CARP_AUTHENTICATION_WORDS, 0, base]);
  view.setBigUint64(COUNTER_AT, counter);
  bytes.set(digestOf(key, bytes.subarray(COUNTER_AT, DIGEST_AT)), DIGEST_AT);
  view.setUint16(CHECKSUM_AT, internetChecksum(bytes));
  return bytes;
}

export type CarpFault = "ttl" | "short" | "checksum" | "vhid" | "signature";

export type DecodedCarp =
  | { readonly ok: true; readonly advert: CarpAdvert }
  | { readonly ok: false; readonly fault: CarpFault; readonly detail: string };

function refuse(fault: CarpFault, detail: string): DecodedCarp {
  return { ok: false, fault, detail };
}

/** The group that a packet is for, before anything in it is believed. */
export function carpGroup(bytes: Uint8Array): number | undefined {
  return looksLikeCarp(bytes) ? bytes[1] : undefined;
}

/** Reads and checks a packet without its IP header. Never throws, whatever the bytes are. */
export function decodeCarp(key: CarpKey, bytes: Uint8Array, ttl: number): DecodedCarp {
  if (ttl !== TTL) return refuse("ttl", `TTL ${ttl}, not ${TTL}`);
  if (!looksLikeCarp(bytes)) return refuse("short", `${bytes.length} bytes are not a CARP packet`);
  const [, vhid = 0, skew = 0, , , base = 0] = bytes;
  if (internetChecksum(bytes) !== 0) return refuse("checksum", "the checksum is wrong");
  if (vhid !== key.vhid) return refuse("vhid", `group ${vhid}, not ${key.vhid}`);
  const counter = bytes.slice(COUNTER_AT, DIGEST_AT);
  if (!timingSafeEqual(digestOf(key, counter), bytes.slice(DIGEST_AT, CARP_BYTES))) {
    return refuse("signature", "its signature is not that of our password and addresses");
  }
  return { ok: true, advert: { vhid, base, skew, counter: new DataView(counter.buffer).getBigUint64(0) } };
}
