/** The BGP speaker: whom it talks to, and what it announces while checks pass. */
import type { IpAddress } from "../../../../shared/text/address.ts";
import type { Position } from "../../../../shared/text/position.ts";
import type { IpPrefix } from "../../../../shared/text/prefix.ts";
import type { BfdSettings } from "../bfd/bfd.ts";
import type { NotifySettings, TrackedCheck } from "../configuration.ts";

/** A router that we tell of our addresses. We always call; we never listen. */
export interface BgpPeerSettings {
  readonly address: IpAddress;
  readonly as: number;
  readonly port: number;
  /** Our own address of the session, and the next hop of its family; the kernel's choice when absent. */
  readonly source?: IpAddress;
  /** The interface that a link-local peer is on. */
  readonly device?: string;
  /** Next hop for addresses of the other family than the session's; without it they aren't announced here. */
  readonly nextHop?: IpAddress;
  /** A file with the secret of TCP MD5 signatures (RFC 2385) in its first line. */
  readonly passwordFile?: string;
  /** Both sides send with TTL 255 and believe nothing less (RFC 5082). */
  readonly ttlSecurity: boolean;
  /** Silence after which the session is dead; 0 for never. The smaller of both sides' counts. */
  readonly holdMs: number;
  readonly bfd?: BfdSettings;
}

/** Addresses that are announced together. */
export interface BgpAnnouncementSettings {
  readonly name: string;
  readonly prefixes: readonly IpPrefix[];
  /** Where single addresses among them are installed; `none` leaves that to others. */
  readonly device: string;
  /** Well-known ones are their numbers; high and low half: `65000:100`. */
  readonly communities: readonly number[];
  readonly med?: number;
}

export interface BgpAnnouncement {
  readonly settings: BgpAnnouncementSettings;
  readonly tracks: readonly TrackedCheck[];
  readonly notify: NotifySettings;
  readonly at?: Position;
}

export interface BgpSettings {
  readonly as: number;
  readonly routerId: IpAddress;
  /** On a planned stop routes are marked as leaving (RFC 8326) for so long before they are withdrawn. */
  readonly drainMs: number;
  readonly peers: readonly BgpPeerSettings[];
}

export interface BgpConfiguration {
  readonly settings: BgpSettings;
  readonly announcements: readonly BgpAnnouncement[];
}

export const BGP_PORT = 179;
export const BGP_DEFAULTS = { holdMs: 9_000, drainMs: 1_000, ttlSecurity: false } as const;
/** TCP_MD5SIG_MAXKEYLEN */
export const MAX_MD5_PASSWORD_BYTES = 80;
export const MAX_BGP_PEERS = 64;
export const MAX_BGP_ANNOUNCEMENTS = 256;
/** GRACEFUL_SHUTDOWN, RFC 8326: routers prefer any other path. */
export const COMMUNITY_GRACEFUL_SHUTDOWN = 0xffff_0000;
/** What stands for a number above 65,535 where only two bytes are understood, RFC 6793. */
export const AS_TRANS = 23_456;
export const LOCAL_PREFERENCE = 100;
/** A connection that isn't there after this is given up. */
export const CONNECT_WAIT_MS = 5_000;
/** The peer's OPEN, and then its first KEEPALIVE, have to come within this. */
export const OPEN_WAIT_MS = 20_000;
/** The first attempt after a failure, and the longest pause between two. */
export const RETRY_FIRST_MS = 500;
export const RETRY_MOST_MS = 30_000;
/** Bytes that wait for a peer that doesn't read: more, and the session is dead. */
export const MAX_UNSENT_BYTES = 1 << 20;
