import type { Entry, EntryKind, NodeId } from "../../effect/raft.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason } from "../../reason/catalogue.ts";
import { appendEntry, lastIndexOf, membersAt, membersIndexOf, membersOf, termAt } from "./log.ts";
import { replicateTo } from "./replication.ts";
import { admitEarlyReads, onRoundsConfirmed } from "./reads.ts";
import { becomeFollower, peersOf, reachedByMajority, type Leadership, type Progress, type Raft } from "./state.ts";
import { MAX_OPEN_ROUNDS } from "./options.ts";

export function createProgress(next: number): Progress {
  return {
    match: 0,
    next,
    mode: "probe",
    probeSent: false,
    inflight: [],
    ackedRound: 0,
    boot: 0,
    recoveredBoot: 0,
    snapshot: null,
    snapshotOffset: 0,
  };
}

/** Takes the lead: a no-op entry of the new term goes out at once, so that what older terms left can be committed. */
export function becomeLeader(raft: Raft, nowMs: number): void {
  if (raft.role !== "candidate") throw new Error(`${raft.role} can't become leader`);
  raft.role = "leader";
  raft.leader = raft.id;
  const leadership: Leadership = {
    sinceMs: nowMs,
    progress: new Map(),
    round: 0,
    openRounds: [],
    confirmedRound: 0,
    confirmedSentMs: Number.NEGATIVE_INFINITY,
    roundWanted: false,
    heartbeatDueMs: nowMs,
    leaseAllowed: true,
    transfer: null,
    pendingReads: [],
    earlyReads: [],
  };
  raft.leadership = leadership;
  syncProgress(raft);
  raft.reasons.push(reason(CORE_REASONS, "CORE_LEADER_ELECTED", { node: raft.id, term: raft.term }));
  appendOwn(raft, "noop", "");
  openRound(raft, nowMs);
}

/** Appends an entry of the leader's own term. */
export function appendOwn(raft: Raft, kind: EntryKind, payload: string): number {
  const entry: Entry = { index: lastIndexOf(raft.log) + 1, term: raft.term, kind, payload };
  appendEntry(raft.log, entry);
  raft.replicateWanted = true;
  if (kind === "members") syncProgress(raft);
  return entry.index;
}

/** Keeps one progress record for each other member in force. */
export function syncProgress(raft: Raft): void {
  const leadership = raft.leadership;
  if (leadership === null) return;
  const peers = peersOf(membersOf(raft.log), raft.id);
  for (const peer of peers) {
    if (!leadership.progress.has(peer)) leadership.progress.set(peer, createProgress(lastIndexOf(raft.log) + 1));
  }
  for (const known of leadership.progress.keys()) {
    if (!peers.includes(known)) leadership.progress.delete(known);
  }
}

/** Starts a round of contact: every member is sent an append at once, and its answer will carry the round. */
export function openRound(raft: Raft, nowMs: number): void {
  const leadership = requireLeadership(raft);
  leadership.round += 1;
  leadership.roundWanted = false;
  leadership.openRounds.push({ round: leadership.round, sentMs: nowMs });
  if (leadership.openRounds.length > MAX_OPEN_ROUNDS) leadership.openRounds.shift();
  leadership.heartbeatDueMs = nowMs + raft.options.heartbeatMs;
  for (const [peer, progress] of leadership.progress) replicateTo(raft, leadership, peer, progress, true);
  confirmRounds(raft);
}

/** A majority answered a round: the leader was the leader when it sent that round. */
export function confirmRounds(raft: Raft): void {
  const leadership = requireLeadership(raft);
  const confirmed = reachedByMajority(
    membersOf(raft.log).voters.map((voter) =>
      voter === raft.id ? leadership.round : (leadership.progress.get(voter)?.ackedRound ?? 0),
    ),
  );
  if (confirmed <= leadership.confirmedRound) return;
  leadership.confirmedRound = confirmed;
  while (leadership.openRounds.length > 0) {
    const oldest = leadership.openRounds[0];
    if (oldest === undefined || oldest.round > confirmed) break;
    leadership.confirmedSentMs = oldest.sentMs;
    leadership.openRounds.shift();
  }
  onRoundsConfirmed(raft, leadership);
}

export function requireLeadership(raft: Raft): Leadership {
  if (raft.leadership === null) throw new Error("not the leader");
  return raft.leadership;
}

/**
 * Commits what a majority has on disk. Only an entry of the own term is committed by counting; it takes the older ones
 * with it (§3.6.2: a counted entry of an older term may still be overwritten).
 */
export function advanceCommit(raft: Raft, nowMs: number): void {
  const leadership = requireLeadership(raft);
  const reached = reachedByMajority(
    membersOf(raft.log).voters.map((voter) =>
      voter === raft.id ? raft.stableIndex : (leadership.progress.get(voter)?.match ?? 0),
    ),
  );
  if (reached <= raft.commitIndex || termAt(raft.log, reached) !== raft.term) return;
  const before = raft.commitIndex;
  raft.commitIndex = reached;
  raft.replicateWanted = true;
  if (leadership.earlyReads.length > 0) admitEarlyReads(raft, leadership, nowMs);
  if (membersIndexOf(raft.log) > before && membersIndexOf(raft.log) <= reached) onMembersCommitted(raft, nowMs);
}

function onMembersCommitted(raft: Raft, nowMs: number): void {
  const members = membersAt(raft.log, raft.commitIndex);
  raft.reasons.push(
    reason(CORE_REASONS, "CORE_MEMBERS_CHANGED", { voters: members.voters, learners: members.learners }),
  );
  if (!members.voters.includes(raft.id)) {
    announceCommit(raft);
    becomeFollower(raft, raft.term, null, nowMs, "it is no longer a voter");
  }
}

/** A leader that leaves tells the others what is committed, as it will not send another heartbeat. */
function announceCommit(raft: Raft): void {
  const leadership = requireLeadership(raft);
  for (const [peer, progress] of leadership.progress) replicateTo(raft, leadership, peer, progress, true);
}

/** Moves leadership: the target is brought up to date first, then invited to campaign at once (§3.10). */
export function continueTransfer(raft: Raft, peer: NodeId, progress: Progress): void {
  const leadership = requireLeadership(raft);
  const transfer = leadership.transfer;
  if (transfer === null || transfer.to !== peer || transfer.sent || progress.match < lastIndexOf(raft.log)) return;
  transfer.sent = true;
  // The invited node may win at any later moment, even after the transfer is given up here.
  leadership.leaseAllowed = false;
  raft.outbox.push({ to: peer, message: { kind: "timeoutNow", term: raft.term }, durable: false });
}
