/** What BGP speakers say to each other, RFC 4271 section 4. */
import type { IpAddress } from "../../../../shared/text/address.ts";
import type { IpPrefix } from "../../../../shared/text/prefix.ts";

export interface BgpOpen {
  /** The four-octet number, when the speaker has that capability (RFC 6793). */
  readonly as: number;
  /** 0, or 3 and more. */
  readonly holdSeconds: number;
  readonly routerId: number;
  readonly fourOctetAs: boolean;
  /** Address families of unicast routes (RFC 4760). */
  readonly families: readonly (4 | 6)[];
  readonly routeRefresh: boolean;
}

/** One announced route. All routes of one UPDATE share what isn't the prefix. */
export interface BgpRoute {
  readonly prefix: IpPrefix;
  readonly nextHop: IpAddress;
  readonly communities: readonly number[];
  readonly med?: number;
}

/** Why a session ends: code, subcode (RFC 4271 section 4.5, RFC 4486, RFC 9384). */
export interface BgpNotification {
  readonly code: number;
  readonly subcode: number;
}

export type BgpMessage =
  | { readonly kind: "open"; readonly open: BgpOpen }
  /** We announce and don't listen: only that it is well formed is known. */
  | { readonly kind: "update" }
  | { readonly kind: "keepalive" }
  | { readonly kind: "notification"; readonly notification: BgpNotification; readonly text: string }
  /** All routes shall be sent again (RFC 2918). */
  | { readonly kind: "refresh" };

export const NOTIFICATION = {
  notSynchronized: { code: 1, subcode: 1 },
  badLength: { code: 1, subcode: 2 },
  badType: { code: 1, subcode: 3 },
  openUnspecific: { code: 2, subcode: 0 },
  unsupportedVersion: { code: 2, subcode: 1 },
  badPeerAs: { code: 2, subcode: 2 },
  badIdentifier: { code: 2, subcode: 3 },
  unacceptableHoldTime: { code: 2, subcode: 6 },
  malformedAttributes: { code: 3, subcode: 1 },
  holdTimerExpired: { code: 4, subcode: 0 },
  stateMachine: { code: 5, subcode: 0 },
  administrativeShutdown: { code: 6, subcode: 2 },
  configurationChanged: { code: 6, subcode: 6 },
  bfdDown: { code: 6, subcode: 10 },
} as const satisfies Record<string, BgpNotification>;

const WORDS: Readonly<Record<string, string>> = {
  "1.1": "its stream is out of step",
  "1.2": "a message of impossible length",
  "1.3": "a message of an unknown kind",
  "2.1": "another version of BGP",
  "2.2": "another AS number than the configured one",
  "2.3": "a router id that can't be",
  "2.5": "the password or another authentication",
  "2.6": "the hold time",
  "2.7": "a capability that is missing",
  "3.1": "an UPDATE whose parts don't fit",
  "4.0": "the hold time is over without a word",
  "5.0": "a message that doesn't belong here",
  "6.1": "more prefixes than allowed",
  "6.2": "administrative shutdown",
  "6.3": "the peer was removed from the configuration",
  "6.4": "administrative reset",
  "6.5": "the connection was rejected",
  "6.6": "the configuration changed",
  "6.7": "another connection of ours is there",
  "6.8": "out of resources",
  "6.10": "BFD says that the path is down",
};

export function notificationWords({ code, subcode }: BgpNotification): string {
  return WORDS[`${code}.${subcode}`] ?? `error ${code}.${subcode}`;
}
