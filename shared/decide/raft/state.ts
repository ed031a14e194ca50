import type { HardState, Members, NodeId, RaftEffect, RaftMessage, Recovered, Snapshot } from "../../effect/raft.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { createRandom, type Random } from "../random.ts";
import { createLog, lastIndexOf, membersOf, type Log } from "./log.ts";
import { assertRaftOptions, type RaftOptions } from "./options.ts";

export type Role = "follower" | "preCandidate" | "candidate" | "leader";

/** What a leader knows of one other node. */
export interface Progress {
  /** Durable and equal up to here, as far as the leader was told. */
  match: number;
  /** The next entry to send; runs ahead of `match` while appends are under way. */
  next: number;
  /** probe: one append at a time until the logs meet. replicate: pipelined. snapshot: too far behind for the log. */
  mode: "probe" | "replicate" | "snapshot";
  probeSent: boolean;
  /** Last index of each append under way, oldest first. */
  inflight: number[];
  ackedRound: number;
  /** The life of that node that the leader has heard; answers of earlier lives are ignored. */
  boot: number;
  /** The life in which that node last said that it had lost its log. */
  recoveredBoot: number;
  snapshot: Snapshot | null;
  snapshotOffset: number;
}

export interface PendingRead {
  /** A read of this node, or null when a recovering node asked. */
  readonly readId: number | null;
  readonly recoverFor: NodeId | null;
  readonly index: number;
  readonly round: number;
}

/** Everything only a leader has; it is thrown away with the term. */
export interface Leadership {
  readonly sinceMs: number;
  readonly progress: Map<NodeId, Progress>;
  round: number;
  /** Rounds sent and not yet confirmed by a majority, oldest first. */
  openRounds: { readonly round: number; readonly sentMs: number }[];
  confirmedRound: number;
  confirmedSentMs: number;
  roundWanted: boolean;
  heartbeatDueMs: number;
  /** False for the rest of the term once the leader invited another node to take over. */
  leaseAllowed: boolean;
  transfer: { readonly to: NodeId; readonly deadlineMs: number; sent: boolean } | null;
  pendingReads: PendingRead[];
  /** Reads that wait for the first commit of this term. */
  earlyReads: { readonly readId: number | null; readonly recoverFor: NodeId | null }[];
}

/**
 * One consensus node. It is changed in place, only by the functions of this folder, and depends on nothing but the
 * events fed to `stepRaft`: the same events give the same states and effects.
 */
export interface Raft {
  readonly id: NodeId;
  readonly options: RaftOptions;
  readonly random: Random;
  readonly log: Log;
  readonly boot: number;
  term: number;
  votedFor: NodeId | null;
  recovering: boolean;
  role: Role;
  leader: NodeId | null;
  commitIndex: number;
  votes: Map<NodeId, boolean>;
  /** A vote for oneself counts once this write is durable. */
  selfVoteSequence: number;
  electionDeadlineMs: number;
  lastLeaderContactMs: number;
  leadership: Leadership | null;
  incoming: { readonly index: number; readonly from: NodeId; parts: string[]; size: number } | null;
  /** A snapshot from the leader that the state machine has to take over; cleared by the owner. */
  restored: Snapshot | null;
  recoverTarget: number | null;
  recoverAskedMs: number;
  // Disk: what is issued, what is durable.
  persistSequence: number;
  persistedSequence: number;
  hardStateSequence: number;
  stableIndex: number;
  writesUnderWay: { readonly sequence: number; lastIndex: number }[];
  // What this step has changed and must be written at its end.
  hardStateDirty: boolean;
  snapshotDirty: boolean;
  truncateDirty: number | null;
  firstUnwritten: number;
  replicateWanted: boolean;
  outbox: { readonly to: NodeId; readonly message: RaftMessage; readonly durable: boolean }[];
  held: { readonly sequence: number; readonly to: NodeId; readonly message: RaftMessage }[];
  effects: RaftEffect[];
  reasons: Reason[];
}

/** Messages that wait for the disk; more are dropped, as a network may drop them. */
export const MAX_HELD_MESSAGES = 4096;

/** Makes a node from what its disk gave back. `seed` decides its election jitter; give each node another. */
export function createRaft(id: NodeId, options: RaftOptions, recovered: Recovered, seed: number, nowMs: number): Raft {
  assertRaftOptions(options);
  const log = createLog(recovered.snapshot, recovered.entries);
  const raft: Raft = {
    id,
    options,
    random: createRandom(seed),
    log,
    boot: recovered.hardState.boot,
    term: recovered.hardState.term,
    votedFor: recovered.hardState.votedFor,
    recovering: recovered.hardState.recovering,
    role: "follower",
    leader: null,
    commitIndex: recovered.snapshot.index,
    votes: new Map(),
    selfVoteSequence: 0,
    electionDeadlineMs: 0,
    // A node that just started may have defended a leader before it stopped, and goes on doing so.
    lastLeaderContactMs: nowMs,
    leadership: null,
    incoming: null,
    restored: null,
    recoverTarget: null,
    recoverAskedMs: Number.NEGATIVE_INFINITY,
    persistSequence: 0,
    persistedSequence: 0,
    hardStateSequence: 0,
    stableIndex: lastIndexOf(log),
    writesUnderWay: [],
    hardStateDirty: false,
    snapshotDirty: false,
    truncateDirty: null,
    firstUnwritten: lastIndexOf(log) + 1,
    replicateWanted: false,
    outbox: [],
    held: [],
    effects: [],
    reasons: [],
  };
  resetElectionDeadline(raft, nowMs);
  if (raft.recovering) raft.reasons.push(reason(CORE_REASONS, "CORE_RECOVERING", { node: id }));
  return raft;
}

export function resetElectionDeadline(raft: Raft, nowMs: number): void {
  const timeoutMs = raft.options.electionTimeoutMs;
  raft.electionDeadlineMs = nowMs + timeoutMs + raft.random.fraction() * timeoutMs;
}

export function hardStateOf(raft: Raft): HardState {
  return { term: raft.term, votedFor: raft.votedFor, boot: raft.boot, recovering: raft.recovering };
}

export function votersOf(raft: Raft): readonly NodeId[] {
  return membersOf(raft.log).voters;
}

export function isVoter(raft: Raft): boolean {
  return votersOf(raft).includes(raft.id);
}

export function peersOf(members: Members, self: NodeId): readonly NodeId[] {
  return [...members.voters, ...members.learners].filter((node) => node !== self);
}

/** More than half: floor(n / 2) + 1. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * The greatest value that a majority of the voters has reached; the commit index and the confirmed round are made of it.
 */
export function reachedByMajority(values: number[]): number {
  values.sort((a, b) => b - a);
  const value = values[majorityOf(values.length) - 1];
  if (value === undefined) throw new Error("no voters");
  return value;
}

/** Sends at once: nothing durable is promised by the message. */
export function sendNow(raft: Raft, to: NodeId, message: RaftMessage): void {
  raft.outbox.push({ to, message, durable: false });
}

/** Sends once everything that this step and earlier ones changed is durable: the message promises it. */
export function sendWhenDurable(raft: Raft, to: NodeId, message: RaftMessage): void {
  raft.outbox.push({ to, message, durable: true });
}

/** Takes a new term or gives up a role. The vote of an older term is void. */
export function becomeFollower(raft: Raft, term: number, leader: NodeId | null, nowMs: number, cause: string): void {
  if (term < raft.term) throw new Error(`term falls from ${raft.term} to ${term}`);
  if (raft.leadership !== null) {
    raft.reasons.push(reason(CORE_REASONS, "CORE_LEADER_RESIGNED", { node: raft.id, term: raft.term, cause }));
    for (const read of [...raft.leadership.pendingReads, ...raft.leadership.earlyReads]) {
      if (read.readId !== null) raft.effects.push({ kind: "readFailed", readId: read.readId });
    }
    raft.leadership = null;
  }
  if (term > raft.term) {
    raft.term = term;
    raft.votedFor = null;
    raft.hardStateDirty = true;
    raft.held.length = 0;
    raft.incoming = null;
  }
  if (raft.role !== "follower") resetElectionDeadline(raft, nowMs);
  raft.role = "follower";
  if (leader !== null && leader !== raft.leader) {
    raft.reasons.push(reason(CORE_REASONS, "CORE_LEADER_FOLLOWED", { node: raft.id, leader, term }));
  }
  raft.leader = leader;
  raft.votes.clear();
}
