import type { IpAddress } from "../../../shared/text/address.ts";
import type { IpPrefix } from "../../../shared/text/prefix.ts";

/** An address that moves between hosts. */
export interface VirtualAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** The interface to put it on, when not the one that adverts use. */
  readonly device?: string;
  readonly label?: string;
  readonly scope?: "universe" | "site" | "link" | "host";
  readonly broadcast?: "computed" | IpAddress;
  readonly peer?: IpAddress;
  readonly noPrefixRoute?: boolean;
  /** IPv6: may be chosen as a source for the host's own connections. */
  readonly preferred?: boolean;
  /** Somebody who deletes it is left alone. */
  readonly untracked?: boolean;
}

/** A route that exists only where the addresses are. */
export interface VirtualRoute {
  readonly family: 4 | 6;
  readonly kind?: "blackhole" | "unreachable" | "prohibit";
  /** Absent: the default route. */
  readonly destination?: IpPrefix;
  readonly gateway?: IpAddress;
  readonly device?: string;
  readonly source?: IpAddress;
  readonly metric?: number;
  readonly table?: number;
  readonly scope?: "universe" | "site" | "link" | "host" | "nowhere";
  readonly onLink?: boolean;
  readonly mtu?: number;
  readonly nextHops?: readonly { readonly gateway: IpAddress; readonly device?: string; readonly weight?: number }[];
}

/** A routing rule that exists only where the addresses are. */
export interface VirtualRule {
  readonly family: 4 | 6;
  readonly from?: IpPrefix;
  readonly to?: IpPrefix;
  readonly table?: number;
  readonly priority?: number;
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  readonly firewallMark?: number;
  readonly firewallMask?: number;
  readonly action?: "blackhole" | "unreachable" | "prohibit";
}

/** How often an address is announced, so that neighbours learn its new place (keepalived's garp_* settings). */
export interface AnnounceSettings {
  /** Announcements at once when it becomes master. */
  readonly count: number;
  /** A second round this long afterwards, for switches that were still learning; 0 for none. */
  readonly delayMs: number;
  /** Repeated for as long as it is master; 0 for never. */
  readonly refreshMs: number;
  /** Announcements of each such repetition. */
  readonly refreshCount: number;
  /** Announcements when another host spoke as master too and lost. */
  readonly repairCount: number;
  /** A second round of those this long afterwards; 0: after one interval. */
  readonly repairDelayMs: number;
}

/** A macvlan interface with the virtual router's own hardware address (RFC 9568, section 7.3). */
export interface VirtualMac {
  readonly name: string;
  readonly mac: Uint8Array;
  /** Adverts use the interface below and not the macvlan. */
  readonly transmitBase: boolean;
}

/** An interface that a router follows besides its own. */
export interface TrackedDevice {
  readonly device: string;
  /** 0: being down is a fault; otherwise as for checks. */
  readonly weight: number;
  readonly reverse: boolean;
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
  /** Silence of so many intervals and the skew time means that the master is gone. 3 in the standard. */
  readonly downIntervals: number;
  /** Takes over from a living master of lower priority. */
  readonly preempt: boolean;
  /** Waits this long before it does. */
  readonly preemptDelayMs: number;
  /** Listens so much longer after the start of the daemon. */
  readonly startupDelayMs: number;
  readonly addresses: readonly VirtualAddress[];
  /** Installed with the others but not named in adverts (`virtual_ipaddress_excluded`). */
  readonly excludedAddresses: readonly VirtualAddress[];
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
  readonly password?: string;
  /** Our own address in adverts; the interface's first when absent. */
  readonly source?: IpAddress;
  /** Adverts go to these hosts and not to the multicast group. */
  readonly peers: readonly IpAddress[];
  /** Another multicast group than the standard's. */
  readonly group?: IpAddress;
  /** TTL of adverts that go to `peers`; those with less than 255 are only believed from listed peers. */
  readonly unicastTtl: number;
  readonly announce: AnnounceSettings;
  /** Answers a master of lower priority with an advert at once. */
  readonly answerLower: boolean;
  /** Sends a last advert to a master of higher priority before stepping down, so that keepalived announces anew. */
  readonly answerHigher: boolean;
  /** Asks the network whether somebody else has the addresses before taking them for the first time. */
  readonly probe: boolean;
  /** Leaves without a gap when another host runs ha-vip: the successor announces first. */
  readonly handOver: boolean;
  /** Being down of its own interface is a fault. */
  readonly trackOwnDevice: boolean;
  readonly trackedDevices: readonly TrackedDevice[];
  readonly vmac?: VirtualMac;
  /** Asks a third place before it takes over from a silent master. */
  readonly witness: boolean;
}

/** By default the interval is 100 ms: a dead host is noticed in a third of a second. */
export const DEFAULT_INTERVAL_MS = 100;
export const DEFAULT_PRIORITY = 100;
export const DEFAULT_ANNOUNCE: AnnounceSettings = {
  count: 5,
  delayMs: 5_000,
  refreshMs: 0,
  refreshCount: 1,
  repairCount: 5,
  repairDelayMs: 0,
};

/** What a router is when nothing else is said. */
export const ROUTER_DEFAULTS = {
  priority: DEFAULT_PRIORITY,
  downIntervals: 3,
  preempt: true,
  preemptDelayMs: 0,
  startupDelayMs: 0,
  excludedAddresses: [],
  routes: [],
  rules: [],
  peers: [],
  unicastTtl: 255,
  announce: DEFAULT_ANNOUNCE,
  answerLower: true,
  answerHigher: true,
  probe: true,
  handOver: true,
  trackOwnDevice: true,
  trackedDevices: [],
  witness: false,
} as const satisfies Partial<RouterSettings>;

/** Virtual routers that change their state together. */
export interface SyncGroup {
  readonly name: string;
  /** Names of routers. */
  readonly members: readonly string[];
}

/**
 * Addresses are installed with this lifetime and renewed while we live, so that the kernel removes them when
 * we don't. The kernel counts whole seconds and rounds the check up: 1 s is gone within 2 s.
 */
export const ADDRESS_LIFETIME_S = 1;
/** Three renewals fit into a lifetime, so that one that comes late doesn't cost the address. */
export const ADDRESS_RENEW_MS = 250;
