import type { AppendReply, AppendRequest, NodeId, SnapshotReply } from "../../effect/raft.ts";
import { advanceCommit, confirmRounds, continueTransfer } from "./leadership.ts";
import { lastIndexOf, sliceEntries, termAt } from "./log.ts";
import { sendNow, type Leadership, type Progress, type Raft } from "./state.ts";

/**
 * The leader's side of replication: pipelined appends with a window per follower, a probe while the logs haven't met,
 * a snapshot in pieces for who is too far behind.
 */

/** Sends what the follower may be sent now. With `heartbeat`, something is sent in any case. */
export function replicateTo(
  raft: Raft,
  leadership: Leadership,
  peer: NodeId,
  progress: Progress,
  heartbeat: boolean,
): void {
  if (progress.mode === "snapshot") {
    if (heartbeat) sendChunk(raft, leadership, peer, progress);
    return;
  }
  if (progress.mode === "probe") {
    if (!progress.probeSent || heartbeat) sendAppend(raft, leadership, peer, progress, true);
    progress.probeSent = true;
    return;
  }
  let sent = false;
  while (progress.next <= lastIndexOf(raft.log) && progress.inflight.length < raft.options.maxInflightAppends) {
    if (!sendAppend(raft, leadership, peer, progress, true)) return;
    sent = true;
  }
  if (heartbeat && !sent) sendAppend(raft, leadership, peer, progress, false);
}

/** One append. False when the log no longer reaches back far enough and a snapshot was begun instead. */
function sendAppend(
  raft: Raft,
  leadership: Leadership,
  peer: NodeId,
  progress: Progress,
  withEntries: boolean,
): boolean {
  const prevIndex = progress.next - 1;
  const prevTerm = termAt(raft.log, prevIndex);
  if (prevTerm === null) {
    startSnapshot(raft, leadership, peer, progress);
    return false;
  }
  const { maxBatchEntries, maxBatchSize } = raft.options;
  const entries = withEntries ? sliceEntries(raft.log, progress.next, maxBatchEntries, maxBatchSize) : [];
  const message: AppendRequest = {
    kind: "append",
    term: raft.term,
    prevIndex,
    prevTerm,
    entries,
    commit: raft.commitIndex,
    round: leadership.round,
  };
  sendNow(raft, peer, message);
  if (progress.mode === "replicate" && entries.length > 0) {
    progress.next += entries.length;
    progress.inflight.push(progress.next - 1);
  }
  return true;
}

function startSnapshot(raft: Raft, leadership: Leadership, peer: NodeId, progress: Progress): void {
  progress.mode = "snapshot";
  progress.snapshot = raft.log.snapshot;
  progress.snapshotOffset = 0;
  progress.inflight.length = 0;
  sendChunk(raft, leadership, peer, progress);
}

function sendChunk(raft: Raft, leadership: Leadership, peer: NodeId, progress: Progress): void {
  const snapshot = progress.snapshot;
  if (snapshot === null) throw new Error("snapshot mode without a snapshot");
  sendNow(raft, peer, {
    kind: "snapshot",
    term: raft.term,
    index: snapshot.index,
    snapshotTerm: snapshot.term,
    members: snapshot.members,
    offset: progress.snapshotOffset,
    total: snapshot.data.length,
    data: snapshot.data.slice(progress.snapshotOffset, progress.snapshotOffset + raft.options.snapshotChunkSize),
    round: leadership.round,
  });
}

/** The part that both kinds of answer share. False: the answer is of an earlier life of that node and void. */
function noteContact(
  raft: Raft,
  leadership: Leadership,
  progress: Progress,
  reply: { readonly boot: number; readonly round: number },
): boolean {
  if (reply.boot < progress.boot) return false;
  progress.boot = reply.boot;
  if (reply.round > leadership.round) throw new Error("an answer to a round that was not sent");
  if (reply.round > progress.ackedRound) {
    progress.ackedRound = reply.round;
    confirmRounds(raft);
  }
  return true;
}

export function onAppendReply(raft: Raft, from: NodeId, reply: AppendReply, nowMs: number): void {
  const leadership = raft.leadership;
  const progress = leadership?.progress.get(from);
  if (leadership === null || progress === undefined || reply.term !== raft.term) return;
  if (!noteContact(raft, leadership, progress, reply)) return;
  if (!reply.ok) {
    onRefused(raft, leadership, from, progress, reply);
    return;
  }
  if (reply.index > lastIndexOf(raft.log)) throw new Error(`${from} acknowledges entries that were not sent`);
  while (progress.inflight.length > 0 && (progress.inflight[0] ?? 0) <= reply.index) progress.inflight.shift();
  if (reply.index > progress.match || (progress.mode === "probe" && reply.index >= progress.match)) {
    onMatched(raft, leadership, from, progress, reply.index, nowMs);
  }
}

function onMatched(
  raft: Raft,
  leadership: Leadership,
  from: NodeId,
  progress: Progress,
  index: number,
  nowMs: number,
): void {
  const advanced = index > progress.match;
  progress.match = Math.max(progress.match, index);
  if (progress.mode === "snapshot" && progress.snapshot !== null && progress.match >= progress.snapshot.index) {
    progress.mode = "probe";
    progress.snapshot = null;
  }
  if (progress.mode === "probe") {
    progress.mode = "replicate";
    progress.probeSent = false;
    progress.inflight.length = 0;
    progress.next = progress.match + 1;
  }
  progress.next = Math.max(progress.next, progress.match + 1);
  if (advanced) advanceCommit(raft, nowMs);
  if (raft.leadership !== leadership) return;
  continueTransfer(raft, from, progress);
  replicateTo(raft, leadership, from, progress, false);
}

/** The logs don't meet at `refused`: go back to where they may, no further than what is known to match. */
function onRefused(raft: Raft, leadership: Leadership, from: NodeId, progress: Progress, reply: AppendReply): void {
  if (progress.mode === "snapshot") return;
  if (reply.refused <= progress.match || (progress.mode === "probe" && reply.refused !== progress.next - 1)) return;
  let index = Math.min(reply.index, lastIndexOf(raft.log));
  while (index > progress.match) {
    const term = termAt(raft.log, index);
    if (term === null || term <= reply.hintTerm) break;
    index -= 1;
  }
  progress.mode = "probe";
  progress.inflight.length = 0;
  progress.next = Math.max(progress.match + 1, index + 1);
  progress.probeSent = true;
  replicateTo(raft, leadership, from, progress, true);
}

export function onSnapshotReply(raft: Raft, from: NodeId, reply: SnapshotReply, nowMs: number): void {
  const leadership = raft.leadership;
  const progress = leadership?.progress.get(from);
  if (leadership === null || progress === undefined || reply.term !== raft.term) return;
  if (!noteContact(raft, leadership, progress, reply)) return;
  if (progress.mode !== "snapshot" || progress.snapshot === null || progress.snapshot.index !== reply.index) return;
  if (reply.done) {
    onMatched(raft, leadership, from, progress, reply.index, nowMs);
  } else if (reply.offset !== progress.snapshotOffset) {
    progress.snapshotOffset = reply.offset;
    sendChunk(raft, leadership, from, progress);
  }
}

/** A node that lost its log starts anew: what it acknowledged in an earlier life no longer counts. */
export function forgetProgress(raft: Raft, leadership: Leadership, from: NodeId, boot: number): void {
  const progress = leadership.progress.get(from);
  if (progress === undefined || boot < progress.boot || boot <= progress.recoveredBoot) return;
  progress.boot = boot;
  progress.recoveredBoot = boot;
  progress.match = 0;
  progress.next = lastIndexOf(raft.log) + 1;
  progress.mode = "probe";
  progress.probeSent = false;
  progress.inflight.length = 0;
  progress.snapshot = null;
}
