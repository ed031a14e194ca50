import type {
  Answer,
  Coordination,
  CoordinationMember,
  CoordinationOperation,
  CoordinationRecord,
  CoordinationRefusal,
  CoordinationView,
  Watch,
  WatchNotice,
} from "../../effect/coordination.ts";
import type { Command, CommandResult, Compare, KvOperation, KvRecord, KvRefusal } from "../../effect/kv.ts";
import type { ReplicaReply, ReplicaRequest } from "../../effect/replica.ts";
import { isTooLarge } from "../../model/kv-limits.ts";
import type { Group } from "./group.ts";

/**
 * Coordination by the embedded core: a client session on this node's member. Writes carry session and sequence number, so a
 * retry after a lost answer or a change of leader is applied once.
 */
export interface EmbeddedOptions {
  /** How long to go on trying before the answer is UNAVAILABLE or UNKNOWN_OUTCOME. */
  readonly patienceMs: number;
}

const RETRY_FIRST_MS = 5;
const RETRY_LAST_MS = 100;

const REFUSALS: Readonly<Record<KvRefusal, CoordinationRefusal>> = {
  KV_CONFLICT: "CONFLICT",
  KV_LEASE_UNKNOWN: "LEASE_UNKNOWN",
  KV_TOO_LARGE: "TOO_LARGE",
  KV_FULL: "REFUSED",
  KV_SESSION_UNKNOWN: "UNKNOWN_OUTCOME",
  KV_STALE_SEQUENCE: "UNKNOWN_OUTCOME",
};

export class EmbeddedCoordination implements Coordination {
  private session: Promise<number | null> | null = null;
  private sequence = 1;
  private readonly outstanding = new Set<number>();

  constructor(
    private readonly group: Group,
    private readonly options: EmbeddedOptions = { patienceMs: 10_000 },
  ) {}

  get(key: string): Promise<Answer<CoordinationView>> {
    return this.read(key, false);
  }

  list(prefix: string): Promise<Answer<CoordinationView>> {
    return this.read(prefix, true);
  }

  private async read(key: string, prefix: boolean): Promise<Answer<CoordinationView>> {
    const reply = await this.persist({ kind: "read", query: { key, prefix }, stale: false });
    if (reply.kind !== "view") return refusal(reply, false);
    const { revision, records } = reply.view;
    return { ok: true, value: { revision, records: records.map(toRecord) } };
  }

  async txn(
    compare: readonly Compare[],
    operations: readonly CoordinationOperation[],
  ): Promise<Answer<{ readonly revision: number }>> {
    // Refused here: on its way through the log it would only keep the group from its work.
    if (isTooLarge(operations)) return { ok: false, code: REFUSALS.KV_TOO_LARGE, why: "KV_TOO_LARGE" };
    const result = await this.write({ op: "txn", compare, operations: operations.map(toOperation) });
    return result.ok ? { ok: true, value: { revision: result.value.revision } } : result;
  }

  async grant(ttlMs: number): Promise<Answer<{ readonly lease: string; readonly ttlMs: number }>> {
    const result = await this.write({ op: "grant", ttlMs });
    return result.ok ? { ok: true, value: { lease: String(result.value.lease), ttlMs } } : result;
  }

  async keepAlive(lease: string): Promise<Answer<{ readonly ttlMs: number }>> {
    const reply = await this.persist({ kind: "keepAlive", lease: Number(lease) });
    return reply.kind === "alive" ? { ok: true, value: { ttlMs: reply.ttlMs } } : refusal(reply, false);
  }

  async revoke(lease: string): Promise<Answer<null>> {
    const result = await this.write({ op: "revoke", lease: Number(lease) });
    return result.ok ? { ok: true, value: null } : result;
  }

  watch(prefix: string, fromRevision: number, listener: (notice: WatchNotice) => void): Watch {
    const close = this.group.watches.watch(prefix, fromRevision, (events) => {
      if (events === null) listener({ kind: "missed" });
      else {
        const notices = events.map(({ kind, revision, key, record }) => ({
          kind,
          revision,
          key,
          value: record?.value ?? null,
        }));
        listener({ kind: "events", events: notices });
      }
    });
    return { close };
  }

  members(): Promise<Answer<readonly CoordinationMember[]>> {
    const { members, leader } = this.group.status();
    const list = (names: readonly string[], voter: boolean): CoordinationMember[] =>
      names.map((name) => ({ name, leader: name === leader, voter }));
    return Promise.resolve({ ok: true, value: [...list(members.voters, true), ...list(members.learners, false)] });
  }

  close(): Promise<void> {
    return this.group.close();
  }

  private openSession(): Promise<number | null> {
    this.session ??= this.persist({ kind: "openSession" }).then((reply) => {
      if (reply.kind === "result" && reply.result.ok && reply.result.session !== undefined) return reply.result.session;
      this.session = null;
      return null;
    });
    return this.session;
  }

  private async write(command: Command): Promise<Answer<Extract<CommandResult, { ok: true }>>> {
    const session = await this.openSession();
    if (session === null) return { ok: false, code: "UNAVAILABLE", why: "no majority answers" };
    const sequence = this.sequence;
    this.sequence += 1;
    this.outstanding.add(sequence);
    const acknowledged = this.outstanding.values().next().value ?? sequence;
    const reply = await this.persist({ kind: "write", session, sequence, acknowledged, command });
    this.outstanding.delete(sequence);
    if (reply.kind !== "result") return refusal(reply, true);
    if (reply.result.ok) return { ok: true, value: reply.result };
    if (reply.result.code === "KV_SESSION_UNKNOWN") this.session = null;
    return { ok: false, code: REFUSALS[reply.result.code], why: reply.result.code };
  }

  /** Repeats a request until it has a definite answer or patience is over. */
  private async persist(request: ReplicaRequest): Promise<ReplicaReply> {
    const deadlineMs = performance.now() + this.options.patienceMs;
    let delayMs = RETRY_FIRST_MS;
    let unknown: ReplicaReply | null = null;
    for (;;) {
      const reply = await this.group.request(request);
      if (reply.kind !== "refused" || reply.code === "CORE_CHANGE_REFUSED") return reply;
      if (reply.code === "CORE_TIMEOUT") unknown = reply;
      if (performance.now() + delayMs >= deadlineMs) return unknown ?? reply;
      await Bun.sleep(delayMs);
      delayMs = Math.min(delayMs * 2, RETRY_LAST_MS);
    }
  }
}

function refusal(reply: ReplicaReply, isWrite: boolean): Extract<Answer<never>, { ok: false }> {
  if (reply.kind === "result" && !reply.result.ok) {
    return { ok: false, code: REFUSALS[reply.result.code], why: reply.result.code };
  }
  if (reply.kind !== "refused") throw new Error(`an answer of the wrong kind: ${reply.kind}`);
  const code = isWrite && reply.code === "CORE_TIMEOUT" ? "UNKNOWN_OUTCOME" : "UNAVAILABLE";
  return { ok: false, code: reply.code === "CORE_CHANGE_REFUSED" ? "REFUSED" : code, why: reply.why };
}

function toOperation(operation: CoordinationOperation): KvOperation {
  if (operation.op === "delete") return operation;
  const { key, value, lease } = operation;
  return { op: "put", key, value, ...(lease === undefined ? {} : { lease: Number(lease) }) };
}

function toRecord(record: KvRecord): CoordinationRecord {
  return { ...record, lease: record.lease === 0 ? "" : String(record.lease) };
}
