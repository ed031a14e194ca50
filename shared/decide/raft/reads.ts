import type { NodeId } from "../../effect/raft.ts";
import { termAt } from "./log.ts";
import { sendNow, type Leadership, type Raft } from "./state.ts";

/**
 * Linearizable reads without a log entry (§6.4). Read index: note the commit index, have a majority confirm the lead in a
 * round opened after the read came, then answer. Lease: a majority confirmed a round so recently that no other leader can
 * have been elected since.
 */

/**
 * How long after sending a round, on the leader's clock, the round's voters still defend it on theirs: they defend it for the
 * election timeout from a later moment on, their clocks may be fast and the leader's slow, each by the drift ratio.
 */
export function leaseDurationMs(electionTimeoutMs: number, driftRatio: number): number {
  return (electionTimeoutMs * (1 - driftRatio)) / (1 + driftRatio);
}

export function hasLease(raft: Raft, nowMs: number): boolean {
  const { leadership, options } = raft;
  if (leadership === null || !options.leaseRead || !leadership.leaseAllowed) return false;
  const durationMs = leaseDurationMs(options.electionTimeoutMs, options.clockDriftRatio);
  return nowMs < leadership.confirmedSentMs + durationMs;
}

/** The commit index is only known to be the latest once an entry of the own term is committed. */
export function knowsCommit(raft: Raft): boolean {
  return termAt(raft.log, raft.commitIndex) === raft.term;
}

/** Asks for a linearizable read; `readReady` or `readFailed` with this id follows. False: refused, too many wait. */
export function requestRead(raft: Raft, readId: number | null, recoverFor: NodeId | null, nowMs: number): boolean {
  const leadership = raft.leadership;
  if (leadership === null) return false;
  if (leadership.pendingReads.length + leadership.earlyReads.length >= raft.options.maxPendingReads) return false;
  if (!knowsCommit(raft)) {
    leadership.earlyReads.push({ readId, recoverFor });
    return true;
  }
  if (readId !== null && hasLease(raft, nowMs)) {
    raft.effects.push({ kind: "readReady", readId, index: raft.commitIndex });
    return true;
  }
  // A round that is already under way was sent before this read came and can't confirm it.
  leadership.pendingReads.push({ readId, recoverFor, index: raft.commitIndex, round: leadership.round + 1 });
  leadership.roundWanted = true;
  return true;
}

export function admitEarlyReads(raft: Raft, leadership: Leadership, nowMs: number): void {
  const early = leadership.earlyReads;
  leadership.earlyReads = [];
  for (const read of early) requestRead(raft, read.readId, read.recoverFor, nowMs);
}

export function onRoundsConfirmed(raft: Raft, leadership: Leadership): void {
  let done = 0;
  for (const read of leadership.pendingReads) {
    if (read.round > leadership.confirmedRound) break;
    done += 1;
    if (read.readId !== null) raft.effects.push({ kind: "readReady", readId: read.readId, index: read.index });
    if (read.recoverFor !== null) {
      const boot = leadership.progress.get(read.recoverFor)?.boot ?? 0;
      sendNow(raft, read.recoverFor, { kind: "recoverReply", term: raft.term, boot, index: read.index });
    }
  }
  leadership.pendingReads.splice(0, done);
}
