import type { IpAddress } from "../../../shared/text/address.ts";

/** VRRP's IP protocol number (RFC 9568, section 5.1.1.4). */
export const VRRP_PROTOCOL = 112;
/** Anything that was routed has a lower TTL, so that nobody outside the link can speak (section 5.1.1.3). */
export const VRRP_TTL = 255;
export const MULTICAST_V4 = "224.0.0.18";
export const MULTICAST_V6 = "ff02::12";

/** The owner of the address as its own; it can't be overruled. */
export const PRIORITY_OWNER = 255;
/** "I am leaving": a backup takes over after its skew time alone. */
export const PRIORITY_STOP = 0;

/** How many addresses one advert can name: the field has eight bits. */
export const MAX_ADVERT_ADDRESSES = 255;

/** What an advert says, whichever version of the protocol carries it. */
export interface Advert {
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  /** The sender's interval in ms: whole seconds in version 2, multiples of 10 ms up to 40,950 in version 3. */
  readonly intervalMs: number;
  readonly addresses: readonly IpAddress[];
  /** The clear-text word of version 2's authentication type 1. It keeps mistakes apart, not attackers. */
  readonly password?: string;
}

/** Why a datagram is not an advert that we may act on. */
export type PacketFault =
  "carp" | "short" | "ttl" | "version" | "type" | "checksum" | "count" | "authentication" | "vrid" | "interval";
