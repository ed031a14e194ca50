import type { QuorumAction } from "../../effect/membership.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import {
  actOnQuorum,
  createQuorumState,
  decideQuorum,
  fencingDelayMs,
  type NoQuorumPolicy,
  type QuorumOptions,
  type QuorumState,
} from "./quorum.ts";

/**
 * Where a node stands: from who is there and the quorum rules to what it does with what it runs, whom it has fenced, and whose
 * services may be taken over. A lost node's services are safe to take over when its fencing is confirmed; or when it has been
 * out of the view of a whole quorum for so long that its own watchdog must have stopped it.
 */
export interface StandingOptions {
  readonly self: string;
  readonly quorum: QuorumOptions;
  readonly policy: NoQuorumPolicy;
  /** What a node is worth in a fencing race; names not listed count 0. */
  readonly weights: Readonly<Record<string, number>>;
  readonly fencing: boolean;
  /** How much later the less important of two nodes shoots. Longer than two nodes' suspicion can differ. */
  readonly fencingDelayMs: number;
  readonly fencingRetryMs: number;
  /** A node that was out when this one found its quorum has so long to join before it is fenced. */
  readonly joinGraceMs: number;
  /**
   * Within this time of losing its quorum a node surely runs nothing any more, by its watchdog (see `selfFenceMs`).
   * Null: nodes have no watchdog, only fencing makes a takeover safe.
   */
  readonly selfFenceMs: number | null;
  /** How far two nodes' clocks may differ in rate. */
  readonly driftRatio: number;
  /**
   * A quorum that is lost for no longer than this stops nothing: a node that stalled needs a round of heartbeats to know
   * where it stands. Nothing is started or taken over meanwhile, and the watchdog is not fed. Shorter than its period.
   */
  readonly lossGraceMs: number;
  /** A daemon that starts anew beside running services leaves them alone for so long, until it has found its peers. */
  readonly adoptGraceMs: number;
}

/** `sinceMs` tells this loss of the node from an earlier one: a late answer to that is no news of this. */
export interface FencingOrder {
  readonly peer: string;
  readonly sinceMs: number;
}

interface LostNode {
  readonly sinceMs: number;
  fenceDueMs: number;
  fenced: boolean;
}

export interface Standing {
  readonly options: StandingOptions;
  quorum: QuorumState;
  quorate: boolean;
  everQuorate: boolean;
  quorateMs: number;
  readonly lost: Map<string, LostNode>;
}

/** What the membership says; see `MembershipView`. */
export interface Presence {
  readonly members: readonly string[];
  readonly vouchers: readonly string[];
  readonly ruledOut: readonly string[];
  readonly heldBack: readonly string[];
}

export interface StandingOutcome {
  readonly quorate: boolean;
  readonly action: QuorumAction;
  /** Nodes to fence now; answer with `fencingConfirmed` or `fencingFailed`. */
  readonly fence: readonly FencingOrder[];
  /** Lost nodes that surely run nothing. */
  readonly safe: readonly string[];
  readonly reasons: readonly Reason[];
}

/** Settings that fit the default suspicion: see each one for what raising it does. */
export const DEFAULT_STANDING = {
  policy: "stop",
  weights: {},
  fencing: false,
  fencingDelayMs: 5000,
  fencingRetryMs: 10_000,
  joinGraceMs: 10_000,
  selfFenceMs: null,
  driftRatio: 0.05,
  lossGraceMs: 500,
  adoptGraceMs: 3000,
} as const satisfies Omit<StandingOptions, "self" | "quorum">;

/** The rules of a plain majority of these nodes. */
export function majorityOfNodes(names: readonly string[]): QuorumOptions {
  return {
    nodes: names.map((name) => ({ name, votes: 1 })),
    witness: null,
    twoNode: false,
    waitForAll: false,
    autoTieBreaker: "none",
    lastManStanding: false,
    lastManStandingWindowMs: 10_000,
  };
}

/**
 * The bound for `selfFenceMs`: a node may count on its vouchers for `vouchMs` after what they last said of it, notices the end
 * at its next tick, and its watchdog bites within its period after it was last fed.
 */
export function selfFenceBoundMs(vouchMs: number, tickMs: number, watchdogMs: number): number {
  return vouchMs + tickMs + watchdogMs;
}

export function createStanding(options: StandingOptions, nowMs: number): Standing {
  return {
    options,
    quorum: createQuorumState(options.quorum, nowMs),
    quorate: false,
    everQuorate: false,
    quorateMs: nowMs,
    lost: new Map(),
  };
}

/** Time has passed or the view has changed; call it after every tick of the membership. */
export function stepStanding(standing: Standing, presence: Presence, nowMs: number): StandingOutcome {
  const { options } = standing;
  const outcome = decideQuorum(options.quorum, standing.quorum, presence.vouchers, nowMs);
  standing.quorum = outcome.state;
  // Who isn't in its own view is heard by too few: it counts for nobody, itself included.
  const quorate = outcome.state.quorate && presence.members.includes(options.self);
  if (quorate) {
    standing.everQuorate = true;
    standing.quorateMs = nowMs;
  }
  followLost(standing, presence, quorate, nowMs);
  standing.quorate = quorate;
  const reasons = [...outcome.reasons];
  const fence = quorate ? fencingDue(standing, presence, nowMs, reasons) : [];
  const safe = [...standing.lost].filter(([, lost]) => isSafe(options, lost, nowMs)).map(([name]) => name);
  return { quorate, action: actionOf(standing, quorate, nowMs), fence, safe, reasons };
}

function actionOf(standing: Standing, quorate: boolean, nowMs: number): QuorumAction {
  const { options, everQuorate } = standing;
  const graceMs = everQuorate ? options.lossGraceMs : options.adoptGraceMs;
  const action = actOnQuorum(options.policy, quorate, everQuorate);
  return action !== "continue" && nowMs - standing.quorateMs < graceMs ? "freeze" : action;
}

/** Counts how long each node has been out, as long as this node was quorate all that time. */
function followLost(standing: Standing, presence: Presence, quorate: boolean, nowMs: number): void {
  const { options, lost } = standing;
  if (!quorate) {
    lost.clear();
    return;
  }
  for (const { name } of options.quorum.nodes) {
    if (!presence.ruledOut.includes(name)) lost.delete(name);
    else if (!lost.has(name)) {
      const graceMs = standing.quorate ? 0 : options.joinGraceMs;
      const fenceDueMs = nowMs + Math.max(graceMs, raceDelayMs(options, name));
      lost.set(name, { sinceMs: nowMs, fenceDueMs, fenced: false });
    }
  }
}

/** Only where both sides may believe they are right does one of them wait. */
function raceDelayMs(options: StandingOptions, peer: string): number {
  if (!options.quorum.twoNode && options.policy !== "ignore") return 0;
  const node = (name: string) => ({ name, weight: options.weights[name] ?? 0 });
  return fencingDelayMs(node(options.self), node(peer), options.fencingDelayMs);
}

function fencingDue(standing: Standing, presence: Presence, nowMs: number, reasons: Reason[]): readonly FencingOrder[] {
  const { options } = standing;
  // One node has it done: the first by name of those whose votes make up this quorum.
  const first = options.quorum.nodes.map((node) => node.name).filter((name) => presence.vouchers.includes(name));
  if (!options.fencing || options.self !== first.sort()[0]) return [];
  const due: FencingOrder[] = [];
  for (const [name, lost] of standing.lost) {
    // Who is only held back is alive and has no quorum: time, not force, lets it in again.
    if (lost.fenced || nowMs < lost.fenceDueMs || presence.heldBack.includes(name)) continue;
    lost.fenceDueMs = nowMs + options.fencingRetryMs;
    due.push({ peer: name, sinceMs: lost.sinceMs });
    const outMs = Math.round(nowMs - lost.sinceMs);
    reasons.push(reason(CORE_REASONS, "CORE_FENCING_ASKED", { peer: name, outMs }));
  }
  return due;
}

/** A node's services surely ended: it was seen to go down, or has had the time to see to it itself. */
function isSafe(options: StandingOptions, lost: LostNode, nowMs: number): boolean {
  if (lost.fenced) return true;
  const stops = options.policy === "stop" || options.policy === "suicide" || options.policy === "demote";
  if (options.selfFenceMs === null || !stops || options.quorum.twoNode) return false;
  const { driftRatio } = options;
  return nowMs - lost.sinceMs >= (options.selfFenceMs * (1 + driftRatio)) / (1 - driftRatio);
}

/** An operator says that the nodes which were not seen yet are surely off: `wait_for_all` waits for them no longer. */
export function cancelWaitForAll(standing: Standing): void {
  standing.quorum = { ...standing.quorum, sawAll: true };
}

/** A fencing device confirmed that the node is off. */
export function fencingConfirmed(standing: Standing, order: FencingOrder): void {
  const lost = standing.lost.get(order.peer);
  if (lost?.sinceMs === order.sinceMs) lost.fenced = true;
}

/** Fencing failed, or nobody knows: it is asked for again after a while. */
export function fencingFailed(standing: Standing, order: FencingOrder, nowMs: number): void {
  const lost = standing.lost.get(order.peer);
  if (lost?.sinceMs === order.sinceMs) lost.fenceDueMs = nowMs + standing.options.fencingRetryMs;
}
