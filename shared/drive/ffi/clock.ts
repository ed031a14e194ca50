/** The kernel's clocks as numbers of nanoseconds, clock_gettime(2). */
import { bind, orThrow } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({ clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });

/** Clock numbers of clock_gettime(2). */
export const CLOCKS = { realtime: 0, monotonic: 1, boottime: 7 } as const;

const NANOSECONDS_PER_SECOND = 1_000_000_000;
const result = new Memory(16);
const address = result.address;

function clockNs(clock: number): number {
  orThrow(C.clock_gettime(clock, address), "clock_gettime");
  // tv_sec fits 32 bits unsigned for a century; tv_nsec always does. No BigInt on this path.
  return (result.u32[0] ?? 0) * NANOSECONDS_PER_SECOND + (result.u32[2] ?? 0);
}

/**
 * Nanoseconds since boot without time spent suspended: the clock of all deadlines. Never goes back.
 * A number is exact to 1 ns for 104 days of uptime and to 2 ns for 208, 4 ns for 416 …
 */
export function monotonicNs(): number {
  return clockNs(CLOCKS.monotonic);
}

/** As `monotonicNs`, counting time spent suspended: for leases that another host believes in. */
export function boottimeNs(): number {
  return clockNs(CLOCKS.boottime);
}

/** Nanoseconds since 1970 by the wall clock, exact to about 256 ns. May jump: never for deadlines. */
export function realtimeNs(): number {
  return clockNs(CLOCKS.realtime);
}
