/** The times of VRRP: RFC 9568 section 6.1, RFC 3768 section 6.1. Pure. */
import type { RouterSettings } from "../model/router.ts";

/** Skew_Time: the higher the priority, the sooner a backup acts, so that two backups don't act together. */
export function skewMs(priority: number, intervalMs: number, version: 2 | 3): number {
  return ((256 - priority) / 256) * (version === 2 ? 1000 : intervalMs);
}

/** Master_Down_Interval: three intervals of the master (`downIntervals`) and our skew. */
export function masterDownMs(priority: number, intervalMs: number, version: 2 | 3, downIntervals = 3): number {
  return downIntervals * intervalMs + skewMs(priority, intervalMs, version);
}

/** Adverts of all routers with one interval go out at so many moments of it, so that one wake-up sends those of many. */
const BEATS_PER_INTERVAL = 8;
/** A beat that is nearer than this part of the interval is the one that has just come, after rounding. */
const SAME_BEAT = 1 / 1000;

/** When the next advert is due: at the router's beat, at most one interval from now. */
export function nextBeatMs({ intervalMs, vrid }: RouterSettings, nowMs: number): number {
  const phaseMs = ((vrid % BEATS_PER_INTERVAL) * intervalMs) / BEATS_PER_INTERVAL;
  const beatMs = (Math.floor((nowMs - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;
  return beatMs - nowMs > intervalMs * SAME_BEAT ? beatMs : beatMs + intervalMs;
}

/** The same for a router's settings; `intervalMs` is the master's. */
export function downTimeMs(settings: RouterSettings, priority: number, intervalMs = settings.intervalMs): number {
  return masterDownMs(priority, intervalMs, settings.version, settings.downIntervals);
}
