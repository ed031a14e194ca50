/** What ha-vip has to reach. */
import { LOW_PRIORITY } from "./contestants.ts";
import type { CaseName } from "./failover.ts";
import { atMost, type Bar, NOT_SLOWER } from "./results.ts";

/** Three intervals and the backup's skew time (RFC 9568, section 6.1), and what a client of one millisecond can't tell. */
export function downTimeMs(intervalMs: number): number {
  return 3 * intervalMs + ((256 - LOW_PRIORITY) * intervalMs) / 256;
}
const GRAIN_MS = 5;
const PLANNED_MS = 3;
const GONE_MS = 2_000;
const BLACK_HOLE_MS = 50;
const CHECK_MS = 250;
const DEFAULT_INTERVAL_MS = 100;

export function barOf(name: CaseName, figure: string, intervalMs: number): Bar | undefined {
  switch (name) {
    case "cut":
      return NOT_SLOWER;
    case "stop":
    case "hand-over":
      return atMost(PLANNED_MS, "ms");
    case "kill":
    case "hang":
      if (figure === "gone") return atMost(GONE_MS, "ms");
      return figure === "owner" ? atMost(Math.ceil(downTimeMs(intervalMs)) + GRAIN_MS, "ms") : undefined;
    case "check":
      return intervalMs === DEFAULT_INTERVAL_MS ? atMost(CHECK_MS, "ms") : undefined;
    case "isolation":
      return atMost(BLACK_HOLE_MS, "ms");
  }
}

export const NO_TAKE_OVERS = atMost(0, "");
export const MANY_INSTANCES = 255;

/** Bars of many routers, for the most of them. */
export function costBar(instances: number, role: "master" | "backup", unit: "%" | "MB"): Bar | undefined {
  if (instances !== MANY_INSTANCES || role !== "master") return undefined;
  return unit === "%" ? atMost(6, "%") : atMost(65, "MB");
}
