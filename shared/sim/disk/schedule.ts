import type { VoteFlag } from "../../effect/disk-vote.ts";
import { createRandom, type Random } from "../../decide/random.ts";

/** What goes wrong for nodes that share nothing but a disk that votes for one of them. */
export type DiskFault =
  | { readonly kind: "crash"; readonly node: number; readonly downMs: number }
  | { readonly kind: "pause"; readonly node: number; readonly forMs: number }
  /** The node gives its vote back, and starts again later. */
  | { readonly kind: "leave"; readonly node: number; readonly downMs: number }
  /** The node's operations fail; what it writes may still arrive. */
  | { readonly kind: "pathLoss"; readonly node: number; readonly forMs: number }
  /** The node's next read, or write, is answered only after so long; the disk acts at its beginning, or at its end. */
  | {
      readonly kind: "hang";
      readonly node: number;
      readonly operation: "read" | "write";
      readonly acts: "first" | "last";
      readonly forMs: number;
    }
  | { readonly kind: "slow"; readonly node: number; readonly latencyMs: number; readonly forMs: number }
  | { readonly kind: "drift"; readonly node: number; readonly rate: number }
  /** A write of the node from before all this, long on its way, arrives now. */
  | { readonly kind: "stray"; readonly node: number; readonly flag: VoteFlag }
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
  /** Once all has healed, the holder dies for good: the vote has to go to another node. */
  readonly holderDies: boolean;
}

export const DISK_TTL_MS = 1000;
export const DISK_DRIFT_RATIO = 0.05;
const MAX_FAULTS = 24;

export function makeDiskSchedule(seed: number): DiskSchedule {
  const random = createRandom(seed ^ 0x0d15c0de);
  const nodes = random.chance(0.75) ? 2 : random.integer(3, 4);
  const chaosMs = random.integer(4000, 20_000);
  const diskFaults: TimedDiskFault[] = [];
  const count = random.integer(1, MAX_FAULTS);
  // Faults in bursts meet each other.
  let atMs = random.integer(0, 3000);
  for (let made = 0; made < count; made += 1) {
    atMs += random.chance(0.7) ? random.integer(0, 300) : random.integer(0, 3000);
    if (atMs >= chaosMs) break;
    if (random.chance(0.8)) diskFaults.push({ atMs, fault: makeFault(random, nodes) });
    else diskFaults.push(...makeBlindSpot(random, nodes, atMs));
  }
  diskFaults.sort((one, other) => one.atMs - other.atMs);
  return {
    seed,
    nodes,
    latencyMs: random.pick([2, 2, 20, 150, 400]),
    strayMs: random.pick([0, 300, 1500, 6000]),
    chaosMs,
    diskFaults,
    holderDies: random.chance(0.3),
  };
}

/** What a node says is hidden from the others while it is at work: by late writes, or by damage, again and again. */
function makeBlindSpot(random: Random, nodes: number, fromMs: number): readonly TimedDiskFault[] {
  const node = random.integer(0, nodes - 1);
  const faults: TimedDiskFault[] = [];
  if (random.chance(0.5)) {
    const operation = random.pick(["read", "write"] as const);
    const fault = { kind: "hang", node, operation, acts: "first", forMs: random.integer(300, 890) } as const;
    faults.push({ atMs: fromMs, fault });
  }
  const damage = random.chance(0.2);
  const everyMs = random.pick([3, 30, 90, 210]);
  const times = random.integer(1, 1500 / everyMs);
  const startMs = fromMs + random.integer(0, 400);
  for (let time = 0; time < times; time += 1) {
    const fault = damage ? ({ kind: "corrupt", node } as const) : ({ kind: "stray", node, flag: "idle" } as const);
    faults.push({ atMs: startMs + time * everyMs, fault });
  }
  return faults;
}

function makeFault(random: Random, nodes: number): DiskFault {
  const node = random.integer(0, nodes - 1);
  const shortOrLong = (): number => random.pick([50, 300, 500, 700, 900, 1100, 1900, 3000]) + random.integer(0, 200);
  const kind = random.pick([
    ...(["crash", "crash", "pause", "pause", "pause", "leave", "pathLoss", "hang", "hang", "hang", "hang"] as const),
    ...(["slow", "drift", "corrupt", "stray", "stray", "stray"] as const),
  ]);
  switch (kind) {
    case "crash":
    case "leave":
      return { kind, node, downMs: random.pick([1, 100, 1500]) };
    case "pause":
    case "pathLoss":
      return { kind, node, forMs: shortOrLong() };
    case "hang": {
      const [operation, acts] = [random.pick(["read", "write"] as const), random.pick(["first", "last"] as const)];
      return { kind, node, operation, acts, forMs: shortOrLong() };
    }
    case "slow":
      return { kind, node, latencyMs: random.pick([300, 700, 1100]), forMs: random.integer(500, 5000) };
    case "drift":
      return { kind, node, rate: 1 + random.pick([-1, 1, random.fraction()]) * DISK_DRIFT_RATIO };
    case "stray":
      return { kind, node, flag: random.pick(["idle", "idle", "claim", "hold"] as const) };
    case "corrupt":
      return { kind, node };
  }
}
