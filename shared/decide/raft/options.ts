/**
 * Settings of one consensus group. Formula, effect of raising, and the safe range stand beside each.
 */
export interface RaftOptions {
  /**
   * A follower that hears no leader for a random time in [electionTimeoutMs, 2 × electionTimeoutMs) asks for an election.
   * It is also how long a voter defends a leader it heard, and so bounds the leader's read lease.
   * Raise it on networks or hosts that stall; leader loss then takes longer to mend. Range 100 ms – 30 s.
   */
  readonly electionTimeoutMs: number;
  /** How often a leader makes itself heard. At most a third of the election timeout. */
  readonly heartbeatMs: number;
  /** How much two monotonic clocks may differ in rate (0.05 = 5 %). The read lease is shortened by it. */
  readonly clockDriftRatio: number;
  /** Serve reads from the leader's lease. False: every read asks a majority first. */
  readonly leaseRead: boolean;
  /** Appends under way to one follower that are not answered yet (pipelining). */
  readonly maxInflightAppends: number;
  /** Entries and payload (UTF-16 units) of one append. */
  readonly maxBatchEntries: number;
  readonly maxBatchSize: number;
  /** One piece of a snapshot (UTF-16 units). */
  readonly snapshotChunkSize: number;
  /** Entries kept behind the snapshot for followers that are a little late. */
  readonly trailingEntries: number;
  /** Entries kept at most for followers that are catching up; who needs more starts again from a newer snapshot. */
  readonly maxTrailingEntries: number;
  /** Entries proposed and not committed; more are refused, so that memory stays bounded. */
  readonly maxUncommittedEntries: number;
  /** Reads waiting for confirmation; more are refused. */
  readonly maxPendingReads: number;
}

export const DEFAULT_RAFT_OPTIONS: RaftOptions = {
  electionTimeoutMs: 200,
  heartbeatMs: 50,
  clockDriftRatio: 0.05,
  leaseRead: true,
  maxInflightAppends: 64,
  maxBatchEntries: 512,
  maxBatchSize: 256 * 1024,
  snapshotChunkSize: 256 * 1024,
  trailingEntries: 1024,
  maxTrailingEntries: 200_000,
  maxUncommittedEntries: 16_384,
  maxPendingReads: 16_384,
};

/** Voters of one group. Larger clusters use learners: majorities of more voters only make every write slower. */
export const MAX_VOTERS = 7;
export const MAX_LEARNERS = 64;
/** Rounds of contact that are remembered while unanswered. */
export const MAX_OPEN_ROUNDS = 64;

/** Settings that can't work are a programming error here; the tools check the operator's text before. */
export function assertRaftOptions(options: RaftOptions): void {
  const bad = (what: string): never => {
    throw new Error(`raft options: ${what}`);
  };
  if (!(options.electionTimeoutMs > 0)) bad("electionTimeoutMs must be positive");
  if (!(options.heartbeatMs > 0 && options.heartbeatMs * 3 <= options.electionTimeoutMs)) {
    bad("heartbeatMs must be at most a third of electionTimeoutMs");
  }
  if (!(options.clockDriftRatio >= 0 && options.clockDriftRatio < 0.5)) bad("clockDriftRatio must be in [0, 0.5)");
  for (const name of ["maxInflightAppends", "maxBatchEntries", "maxBatchSize", "snapshotChunkSize"] as const) {
    if (!(options[name] >= 1)) bad(`${name} must be at least 1`);
  }
}
