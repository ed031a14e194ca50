import type { SessionCommand } from "../../effect/kv.ts";
import type { ReplicaReply, ReplicaRefusal, ReplicaRequest } from "../../effect/replica.ts";
import { queryStore } from "../kv/store.ts";
import { renewLease } from "../lease/expiry.ts";
import { beginTransfer, planMembersChange, proposeMembers } from "../raft/change.ts";
import { propose } from "../raft/step.ts";
import { requestRead } from "../raft/reads.ts";
import { answer, type Origin, type Replica } from "./replica.ts";

/** What becomes of a request: answered here, proposed, or passed on to the leader. */
export function submit(replica: Replica, origin: Origin, request: ReplicaRequest, nowMs: number): void {
  if (request.kind === "read" && request.stale) {
    answer(replica, origin, { kind: "view", view: queryStore(replica.store, request.query) });
    return;
  }
  const waiting = replica.writes.size + replica.reads.size + replica.forwarded.size;
  if (waiting >= replica.options.maxWaitingRequests) {
    refuse(replica, origin, "CORE_BUSY", `${waiting} requests wait already`);
    return;
  }
  if (replica.raft.leadership === null) passOn(replica, origin, request, nowMs);
  else lead(replica, origin, request, nowMs);
}

function refuse(replica: Replica, origin: Origin, code: ReplicaRefusal, why: string): void {
  answer(replica, origin, { kind: "refused", code, why, leader: replica.raft.leader });
}

/** A request is forwarded once: a node that was wrongly taken for the leader refuses, and the client asks again. */
function passOn(replica: Replica, origin: Origin, request: ReplicaRequest, nowMs: number): void {
  const leader = replica.raft.leader;
  if (origin.kind === "remote" || leader === null) {
    refuse(replica, origin, "CORE_NOT_LEADER", leader === null ? "no leader is known" : "another node leads");
    return;
  }
  const id = replica.nextId++;
  const deadlineMs = nowMs + replica.options.requestTimeoutMs;
  replica.forwarded.set(id, { requestId: origin.requestId, to: leader, deadlineMs });
  replica.effects.push({ kind: "send", to: leader, message: { kind: "forward", id, request } });
}

function lead(replica: Replica, origin: Origin, request: ReplicaRequest, nowMs: number): void {
  const { raft } = replica;
  switch (request.kind) {
    case "openSession":
      return write(replica, origin, emptySession, nowMs);
    case "write": {
      const { session, sequence, acknowledged, command } = request;
      if (command.op === "expire" || command.op === "openSession") {
        return refuse(replica, origin, "CORE_CHANGE_REFUSED", `${command.op} is not a client's command`);
      }
      return write(replica, origin, { session, sequence, acknowledged, command }, nowMs);
    }
    case "read":
    case "keepAlive": {
      const readId = replica.nextId++;
      const deadlineMs = nowMs + replica.options.requestTimeoutMs;
      replica.reads.set(readId, { origin, request, receivedMs: nowMs, deadlineMs });
      if (requestRead(raft, readId, null, nowMs)) return;
      replica.reads.delete(readId);
      return refuse(replica, origin, "CORE_BUSY", "too many reads wait");
    }
    case "changeMembers": {
      const why = planMembersChange(raft, request.members);
      if (why !== null) return refuse(replica, origin, "CORE_CHANGE_REFUSED", why);
      return waitFor(replica, origin, proposeMembers(raft, request.members), nowMs);
    }
    case "transfer": {
      const why = beginTransfer(raft, request.to, nowMs);
      if (why !== null) return refuse(replica, origin, "CORE_CHANGE_REFUSED", why);
      return answer(replica, origin, { kind: "accepted" });
    }
  }
}

const emptySession: SessionCommand = { session: 0, sequence: 0, acknowledged: 0, command: { op: "openSession" } };

function write(replica: Replica, origin: Origin, command: SessionCommand, nowMs: number): void {
  const index = propose(replica.raft, JSON.stringify(command));
  if (index === null) refuse(replica, origin, "CORE_BUSY", "leadership moves, or too much is uncommitted");
  else waitFor(replica, origin, index, nowMs);
}

function waitFor(replica: Replica, origin: Origin, index: number, nowMs: number): void {
  const overwritten = replica.writes.get(index);
  if (overwritten !== undefined) refuse(replica, overwritten.origin, "CORE_NOT_LEADER", "its entry was overwritten");
  replica.writes.delete(index);
  const deadlineMs = nowMs + replica.options.requestTimeoutMs;
  replica.writes.set(index, { origin, term: replica.raft.term, deadlineMs });
}

/** A majority has confirmed the lead since the request came: what the store holds now may be told. */
export function onReadReady(replica: Replica, readId: number): void {
  const read = replica.reads.get(readId);
  if (read === undefined) return;
  replica.reads.delete(readId);
  answer(replica, read.origin, replyToRead(replica, read.request, read.receivedMs));
}

function replyToRead(replica: Replica, request: ReplicaRequest, receivedMs: number): ReplicaReply {
  if (request.kind === "read") return { kind: "view", view: queryStore(replica.store, request.query) };
  if (request.kind !== "keepAlive") throw new Error(`${request.kind} is not a read`);
  const lease = replica.store.leases.get(request.lease);
  const clock = replica.leaseClock;
  if (clock !== null && lease !== undefined && renewLease(clock, replica.store, request.lease, receivedMs)) {
    return { kind: "alive", ttlMs: lease.ttlMs };
  }
  const revision = replica.store.revision;
  return { kind: "result", result: { ok: false, code: "KV_LEASE_UNKNOWN", revision } };
}
