/**
 * When silence means something. Each link to each peer learns how its heartbeats arrive (mean and deviation of the gap, as TCP
 * does for round trips, RFC 6298 §2) and allows for that much. A node that finds its own clock tick late doubts itself: all
 * it has not heard it may have slept through, so every deadline moves by its own lateness.
 */
export interface SuspicionOptions {
  readonly heartbeatMs: number;
  /** Bounds of the silence that is allowed, whatever was learned. */
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  /** Deviations beyond the mean that are allowed; raising it tolerates more jitter and notices loss later. 4–8. */
  readonly deviations: number;
}

export const DEFAULT_SUSPICION: SuspicionOptions = {
  heartbeatMs: 100,
  minTimeoutMs: 400,
  maxTimeoutMs: 3000,
  deviations: 6,
};

export interface LinkSuspicion {
  /** Null until something was heard. */
  readonly lastHeardMs: number | null;
  readonly meanGapMs: number;
  readonly deviationMs: number;
  readonly deadlineMs: number;
}

const GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
/** Heartbeats that must be missing before the shortest timeout: one lost datagram is nothing. */
const MISSED_HEARTBEATS = 3;

export function createLinkSuspicion(options: SuspicionOptions, nowMs: number): LinkSuspicion {
  return {
    lastHeardMs: null,
    meanGapMs: options.heartbeatMs,
    deviationMs: options.heartbeatMs / 2,
    deadlineMs: nowMs + options.maxTimeoutMs,
  };
}

/** How long silence is allowed on this link at present. */
export function timeoutMsOf(options: SuspicionOptions, link: LinkSuspicion): number {
  const learnedMs = MISSED_HEARTBEATS * link.meanGapMs + options.deviations * link.deviationMs;
  return Math.min(options.maxTimeoutMs, Math.max(options.minTimeoutMs, learnedMs));
}

/** A heartbeat came in. Gaps that are silence rather than jitter don't teach. */
export function heard(options: SuspicionOptions, link: LinkSuspicion, nowMs: number): LinkSuspicion {
  const gapMs = link.lastHeardMs === null ? null : nowMs - link.lastHeardMs;
  let { meanGapMs, deviationMs } = link;
  if (gapMs !== null && nowMs < link.deadlineMs) {
    const error = gapMs - meanGapMs;
    meanGapMs += GAIN * error;
    deviationMs += DEVIATION_GAIN * (Math.abs(error) - deviationMs);
  }
  const next = { lastHeardMs: nowMs, meanGapMs, deviationMs, deadlineMs: 0 };
  return { ...next, deadlineMs: nowMs + timeoutMsOf(options, next) };
}

/** This node woke late: for so long it could not have heard anybody. */
export function excuseOwnStall(link: LinkSuspicion, lateMs: number): LinkSuspicion {
  return { ...link, deadlineMs: link.deadlineMs + lateMs };
}

export function isSilent(link: LinkSuspicion, nowMs: number): boolean {
  return nowMs >= link.deadlineMs;
}
