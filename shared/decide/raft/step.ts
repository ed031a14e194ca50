import type { NodeId, PersistWrite, RaftEffect, RaftMessage, Snapshot } from "../../effect/raft.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { onSelfVoteDurable, onVoteReply, onVoteRequest, startCampaign, startPreVote } from "./election.ts";
import { onAppend, onSnapshotChunk } from "./follow.ts";
import { advanceCommit, appendOwn, continueTransfer, openRound } from "./leadership.ts";
import { compactLog, lastIndexOf, membersAt, sliceEntries, termAt } from "./log.ts";
import { MAX_OPEN_ROUNDS } from "./options.ts";
import { requestRead } from "./reads.ts";
import { forgetProgress, onAppendReply, onSnapshotReply, replicateTo } from "./replication.ts";
import { becomeFollower, hardStateOf, isVoter, MAX_HELD_MESSAGES, type Leadership, type Raft } from "./state.ts";

/**
 * The door of the consensus code. Feed events with `receive`, `tick`, `persisted`, `propose`, `requestRead` … as many as have
 * come in, then call `finishStep` once: what the whole batch changed becomes one write and a few messages (group commit).
 */

export interface RaftOutcome {
  readonly effects: readonly RaftEffect[];
  readonly reasons: readonly Reason[];
}

/** A message of another member came in; `from` is what the transport has authenticated. */
export function receive(raft: Raft, from: NodeId, message: RaftMessage, nowMs: number): void {
  switch (message.kind) {
    case "preVote":
    case "vote":
      return onVoteRequest(raft, from, message, nowMs);
    case "preVoteReply":
    case "voteReply":
      return onVoteReply(raft, from, message, nowMs);
    case "append":
      return onAppend(raft, from, message, nowMs);
    case "snapshot":
      return onSnapshotChunk(raft, from, message, nowMs);
    case "appendReply":
    case "snapshotReply":
      if (message.term > raft.term) {
        return becomeFollower(raft, message.term, null, nowMs, `${from} knows a newer term`);
      }
      return message.kind === "appendReply"
        ? onAppendReply(raft, from, message, nowMs)
        : onSnapshotReply(raft, from, message, nowMs);
    case "timeoutNow":
      if (message.term === raft.term && raft.role === "follower" && isVoter(raft) && !raft.recovering) {
        startCampaign(raft, true, nowMs);
      }
      return undefined;
    case "recover":
      if (raft.leadership !== null && message.term === raft.term) {
        forgetProgress(raft, raft.leadership, from, message.boot);
        requestRead(raft, null, from, nowMs);
      }
      return undefined;
    case "recoverReply":
      if (raft.recovering && message.boot === raft.boot && message.term === raft.term) {
        raft.recoverTarget = message.index;
        finishRecovery(raft);
      }
      return undefined;
  }
}

/** Time has passed. Call it at `nextDeadlineMs`; earlier or more often does no harm. */
export function tick(raft: Raft, nowMs: number): void {
  if (raft.leadership !== null) tickLeader(raft, raft.leadership, nowMs);
  else if (nowMs >= raft.electionDeadlineMs) onSilence(raft, nowMs);
}

/** When to call `tick` next, on the caller's monotonic clock. */
export function nextDeadlineMs(raft: Raft): number {
  return raft.leadership === null ? raft.electionDeadlineMs : raft.leadership.heartbeatDueMs;
}

function onSilence(raft: Raft, nowMs: number): void {
  const lateMs = nowMs - raft.electionDeadlineMs;
  if (lateMs > raft.options.heartbeatMs) {
    // It was this node that stalled: what the leader sent meanwhile may still wait to be read.
    raft.reasons.push(reason(CORE_REASONS, "CORE_SELF_LATE", { node: raft.id, lateMs: Math.round(lateMs) }));
    raft.electionDeadlineMs = nowMs + 2 * raft.options.heartbeatMs;
    return;
  }
  if (!isVoter(raft) || raft.recovering) {
    raft.leader = null;
    raft.electionDeadlineMs = nowMs + raft.options.electionTimeoutMs;
    return;
  }
  startPreVote(raft, nowMs);
}

function tickLeader(raft: Raft, leadership: Leadership, nowMs: number): void {
  const contactMs = Math.max(leadership.confirmedSentMs, leadership.sinceMs);
  if (nowMs - contactMs >= raft.options.electionTimeoutMs && leadership.progress.size > 0) {
    becomeFollower(raft, raft.term, null, nowMs, "no majority answered within the election timeout");
    return;
  }
  if (leadership.transfer !== null && nowMs >= leadership.transfer.deadlineMs) leadership.transfer = null;
  if (nowMs >= leadership.heartbeatDueMs) openRound(raft, nowMs);
}

/** Appends a command. Null: refused, this node doesn't lead, hands over, or too much is uncommitted. */
export function propose(raft: Raft, payload: string): number | null {
  const leadership = raft.leadership;
  if (leadership === null || leadership.transfer !== null) return null;
  if (lastIndexOf(raft.log) - raft.commitIndex >= raft.options.maxUncommittedEntries) return null;
  return appendOwn(raft, "command", payload);
}

/** All writes up to this sequence number are durable. */
export function persisted(raft: Raft, sequence: number, nowMs: number): void {
  if (sequence > raft.persistSequence) throw new Error("a write became durable that was not issued");
  if (sequence <= raft.persistedSequence) return;
  raft.persistedSequence = sequence;
  let write = raft.writesUnderWay[0];
  while (write !== undefined && write.sequence <= sequence) {
    raft.stableIndex = write.lastIndex;
    raft.writesUnderWay.shift();
    write = raft.writesUnderWay[0];
  }
  onSelfVoteDurable(raft, nowMs);
  if (raft.leadership !== null) advanceCommit(raft, nowMs);
  finishRecovery(raft);
}

/** The state machine's text as of an applied entry replaces the log up to it. */
export function compact(raft: Raft, index: number, data: string): void {
  const term = termAt(raft.log, index);
  if (term === null || index > raft.commitIndex) throw new Error(`no snapshot can be made at ${index}`);
  const snapshot: Snapshot = { index, term, members: membersAt(raft.log, index), data };
  compactLog(raft.log, snapshot, keepAfter(raft, index));
  raft.snapshotDirty = true;
}

/**
 * What must stay in the log for others. Whoever answers and is catching up needs all that follows what it has, or what the
 * snapshot under way will give it; else it would find the log cut off again each time, and never arrive under load.
 */
function keepAfter(raft: Raft, index: number): number {
  const { trailingEntries, maxTrailingEntries } = raft.options;
  let keep = index - trailingEntries;
  const leadership = raft.leadership;
  if (leadership === null) return keep;
  for (const progress of leadership.progress.values()) {
    const answers = leadership.round - progress.ackedRound <= MAX_OPEN_ROUNDS;
    if (!answers) continue;
    keep = Math.min(keep, progress.mode === "snapshot" ? (progress.snapshot?.index ?? keep) : progress.match);
  }
  return Math.max(keep, index - maxTrailingEntries);
}

function finishRecovery(raft: Raft): void {
  if (!raft.recovering || raft.recoverTarget === null) return;
  if (raft.commitIndex < raft.recoverTarget || raft.stableIndex < raft.recoverTarget) return;
  raft.recovering = false;
  raft.hardStateDirty = true;
  raft.reasons.push(reason(CORE_REASONS, "CORE_RECOVERED", { node: raft.id, index: raft.recoverTarget }));
}

/** Ends a batch of events: gives the write, the messages and the reasons that they brought. */
export function finishStep(raft: Raft, nowMs: number): RaftOutcome {
  finishRecovery(raft);
  if (raft.leadership !== null) finishLeader(raft, raft.leadership, nowMs);
  raft.replicateWanted = false;
  writeChanges(raft);
  for (const { to, message, durable } of raft.outbox) {
    if (!durable || raft.persistedSequence === raft.persistSequence) {
      raft.effects.push({ kind: "send", to, message });
    } else if (raft.held.length < MAX_HELD_MESSAGES) {
      raft.held.push({ sequence: raft.persistSequence, to, message });
    }
  }
  raft.outbox.length = 0;
  const outcome = { effects: raft.effects, reasons: raft.reasons };
  raft.effects = [];
  raft.reasons = [];
  return outcome;
}

function finishLeader(raft: Raft, leadership: Leadership, nowMs: number): void {
  if (leadership.roundWanted) {
    const oldest = leadership.openRounds[0];
    if (oldest === undefined || nowMs - oldest.sentMs >= raft.options.heartbeatMs) openRound(raft, nowMs);
  }
  for (const [peer, progress] of leadership.progress) {
    if (raft.replicateWanted) replicateTo(raft, leadership, peer, progress, false);
    if (leadership.transfer !== null) continueTransfer(raft, peer, progress);
  }
}

function writeChanges(raft: Raft): void {
  const last = lastIndexOf(raft.log);
  const hasEntries = raft.firstUnwritten <= last;
  const sequence = raft.persistSequence + 1;
  if (raft.hardStateDirty || raft.snapshotDirty || raft.truncateDirty !== null || hasEntries) {
    const from = raft.snapshotDirty ? raft.log.snapshot.index + 1 : raft.firstUnwritten;
    const write: PersistWrite = {
      sequence,
      ...(raft.hardStateDirty ? { hardState: hardStateOf(raft) } : {}),
      ...(raft.snapshotDirty ? { snapshot: raft.log.snapshot } : {}),
      ...(raft.truncateDirty === null || raft.snapshotDirty ? {} : { truncateAfter: raft.truncateDirty }),
      entries: sliceEntries(raft.log, from, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    };
    raft.persistSequence = sequence;
    if (raft.hardStateDirty) raft.hardStateSequence = sequence;
    raft.writesUnderWay.push({ sequence, lastIndex: last });
    raft.firstUnwritten = last + 1;
    raft.hardStateDirty = false;
    raft.snapshotDirty = false;
    raft.truncateDirty = null;
    raft.effects.push({ kind: "persist", write });
  }
  let released = 0;
  for (const message of raft.held) {
    if (message.sequence > raft.persistedSequence) break;
    raft.effects.push({ kind: "send", to: message.to, message: message.message });
    released += 1;
  }
  if (released > 0) raft.held.splice(0, released);
}
