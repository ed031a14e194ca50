/** How packets of CARP differ from those of VRRP, whose protocol number and multicast group they share. */
export const CARP_BYTES = 36;
/** Version 2, type 1: as an advert of VRRP version 2 begins. */
export const CARP_HEAD = 0x21;
/** What is signed, in words of four bytes; where VRRP counts its addresses. */
export const CARP_AUTHENTICATION_WORDS = 7;

/** An advert of VRRP version 2 with seven addresses would be longer. */
export function looksLikeCarp(bytes: Uint8Array): boolean {
  return bytes.length === CARP_BYTES && bytes[0] === CARP_HEAD && bytes[3] === CARP_AUTHENTICATION_WORDS;
}
