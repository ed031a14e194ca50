/**
 * When a watchdog may be fed. It bites `timeoutMs` after its last food, so what must be dead at `heldUntilMs` may be given
 * food only as long as even that bite comes in time. `null`: this node runs nothing that could do harm.
 */
export function mayFeed(nowMs: number, heldUntilMs: number | null, timeoutMs: number): boolean {
  return heldUntilMs === null || nowMs + timeoutMs <= heldUntilMs;
}

/** A watchdog with this timeout leaves a lease room to be renewed twice; a longer one would starve between renewals. */
export function longestWatchdogMs(ttlMs: number): number {
  return ttlMs / 3;
}
