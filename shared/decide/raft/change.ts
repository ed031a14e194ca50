import type { Members, NodeId } from "../../effect/raft.ts";
import { appendOwn } from "./leadership.ts";
import { lastIndexOf, membersIndexOf, membersOf } from "./log.ts";
import { MAX_LEARNERS, MAX_VOTERS } from "./options.ts";
import { knowsCommit } from "./reads.ts";
import type { Leadership, Raft } from "./state.ts";

/**
 * Membership changes of one voter at a time (Ongaro's thesis §4.1): any majority of the old voters and any of the new ones
 * then share a node. Two rules keep that true: the change before must be committed, and so must an entry of the
 * leader's own term (the correction of 2015 to the thesis).
 */

/** Why a change can't be made now, or null. */
export function planMembersChange(raft: Raft, next: Members): string | null {
  const leadership = raft.leadership;
  if (leadership === null) return "this node doesn't lead";
  if (leadership.transfer !== null) return "leadership is being handed over";
  if (!knowsCommit(raft)) return "no entry of this term is committed yet";
  if (membersIndexOf(raft.log) > raft.commitIndex) return "another change is not committed yet";
  if (next.voters.length === 0) return "a group needs a voter";
  if (next.voters.length > MAX_VOTERS) return `more than ${MAX_VOTERS} voters`;
  if (next.learners.length > MAX_LEARNERS) return `more than ${MAX_LEARNERS} learners`;
  const all = [...next.voters, ...next.learners];
  if (new Set(all).size !== all.length) return "a node is named twice";
  const now = membersOf(raft.log);
  const added = next.voters.filter((node) => !now.voters.includes(node));
  const removed = now.voters.filter((node) => !next.voters.includes(node));
  if (added.length + removed.length > 1) return "more than one voter at a time";
  for (const node of added) {
    const lag = lagOf(raft, leadership, node);
    if (lag === null) return `${node} must join as a learner first`;
    if (lag > raft.options.maxBatchEntries) return `${node} lags ${lag} entries behind`;
  }
  return null;
}

function lagOf(raft: Raft, leadership: Leadership, node: NodeId): number | null {
  if (node === raft.id) return 0;
  const progress = leadership.progress.get(node);
  return progress === undefined ? null : lastIndexOf(raft.log) - progress.match;
}

/** Makes the change; it is in force from now on, and rolled back if another leader overwrites it. Gives its index. */
export function proposeMembers(raft: Raft, next: Members): number {
  const refusal = planMembersChange(raft, next);
  if (refusal !== null) throw new Error(`membership change not planned: ${refusal}`);
  return appendOwn(raft, "members", JSON.stringify({ voters: next.voters, learners: next.learners }));
}

/** Begins to hand leadership to another voter. Gives why not, or null. Writes are refused until it is done or given up. */
export function beginTransfer(raft: Raft, to: NodeId, nowMs: number): string | null {
  const leadership = raft.leadership;
  if (leadership === null) return "this node doesn't lead";
  if (to === raft.id) return "this node leads already";
  if (leadership.transfer !== null) return "leadership is being handed over already";
  if (!membersOf(raft.log).voters.includes(to)) return `${to} is not a voter`;
  leadership.transfer = { to, deadlineMs: nowMs + raft.options.electionTimeoutMs, sent: false };
  return null;
}
