/**
 * Flap damping: every time a peer is lost it gets a penalty that halves with time (the method of RFC 2439 §4). While the
 * penalty is above the limit the peer isn't taken back, so that services don't move to and fro with a bad cable.
 */
export interface DampingOptions {
  readonly penalty: number;
  readonly suppressAbove: number;
  readonly reuseBelow: number;
  readonly halfLifeMs: number;
  readonly maxPenalty: number;
}

export const DEFAULT_DAMPING: DampingOptions = {
  penalty: 1000,
  suppressAbove: 2500,
  reuseBelow: 1000,
  halfLifeMs: 15_000,
  maxPenalty: 8000,
};

export interface Damping {
  readonly penalty: number;
  readonly atMs: number;
  readonly suppressed: boolean;
}

export function createDamping(nowMs: number): Damping {
  return { penalty: 0, atMs: nowMs, suppressed: false };
}

function decayed(options: DampingOptions, damping: Damping, nowMs: number): number {
  return damping.penalty * 2 ** (-(nowMs - damping.atMs) / options.halfLifeMs);
}

/** The peer was lost once more. */
export function penalise(options: DampingOptions, damping: Damping, nowMs: number): Damping {
  const penalty = Math.min(options.maxPenalty, decayed(options, damping, nowMs) + options.penalty);
  return { penalty, atMs: nowMs, suppressed: damping.suppressed || penalty > options.suppressAbove };
}

/** Looks whether the peer may be taken back by now. */
export function settle(options: DampingOptions, damping: Damping, nowMs: number): Damping {
  const penalty = decayed(options, damping, nowMs);
  return { penalty, atMs: nowMs, suppressed: damping.suppressed && penalty >= options.reuseBelow };
}

/** How long a suppressed peer has to stay up before it is taken back. */
export function remainingMs(options: DampingOptions, damping: Damping, nowMs: number): number {
  if (!damping.suppressed) return 0;
  const penalty = decayed(options, damping, nowMs);
  return Math.max(0, options.halfLifeMs * Math.log2(penalty / options.reuseBelow));
}
