import { createRandom, type Random } from "../../decide/random.ts";

/** What goes wrong for nodes that share nothing but a disk that votes for one of them. */
export type DiskFault =
  | { readonly kind: "crash"; readonly node: number; readonly downMs: number }
  | { readonly kind: "pause"; readonly node: number; readonly forMs: number }
  /** The node gives its vote back, and starts again later. */
  | { readonly kind: "leave"; readonly node: number; readonly downMs: number }
  /** The node's operations fail; what it writes may still arrive. */
  | { readonly kind: "pathLoss"; readonly node: number; readonly forMs: number }
  /** The node's next operation is answered only after so long. */
  | { readonly kind: "hang"; readonly node: number; readonly forMs: number }
  | { readonly kind: "slow"; readonly node: number; readonly latencyMs: number; readonly forMs: number }
  | { readonly kind: "drift"; readonly node: number; readonly rate: number }
  /** The node's sector becomes unreadable until it is written again. */
  | { readonly kind: "corrupt"; readonly node: number };

export interface TimedDiskFault {
  readonly atMs: number;
  readonly fault: DiskFault;
}

export interface DiskSchedule {
  readonly seed: number;
  readonly nodes: number;
  readonly latencyMs: number;
  /** Of writes whose node died or heard of a failure: how long they may be on their way nevertheless. */
  readonly strayMs: number;
  readonly chaosMs: number;
  readonly diskFaults: readonly TimedDiskFault[];
}

export const DISK_TTL_MS = 1000;
export const DISK_DRIFT_RATIO = 0.05;
const MAX_FAULTS = 14;

export function makeDiskSchedule(seed: number): DiskSchedule {
  const random = createRandom(seed ^ 0x0d15c0de);
  const nodes = random.chance(0.75) ? 2 : random.integer(3, 4);
  const chaosMs = random.integer(4000, 20_000);
  const diskFaults: TimedDiskFault[] = [];
  const count = random.integer(1, MAX_FAULTS);
  // Faults in bursts meet each other.
  let atMs = random.integer(0, 3000);
  for (let made = 0; made < count; made += 1) {
    atMs += random.chance(0.6) ? random.integer(0, 500) : random.integer(0, 4000);
    if (atMs < chaosMs) diskFaults.push({ atMs, fault: makeFault(random, nodes) });
  }
  return {
    seed,
    nodes,
    latencyMs: random.pick([2, 2, 20, 150, 400]),
    strayMs: random.pick([0, 300, 1500, 6000]),
    chaosMs,
    diskFaults,
  };
}

function makeFault(random: Random, nodes: number): DiskFault {
  const node = random.integer(0, nodes - 1);
  const shortOrLong = (): number => random.pick([50, 400, 900, 1100, 2100, 4000]) + random.integer(0, 100);
  const kind = random.pick([
    ...(["crash", "crash", "pause", "pause", "pause", "leave", "pathLoss", "hang", "hang"] as const),
    ...(["slow", "drift", "corrupt"] as const),
  ]);
  switch (kind) {
    case "crash":
    case "leave":
      return { kind, node, downMs: random.pick([1, 100, 1500]) };
    case "pause":
    case "pathLoss":
    case "hang":
      return { kind, node, forMs: shortOrLong() };
    case "slow":
      return { kind, node, latencyMs: random.pick([300, 700, 1100]), forMs: random.integer(500, 5000) };
    case "drift":
      return { kind, node, rate: 1 + random.pick([-1, 1, random.fraction()]) * DISK_DRIFT_RATIO };
    case "corrupt":
      return { kind, node };
  }
}
