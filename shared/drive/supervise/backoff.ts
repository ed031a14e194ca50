/** How long to wait before the next start of a process that ended. Pure. */
export interface BackoffLimits {
  /** Wait after the first death. */
  readonly firstMs: number;
  /** Each further death within `calmAfterMs` doubles the wait, up to this. */
  readonly mostMs: number;
  /** A run at least this long counts as healthy: the next death starts from the first wait again. */
  readonly calmAfterMs: number;
}

/** At once at first, because what died served somebody; then slower, so that a broken set-up doesn't eat the host. */
export const DEFAULT_BACKOFF: BackoffLimits = { firstMs: 50, mostMs: 5000, calmAfterMs: 10_000 };

export interface Backoff {
  /** Deaths in a row without a healthy run between. */
  readonly deaths: number;
}

export const NO_DEATHS: Backoff = { deaths: 0 };

/** Counts a death after a run of `ranMs` and tells how long to wait. */
export function afterDeath(
  backoff: Backoff,
  ranMs: number,
  limits: BackoffLimits,
): { readonly backoff: Backoff; readonly waitMs: number } {
  const deaths = (ranMs >= limits.calmAfterMs ? 0 : backoff.deaths) + 1;
  // 30 doublings of the shortest wait are beyond every cap; more would only lose exactness.
  const doublings = Math.min(deaths - 1, 30);
  return { backoff: { deaths }, waitMs: Math.min(limits.mostMs, limits.firstMs * 2 ** doublings) };
}
