/** Decides from heartbeats whether the other process hangs. Pure; times are monotonic milliseconds. */
export interface HangWatch {
  readonly lastBeatMs: number;
  readonly lastCheckMs: number;
}

export interface HangLimits {
  /** How often `checkHang` is meant to be called. */
  readonly checkEveryMs: number;
  /** Silence that counts as a hang. */
  readonly hangAfterMs: number;
}

export function startHangWatch(nowMs: number): HangWatch {
  return { lastBeatMs: nowMs, lastCheckMs: nowMs };
}

export function beat(watch: HangWatch, nowMs: number): HangWatch {
  return { ...watch, lastBeatMs: nowMs };
}

/**
 * A watcher that was late itself (stopped, swapped out, the host suspended) can't know whether the other one was
 * silent: it gives a fresh time instead of killing somebody who may be healthy.
 */
export function checkHang(
  watch: HangWatch,
  limits: HangLimits,
  nowMs: number,
): { readonly watch: HangWatch; readonly hangs: boolean; readonly silentMs: number } {
  const wasLate = nowMs - watch.lastCheckMs > 3 * limits.checkEveryMs;
  const lastBeatMs = wasLate ? nowMs : watch.lastBeatMs;
  const silentMs = nowMs - lastBeatMs;
  return { watch: { lastBeatMs, lastCheckMs: nowMs }, hangs: silentMs > limits.hangAfterMs, silentMs };
}
