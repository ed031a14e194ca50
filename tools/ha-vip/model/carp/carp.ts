/** CARP, the protocol of OpenBSD's and FreeBSD's carp(4) and of ucarp(8): what a group is and what its packets say. */
import type { IpAddress } from "../../../../shared/text/address.ts";
import type { NotifySettings, TrackedCheck } from "../configuration.ts";
import type { Position } from "../../../../shared/text/position.ts";
import type { AnnounceSettings, VirtualAddress } from "../router.ts";

/** How often a host speaks as master: every `base` seconds and `skew` 256ths of one. The most frequent host is master. */
export interface CarpRank {
  readonly base: number;
  readonly skew: number;
}

/** "I am leaving", as all implementations say it. */
export const CARP_BOW_OUT: CarpRank = { base: 255, skew: 255 };

/** One group of hosts that share addresses. */
export interface CarpSettings {
  readonly name: string;
  /** Number of the group on the link, 1 to 255. */
  readonly vhid: number;
  readonly device: string;
  readonly rank: CarpRank;
  /** Silence of so many base intervals means that the master is gone; ucarp's --deadratio. */
  readonly deadRatio: number;
  /** Takes over from a living master that speaks less often. */
  readonly preempt: boolean;
  /** IPv4. The signature covers them: all hosts must have the same. */
  readonly addresses: readonly VirtualAddress[];
  /** A file with the shared secret in its first line. */
  readonly passwordFile: string;
  /** Our own address in packets; the interface's first when absent. */
  readonly source?: IpAddress;
  readonly announce: AnnounceSettings;
}

export interface CarpConfiguration {
  readonly settings: CarpSettings;
  readonly tracks: readonly TrackedCheck[];
  readonly notify: NotifySettings;
  readonly at?: Position;
}

/** What one good packet says; its signature has been checked. */
export interface CarpAdvert extends CarpRank {
  readonly vhid: number;
  /** Every packet has another one; the signature covers it. */
  readonly counter: bigint;
}

export const CARP_DEFAULTS = { rank: { base: 1, skew: 0 }, deadRatio: 3, preempt: false } as const;
/** Longer secrets are refused: carp(4) and ucarp(8) use 20 bytes and cut the rest off. */
export const MAX_CARP_PASSWORD_BYTES = 20;
/** The file that holds it is not read further than this. */
export const MAX_PASSWORD_FILE_BYTES = 4096;
/** Counters that are remembered to recognise packets that somebody sends again. */
export const REMEMBERED_COUNTERS = 256;
/** A master that speaks less often than we is answered, and neighbours told again, at most this often. */
export const CARP_ANSWER_LEAST_MS = 100;
export const MAX_CARPS = 255;
