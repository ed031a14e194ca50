import type { WorldName } from "./worlds.ts";

/**
 * Bugs planted one at a time, to show that the simulator finds them. Each is a change to the text of one shipping file,
 * made while the file is loaded and only in a process started for it; the shipped code knows nothing of it.
 * `find` must stand in the file exactly once: when the code moves on, the list has to follow.
 */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  /** Where it is looked for; consensus unless it says so. */
  readonly world?: WorldName;
  /**
   * A test with a directed scenario that must fail with the bug planted: for second lines of defence, which only matter after
   * something that no schedule can bring about while the first line stands.
   */
  readonly test?: string;
  readonly find: string;
  readonly replace: string;
}

const raft = "shared/decide/raft";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "vote-twice",
    file: `${raft}/election.ts`,
    find: "const free = raft.votedFor === null || raft.votedFor === from;",
    replace: "const free = true;",
  },
  {
    name: "term-forgotten-at-restart",
    file: `${raft}/state.ts`,
    find: "return { term: raft.term, votedFor: raft.votedFor,",
    replace: "return { term: Math.max(0, raft.term - 1), votedFor: raft.votedFor,",
  },
  {
    name: "vote-for-shorter-log",
    file: `${raft}/election.ts`,
    find: "return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= lastIndexOf(raft.log));",
    replace: "return lastTerm >= ownTerm || lastIndex >= lastIndexOf(raft.log);",
  },
  {
    name: "majority-off-by-one",
    file: `${raft}/state.ts`,
    world: "ambushes",
    find: "return Math.floor(voters / 2) + 1;",
    replace: "return Math.floor((voters + 1) / 2);",
  },
  {
    name: "commit-by-one-less",
    file: `${raft}/state.ts`,
    find: "const value = values[majorityOf(values.length) - 1];",
    replace: "const value = values[Math.max(0, majorityOf(values.length) - 2)];",
  },
  {
    name: "commit-older-term-by-count",
    file: `${raft}/leadership.ts`,
    world: "reigns",
    find: "if (reached <= raft.commitIndex || termAt(raft.log, reached) !== raft.term) return;",
    replace: "if (reached <= raft.commitIndex) return;",
  },
  {
    name: "acknowledge-before-fsync",
    file: `${raft}/follow.ts`,
    world: "ambushes",
    find: "const send = atOnce ? sendNow : sendWhenDurable;",
    replace: "const send = sendNow;",
  },
  {
    name: "heartbeat-acknowledges-unwritten",
    file: `${raft}/follow.ts`,
    world: "ambushes",
    find: "index: atOnce ? Math.min(matched, raft.stableIndex) : matched,",
    replace: "index: matched,",
  },
  {
    name: "acknowledges-one-too-many",
    file: `${raft}/follow.ts`,
    find: "index: atOnce ? Math.min(matched, raft.stableIndex) : matched,",
    replace: "index: atOnce ? Math.min(matched, raft.stableIndex) : matched + 1,",
  },
  {
    name: "leader-counts-unwritten",
    file: `${raft}/leadership.ts`,
    world: "reigns",
    find: "voter === raft.id ? raft.stableIndex : (leadership.progress.get(voter)?.match ?? 0),",
    replace: "voter === raft.id ? lastIndexOf(raft.log) : (leadership.progress.get(voter)?.match ?? 0),",
  },
  {
    name: "conflict-not-truncated",
    file: `${raft}/follow.ts`,
    find: "  if (present === entry.term) return;\n  if (present !== null) dropAfter",
    replace: "  if (present !== null) return;\n  if (present !== null) dropAfter",
  },
  {
    name: "previous-entry-not-compared",
    file: `${raft}/follow.ts`,
    find: "} else if (termAt(raft.log, prevIndex) !== append.prevTerm) {",
    replace: "} else if (termAt(raft.log, prevIndex) === null) {",
  },
  {
    name: "read-without-majority",
    file: `${raft}/reads.ts`,
    world: "ambushes",
    find: "if (readId !== null && hasLease(raft, nowMs)) {",
    replace: "if (readId !== null) {",
  },
  {
    name: "read-before-first-commit",
    file: `${raft}/reads.ts`,
    find: "if (!knowsCommit(raft)) {",
    replace: "if (nowMs < 0) {",
  },
  {
    name: "read-lease-too-long",
    file: `${raft}/reads.ts`,
    world: "ambushes",
    find: "return (electionTimeoutMs * (1 - driftRatio)) / (1 + driftRatio);",
    replace: "return electionTimeoutMs * (3 + driftRatio);",
  },
  {
    name: "amnesiac-votes",
    file: "shared/effect/recover.ts",
    find: "return formatted({ ...hardState, recovering: true }",
    replace: "return formatted({ ...hardState, recovering: false }",
  },
  {
    name: "acknowledgement-of-former-life-counts",
    file: `${raft}/replication.ts`,
    find: "if (progress === undefined || boot < progress.boot || boot <= progress.recoveredBoot) return;",
    replace: "if (boot >= 0) return;",
  },
  {
    name: "checksum-ignored",
    file: "shared/effect/journal.ts",
    find: "if (view.getUint32(at, true) !== crc32c(file, at + 4, end)) return null;",
    replace: "",
  },
  {
    name: "truncation-not-written",
    file: "shared/effect/journal.ts",
    find: "if (write.truncateAfter !== undefined) out.record",
    replace: "if (write.truncateAfter === -1) out.record",
  },
  {
    name: "retry-applied-twice",
    file: "shared/decide/kv/store.ts",
    find: "if (known !== undefined) return { result: known, events: [] };",
    replace: "",
  },
  {
    name: "compare-ignored",
    file: "shared/decide/kv/store.ts",
    find: '!== modRevision) return "KV_CONFLICT";',
    replace: '!== modRevision && modRevision < 0) return "KV_CONFLICT";',
  },
  {
    name: "sessions-missing-in-snapshot",
    file: "shared/decide/kv/snapshot.ts",
    find: "results: [...session.results],",
    replace: "results: [],",
  },
  {
    name: "revision-depends-on-the-clock",
    file: "shared/decide/kv/store.ts",
    find: "  if (changes) store.revision += 1;",
    replace:
      "  if (changes) store.revision += store.leases.size > 0 && store.sessions.size % 2 === 0 ? 2 : 1 + (performance.now() & 1);",
  },
  {
    name: "lease-held-too-long",
    file: "shared/decide/lease/holder.ts",
    world: "holders",
    find: "return (ttlMs * (1 - driftRatio)) / (1 + driftRatio);",
    replace: "return ttlMs * (1.4 + driftRatio);",
  },
  {
    name: "lock-without-lease-check",
    file: "shared/decide/lease/guard.ts",
    find: 'const won = answer.kind === "result" && answer.result.ok;',
    replace:
      'const won = answer.kind === "result" && (answer.result.ok || answer.result.code === "KV_CONFLICT") && answer.result.revision >= 0;',
  },
  {
    name: "new-leader-keeps-no-lease-time",
    file: "shared/decide/lease/expiry.ts",
    find: "for (const [id, lease] of store.leases) deadlines.set(id, nowMs + lease.ttlMs);",
    replace: "for (const id of store.leases.keys()) deadlines.set(id, nowMs);",
  },
  {
    name: "watchdog-never-armed",
    file: "shared/sim/guard.ts",
    find: "      this.active = false;\n    }\n  }",
    replace: "    }\n  }",
  },
  {
    name: "disk-lies-about-flush",
    file: "shared/sim/disk.ts",
    find: 'if (operation.file === "journal" && !disk.lies)',
    replace: 'if (operation.file === "journal" && disk.lies)',
  },
  {
    name: "answer-to-former-life-taken",
    file: "shared/decide/replica/replica.ts",
    world: "ambushes",
    find: "nextId: recovered.hardState.boot * IDS_PER_BOOT + 1,",
    replace: "nextId: 1,",
  },
  {
    name: "inflight-window-leaks",
    file: `${raft}/replication.ts`,
    find: "while (progress.inflight.length > 0 && (progress.inflight[0] ?? 0) <= reply.index) progress.inflight.shift();",
    replace: "",
  },
  {
    name: "follower-never-campaigns-after-losing",
    file: `${raft}/state.ts`,
    find: '  if (raft.role !== "follower") resetElectionDeadline(raft, nowMs);',
    replace: '  if (raft.role !== "follower") raft.electionDeadlineMs = nowMs + 100_000;',
  },
  {
    name: "lease-by-wall-clock",
    file: "shared/sim/guard.ts",
    world: "holders",
    find: "return localMs(this.node, this.world.nowMs);",
    replace: "return localMs(this.node, this.world.nowMs) + this.node.wallOffsetMs;",
  },
  {
    name: "snapshot-drops-acknowledged-tail",
    file: `${raft}/follow.ts`,
    test: `${raft}/follow.test.ts`,
    find: "if (termAt(raft.log, index) === snapshotTerm) {",
    replace: "if (index < 0) {",
  },
  {
    name: "read-lease-kept-during-transfer",
    file: `${raft}/leadership.ts`,
    world: "ambushes",
    find: "  leadership.leaseAllowed = false;",
    replace: "",
  },
  {
    name: "failed-flush-trusted-at-restart",
    file: "shared/effect/recover.ts",
    world: "ambushes",
    find: "rewriteFrom: read.vouchedTo,",
    replace: "rewriteFrom: read.length,",
  },
  {
    name: "leader-not-defended",
    file: `${raft}/election.ts`,
    world: "ambushes",
    find: "if (!request.transfer && defendsLeader(raft, nowMs)) return;",
    replace: 'if (!request.transfer && defendsLeader(raft, nowMs) && request.kind === "preVote" && nowMs < 0) return;',
  },
  {
    name: "restart-forgets-leader-it-defended",
    file: `${raft}/state.ts`,
    world: "ambushes",
    find: "lastLeaderContactMs: nowMs,",
    replace: "lastLeaderContactMs: Number.NEGATIVE_INFINITY,",
  },
  {
    name: "vote-forgotten-at-restart",
    file: `${raft}/state.ts`,
    world: "ambushes",
    find: "return { term: raft.term, votedFor: raft.votedFor,",
    replace: "return { term: raft.term, votedFor: null,",
  },
  {
    name: "two-membership-changes-at-once",
    file: `${raft}/change.ts`,
    world: "ambushes",
    find: 'if (membersIndexOf(raft.log) > raft.commitIndex) return "another change is not committed yet";',
    replace: "",
  },
  {
    name: "amnesiac-recovers-at-once",
    file: `${raft}/step.ts`,
    world: "ambushes",
    find: "raft.recoverTarget = message.index;",
    replace: "raft.recoverTarget = 0;",
  },
  {
    name: "damage-taken-for-torn-write",
    file: "shared/effect/journal.ts",
    find: "if (snapshot === null || durableBeyond(file, view, at) > at || durable > at) return",
    replace: "if (snapshot === null) return",
  },
  {
    name: "renewal-without-majority",
    file: "shared/decide/replica/requests.ts",
    world: "ambushes",
    find: "if (requestRead(raft, readId, null, nowMs)) return;",
    replace:
      'if (request.kind === "keepAlive") return onReadReady(replica, readId);\n      if (requestRead(raft, readId, null, nowMs)) return;',
  },
  {
    name: "read-confirmed-by-old-round",
    file: `${raft}/reads.ts`,
    world: "ambushes",
    find: "round: leadership.round + 1 });",
    replace: "round: Math.max(1, leadership.round - 3) });",
  },
];
