/** What to do when a request could not be brought to its server. Pure. */
export interface RetrySituation {
  /** Retries that are left, of `retries`. */
  readonly left: number;
  /** All of them. */
  readonly most: number;
  /** As in the model: 0 off, n every n-th retry, -n the n-th before the end. */
  readonly redispatch: number;
  /** A cookie, a stick table or a rule chose the server. */
  readonly tied: boolean;
  /** The algorithm always gives this request the same server. */
  readonly deterministic: boolean;
  /** Servers in play. */
  readonly servers: number;
  /** The failed connection was an idle one that its server had already given up. */
  readonly reused: boolean;
  readonly connectTimeoutMs: number | undefined;
}

export type RetryDecision =
  | { readonly kind: "give-up" }
  | { readonly kind: "same-server"; readonly waitMs: number }
  | { readonly kind: "other-server"; readonly waitMs: number };

/** Before the same server is tried again: it needs a moment, and an endless loop would help nobody. */
const SAME_SERVER_WAIT_MS = 1000;

/**
 * Decides. Nothing had been sent, or nothing that can't be sent again.
 * A request that nothing ties to the server goes to another one at once, also without `option redispatch`:
 * trying a dead server again can only lose time.
 */
export function decideRetry(situation: RetrySituation): RetryDecision {
  const { left, most, redispatch, tied, deterministic, servers, reused } = situation;
  // An idle connection that was closed under us is no failure of the server.
  if (reused) return { kind: "same-server", waitMs: 0 };
  if (left <= 0) return { kind: "give-up" };
  const waitMs = Math.min(SAME_SERVER_WAIT_MS, situation.connectTimeoutMs ?? SAME_SERVER_WAIT_MS);
  if (!tied && !deterministic && servers > 1) return { kind: "other-server", waitMs: 0 };
  const after = left - 1;
  const atThis =
    (redispatch > 0 && after % redispatch === 0) || (redispatch < 0 && after % (most + 1 + redispatch || 1) === 0);
  if (atThis) return { kind: "other-server", waitMs: deterministic || servers <= 1 ? waitMs : 0 };
  return { kind: "same-server", waitMs };
}
