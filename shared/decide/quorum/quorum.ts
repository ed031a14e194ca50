import type { QuorumAction } from "../../effect/membership.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { checkQuorumRules } from "./rules.ts";

/**
 * Who may act when not everybody is there. The options and their names are those of votequorum(5), which administrators know;
 * consensus itself (`decide/raft`) always counts a strict majority of its voters and takes no part in these.
 */
export type NoQuorumPolicy = "stop" | "freeze" | "demote" | "ignore" | "suicide";

export interface QuorumNode {
  readonly name: string;
  readonly votes: number;
}

export interface QuorumWitness extends QuorumNode {
  /**
   * A disk: it votes for one of two nodes at a time (`disk-vote.ts`), not for a part of several, in which all but one would
   * not know that they have its vote. It is in nobody's view.
   */
  readonly disk?: true;
}

export interface QuorumOptions {
  readonly nodes: readonly QuorumNode[];
  /** A third, light voter for two nodes: a witness host, or a disk that both share. It never runs services. */
  readonly witness: QuorumWitness | null;
  /** Two nodes: one vote is enough, and fencing decides who stays. Implies `waitForAll`. */
  readonly twoNode: boolean;
  /** After a start no quorum before all nodes were seen at once: two halves that start apart don't both begin. */
  readonly waitForAll: boolean;
  /** Of two equal halves, the one with this node stays. `lowest`: the first of all by name; a list: its first. */
  readonly autoTieBreaker: "none" | "lowest" | "highest" | readonly string[];
  /**
   * Votes of nodes that have been gone for the window no longer count, so that a quorate rest may shrink on. Implies
   * `waitForAll`: nodes that start anew know nothing of what was lowered, and must not form a quorum beside the rest.
   */
  readonly lastManStanding: boolean;
  readonly lastManStandingWindowMs: number;
}

export interface QuorumState {
  readonly expectedVotes: number;
  /** All nodes were seen at once since this node started. */
  readonly sawAll: boolean;
  readonly quorate: boolean;
  /** Since when the present partition is what it is. */
  readonly partition: readonly string[];
  readonly partitionSinceMs: number;
}

export interface QuorumOutcome {
  readonly state: QuorumState;
  readonly votes: number;
  readonly needed: number;
  readonly reasons: readonly Reason[];
}

export function quorumOf(expectedVotes: number): number {
  return Math.floor(expectedVotes / 2) + 1;
}

function totalVotes(options: QuorumOptions): number {
  return options.nodes.reduce((sum, node) => sum + node.votes, options.witness?.votes ?? 0);
}

export function createQuorumState(options: QuorumOptions, nowMs: number): QuorumState {
  const wrong = checkQuorumRules(options);
  if (wrong.length > 0)
    throw new Error(`quorum rules that were not checked: ${wrong.map(({ code }) => code).join(", ")}`);
  return {
    expectedVotes: totalVotes(options),
    sawAll: false,
    quorate: false,
    partition: [],
    partitionSinceMs: nowMs,
  };
}

/**
 * Decides quorum for the partition this node is in.
 * `present`: names of the nodes heard in both directions, this one included; with the witness's when it votes for us.
 */
export function decideQuorum(
  options: QuorumOptions,
  before: QuorumState,
  present: readonly string[],
  nowMs: number,
): QuorumOutcome {
  const reasons: Reason[] = [];
  const here = [...present].sort();
  const same = here.length === before.partition.length && here.every((name, at) => name === before.partition[at]);
  const partitionSinceMs = same ? before.partitionSinceMs : nowMs;
  const votes = votesOf(options, here);
  const everybody = options.nodes.every((node) => here.includes(node.name));
  const sawAll = before.sawAll || everybody;
  const expectedVotes = expectedVotesNow(options, before, here, votes, same ? nowMs - partitionSinceMs : 0, reasons);
  const needed = options.twoNode ? 1 : quorumOf(expectedVotes);
  const waits = (options.waitForAll || options.twoNode || options.lastManStanding) && !sawAll;
  const tie = votes * 2 === expectedVotes && !options.twoNode && breaksTie(options, here);
  const quorate = !waits && (votes >= needed || tie);
  if (waits && votes >= needed && !same) {
    const missing = options.nodes.map((node) => node.name).filter((name) => !here.includes(name));
    reasons.push(reason(CORE_REASONS, "CORE_WAITING_FOR_ALL", { missing }));
  }
  if (quorate !== before.quorate) {
    const code = quorate ? "CORE_QUORUM_GAINED" : "CORE_QUORUM_LOST";
    const rule = waits ? "not all nodes were seen yet" : ruleOf(options, here, { votes, needed, expectedVotes, tie });
    reasons.push(reason(CORE_REASONS, code, { votes, needed, present: here, rule }));
  }
  const state = { expectedVotes, sawAll, quorate, partition: here, partitionSinceMs };
  return { state, votes, needed, reasons };
}

interface Count {
  readonly votes: number;
  readonly needed: number;
  readonly expectedVotes: number;
  readonly tie: boolean;
}

/** Which rule it was that gave or took quorum, in words. */
function ruleOf(options: QuorumOptions, here: readonly string[], count: Count): string {
  const { votes, needed, expectedVotes, tie } = count;
  const all = totalVotes(options);
  const of =
    expectedVotes === all ? `${all} votes` : `${expectedVotes} votes that are still expected (last_man_standing)`;
  if (options.twoNode) return "two_node: either one of the two is enough, and fencing decides between them";
  if (tie) return `half of ${of}, with the tie breaker`;
  if (votes * 2 === expectedVotes && options.autoTieBreaker !== "none") return `half of ${of}, without the tie breaker`;
  const { witness } = options;
  if (witness === null || votes < needed - witness.votes) return `${votes >= needed ? "" : "no "}majority of ${of}`;
  if (votes < needed) return `no majority of ${of}, and the witness doesn't vote for this side`;
  const decisive = here.includes(witness.name) && votes - witness.votes < needed;
  return `majority of ${of}${decisive ? ", by the vote of the witness" : ""}`;
}

function votesOf(options: QuorumOptions, here: readonly string[]): number {
  const witness = options.witness !== null && here.includes(options.witness.name) ? options.witness.votes : 0;
  return options.nodes.reduce((sum, node) => sum + (here.includes(node.name) ? node.votes : 0), witness);
}

/** Last man standing lowers what is expected while the rest is quorate; returning nodes raise it at once. */
function expectedVotesNow(
  options: QuorumOptions,
  before: QuorumState,
  here: readonly string[],
  votes: number,
  stableMs: number,
  reasons: Reason[],
): number {
  if (!options.lastManStanding) return totalVotes(options);
  const raised = Math.max(before.expectedVotes, votes);
  const mayLower = before.quorate && before.sawAll && stableMs >= options.lastManStandingWindowMs;
  if (!mayLower || votes >= raised || votes < quorumOf(raised)) return raised;
  // The step from two nodes to one is a tie; without a tie breaker either of the two might take it.
  if (here.length < 2 && options.autoTieBreaker === "none") return raised;
  reasons.push(reason(CORE_REASONS, "CORE_EXPECTED_VOTES_LOWERED", { from: raised, to: votes }));
  return votes;
}

/**
 * Of two equal halves only one has the chosen node, and which one that is must not depend on what a node has seen: two
 * partitions that remember different pasts would choose differently. So the choice is among all that are configured.
 */
function breaksTie(options: QuorumOptions, here: readonly string[]): boolean {
  const { autoTieBreaker } = options;
  if (autoTieBreaker === "none") return false;
  const names = options.nodes.map((node) => node.name).sort();
  if (autoTieBreaker === "lowest") return here.includes(names[0] ?? "");
  if (autoTieBreaker === "highest") return here.includes(names[names.length - 1] ?? "");
  const chosen = autoTieBreaker.find((name) => names.includes(name));
  return chosen !== undefined && here.includes(chosen);
}

export function actOnQuorum(policy: NoQuorumPolicy, quorate: boolean, everQuorate: boolean): QuorumAction {
  if (quorate || policy === "ignore") return "continue";
  // A node that never was part of a quorum runs nothing that could be frozen, and has no reason to kill itself.
  if (!everQuorate) return "stop";
  return policy;
}

/**
 * How long a node waits before it fences its peer when only fencing can decide (two nodes): the one with the smaller weight
 * waits, so that the more important one, or at equal weight the first by name, shoots first and survives.
 */
export function fencingDelayMs(
  self: { readonly name: string; readonly weight: number },
  peer: { readonly name: string; readonly weight: number },
  delayMs: number,
): number {
  if (self.weight !== peer.weight) return self.weight > peer.weight ? 0 : delayMs;
  return self.name < peer.name ? 0 : delayMs;
}
