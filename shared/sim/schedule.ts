import { createRandom, type Random } from "../decide/random.ts";
import { AMBUSH_PLANS, type Ambush, type AmbushPlan } from "./ambush.ts";
import type { DiskError } from "./disk.ts";

/**
 * A schedule is all that goes wrong in one run, made from a seed before the run begins. It is data: it can be printed, cut
 * down to what is needed, and run again.
 */
/** A fault for node -1 meets whoever leads at that time. */
export const LEADER = -1;
export type Fault =
  | { readonly kind: "crash"; readonly node: number; readonly downMs: number; readonly powerCut: boolean }
  | { readonly kind: "pause"; readonly node: number; readonly forMs: number }
  | { readonly kind: "drift"; readonly node: number; readonly rate: number }
  | { readonly kind: "wallJump"; readonly node: number; readonly byMs: number }
  /** `pairs` of [from, to] whose messages are lost. */
  | { readonly kind: "cut"; readonly pairs: readonly (readonly [number, number])[]; readonly forMs: number }
  /** Whoever leads then isn't heard, doesn't hear, or both. */
  | { readonly kind: "isolateLeader"; readonly direction: "in" | "out" | "both"; readonly forMs: number }
  | { readonly kind: "powerLoss"; readonly downMs: number }
  /** The next leaders lose power a moment after they were elected. */
  | { readonly kind: "shortReigns"; readonly count: number; readonly reignMs: number }
  /** Who grants the next votes loses power right after. */
  | { readonly kind: "crashAfterVote"; readonly count: number }
  | { readonly kind: "delay"; readonly node: number; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "slowDisk"; readonly node: number; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "fullDisk"; readonly node: number; readonly forMs: number }
  /** The next group of writes fails: the process ends, and starts again a little later. */
  | { readonly kind: "diskError"; readonly node: number; readonly error: DiskError; readonly downMs: number }
  | { readonly kind: "corrupt"; readonly node: number; readonly downMs: number }
  | { readonly kind: "lyingDisk"; readonly node: number }
  | { readonly kind: "transfer"; readonly to: number }
  | { readonly kind: "learner"; readonly node: number; readonly promote: boolean }
  | { readonly kind: "removeVoter"; readonly node: number }
  /** Who holds the lock has its wall clock set, and is cut off at the same moment. */
  | { readonly kind: "cutHolder"; readonly jumpMs: number; readonly forMs: number }
  | Ambush
  | { readonly kind: "hangAgent"; readonly node: number; readonly forMs: number }
  | { readonly kind: "fence"; readonly by: number; readonly outcome: "success" | "failure" | "timeout" };

export interface TimedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

export interface Schedule {
  readonly seed: number;
  readonly nodes: number;
  /** Of the nodes, the first so many are voters at the start; the rest are spare. */
  readonly voters: number;
  readonly clients: number;
  readonly guards: boolean;
  readonly leaseRead: boolean;
  readonly snapshotEvery: number;
  readonly trailingEntries: number;
  readonly batchEntries: number;
  /** The usual time of a message on its way: up to this. */
  readonly latencyMs: number;
  /** The usual pause of a client between two operations: up to this. */
  readonly thinkMs: number;
  readonly lossRatio: number;
  readonly duplicateRatio: number;
  /** How late a single message may be, beyond the usual. */
  readonly reorderMs: number;
  /** How long things go wrong; after that all is mended and the cluster has to heal. */
  readonly chaosMs: number;
  readonly faults: readonly TimedFault[];
}

export const CLOCK_DRIFT_RATIO = 0.05;
/** More faults than this don't find more, they only keep the cluster from doing anything. */
const MAX_FAULTS = 16;

export function makeSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const voters = random.chance(0.7) ? 3 : random.chance(0.8) ? 5 : random.pick([1, 2, 4]);
  const spare = random.chance(0.25) ? 1 : 0;
  const nodes = voters + spare;
  const chaosMs = random.integer(800, 2400);
  const count = random.integer(1, MAX_FAULTS);
  const guards = random.chance(0.4);
  const menu = makeMenu(random, voters, spare > 0, guards);
  const faults: TimedFault[] = [];
  let weakened = false;
  for (let made = 0; made < count; made += 1) {
    const fault = makeFault(random, random.pick(menu), nodes, voters);
    // A lost log is made good by a majority of the others: no two of them, and not of a group that was made smaller.
    if (weakens(fault) && weakened) continue;
    if (weakens(fault)) weakened = true;
    faults.push({ atMs: random.integer(0, chaosMs), fault });
  }
  faults.sort((a, b) => a.atMs - b.atMs);
  return {
    seed,
    nodes,
    voters,
    clients: random.integer(1, 4),
    guards,
    leaseRead: random.chance(0.7),
    snapshotEvery: random.pick([5, 12, 40, 1000]),
    trailingEntries: random.pick([0, 4, 20]),
    batchEntries: random.pick([1, 1, 3, 16]),
    latencyMs: random.chance(0.7) ? 1.5 : random.pick([8, 25, 250]),
    thinkMs: random.pick([4, 30, 60]),
    lossRatio: random.chance(0.5) ? 0 : random.pick([0.01, 0.05, 0.15]),
    duplicateRatio: random.chance(0.6) ? 0 : 0.05,
    reorderMs: random.chance(0.5) ? 0 : random.pick([5, 30, 150]),
    chaosMs,
    faults,
  };
}

/** A node may lose its log in it, or the group a voter. */
function weakens(fault: Fault): boolean {
  if (fault.kind === "ambush") return fault.plan === "amnesia" || fault.plan === "hasty";
  return fault.kind === "corrupt" || fault.kind === "removeVoter";
}

/** What a directed schedule aims at: bugs that chance alone meets too rarely. */
export type Profile = "any" | "holders" | "reigns" | "ambushes";

/**
 * `holders`: who holds the lock loses the others again and again, with little else going on. `reigns`: leaders fall one after
 * the other, right after their election or their first commit, so that entries of several terms lie about uncommitted.
 * `ambushes`: the moments at which consensus is most easily wrong (see `ambush.ts`), one kind of them a schedule.
 */
export function makeDirectedSchedule(profile: Profile, seed: number): Schedule {
  const schedule = makeSchedule(seed);
  if (profile === "any") return schedule;
  const random = createRandom(seed ^ 0x401de5);
  if (profile === "ambushes") return makeAmbushes(random, schedule);
  const faults: TimedFault[] = [];
  if (profile === "reigns") {
    for (let atMs = 300; atMs < schedule.chaosMs; atMs += random.integer(300, 700)) {
      const fault = { kind: "shortReigns", count: random.integer(4, 9), reignMs: random.pick([1, 3, 8]) } as const;
      faults.push({ atMs, fault });
    }
    return { ...schedule, lossRatio: 0, latencyMs: 1.5, thinkMs: 4, batchEntries: 1, guards: false, faults };
  }
  for (let atMs = 500; atMs < schedule.chaosMs; atMs += random.integer(600, 900)) {
    const jumpMs = random.pick([-5000, -400, 0, 400]);
    faults.push({ atMs, fault: { kind: "cutHolder", jumpMs, forMs: random.pick([350, 500, 700]) } });
  }
  const quiet = { lossRatio: 0, duplicateRatio: 0, reorderMs: 0, latencyMs: 1.5 };
  return { ...schedule, ...quiet, nodes: 3, voters: 3, guards: true, chaosMs: schedule.chaosMs + 600, faults };
}

function makeAmbushes(random: Random, schedule: Schedule): Schedule {
  // Two candidates at one time are the hardest to bring about.
  const plan = random.pick(["rivals", ...AMBUSH_PLANS] as const);
  const chaosMs = random.integer(1000, 2200);
  const faults: TimedFault[] = [];
  for (let atMs = 350; atMs < chaosMs; atMs += random.integer(500, 900)) {
    const fault = makeAmbush(random, plan);
    faults.push({ atMs, fault });
    if (weakens(fault)) break;
  }
  const calm = random.chance(0.7) ? { lossRatio: 0, duplicateRatio: 0, reorderMs: 0, latencyMs: 1.5 } : {};
  // A lost log needs two others that have it.
  const voters = Math.max(3, schedule.voters);
  const nodes = voters + schedule.nodes - schedule.voters;
  const load = plan === "badFlush" || plan === "slowFlush" ? { clients: 1, thinkMs: 30 } : { clients: 3, thinkMs: 6 };
  const busy = { ...load, guards: plan === "handover" ? random.chance(0.6) : false };
  return { ...schedule, ...calm, ...busy, voters, nodes, chaosMs, faults };
}

function makeAmbush(random: Random, plan: AmbushPlan): Ambush {
  return { kind: "ambush", plan, aheadMs: random.integer(60, 300), forMs: random.integer(150, 600) };
}

/**
 * Which kinds of faults a schedule has. Each seed leaves about half of them out (swarm testing, Groce et al. 2012): some bugs
 * show only where what would hide them doesn't happen.
 */
function makeMenu(random: Random, voters: number, spare: boolean, guards: boolean): readonly Fault["kind"][] {
  const kinds: Fault["kind"][] = ["crash", "crash", "crash", "pause", "pause", "drift", "cut", "cut", "delay"];
  kinds.push("isolateLeader", "isolateLeader", "powerLoss", "shortReigns", "shortReigns", "crashAfterVote");
  kinds.push("slowDisk", "fullDisk", "diskError", "diskError", "transfer", "transfer", "wallJump");
  // A lone voter has no peer to get its log back from.
  if (voters >= 3) kinds.push("corrupt", "ambush");
  if (spare) kinds.push("learner", "learner", "removeVoter");
  if (guards) kinds.push("hangAgent", "fence", "fence", "cutHolder");
  const left = kinds.filter(() => random.chance(0.5));
  return left.length > 0 ? left : kinds;
}

function makeFault(random: Random, kind: Fault["kind"], nodes: number, voters: number): Fault {
  const node = random.chance(0.4) ? LEADER : random.integer(0, nodes - 1);
  const forMs = random.pick([20, 120, 300, 700]);
  switch (kind) {
    case "crash":
      return { kind, node, downMs: random.pick([5, 60, 300, 800]), powerCut: random.chance(0.7) };
    case "pause":
      // A leader that sleeps through its own fall is the one who may answer from the past.
      return { kind, node: random.chance(0.5) ? LEADER : node, forMs: random.pick([20, 120, 300, 300, 700]) };
    case "drift":
      return { kind, node, rate: 1 + (random.fraction() * 2 - 1) * CLOCK_DRIFT_RATIO };
    case "wallJump":
      return { kind, node, byMs: random.pick([-5000, -400, 400, 5000]) };
    case "cut":
      return { kind, pairs: makeCut(random, nodes), forMs };
    case "isolateLeader":
      return { kind, direction: random.pick(["in", "out", "both"] as const), forMs };
    case "shortReigns":
      return { kind, count: random.integer(3, 8), reignMs: random.pick([1, 3, 8]) };
    case "crashAfterVote":
      return { kind, count: random.integer(1, 5) };
    case "powerLoss":
      return { kind, downMs: random.pick([5, 60]) };
    case "delay":
      return { kind, node, byMs: random.pick([10, 60, 250]), forMs };
    case "slowDisk":
      return { kind, node, byMs: random.pick([10, 50, 250]), forMs };
    case "fullDisk":
      return { kind, node, forMs };
    case "diskError":
      return { kind, node, error: random.pick(["write", "flush"] as const), downMs: random.pick([5, 60, 300]) };
    case "corrupt":
      return { kind, node, downMs: random.pick([5, 200]) };
    case "transfer":
      return { kind, to: random.integer(0, nodes - 1) };
    case "learner":
      return { kind, node: nodes - 1, promote: random.chance(0.7) };
    case "removeVoter":
      return { kind, node: random.integer(0, voters - 1) };
    case "hangAgent":
      return { kind, node, forMs: random.pick([30, 200, 1000]) };
    case "fence":
      return {
        kind,
        by: random.integer(0, nodes - 1),
        outcome: random.pick(["success", "success", "failure", "timeout"] as const),
      };
    case "lyingDisk":
      return { kind, node };
    case "ambush":
      return makeAmbush(random, random.pick(AMBUSH_PLANS));
    case "cutHolder":
      return { kind, jumpMs: random.pick([-5000, -400, 400]), forMs };
  }
}

/** Full: two sides that don't hear each other. One-way: one side isn't heard. Partial: single links only. */
function makeCut(random: Random, nodes: number): readonly (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  const shape = random.pick(["full", "oneWay", "partial"] as const);
  const inside = Array.from({ length: nodes }, () => random.chance(0.4));
  for (let from = 0; from < nodes; from += 1) {
    for (let to = 0; to < nodes; to += 1) {
      if (from === to) continue;
      const crosses = inside[from] !== inside[to];
      if (shape === "partial" ? random.chance(0.3) : crosses && (shape !== "oneWay" || inside[from] === true)) {
        pairs.push([from, to]);
      }
    }
  }
  return pairs;
}
