import type { AppendRequest, Entry, NodeId, SnapshotChunk } from "../../effect/raft.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason } from "../../reason/catalogue.ts";
import { appendEntry, lastIndexOf, resetLog, termAt, truncateAfter } from "./log.ts";
import { becomeFollower, resetElectionDeadline, sendNow, sendWhenDurable, type Raft } from "./state.ts";

/** The follower's side: appends and snapshots are accepted, and acknowledged when durable. */

/** Recognises the sender as leader of its term. False: its term is over; it was told so. */
function acceptLeader(raft: Raft, from: NodeId, term: number, nowMs: number): boolean {
  if (term < raft.term) return false;
  if (term === raft.term && raft.role === "leader") throw new Error(`two leaders in term ${term}: ${raft.id}, ${from}`);
  if (term === raft.term && raft.leader !== null && raft.leader !== from) {
    throw new Error(`two leaders in term ${term}: ${raft.leader}, ${from}`);
  }
  if (term > raft.term || raft.role !== "follower" || raft.leader !== from) {
    becomeFollower(raft, term, from, nowMs, `${from} leads term ${term}`);
  }
  raft.lastLeaderContactMs = nowMs;
  resetElectionDeadline(raft, nowMs);
  if (raft.recovering) askHowFar(raft, from, nowMs);
  return true;
}

/** A node without its log asks the leader how far it must catch up; the answer may be lost, so it asks again. */
function askHowFar(raft: Raft, leader: NodeId, nowMs: number): void {
  if (raft.recoverTarget !== null || nowMs - raft.recoverAskedMs < raft.options.heartbeatMs) return;
  raft.recoverAskedMs = nowMs;
  sendWhenDurable(raft, leader, { kind: "recover", term: raft.term, boot: raft.boot });
}

export function onAppend(raft: Raft, from: NodeId, append: AppendRequest, nowMs: number): void {
  if (!acceptLeader(raft, from, append.term, nowMs)) {
    refuse(raft, from, append, 0, 0);
    return;
  }
  let { prevIndex, entries } = append;
  if (prevIndex < raft.commitIndex) {
    // What is committed is equal on every node; only what lies beyond it can be news.
    entries = entries.slice(raft.commitIndex - prevIndex);
    prevIndex = raft.commitIndex;
  } else if (termAt(raft.log, prevIndex) !== append.prevTerm) {
    refuseWithHint(raft, from, append);
    return;
  }
  for (const entry of entries) acceptEntry(raft, entry);
  const matched = prevIndex + entries.length;
  raft.commitIndex = Math.max(raft.commitIndex, Math.min(append.commit, matched));
  acknowledge(raft, from, append, matched, entries.length === 0);
}

/**
 * Entries are acknowledged when durable. A heartbeat is answered at once, with what is durable already, so that a slow disk
 * doesn't cost the leader its quorum; only a term that isn't durable yet holds it back.
 */
function acknowledge(raft: Raft, from: NodeId, append: AppendRequest, matched: number, heartbeat: boolean): void {
  const termDurable = !raft.hardStateDirty && raft.hardStateSequence <= raft.persistedSequence;
  const atOnce = heartbeat && termDurable;
  const send = atOnce ? sendNow : sendWhenDurable;
  send(raft, from, {
    kind: "appendReply",
    term: raft.term,
    ok: true,
    index: atOnce ? Math.min(matched, raft.stableIndex) : matched,
    hintTerm: 0,
    refused: 0,
    round: append.round,
    boot: raft.boot,
  });
}

function acceptEntry(raft: Raft, entry: Entry): void {
  const present = termAt(raft.log, entry.index);
  if (present === entry.term) return;
  if (present !== null) dropAfter(raft, entry.index - 1);
  appendEntry(raft.log, entry);
}

function dropAfter(raft: Raft, index: number): void {
  if (index < raft.commitIndex) throw new Error(`the leader overwrites committed entry ${index + 1}`);
  truncateAfter(raft.log, index);
  if (raft.firstUnwritten > index + 1) {
    raft.firstUnwritten = index + 1;
    raft.truncateDirty = Math.min(raft.truncateDirty ?? index, index);
  }
  raft.stableIndex = Math.min(raft.stableIndex, index);
  for (const write of raft.writesUnderWay) write.lastIndex = Math.min(write.lastIndex, index);
}

function refuseWithHint(raft: Raft, from: NodeId, append: AppendRequest): void {
  let index = Math.min(append.prevIndex - 1, lastIndexOf(raft.log));
  let term = termAt(raft.log, index);
  while (index > raft.commitIndex && term !== null && term > append.prevTerm) {
    index -= 1;
    term = termAt(raft.log, index);
  }
  refuse(raft, from, append, Math.max(index, 0), term ?? 0);
}

function refuse(raft: Raft, from: NodeId, append: AppendRequest, index: number, hintTerm: number): void {
  sendWhenDurable(raft, from, {
    kind: "appendReply",
    term: raft.term,
    ok: false,
    index,
    hintTerm,
    refused: append.prevIndex,
    round: append.term === raft.term ? append.round : 0,
    boot: raft.boot,
  });
}

export function onSnapshotChunk(raft: Raft, from: NodeId, chunk: SnapshotChunk, nowMs: number): void {
  if (!acceptLeader(raft, from, chunk.term, nowMs)) {
    replyToChunk(raft, from, chunk, 0, false);
    return;
  }
  if (chunk.index <= raft.commitIndex) {
    replyToChunk(raft, from, chunk, chunk.total, true);
    return;
  }
  let incoming = raft.incoming;
  if (incoming === null || incoming.index !== chunk.index || incoming.from !== from) {
    incoming = { index: chunk.index, from, parts: [], size: 0 };
    raft.incoming = incoming;
  }
  if (chunk.offset === incoming.size && (chunk.data.length > 0 || chunk.total === 0)) {
    incoming.parts.push(chunk.data);
    incoming.size += chunk.data.length;
  }
  if (incoming.size < chunk.total) {
    replyToChunk(raft, from, chunk, incoming.size, false);
    return;
  }
  installSnapshot(raft, chunk, incoming.parts.join(""));
  replyToChunk(raft, from, chunk, chunk.total, true);
}

/**
 * Takes the leader's snapshot. When the log already holds the entry at its end, what follows is kept: it may have been
 * acknowledged, and the leader may count on it.
 */
function installSnapshot(raft: Raft, chunk: SnapshotChunk, data: string): void {
  const { index, snapshotTerm, members } = chunk;
  raft.incoming = null;
  if (termAt(raft.log, index) === snapshotTerm) {
    raft.commitIndex = index;
    return;
  }
  const snapshot = { index, term: snapshotTerm, members, data };
  raft.stableIndex = Math.min(raft.stableIndex, raft.commitIndex);
  for (const write of raft.writesUnderWay) write.lastIndex = Math.min(write.lastIndex, raft.commitIndex);
  resetLog(raft.log, snapshot);
  raft.commitIndex = index;
  raft.restored = snapshot;
  raft.snapshotDirty = true;
  raft.reasons.push(reason(CORE_REASONS, "CORE_SNAPSHOT_INSTALLED", { node: raft.id, index }));
}

function replyToChunk(raft: Raft, from: NodeId, chunk: SnapshotChunk, offset: number, done: boolean): void {
  sendWhenDurable(raft, from, {
    kind: "snapshotReply",
    term: raft.term,
    index: chunk.index,
    offset,
    done,
    round: chunk.term === raft.term ? chunk.round : 0,
    boot: raft.boot,
  });
}
