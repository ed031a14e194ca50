/**
 * What costs us more than it costs the peer is counted: resets, pings, settings, priorities, empty frames, window
 * updates. A well-behaved client stays far below; one that floods runs out and is told to calm down (RFC 9113, 10.5).
 */

/** At the start, and the most that can be saved up. */
const MOST = 1000;
const PER_SECOND = 50;
/** Window updates follow data that was sent: this much of it pays for one. */
const BYTES_PER_UNIT = 1024;

export class Allowance {
  private left = MOST;
  private atMs: number;

  constructor(nowMs: number) {
    this.atMs = nowMs;
  }

  /** @returns false when nothing is left */
  spend(nowMs: number): boolean {
    this.left = Math.min(MOST, this.left + ((nowMs - this.atMs) / 1000) * PER_SECOND);
    this.atMs = nowMs;
    this.left -= 1;
    return this.left >= 0;
  }

  /** Data went out. */
  earn(byteLength: number): void {
    this.left = Math.min(MOST, this.left + byteLength / BYTES_PER_UNIT);
  }
}
