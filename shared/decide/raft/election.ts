import type { NodeId, VoteReply, VoteRequest } from "../../effect/raft.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason } from "../../reason/catalogue.ts";
import { lastIndexOf, lastTermOf } from "./log.ts";
import { becomeLeader } from "./leadership.ts";
import {
  becomeFollower,
  isVoter,
  majorityOf,
  resetElectionDeadline,
  sendNow,
  sendWhenDurable,
  votersOf,
  type Raft,
} from "./state.ts";

/**
 * Elections: a candidate first asks whether it could win (pre-vote, Ongaro's thesis §9.6), so that a node which was cut off
 * doesn't raise the term of a healthy group; then it asks for the votes of a new term (§3.4).
 */
export function startPreVote(raft: Raft, nowMs: number): void {
  if (!isVoter(raft) || raft.recovering) throw new Error("only a voter that knows its log may campaign");
  const silentMs = Math.round(nowMs - raft.lastLeaderContactMs);
  raft.reasons.push(reason(CORE_REASONS, "CORE_ELECTION_STARTED", { node: raft.id, term: raft.term + 1, silentMs }));
  raft.role = "preCandidate";
  raft.leader = null;
  resetElectionDeadline(raft, nowMs);
  raft.votes.clear();
  raft.votes.set(raft.id, true);
  askForVotes(raft, "preVote", raft.term + 1, false);
  tallyVotes(raft, nowMs);
}

/** Asks for the votes of a new term. One's own vote counts once it is durable. */
export function startCampaign(raft: Raft, transfer: boolean, nowMs: number): void {
  raft.role = "candidate";
  raft.leader = null;
  raft.term += 1;
  raft.votedFor = raft.id;
  raft.hardStateDirty = true;
  raft.held.length = 0;
  raft.incoming = null;
  raft.selfVoteSequence = raft.persistSequence + 1;
  resetElectionDeadline(raft, nowMs);
  raft.votes.clear();
  askForVotes(raft, "vote", raft.term, transfer);
}

function askForVotes(raft: Raft, kind: "preVote" | "vote", term: number, transfer: boolean): void {
  for (const voter of votersOf(raft)) {
    if (voter === raft.id) continue;
    const request: VoteRequest = {
      kind,
      term,
      lastIndex: lastIndexOf(raft.log),
      lastTerm: lastTermOf(raft.log),
      transfer,
    };
    if (kind === "vote") sendWhenDurable(raft, voter, request);
    else sendNow(raft, voter, request);
  }
}

/** The candidate's log must not lack anything that may be committed: last term first, then length (§3.6.1). */
export function isUpToDate(raft: Raft, lastTerm: number, lastIndex: number): boolean {
  const ownTerm = lastTermOf(raft.log);
  return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= lastIndexOf(raft.log));
}

/**
 * While a leader was heard within the shortest election timeout it is defended: requests are not even answered, and their
 * term isn't taken. The read lease rests on this. An election the leader itself asked for passes.
 */
function defendsLeader(raft: Raft, nowMs: number): boolean {
  return raft.role === "leader" || nowMs - raft.lastLeaderContactMs < raft.options.electionTimeoutMs;
}

export function onVoteRequest(raft: Raft, from: NodeId, request: VoteRequest, nowMs: number): void {
  if (raft.recovering) return;
  if (!request.transfer && defendsLeader(raft, nowMs)) return;
  if (request.kind === "preVote") {
    const granted = request.term > raft.term && isUpToDate(raft, request.lastTerm, request.lastIndex);
    sendNow(raft, from, { kind: "preVoteReply", term: granted ? request.term : raft.term, granted });
    return;
  }
  if (request.term > raft.term) becomeFollower(raft, request.term, null, nowMs, `${from} campaigns in a newer term`);
  const free = raft.votedFor === null || raft.votedFor === from;
  const granted = request.term === raft.term && free && isUpToDate(raft, request.lastTerm, request.lastIndex);
  if (granted) {
    if (raft.votedFor === null) {
      raft.votedFor = from;
      raft.hardStateDirty = true;
    }
    resetElectionDeadline(raft, nowMs);
  }
  sendWhenDurable(raft, from, { kind: "voteReply", term: raft.term, granted });
}

export function onVoteReply(raft: Raft, from: NodeId, reply: VoteReply, nowMs: number): void {
  if (reply.kind === "preVoteReply") {
    if (!reply.granted && reply.term > raft.term) {
      becomeFollower(raft, reply.term, null, nowMs, `${from} knows a newer term`);
    } else if (raft.role === "preCandidate" && (!reply.granted || reply.term === raft.term + 1)) {
      raft.votes.set(from, reply.granted);
      tallyVotes(raft, nowMs);
    }
    return;
  }
  if (reply.term > raft.term) {
    becomeFollower(raft, reply.term, null, nowMs, `${from} knows a newer term`);
  } else if (raft.role === "candidate" && reply.term === raft.term) {
    raft.votes.set(from, reply.granted);
    tallyVotes(raft, nowMs);
  }
}

/** Called when a write became durable: the candidate's own vote may count now. */
export function onSelfVoteDurable(raft: Raft, nowMs: number): void {
  if (raft.role !== "candidate" || raft.votes.has(raft.id) || raft.persistedSequence < raft.selfVoteSequence) return;
  raft.votes.set(raft.id, true);
  tallyVotes(raft, nowMs);
}

function tallyVotes(raft: Raft, nowMs: number): void {
  const voters = votersOf(raft);
  const needed = majorityOf(voters.length);
  const granted = voters.filter((voter) => raft.votes.get(voter) === true).length;
  const refused = voters.filter((voter) => raft.votes.get(voter) === false).length;
  if (granted >= needed) {
    if (raft.role === "preCandidate") startCampaign(raft, false, nowMs);
    else becomeLeader(raft, nowMs);
  } else if (refused > voters.length - needed) {
    becomeFollower(raft, raft.term, null, nowMs, "the votes can't be won");
  }
}
