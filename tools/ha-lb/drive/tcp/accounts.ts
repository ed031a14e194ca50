import type { Waiting } from "../runtime.ts";
import { nowMs } from "../timer-wheel.ts";

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

/** The algorithm chose them for a session. */
export function countChosen(
  places: readonly { readonly counters: { selected: number; lastSessionMs: number } }[],
): void {
  for (const { counters } of places) {
    counters.selected += 1;
    counters.lastSessionMs = nowMs();
  }
}

interface Timing {
  readonly counters: { countTimes(queueMs: number, connectMs: number, responseMs: number, totalMs: number): void };
}

/** How long the parts of a session took that had a server. */
export function countTimes(
  acceptMs: number,
  assignedMs: number,
  connectedMs: number,
  places: readonly (Timing | undefined)[],
): void {
  const totalMs = nowMs() - acceptMs;
  for (const place of places) place?.counters.countTimes(assignedMs - acceptMs, connectedMs - assignedMs, 0, totalMs);
}
