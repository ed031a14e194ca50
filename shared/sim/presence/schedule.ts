import { createRandom, type Random } from "../../decide/random.ts";
import { majorityOfNodes } from "../../decide/quorum/standing.ts";
import type { NoQuorumPolicy, QuorumOptions, QuorumWitness } from "../../decide/quorum/quorum.ts";

/**
 * What goes wrong for a cluster that decides by heartbeats and quorum alone: membership, the rules of votequorum, no-quorum
 * policy, watchdogs and fencing, with one service that must never run twice. Data, as the consensus schedules are.
 */
export type PresenceFault =
  /** The daemon dies and comes back; what it runs goes on, and its watchdog is not fed meanwhile. */
  | { readonly kind: "crash"; readonly node: number; readonly downMs: number }
  /** The host loses power. */
  | { readonly kind: "powerOff"; readonly node: number; readonly downMs: number }
  | { readonly kind: "pause"; readonly node: number; readonly forMs: number }
  /** Short stalls in a row: the node always wakes before its watchdog bites. */
  | { readonly kind: "stutter"; readonly node: number; readonly stallMs: number; readonly times: number }
  | { readonly kind: "drift"; readonly node: number; readonly rate: number }
  /** `pairs` of [from, to] whose datagrams are lost; on every link when `link` is null. */
  | {
      readonly kind: "cut";
      readonly pairs: readonly (readonly [number, number])[];
      readonly link: number | null;
      readonly forMs: number;
    }
  /** One node is cut off; at the moment it is back, another one is. Who still believes the old story meets the new one. */
  | {
      readonly kind: "swap";
      readonly first: number;
      readonly second: number;
      readonly ways: readonly [Direction, Direction];
      readonly forMs: number;
    }
  /** One node is cut off from all, or from `pair` alone. */
  | { readonly kind: "isolate"; readonly node: number; readonly pair: number | null; readonly forMs: number }
  | { readonly kind: "flap"; readonly node: number; readonly periodMs: number; readonly times: number }
  | { readonly kind: "delay"; readonly node: number; readonly byMs: number; readonly forMs: number }
  /** What comes in is late by this; what the node says isn't. */
  | { readonly kind: "delayIn"; readonly node: number; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "hangAgent"; readonly node: number; readonly forMs: number }
  /** What fencing comes to from now on. */
  | { readonly kind: "fencing"; readonly outcome: FencingOutcome };

/** A fault for node -1 meets whoever runs the service, for -2 whoever would run it next. */
export const ACTIVE = -1;
export const NEXT = -2;

/** What of a node is lost: what it hears, what it says, or both. */
export type Direction = "in" | "out" | "both";

/** `late`: the host is off at once, and the word of it comes seconds later. */
export type FencingOutcome = "success" | "failure" | "timeout" | "late";

export interface TimedPresenceFault {
  readonly atMs: number;
  readonly fault: PresenceFault;
}

export interface PresenceSchedule {
  readonly seed: number;
  /** The last one is the witness when the rules have one that is a host. */
  readonly nodes: number;
  readonly links: number;
  readonly quorum: QuorumOptions;
  readonly policy: NoQuorumPolicy;
  readonly fencing: boolean;
  readonly watchdog: boolean;
  readonly lossRatio: number;
  readonly latencyMs: number;
  readonly chaosMs: number;
  readonly faults: readonly TimedPresenceFault[];
  /** Lost for good once the cluster has healed: then everybody has to come to the right view of it. */
  readonly finale: readonly (readonly [number, number])[];
}

export const PRESENCE_DRIFT_RATIO = 0.05;
/** The shipping suspicion with a lower ceiling, so that more can happen in a second. */
export const PRESENCE_SUSPICION = { heartbeatMs: 100, minTimeoutMs: 400, maxTimeoutMs: 1000, deviations: 6 } as const;
export const WATCHDOG_MS = 700;
const MAX_FAULTS = 10;

export function nodeName(index: number): string {
  return String.fromCharCode("a".charCodeAt(0) + index);
}

export function makePresenceSchedule(seed: number): PresenceSchedule {
  const random = createRandom(seed ^ 0x0b5e55ed);
  const rules = makeRules(random, seed);
  const { nodes } = rules;
  const chaosMs = random.integer(4000, 14_000);
  const policy: NoQuorumPolicy = random.chance(0.75)
    ? "stop"
    : random.pick(["freeze", "demote", "ignore", "suicide"] as const);
  const faults: TimedPresenceFault[] = [];
  const count = random.integer(1, MAX_FAULTS);
  for (let made = 0; made < count; made += 1) {
    faults.push({ atMs: random.integer(0, chaosMs), fault: makeFault(random, nodes, rules.links) });
  }
  faults.sort((one, other) => one.atMs - other.atMs);
  return {
    seed,
    ...rules,
    policy,
    fencing: random.chance(0.5),
    watchdog: random.chance(0.8),
    lossRatio: random.chance(0.5) ? 0 : random.pick([0.02, 0.1, 0.3]),
    latencyMs: random.chance(0.8) ? 2 : random.pick([40, 200]),
    chaosMs,
    faults,
    finale: random.chance(0.3) ? makeCut(random, nodes, ["full", "oneWay", "mute", "deaf", "pair"]) : [],
  };
}

type Rules = Pick<PresenceSchedule, "nodes" | "links" | "quorum">;

function makeRules(random: Random, seed: number): Rules {
  const links = random.chance(0.7) ? 1 : 2;
  const kind = random.pick(["majority", "majority", "twoNode", "witness", "tieBreaker", "weights"] as const);
  const services =
    kind === "twoNode" || kind === "witness" ? 2 : random.pick(kind === "tieBreaker" ? [2, 4] : [3, 4, 5]);
  const list = Array.from({ length: services }, (_, at) => ({
    name: nodeName(at),
    votes: kind === "weights" ? random.integer(1, 3) : 1,
  }));
  // A source of its own: all other schedules stay what they were.
  const hasDisk = kind === "witness" && createRandom(seed ^ 0x0d15c).chance(0.4);
  const host = kind === "witness" && !hasDisk;
  const witness: QuorumWitness | null = hasDisk
    ? { name: "disk", votes: 1, disk: true }
    : host
      ? { name: nodeName(services), votes: 1 }
      : null;
  const quorum: QuorumOptions = {
    nodes: list,
    witness,
    twoNode: kind === "twoNode",
    waitForAll: random.chance(0.3),
    autoTieBreaker:
      kind === "tieBreaker" ? random.pick(["lowest", "highest", [nodeName(1), nodeName(0)]] as const) : "none",
    lastManStanding: false,
    lastManStandingWindowMs: 10_000,
  };
  return { nodes: services + (host ? 1 : 0), links, quorum };
}

function makeFault(random: Random, nodes: number, links: number): PresenceFault {
  const node = random.integer(0, nodes - 1);
  const forMs = random.pick([300, 1200, 4000, 8000]);
  const kind = random.pick([
    ...(["crash", "powerOff", "pause", "pause", "stutter", "drift", "cut", "cut", "swap", "swap", "swap"] as const),
    ...(["flap", "delay", "delayIn", "hangAgent", "fencing"] as const),
  ]);
  switch (kind) {
    case "crash":
    case "powerOff":
      return { kind, node, downMs: random.pick([50, 500, 2500]) };
    case "pause":
      return { kind, node, forMs: random.pick([200, 600, 1500, 5000]) };
    case "stutter":
      return { kind, node, stallMs: random.pick([350, 550, 650]), times: random.integer(3, 14) };
    case "drift":
      return { kind, node, rate: 1 + (random.fraction() * 2 - 1) * PRESENCE_DRIFT_RATIO };
    case "cut":
      return {
        kind,
        pairs: makeCut(random, nodes, ["full", "full", "oneWay", "mute", "deaf", "pair", "partial"]),
        link: random.chance(0.7) ? null : random.integer(0, links - 1),
        forMs,
      };
    case "swap": {
      const way = (): Direction => random.pick(["in", "out", "both"] as const);
      const second = (node + random.integer(1, nodes - 1)) % nodes;
      return { kind, first: node, second, ways: [way(), way()], forMs: random.pick([1200, 4000, 4000]) };
    }
    case "flap":
      return { kind, node, periodMs: random.pick([600, 1500]), times: random.integer(2, 6) };
    case "delay":
    case "delayIn":
      return { kind, node, byMs: random.pick([50, 300, 900]), forMs };
    case "hangAgent":
      return { kind, node, forMs: random.pick([200, 1500, 20_000]) };
    case "fencing":
      return { kind, outcome: random.pick(["success", "failure", "timeout", "late"] as const) };
  }
}

type Plan = "lag" | "homecoming" | "old news" | "overlap" | "late word" | "held back";
const PLANS: readonly Plan[] = ["lag", "homecoming", "old news", "overlap", "late word", "held back"];

/**
 * Schedules aimed at the second lines of defence of membership and takeover: what only matters when the first line was passed
 * by a rare meeting of events. One kind of them a schedule, at moments that vary.
 */
export function makeStorm(seed: number): PresenceSchedule {
  const random = createRandom(seed ^ 0x0057093);
  const plan = random.pick(PLANS);
  const faults: TimedPresenceFault[] = [];
  for (let atMs = 5000; atMs < 16_000; atMs += 9000) {
    for (const fault of stormOf(random, plan)) faults.push({ ...fault, atMs: atMs + fault.atMs });
  }
  faults.sort((one, other) => one.atMs - other.atMs);
  const services = plan === "homecoming" ? 5 : random.pick([3, 5]);
  const quorum = majorityOfNodes(Array.from({ length: services }, (_, at) => nodeName(at)));
  const fencing = plan === "late word" || plan === "held back";
  const rules = { nodes: services, links: 1, quorum, policy: "stop" as const, fencing, watchdog: true };
  return { seed, ...rules, lossRatio: 0, latencyMs: 2, chaosMs: 24_000, faults, finale: [] };
}

function stormOf(random: Random, plan: Plan): readonly TimedPresenceFault[] {
  const forMs = 8000;
  const cut = (node: number, atMs: number, cutMs: number, pair: number | null = null): TimedPresenceFault => ({
    atMs,
    fault: { kind: "isolate", node, pair, forMs: cutMs },
  });
  const delayIn = (node: number, atMs: number, lagMs: number): TimedPresenceFault => ({
    atMs,
    fault: { kind: "delayIn", node, byMs: random.integer(600, 900), forMs: lagMs },
  });
  switch (plan) {
    case "lag":
      return [
        { atMs: 0, fault: { kind: "drift", node: ACTIVE, rate: 1 - PRESENCE_DRIFT_RATIO } },
        { atMs: 0, fault: { kind: "drift", node: NEXT, rate: 1 + PRESENCE_DRIFT_RATIO } },
        delayIn(ACTIVE, 0, forMs),
        { atMs: 100, fault: { kind: "hangAgent", node: ACTIVE, forMs } },
        cut(ACTIVE, random.integer(2500, 4000), 5000),
      ];
    case "homecoming":
      return [cut(ACTIVE, 0, forMs, NEXT), delayIn(NEXT, 0, forMs), cut(ACTIVE, 1500, random.integer(1000, 2400))];
    case "old news":
      return [
        { atMs: 0, fault: { kind: "flap", node: ACTIVE, periodMs: 600, times: random.integer(2, 4) } },
        delayIn(ACTIVE, 0, random.integer(1000, 5000)),
        cut(ACTIVE, random.integer(2000, 6000), 3000),
      ];
    case "overlap": {
      const aloneMs = random.integer(3000, 5000);
      return [
        delayIn(ACTIVE, 0, forMs),
        { atMs: 100, fault: { kind: "hangAgent", node: ACTIVE, forMs } },
        cut(NEXT, 100, aloneMs),
        cut(ACTIVE, aloneMs + random.integer(-600, 700), 4000),
      ];
    }
    case "late word":
      return [
        { atMs: 0, fault: { kind: "fencing", outcome: "late" } },
        cut(ACTIVE, 100, 700),
        { atMs: 1200, fault: { kind: "fencing", outcome: random.pick(["failure", "timeout"] as const) } },
        cut(ACTIVE, random.integer(3500, 6500), 4000),
      ];
    case "held back":
      return [
        { atMs: 0, fault: { kind: "fencing", outcome: "failure" } },
        { atMs: 10, fault: { kind: "flap", node: ACTIVE, periodMs: 600, times: random.integer(3, 6) } },
      ];
  }
}

type CutShape = "full" | "oneWay" | "mute" | "deaf" | "pair" | "partial";

/** Two sides; one side mute; one node without ears or voice; a pair; links at random. */
function makeCut(random: Random, nodes: number, shapes: readonly CutShape[]): readonly (readonly [number, number])[] {
  const shape = random.pick(shapes);
  const inside = Array.from({ length: nodes }, () => random.chance(0.5));
  const [one, other] = [random.integer(0, nodes - 1), random.integer(0, nodes - 1)];
  const pairs: [number, number][] = [];
  for (let from = 0; from < nodes; from += 1) {
    for (let to = 0; to < nodes; to += 1) {
      const crosses = inside[from] !== inside[to];
      const lost =
        shape === "full"
          ? crosses
          : shape === "oneWay"
            ? crosses && inside[from] === true
            : shape === "mute"
              ? from === one
              : shape === "deaf"
                ? to === one
                : shape === "pair"
                  ? (from === one && to === other) || (from === other && to === one)
                  : random.chance(0.3);
      if (from !== to && lost) pairs.push([from, to]);
    }
  }
  return pairs;
}
