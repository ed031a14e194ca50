import type { Store } from "../kv/store.ts";

/**
 * The leader's clock over leases. Only the leader counts; a new leader gives every lease its full time again, so that a
 * renewal which its predecessor confirmed is never cut short. A lease ends by an entry of the log, not by a clock:
 * all nodes see it end at the same place.
 */
export interface LeaseClock {
  /** When each lease ends, on this leader's monotonic clock. */
  readonly deadlines: Map<number, number>;
  /** Leases whose end was proposed: they can't be renewed any more. */
  readonly ending: Set<number>;
  /** The store's `leaseChanges` that these deadlines know of. */
  changes: number;
  lookDueMs: number;
}

/** How often the deadlines are looked through; a lease ends so much later at most, never earlier. */
const LOOK_EVERY_MS = 20;

/** Starts to count for all leases of the store at the moment this node began to lead. */
export function startLeaseClock(store: Store, nowMs: number): LeaseClock {
  const deadlines = new Map<number, number>();
  for (const [id, lease] of store.leases) deadlines.set(id, nowMs + lease.ttlMs);
  return { deadlines, ending: new Set(), changes: store.leaseChanges, lookDueMs: nowMs };
}

/** Follows the store after entries were applied: new leases start to count, ended ones are forgotten. */
export function followStore(clock: LeaseClock, store: Store, nowMs: number): void {
  if (clock.changes === store.leaseChanges) return;
  clock.changes = store.leaseChanges;
  for (const [id, lease] of store.leases) {
    if (!clock.deadlines.has(id)) clock.deadlines.set(id, nowMs + lease.ttlMs);
  }
  for (const id of clock.deadlines.keys()) {
    if (store.leases.has(id)) continue;
    clock.deadlines.delete(id);
    clock.ending.delete(id);
  }
}

/** A renewal that came at `receivedMs`, and was confirmed. False: the lease has ended or is about to. */
export function renewLease(clock: LeaseClock, store: Store, id: number, receivedMs: number): boolean {
  const lease = store.leases.get(id);
  const deadlineMs = clock.deadlines.get(id);
  if (lease === undefined || deadlineMs === undefined || clock.ending.has(id)) return false;
  clock.deadlines.set(id, Math.max(deadlineMs, receivedMs + lease.ttlMs));
  return true;
}

/** Leases whose time is over and whose end isn't proposed yet. */
export function overdueLeases(clock: LeaseClock, nowMs: number): readonly number[] {
  if (nowMs < clock.lookDueMs) return [];
  clock.lookDueMs = nowMs + LOOK_EVERY_MS;
  const overdue: number[] = [];
  for (const [id, deadlineMs] of clock.deadlines) {
    if (nowMs >= deadlineMs && !clock.ending.has(id)) overdue.push(id);
  }
  return overdue;
}
