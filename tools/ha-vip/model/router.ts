import type { IpAddress } from "../../../shared/text/address.ts";

/** An address that moves between hosts. */
export interface VirtualAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The interface to put it on, when not the one that adverts use. */
  readonly device?: string;
  readonly label?: string;
}

/** How often an address is announced, so that neighbours learn its new place (keepalived's garp_* settings). */
export interface AnnounceSettings {
  /** Announcements at once when it becomes master. */
  readonly count: number;
  /** A second round this long afterwards, for switches that were still learning; 0 for none. */
  readonly delayMs: number;
  /** Repeated for as long as it is master; 0 for never. */
  readonly refreshMs: number;
}

/** One virtual router (VRRP instance): addresses that one of several hosts holds. */
export interface RouterSettings {
  readonly name: string;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly device: string;
  /** 1 to 254, or 255 for the owner; checks add to it or take from it. */
  readonly priority: number;
  readonly intervalMs: number;
  /** Takes over from a living master of lower priority. */
  readonly preempt: boolean;
  /** Waits this long before it does. */
  readonly preemptDelayMs: number;
  readonly addresses: readonly VirtualAddress[];
  /** Installed with the others but not named in adverts (`virtual_ipaddress_excluded`). */
  readonly excludedAddresses: readonly VirtualAddress[];
  readonly password?: string;
  /** Our own address in adverts; the interface's first when absent. */
  readonly source?: IpAddress;
  /** Adverts go to these hosts and not to the multicast group. */
  readonly peers: readonly IpAddress[];
  readonly announce: AnnounceSettings;
}

/** By default the interval is 100 ms: a dead host is noticed in a third of a second. */
export const DEFAULT_INTERVAL_MS = 100;
export const DEFAULT_PRIORITY = 100;
export const DEFAULT_ANNOUNCE: AnnounceSettings = { count: 5, delayMs: 5_000, refreshMs: 0 };

/**
 * Addresses are installed with this lifetime and renewed while we live, so that the kernel removes them when
 * we don't. The kernel counts whole seconds and rounds the check up: 1 s is gone within 2 s.
 */
export const ADDRESS_LIFETIME_S = 1;
/** Three renewals fit into a lifetime, so that one that comes late doesn't cost the address. */
export const ADDRESS_RENEW_MS = 250;
