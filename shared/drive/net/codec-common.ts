/** What the codecs of rtnetlink share: families, addresses, names for numbers. Pure. */
import type { IpAddress } from "../../text/address.ts";

/** Address families as the kernel numbers them. */
export const FAMILY_OF = { 4: 2, 6: 10 } as const;

/** The IP family of a message's first byte; nothing for the others (bridge, MPLS …). */
export function familyOf(byte: number | undefined): 4 | 6 | undefined {
  return byte === FAMILY_OF[4] ? 4 : byte === FAMILY_OF[6] ? 6 : undefined;
}

/** An address attribute as a copy; nothing when it is absent or of the wrong length. */
export function addressOf(family: 4 | 6, bytes: Uint8Array | undefined): IpAddress | undefined {
  return bytes?.byteLength === (family === 4 ? 4 : 16) ? { family, bytes: bytes.slice() } : undefined;
}

/** The name that a table of constants has for a value. */
export function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name | undefined {
  for (const name in table) if (table[name] === value) return name;
  return undefined;
}

/** `{ [key]: value }`, or `{}` when there is no value: for optional fields. */
export const present = <Key extends string, Value>(key: Key, value: Value | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
