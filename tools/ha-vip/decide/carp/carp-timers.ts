/** The times of CARP, carp(4). Pure. */
import type { CarpRank, CarpSettings } from "../../model/carp/carp.ts";

const SKEWS_PER_SECOND = 256;

/** How often a host of this rank speaks, ms. The smaller, the better its claim. */
export function carpIntervalMs({ base, skew }: CarpRank): number {
  return base * 1000 + (skew * 1000) / SKEWS_PER_SECOND;
}

/** How long a backup waits for a silent master, ms. With base 0 the skew is the interval, and is counted so. */
export function carpDownMs({ deadRatio, rank }: Pick<CarpSettings, "deadRatio" | "rank">): number {
  const { base, skew } = rank;
  const skewMs = (skew * 1000) / SKEWS_PER_SECOND;
  return base === 0 ? deadRatio * skewMs : deadRatio * base * 1000 + skewMs;
}
