import type {
  DiskOperation,
  DiskVoteEvent,
  DiskVoteMachine,
  DiskVoteOutcome,
  DiskVoteSettings,
  SlotSight,
  VoteBlock,
  VoteFlag,
} from "../../effect/disk-vote.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { usableTtlMs } from "../lease/holder.ts";

/**
 * The vote of a disk that several nodes share: at any moment it counts for one of them at most. Each node writes its own block
 * only (as in Gafni and Lamport's Disk Paxos), so there is no leader's record that a late write could overwrite.
 *
 *   watch  read; when nobody else is at work on the disk, claim
 *   claim  write the claim once; go on reading for the whole time to live; whoever appears meanwhile ends it
 *   hold   again and again: write, then read; each read that finds nobody else prolongs the vote
 *
 * Why two nodes never hold it at once: the vote of a holder ends, on every clock, one time to live after the start of its last
 * read that found no other claim. A claim stands on the disk for longer than that before it becomes a vote. So any vote from
 * before has ended by then, and the holder whose read meets the claim isn't prolonged by it. A vote that has lapsed never
 * comes back: it takes a new claim. How long a read or a write is under way plays no part, nor does a write of
 * an earlier life that arrives late: it can only end a claim or a vote, by replacing what its owner wrote.
 *
 * Rests on: a sector is read or written whole or its checksum fails; a read that starts after a write was confirmed sees it;
 * a write is carried out once at most; clocks differ in rate by no more than the drift ratio.
 */
export interface DiskVoteOptions extends DiskVoteSettings {
  readonly driftRatio: number;
  /** Time between two looks at the disk. */
  readonly pollMs: number;
}

const DRIFT_RATIO = 0.05;
/** Looks within a time to live: a holder that misses one or two of them goes on. */
const POLLS_PER_TTL = 5;

export function diskVoteOptions(settings: DiskVoteSettings): DiskVoteOptions {
  return { ...settings, driftRatio: DRIFT_RATIO, pollMs: settings.ttlMs / POLLS_PER_TTL };
}

interface Claim {
  readonly epoch: number;
  /** When its write was begun. */
  readonly begunMs: number;
  /** When its write was confirmed; null before. */
  landedMs: number | null;
  /** Blocks of nodes that stopped in the midst of a claim or a vote: nobody writes them any more. By slot, their marks. */
  readonly dead: ReadonlyMap<number, string>;
}

export interface DiskVote {
  readonly options: DiskVoteOptions;
  phase: "watch" | "claim" | "hold" | "leaving" | "left";
  /** What was last written, or is being written. Null: nothing in this life. */
  own: VoteBlock | null;
  /** The own block is on the disk as far as this node knows. */
  ownWritten: boolean;
  sequence: number;
  /** The highest number of a claim that was ever seen. */
  epoch: number;
  underWay: { readonly operation: DiskOperation; readonly begunMs: number } | null;
  dueMs: number;
  /** No claim before this. */
  claimDueMs: number;
  /** What stands in the other slots, and since when it has been seen unchanged. */
  readonly sights: Map<number, { readonly sight: SlotSight; readonly sinceMs: number }>;
  claim: Claim | null;
  heldUntilMs: number;
  /** Null: the disk was not used yet. */
  reachable: boolean | null;
}

export function createDiskVote(options: DiskVoteOptions, nowMs: number): DiskVote {
  return {
    options,
    phase: "watch",
    own: null,
    ownWritten: false,
    sequence: 0,
    epoch: 0,
    underWay: null,
    dueMs: nowMs,
    claimDueMs: nowMs,
    sights: new Map(),
    claim: null,
    heldUntilMs: Number.NEGATIVE_INFINITY,
    reachable: null,
  };
}

export function stepDiskVote(vote: DiskVote, event: DiskVoteEvent, nowMs: number): DiskVoteOutcome {
  const reasons: Reason[] = [];
  const done = vote.underWay;
  if (event.kind !== "tick" && event.kind !== "release") {
    if (done === null) throw new Error(`${event.kind} without an operation`);
    vote.underWay = null;
  }
  // A vote that has lapsed is lost for good, before anything that was just read could prolong it.
  if (vote.phase === "hold" && nowMs >= vote.heldUntilMs)
    giveUp(vote, nowMs, "it could not be renewed in time", reasons);
  switch (event.kind) {
    case "tick":
      break;
    case "release":
      leave(vote, nowMs);
      break;
    case "wrote":
      onWritten(vote, done?.operation, nowMs);
      break;
    case "read":
      tellReachable(vote, true, "", reasons);
      onRead(vote, event.slots, done?.begunMs ?? nowMs, nowMs, reasons);
      break;
    case "failed":
      tellReachable(vote, false, event.detail, reasons);
      onFailed(vote, nowMs);
      break;
  }
  return { operation: nextOperation(vote, nowMs), reasons };
}

/** One operation at a time: the next one begins when the last one was answered, or never. */
function nextOperation(vote: DiskVote, nowMs: number): DiskOperation | null {
  if (vote.underWay !== null || vote.phase === "left" || nowMs < vote.dueMs) return null;
  const operation = chooseOperation(vote);
  vote.underWay = { operation, begunMs: nowMs };
  return operation;
}

function chooseOperation(vote: DiskVote): DiskOperation {
  // A block that isn't as it should be is written first: the node's last word has to stand there before it reads.
  if (!vote.ownWritten) return { kind: "write", block: vote.own ?? write(vote, "idle") };
  return { kind: "read" };
}

/** Plans a write of the own block. No two writes are ever equal, so that a mark tells one from the other. */
function write(vote: DiskVote, flag: VoteFlag): VoteBlock {
  const { slot, life } = vote.options;
  vote.sequence += 1;
  vote.own = { slot, life, sequence: vote.sequence, epoch: vote.claim?.epoch ?? vote.epoch, flag };
  vote.ownWritten = false;
  return vote.own;
}

function onWritten(vote: DiskVote, written: DiskOperation | undefined, nowMs: number): void {
  vote.dueMs = nowMs;
  // What was written may be something that was withdrawn while it was under way.
  if (written?.kind !== "write" || written.block.sequence !== vote.sequence) return;
  vote.ownWritten = true;
  if (vote.phase === "leaving") vote.phase = "left";
  if (vote.phase === "claim" && vote.claim !== null) vote.claim.landedMs ??= nowMs;
}

function onFailed(vote: DiskVote, nowMs: number): void {
  const { options } = vote;
  if (vote.phase === "leaving") vote.phase = "left";
  // What a failed write left behind nobody knows: the claim begins anew, a vote is written anew.
  if (vote.phase === "claim") withdraw(vote, nowMs);
  else if (!vote.ownWritten && vote.own !== null) write(vote, vote.own.flag);
  vote.dueMs = nowMs + options.pollMs;
}

function onRead(vote: DiskVote, slots: readonly SlotSight[], begunMs: number, nowMs: number, reasons: Reason[]): void {
  const { options } = vote;
  vote.dueMs = nowMs + options.pollMs;
  const own = slots[options.slot];
  const intact = own?.block?.life === options.life && own.block.sequence === vote.sequence;
  look(vote, slots, nowMs);
  switch (vote.phase) {
    case "watch":
      if (!intact) {
        write(vote, "idle");
        vote.dueMs = nowMs;
      } else if (nowMs >= vote.claimDueMs && isFree(vote, nowMs)) beginClaim(vote, nowMs);
      break;
    case "claim":
      if (!intact || strangers(vote).length > 0) withdraw(vote, nowMs);
      else ripen(vote, begunMs, nowMs, reasons);
      break;
    case "hold":
      if (intact && strangers(vote).length === 0) vote.heldUntilMs = begunMs + usable(options);
      // The others have to see that this node lives, whether its own read went well or not.
      write(vote, "hold");
      break;
    case "leaving":
    case "left":
      vote.dueMs = nowMs;
      break;
  }
}

function look(vote: DiskVote, slots: readonly SlotSight[], nowMs: number): void {
  for (const [slot, sight] of slots.entries()) {
    vote.epoch = Math.max(vote.epoch, sight.block?.epoch ?? 0);
    if (slot === vote.options.slot) continue;
    if (vote.sights.get(slot)?.sight.mark !== sight.mark) vote.sights.set(slot, { sight, sinceMs: nowMs });
  }
}

/** What is neither empty nor idle may be the claim or the vote of a node that is at work. */
function isUp(sight: SlotSight): boolean {
  return sight.damaged || (sight.block !== null && sight.block.flag !== "idle");
}

/** Nobody else claims or holds the vote, or whoever did has written nothing for the whole time to live. */
function isFree(vote: DiskVote, nowMs: number): boolean {
  return [...vote.sights.values()].every(({ sight, sinceMs }) => !isUp(sight) || nowMs - sinceMs >= vote.options.ttlMs);
}

/** Slots of nodes that came up since this claim began. */
function strangers(vote: DiskVote): readonly number[] {
  const up = [...vote.sights].filter(([, { sight }]) => isUp(sight));
  return up.filter(([slot, { sight }]) => vote.claim?.dead.get(slot) !== sight.mark).map(([slot]) => slot);
}

function beginClaim(vote: DiskVote, nowMs: number): void {
  const dead = new Map(
    [...vote.sights].filter(([, { sight }]) => isUp(sight)).map(([slot, { sight }]) => [slot, sight.mark]),
  );
  vote.phase = "claim";
  vote.claim = { epoch: vote.epoch + 1, begunMs: nowMs, landedMs: null, dead };
  write(vote, "claim");
  vote.dueMs = nowMs;
}

/** The claim has stood for the whole time to live, and this read found it alone: the disk votes for this node. */
function ripen(vote: DiskVote, begunMs: number, nowMs: number, reasons: Reason[]): void {
  const { claim, options } = vote;
  if (claim === null || claim.landedMs === null) throw new Error("a claim that was not written was read");
  // Somebody who saw this claim without a change for so long, and then let its own one ripen, has the vote by now.
  if (nowMs >= claim.begunMs + 2 * usable(options)) {
    withdraw(vote, nowMs);
    return;
  }
  const ripeMs = claim.landedMs + options.ttlMs;
  if (begunMs < ripeMs) {
    vote.dueMs = Math.min(vote.dueMs, Math.max(nowMs, ripeMs));
    return;
  }
  vote.heldUntilMs = begunMs + usable(options);
  if (nowMs >= vote.heldUntilMs) {
    withdraw(vote, nowMs);
    return;
  }
  vote.phase = "hold";
  vote.epoch = claim.epoch;
  write(vote, "hold");
  vote.dueMs = nowMs;
  reasons.push(reason(CORE_REASONS, "CORE_DISK_VOTE_GAINED", { node: options.node, epoch: claim.epoch }));
}

/** Takes the own flag down. Nodes that met over the disk come back one after the other. */
function withdraw(vote: DiskVote, nowMs: number): void {
  const { options } = vote;
  vote.phase = "watch";
  vote.claim = null;
  vote.heldUntilMs = Number.NEGATIVE_INFINITY;
  vote.claimDueMs = nowMs + options.pollMs * 2 * options.slot;
  write(vote, "idle");
  vote.dueMs = nowMs;
}

function giveUp(vote: DiskVote, nowMs: number, cause: string, reasons: Reason[]): void {
  reasons.push(reason(CORE_REASONS, "CORE_DISK_VOTE_LOST", { node: vote.options.node, cause }));
  withdraw(vote, nowMs);
}

/** The vote ends at this moment; the disk is told when it can be told. */
function leave(vote: DiskVote, nowMs: number): void {
  if (vote.phase === "leaving" || vote.phase === "left") return;
  vote.claim = null;
  vote.heldUntilMs = Number.NEGATIVE_INFINITY;
  vote.phase = "leaving";
  write(vote, "idle");
  vote.dueMs = nowMs;
}

/** Of the time to live, what a holder may use when its clock is slow and that of the next one is fast. */
function usable(options: DiskVoteOptions): number {
  return usableTtlMs(options.ttlMs, options.driftRatio);
}

function tellReachable(vote: DiskVote, reachable: boolean, detail: string, reasons: Reason[]): void {
  const { node } = vote.options;
  if (reachable === vote.reachable) return;
  vote.reachable = reachable;
  reasons.push(
    reachable
      ? reason(CORE_REASONS, "CORE_DISK_BACK", { node })
      : reason(CORE_REASONS, "CORE_DISK_UNREACHABLE", { node, detail }),
  );
}

/** The disk vote behind the face that the driver knows. */
export function diskVoteMachine(settings: DiskVoteSettings, nowMs: number): DiskVoteMachine {
  const vote = createDiskVote(diskVoteOptions(settings), nowMs);
  return {
    step: (event, at) => stepDiskVote(vote, event, at),
    nextDueMs: () => vote.dueMs,
    heldUntilMs: () => vote.heldUntilMs,
    epoch: () => vote.epoch,
    isReleased: () => vote.phase === "left",
  };
}
