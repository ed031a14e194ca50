import type { LogRecord } from "./record.ts";

/** A run of equal messages is told at its start, then as a count: at its end, or after this time. Pure. */
export const TELL_REPEATS_AFTER_MS = 30_000;

export class RepeatFilter {
  #last: LogRecord | undefined;
  #repeats = 0;
  #toldMs = 0;

  /** The records to write now, in place of this one. */
  push(record: LogRecord): readonly LogRecord[] {
    const last = this.#last;
    const same =
      last !== undefined &&
      last.severity === record.severity &&
      last.code === record.code &&
      last.message === record.message;
    if (!same) {
      const before = this.flush(record.atMs);
      this.#last = record;
      this.#toldMs = record.atMs;
      return [...before, record];
    }
    this.#repeats += 1;
    const due = record.atMs - this.#toldMs >= TELL_REPEATS_AFTER_MS || record.atMs < this.#toldMs;
    return due ? this.flush(record.atMs) : [];
  }

  /** The count that is still untold. */
  flush(nowMs: number): readonly LogRecord[] {
    const last = this.#last;
    if (last === undefined || this.#repeats === 0) return [];
    const count = this.#repeats;
    this.#repeats = 0;
    this.#toldMs = nowMs;
    const times = count === 1 ? "once more" : `${count} more times`;
    return [{ ...last, atMs: nowMs, message: `${last.message} (${times})` }];
  }
}
