import type { SessionCommand } from "../../effect/kv.ts";
import type { NodeId, Recovered } from "../../effect/raft.ts";
import type {
  ReplicaEffect,
  ReplicaEvent,
  ReplicaMessage,
  ReplicaOutcome,
  ReplicaReply,
  ReplicaRequest,
  ReplicaStatus,
} from "../../effect/replica.ts";
import { applyCommand, queryStore, type Store } from "../kv/store.ts";
import { advanceSnapshot, beginSnapshot, readStore, type SnapshotWriter } from "../kv/snapshot.ts";
import { followStore, overdueLeases, startLeaseClock, type LeaseClock } from "../lease/expiry.ts";
import { entryAt, lastIndexOf, membersOf } from "../raft/log.ts";
import type { RaftOptions } from "../raft/options.ts";
import { knowsCommit } from "../raft/reads.ts";
import { compact, finishStep, nextDeadlineMs, persisted, propose, receive, tick } from "../raft/step.ts";
import { createRaft, type Leadership, type Raft } from "../raft/state.ts";
import { onReadReady, submit } from "./requests.ts";

/** One node of the core: consensus below, the store above it, and the requests that wait between the two. */
export interface ReplicaOptions {
  readonly raft: RaftOptions;
  /** How long a request may wait here for an answer before its outcome is called unknown. */
  readonly requestTimeoutMs: number;
  /** Applied entries after which the log is replaced by a snapshot. */
  readonly snapshotEveryEntries: number;
  readonly maxWaitingRequests: number;
}

export const DEFAULT_REPLICA_LIMITS = {
  requestTimeoutMs: 5000,
  snapshotEveryEntries: 20_000,
  maxWaitingRequests: 16_384,
} as const;

/** Where an answer goes: to a client of this node, or back to the node that forwarded the request. */
export type Origin =
  | { readonly kind: "local"; readonly requestId: number }
  | { readonly kind: "remote"; readonly node: NodeId; readonly id: number };

interface WaitingWrite {
  readonly origin: Origin;
  readonly term: number;
  readonly deadlineMs: number;
}
export interface WaitingRead {
  readonly origin: Origin;
  readonly request: ReplicaRequest;
  readonly receivedMs: number;
  readonly deadlineMs: number;
}
interface Forwarded {
  readonly requestId: number;
  readonly to: NodeId;
  readonly deadlineMs: number;
}

export interface Replica {
  readonly raft: Raft;
  readonly options: ReplicaOptions;
  store: Store;
  appliedIndex: number;
  /** Writes proposed here, by log index. */
  readonly writes: Map<number, WaitingWrite>;
  readonly reads: Map<number, WaitingRead>;
  readonly forwarded: Map<number, Forwarded>;
  /** The leader that `forwarded` is about. */
  followed: NodeId | null;
  nextId: number;
  leaseClock: LeaseClock | null;
  clockOf: Leadership | null;
  sweepDueMs: number;
  snapshot: SnapshotWriter | null;
  /** Payload applied since the last snapshot was begun. */
  appliedLength: number;
  effects: ReplicaEffect[];
}

const SWEEP_EVERY_MS = 100;
const SNAPSHOT_RECORDS_PER_STEP = 1024;
const SNAPSHOT_GROWTH = 1;
/** Request numbers of one life of a node; with 2^53 in all there is room for two million lives. */
const IDS_PER_BOOT = 2 ** 32;

export function createReplica(
  id: NodeId,
  options: ReplicaOptions,
  recovered: Recovered,
  seed: number,
  nowMs: number,
): Replica {
  return {
    raft: createRaft(id, options.raft, recovered, seed, nowMs),
    options,
    store: readStore(recovered.snapshot.data),
    appliedIndex: recovered.snapshot.index,
    writes: new Map(),
    reads: new Map(),
    forwarded: new Map(),
    followed: null,
    // A late answer to a request of a former life must not be taken for the answer to one of this life.
    nextId: recovered.hardState.boot * IDS_PER_BOOT + 1,
    leaseClock: null,
    clockOf: null,
    sweepDueMs: nowMs,
    snapshot: null,
    appliedLength: 0,
    effects: [],
  };
}

/** Takes a batch of events; gives what to send, write and answer, and why. */
export function stepReplica(replica: Replica, events: readonly ReplicaEvent[], nowMs: number): ReplicaOutcome {
  for (const event of events) {
    switch (event.kind) {
      case "tick":
        tick(replica.raft, nowMs);
        break;
      case "persisted":
        persisted(replica.raft, event.sequence, nowMs);
        break;
      case "request":
        submit(replica, { kind: "local", requestId: event.requestId }, event.request, nowMs);
        break;
      case "receive":
        onMessage(replica, event.from, event.message, nowMs);
        break;
    }
  }
  applyCommitted(replica, nowMs);
  snapshotWhenDue(replica);
  followLeadership(replica, nowMs);
  if (replica.raft.leader !== replica.followed) giveUpForwarded(replica);
  const outcome = finishStep(replica.raft, nowMs);
  for (const effect of outcome.effects) {
    if (effect.kind === "readReady") onReadReady(replica, effect.readId);
    else if (effect.kind === "readFailed") failRead(replica, effect.readId);
    else replica.effects.push(effect);
  }
  if (nowMs >= replica.sweepDueMs) sweep(replica, nowMs);
  const effects = replica.effects;
  replica.effects = [];
  return { effects, reasons: outcome.reasons };
}

export function nextReplicaDeadlineMs(replica: Replica): number {
  if (replica.snapshot !== null) return Number.NEGATIVE_INFINITY;
  let deadlineMs = nextDeadlineMs(replica.raft);
  const waiting = replica.writes.size + replica.reads.size + replica.forwarded.size;
  if (waiting > 0 || replica.leaseClock !== null) deadlineMs = Math.min(deadlineMs, replica.sweepDueMs);
  return deadlineMs;
}

function onMessage(replica: Replica, from: NodeId, message: ReplicaMessage, nowMs: number): void {
  if (message.kind === "forward") {
    submit(replica, { kind: "remote", node: from, id: message.id }, message.request, nowMs);
  } else if (message.kind === "forwardReply") {
    const waiting = replica.forwarded.get(message.id);
    if (waiting === undefined || waiting.to !== from) return;
    replica.forwarded.delete(message.id);
    replica.effects.push({ kind: "reply", requestId: waiting.requestId, reply: message.reply });
  } else {
    receive(replica.raft, from, message, nowMs);
  }
}

export function answer(replica: Replica, origin: Origin, reply: ReplicaReply): void {
  if (origin.kind === "local") {
    replica.effects.push({ kind: "reply", requestId: origin.requestId, reply });
  } else {
    replica.effects.push({ kind: "send", to: origin.node, message: { kind: "forwardReply", id: origin.id, reply } });
  }
}

function failRead(replica: Replica, readId: number): void {
  const read = replica.reads.get(readId);
  if (read === undefined) return;
  replica.reads.delete(readId);
  const why = "leadership was lost before a majority confirmed it";
  answer(replica, read.origin, { kind: "refused", code: "CORE_NOT_LEADER", why, leader: replica.raft.leader });
}

/** Brings the store to the commit index, answers who waits, and shortens the log when it has grown. */
function applyCommitted(replica: Replica, nowMs: number): void {
  const { raft } = replica;
  if (raft.restored !== null) {
    replica.store = readStore(raft.restored.data);
    replica.appliedIndex = raft.restored.index;
    raft.restored = null;
    replica.snapshot = null;
    replica.appliedLength = 0;
    replica.effects.push({ kind: "reset", revision: replica.store.revision });
  }
  const before = replica.appliedIndex;
  while (replica.appliedIndex < raft.commitIndex) applyNext(replica);
  if (replica.appliedIndex === before) return;
  if (replica.leaseClock !== null) followStore(replica.leaseClock, replica.store, nowMs);
}

/**
 * Shortens the log once it has grown by so many entries, and by more than the store holds: then writing snapshots costs at
 * most about as much again as writing the log. The text is made in slices, a step must not take long.
 */
function snapshotWhenDue(replica: Replica): void {
  const { raft, options } = replica;
  if (replica.snapshot === null) {
    const entries = replica.appliedIndex - raft.log.snapshot.index;
    const grown = replica.appliedLength >= SNAPSHOT_GROWTH * replica.store.totalLength;
    if (entries < options.snapshotEveryEntries || !grown) return;
    replica.snapshot = beginSnapshot(replica.store, replica.appliedIndex);
    replica.appliedLength = 0;
  }
  const { index } = replica.snapshot;
  const text = advanceSnapshot(replica.snapshot, SNAPSHOT_RECORDS_PER_STEP);
  if (text === null) return;
  replica.snapshot = null;
  if (index > raft.log.snapshot.index) compact(raft, index, text);
}

function applyNext(replica: Replica): void {
  const index = replica.appliedIndex + 1;
  const entry = entryAt(replica.raft.log, index);
  const waiting = replica.writes.get(index);
  if (waiting !== undefined) replica.writes.delete(index);
  replica.appliedIndex = index;
  replica.appliedLength += entry.payload.length;
  if (entry.kind === "command") {
    const command: SessionCommand = JSON.parse(entry.payload);
    const applied = applyCommand(replica.store, index, command);
    if (applied.events.length > 0) replica.effects.push({ kind: "watch", events: applied.events });
    if (waiting !== undefined && waiting.term === entry.term) {
      answer(replica, waiting.origin, { kind: "result", result: applied.result });
      return;
    }
  }
  if (waiting === undefined) return;
  if (waiting.term === entry.term) answer(replica, waiting.origin, { kind: "accepted" });
  else answer(replica, waiting.origin, lostReply(replica));
}

function lostReply(replica: Replica): ReplicaReply {
  const why = "another leader's entry took its place";
  return { kind: "refused", code: "CORE_NOT_LEADER", why, leader: replica.raft.leader };
}

/** Starts or stops the lease clock with leadership, and proposes the end of leases that were not renewed. */
function followLeadership(replica: Replica, nowMs: number): void {
  const { raft } = replica;
  if (raft.leadership !== replica.clockOf) {
    replica.clockOf = raft.leadership;
    replica.leaseClock = raft.leadership === null ? null : startLeaseClock(replica.store, nowMs);
  }
  const clock = replica.leaseClock;
  if (clock === null || clock.deadlines.size === 0 || !knowsCommit(raft)) return;
  for (const lease of overdueLeases(clock, nowMs)) {
    const command: SessionCommand = { session: 0, sequence: 0, acknowledged: 0, command: { op: "expire", lease } };
    if (propose(raft, JSON.stringify(command)) === null) break;
    clock.ending.add(lease);
  }
}

/**
 * What was passed on to a leader that leads no more may never be answered, or was done: the client asks again at once, which
 * is safe by its session, instead of waiting for the whole timeout.
 */
function giveUpForwarded(replica: Replica): void {
  const { leader } = replica.raft;
  replica.followed = leader;
  for (const [id, { requestId, to }] of replica.forwarded) {
    if (to === leader) continue;
    replica.forwarded.delete(id);
    const why = `${to}, which had the request, leads no more`;
    replica.effects.push({ kind: "reply", requestId, reply: { kind: "refused", code: "CORE_TIMEOUT", why, leader } });
  }
}

/** Gives up on requests that waited too long: their outcome is unknown. */
function sweep(replica: Replica, nowMs: number): void {
  replica.sweepDueMs = nowMs + SWEEP_EVERY_MS;
  const late: ReplicaReply = {
    kind: "refused",
    code: "CORE_TIMEOUT",
    why: `no answer within ${replica.options.requestTimeoutMs} ms`,
    leader: replica.raft.leader,
  };
  for (const [index, waiting] of replica.writes) {
    if (nowMs < waiting.deadlineMs) break;
    replica.writes.delete(index);
    answer(replica, waiting.origin, late);
  }
  for (const [id, waiting] of replica.reads) {
    if (nowMs < waiting.deadlineMs) break;
    replica.reads.delete(id);
    answer(replica, waiting.origin, late);
  }
  for (const [id, waiting] of replica.forwarded) {
    if (nowMs < waiting.deadlineMs) break;
    replica.forwarded.delete(id);
    replica.effects.push({ kind: "reply", requestId: waiting.requestId, reply: late });
  }
}

export function replicaStatus(replica: Replica): ReplicaStatus {
  const { raft } = replica;
  const lastIndex = lastIndexOf(raft.log);
  const lagEntries: Record<NodeId, number> = {};
  for (const [node, progress] of raft.leadership?.progress ?? []) lagEntries[node] = lastIndex - progress.match;
  return {
    id: raft.id,
    role: raft.role,
    leader: raft.leader,
    term: raft.term,
    commitIndex: raft.commitIndex,
    lastIndex,
    snapshotIndex: raft.log.snapshot.index,
    revision: replica.store.revision,
    members: membersOf(raft.log),
    recovering: raft.recovering,
    lagEntries,
  };
}

export { queryStore };
