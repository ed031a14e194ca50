/**
 * The holder's side of a lease: how long this node may believe that it holds, counted on its own monotonic clock from the
 * moment it *sent* the renewal that was confirmed. The lease's keeper counts from a later moment, so the holder always
 * stops first, as long as clocks differ in rate by no more than the drift ratio. Wall clocks play no part.
 */
export interface LeaseHolder {
  readonly lease: number;
  readonly ttlMs: number;
  /** The fencing token: what the holder writes elsewhere carries it, and older ones are refused there. */
  readonly epoch: number;
  /** Until when the lease is surely held. */
  readonly heldUntilMs: number;
  readonly renewDueMs: number;
  /** Send time of the renewal under way, or null. */
  readonly renewSentMs: number | null;
}

/** Of the time to live, what the holder may use: both clocks may be off by the drift ratio, in opposite directions. */
export function usableTtlMs(ttlMs: number, driftRatio: number): number {
  return (ttlMs * (1 - driftRatio)) / (1 + driftRatio);
}

/** A lease was granted, or a lock taken under it, by a request sent at `sentMs`. */
export function holdLease(
  lease: number,
  ttlMs: number,
  epoch: number,
  sentMs: number,
  driftRatio: number,
): LeaseHolder {
  return {
    lease,
    ttlMs,
    epoch,
    heldUntilMs: sentMs + usableTtlMs(ttlMs, driftRatio),
    renewDueMs: sentMs + ttlMs / 3,
    renewSentMs: null,
  };
}

/** A renewal sent at `sentMs` was confirmed. */
export function renewed(holder: LeaseHolder, sentMs: number, driftRatio: number): LeaseHolder {
  const heldUntilMs = Math.max(holder.heldUntilMs, sentMs + usableTtlMs(holder.ttlMs, driftRatio));
  return { ...holder, heldUntilMs, renewDueMs: sentMs + holder.ttlMs / 3, renewSentMs: null };
}

export function isHeld(holder: LeaseHolder, nowMs: number): boolean {
  return nowMs < holder.heldUntilMs;
}

/**
 * When the holder must begin to stop what it runs, so that it is down by `heldUntilMs`; `stopBudgetMs` is how long a stop may
 * take. What still runs at `heldUntilMs` is killed by the watchdog.
 */
export function stopDueMs(holder: LeaseHolder, stopBudgetMs: number): number {
  return holder.heldUntilMs - stopBudgetMs;
}
