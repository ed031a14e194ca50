/**
 * The planned hand-over between two ha-vip hosts: a few datagrams beside VRRP, which keepalived never sees.
 *
 *     leaving master  → all:   offer    "I want to leave virtual router 51"
 *     ready backups   → it:    accept   "I could, my priority is 100"
 *     leaving master  → best:  take     "you"
 *     new master      → it:    taken    after it has the address and has announced it
 *
 * Only then the old master lets go: at no moment is the address on no host.
 */
export const HAND_OVER_PORT = 52_112;

export const HAND_OVER_KINDS = ["offer", "accept", "take", "taken"] as const;
export type HandOverKind = (typeof HAND_OVER_KINDS)[number];

export interface HandOverMessage {
  readonly kind: HandOverKind;
  readonly vrid: number;
  /** The sender's priority. */
  readonly priority: number;
  /** Ties the four datagrams of one hand-over together. */
  readonly nonce: number;
}

/** Answers to an offer are collected for so long; the old master serves on meanwhile. */
export const ACCEPT_WAIT_MS = 5;
/** Who leaves in order and is healthy waits for so long when nobody has answered: it serves on, and links may be long. */
export const LONG_ACCEPT_WAIT_MS = 200;
/** The chosen successor must have answered by then, or the old master leaves as VRRP says. */
export const TAKEN_WAIT_MS = 250;
