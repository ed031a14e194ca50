/**
 * The nouns of the replicated log: what goes over the wire, to the disk, and in and out of the pure consensus code.
 * `decide/raft` makes and consumes them, `drive/raft` carries them on real sockets and disks, `sim` on pretended ones.
 * All values are immutable once made: the simulator and the driver pass them by reference.
 */
export type NodeId = string;

/** Who takes part. `voters` count for majorities; `learners` receive the log and never vote. */
export interface Members {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

export type EntryKind = "noop" | "command" | "members";

/** One entry of the log. `payload` is JSON text: a command, a `Members`, or empty for a no-op. Indexes count from 1. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly kind: EntryKind;
  readonly payload: string;
}

/** What must never be forgotten. `boot` counts the starts of this node; it tells acknowledgements of a former life apart. */
export interface HardState {
  readonly term: number;
  readonly votedFor: NodeId | null;
  readonly boot: number;
  /** The log was lost: the node must catch up with a confirmed leader before it may vote or campaign. */
  readonly recovering: boolean;
}

/** The state machine as of `index`, with the membership in force there. `data` is the state machine's own text. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly members: Members;
  readonly data: string;
}

export interface VoteRequest {
  readonly kind: "preVote" | "vote";
  /** The term asked for; for a pre-vote it is the term the sender would take. */
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Set when the present leader asked for this election: voters then don't defend that leader. */
  readonly transfer: boolean;
}
export interface VoteReply {
  readonly kind: "preVoteReply" | "voteReply";
  readonly term: number;
  readonly granted: boolean;
}
/** Entries after `prevIndex`; with no entries it is a heartbeat. */
export interface AppendRequest {
  readonly kind: "append";
  readonly term: number;
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  /** The leader's round of contact; the reply returns it. It dates leases and confirms reads. */
  readonly round: number;
}
export interface AppendReply {
  readonly kind: "appendReply";
  readonly term: number;
  readonly ok: boolean;
  /** When ok: the sender's log is durable and equal to the leader's up to here. Else: where it may agree. */
  readonly index: number;
  /** When not ok: the term at `index`, and the `prevIndex` that was refused. */
  readonly hintTerm: number;
  readonly refused: number;
  readonly round: number;
  readonly boot: number;
}
/** One piece of a snapshot: `data` starts at `offset` (UTF-16 units) of `total`. */
export interface SnapshotChunk {
  readonly kind: "snapshot";
  readonly term: number;
  readonly index: number;
  readonly snapshotTerm: number;
  readonly members: Members;
  readonly offset: number;
  readonly total: number;
  readonly data: string;
  readonly round: number;
}
export interface SnapshotReply {
  readonly kind: "snapshotReply";
  readonly term: number;
  readonly index: number;
  /** The offset wanted next; equal to the total when all of it is durable. */
  readonly offset: number;
  readonly done: boolean;
  readonly round: number;
  readonly boot: number;
}
/** Leadership transfer: the receiver is up to date and shall campaign at once. */
export interface TimeoutNow {
  readonly kind: "timeoutNow";
  readonly term: number;
}
/** A node that lost its log asks how far it must catch up before it may vote again. */
export interface RecoverRequest {
  readonly kind: "recover";
  readonly term: number;
  readonly boot: number;
}
export interface RecoverReply {
  readonly kind: "recoverReply";
  readonly term: number;
  readonly boot: number;
  readonly index: number;
}
export type RaftMessage =
  | VoteRequest
  | VoteReply
  | AppendRequest
  | AppendReply
  | SnapshotChunk
  | SnapshotReply
  | TimeoutNow
  | RecoverRequest
  | RecoverReply;

/**
 * One write to the disk, in this order: hard state, snapshot (which replaces the whole log), truncation, entries.
 * All of it must be durable before `persisted` with this sequence number is reported; writes are reported in order,
 * and several may be made durable by one flush (group commit).
 */
export interface PersistWrite {
  readonly sequence: number;
  readonly hardState?: HardState;
  /** Replaces everything on disk by this snapshot, followed by `entries`. */
  readonly snapshot?: Snapshot;
  /** Drops entries after this index before `entries` are added. */
  readonly truncateAfter?: number;
  readonly entries: readonly Entry[];
}

export type RaftEffect =
  | { readonly kind: "send"; readonly to: NodeId; readonly message: RaftMessage }
  | { readonly kind: "persist"; readonly write: PersistWrite }
  | { readonly kind: "readReady"; readonly readId: number; readonly index: number }
  | { readonly kind: "readFailed"; readonly readId: number };

/** What the disk gave back at start. The boot number in it is already the one of this life, and durable. */
export interface Recovered {
  readonly hardState: HardState;
  readonly snapshot: Snapshot;
  readonly entries: readonly Entry[];
}
