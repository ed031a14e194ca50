/** A pool: many addresses spread evenly over the healthy ones of several hosts. */
import type { Position } from "../../../../shared/text/position.ts";
import type { NotifySettings, TrackedCheck } from "../configuration.ts";
import type { VirtualAddress } from "../router.ts";

export interface PoolSettings {
  readonly name: string;
  /** Number of the first address's virtual router; the others have the next ones, after 255 comes 1. */
  readonly vrid: number;
  readonly device: string;
  readonly addresses: readonly VirtualAddress[];
  /** All hosts of the pool, the same words on each: host names or addresses. */
  readonly members: readonly string[];
  readonly intervalMs: number;
  /** How long a host that comes back waits before it takes its share again. */
  readonly preemptDelayMs: number;
}

export interface PoolConfiguration {
  readonly settings: PoolSettings;
  readonly tracks: readonly TrackedCheck[];
  readonly notify: NotifySettings;
  readonly at?: Position;
}

export const MAX_POOLS = 64;
export const MAX_POOL_MEMBERS = 16;
export const MAX_POOL_ADDRESSES = 255;
export const MAX_VRID = 255;
/** The first in an address's order gets the highest; the others follow at equal distances down to about the lowest. */
export const POOL_PRIORITY = { highest: 250, lowest: 10 } as const;
