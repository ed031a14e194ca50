/** Many virtual routers in one daemon: what do they cost on the master and on the backup? */
import { memoryOf, processorMs } from "./processes.ts";
import type { HostName, Site } from "./site.ts";

export interface Cost {
  /** Of one core. */
  readonly processorPercent: number;
  readonly proportionalMb: number;
  readonly residentMb: number;
  readonly processes: number;
}

/** Second rounds of announcements five seconds after a start are over by then, and programs are warm. */
const CALM_DOWN_MS = 10_000;

/** Addresses of so many virtual routers. */
export function manyAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.99.0.${index + 1}/32`);
}

export async function costOf(site: Site, durationMs: number): Promise<Readonly<Record<"master" | "backup", Cost>>> {
  await Bun.sleep(CALM_DOWN_MS);
  const families = { h1: site.family("h1"), h2: site.family("h2") };
  const before = { h1: processorMs(families.h1), h2: processorMs(families.h2) };
  const startMs = performance.now();
  await Bun.sleep(durationMs);
  const lastedMs = performance.now() - startMs;
  const cost = (name: HostName): Cost => ({
    processorPercent: (100 * (processorMs(families[name]) - before[name])) / lastedMs,
    ...memoryOf(families[name]),
    processes: families[name].length,
  });
  return { master: cost("h1"), backup: cost("h2") };
}
