import type { Reason } from "../reason/catalogue.ts";

/**
 * A disk as witness: what its votes, its reads and its writes are. On the disk every node has a block of its own, which it
 * alone writes, so that a late write of one node can never undo what another one wrote.
 */
export type VoteFlag = "idle" | "claim" | "hold";

export interface VoteBlock {
  /** Whose block it is; its place on the disk says the same. */
  readonly slot: number;
  /** Chosen anew at every start of the node, so that no two starts write the same bytes. */
  readonly life: string;
  /** Rises with every write of this life. */
  readonly sequence: number;
  /** The number of the claim, or the highest that the writer knows of. */
  readonly epoch: number;
  readonly flag: VoteFlag;
}

/** What a read found in a slot. */
export interface SlotSight {
  /** The same for the same bytes, and for no others. */
  readonly mark: string;
  /** Null: never written, or damaged. */
  readonly block: VoteBlock | null;
  readonly damaged: boolean;
}

export type DiskOperation = { readonly kind: "read" } | { readonly kind: "write"; readonly block: VoteBlock };

export type DiskVoteEvent =
  | { readonly kind: "tick" }
  | { readonly kind: "wrote" }
  | { readonly kind: "read"; readonly slots: readonly SlotSight[] }
  /** The operation failed: a write may have been carried out, or may be carried out later. */
  | { readonly kind: "failed"; readonly detail: string }
  /** The vote is given back: this node leaves in order. */
  | { readonly kind: "release" };

export interface DiskVoteOutcome {
  /** To be carried out now, one at a time; answered with `wrote`, `read` or `failed`, at the latest for ever. */
  readonly operation: DiskOperation | null;
  readonly reasons: readonly Reason[];
}

/** The pure disk vote of one node as the driver sees it. Times are monotonic, with time spent suspended. */
export interface DiskVoteMachine {
  step(event: DiskVoteEvent, nowMs: number): DiskVoteOutcome;
  /** When to feed the next `tick`; not while an operation is under way. */
  nextDueMs(): number;
  /** Until when the disk surely votes for this node and for nobody else. In the past: it doesn't. */
  heldUntilMs(): number;
  /** The number of the claim that the vote is held by. */
  epoch(): number;
  /** After `release`: the disk says that this node is out, or it can't be told so any more. */
  isReleased(): boolean;
}

export interface DiskVoteSettings {
  readonly node: string;
  readonly slot: number;
  readonly slots: number;
  readonly life: string;
  readonly ttlMs: number;
}

export type CreateDiskVote = (settings: DiskVoteSettings, nowMs: number) => DiskVoteMachine;
