import type { Waiting } from "../runtime.ts";

/** It waits no more. */
export function leaveQueue(queue: Waiting[] | undefined, waiting: Waiting): void {
  const at = queue?.indexOf(waiting) ?? -1;
  if (at >= 0) queue?.splice(at, 1);
}

interface Counting {
  readonly counters: { bytesIn: number; bytesOut: number };
}

/** The bytes of a session, with all that it passed. */
export function countBytes(bytesIn: number, bytesOut: number, places: readonly (Counting | undefined)[]): void {
  for (const place of places) {
    if (place === undefined) continue;
    place.counters.bytesIn += bytesIn;
    place.counters.bytesOut += bytesOut;
  }
}
