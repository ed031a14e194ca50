import type {
  Answer,
  Coordination,
  CoordinationEvent,
  CoordinationMember,
  CoordinationOperation,
  CoordinationRecord,
  CoordinationView,
  Watch,
  WatchNotice,
} from "../../effect/coordination.ts";
import type { Compare } from "../../effect/kv.ts";
import {
  EtcdGateway,
  field,
  fromBase64,
  listAt,
  numberAt,
  rangeEnd,
  textAt,
  toBase64,
  type EtcdOptions,
  type GatewayAnswer,
} from "./gateway.ts";

/**
 * Coordination by etcd v3. The same decisions run on it as on the embedded core. Differences: leases last whole seconds (a
 * shorter time to live is rounded up), and a write whose answer is lost is never repeated here, as etcd has no sessions:
 * its outcome is unknown and the caller reads before it decides.
 */
const WATCH_RETRY_MS = 200;
const GRPC_NOT_FOUND = 5;
const GRPC_INVALID = 3;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_RESOURCE_EXHAUSTED = 8;
const GRPC_UNAUTHENTICATED = 16;
/** What was surely not done, though for another reason than its size. */
const GRPC_REFUSED: readonly number[] = [
  GRPC_INVALID,
  GRPC_PERMISSION_DENIED,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNAUTHENTICATED,
];
/** A request, a message, or the operations of a transaction. */
const TOO_LARGE = /too large|larger than max|too many operations/;

export class EtcdCoordination implements Coordination {
  private readonly gateway: EtcdGateway;
  private readonly watches = new Set<EtcdWatch>();

  constructor(options: EtcdOptions) {
    this.gateway = new EtcdGateway(options);
  }

  get(key: string): Promise<Answer<CoordinationView>> {
    return this.range({ key: toBase64(key) });
  }

  list(prefix: string): Promise<Answer<CoordinationView>> {
    const key = prefix === "" ? "AA==" : toBase64(prefix);
    return this.range({ key, range_end: rangeEnd(prefix), sort_order: "ASCEND", sort_target: "KEY" });
  }

  private async range(query: object): Promise<Answer<CoordinationView>> {
    const answer = await this.gateway.call("/v3/kv/range", query, true);
    if (answer.kind !== "ok") return failed(answer, false);
    const records = listAt(answer.body, "kvs").map(toRecord);
    return { ok: true, value: { revision: revisionOf(answer.body), records } };
  }

  async txn(
    compare: readonly Compare[],
    operations: readonly CoordinationOperation[],
  ): Promise<Answer<{ readonly revision: number }>> {
    const answer = await this.gateway.call("/v3/kv/txn", {
      compare: compare.map(({ key, modRevision }) => ({
        key: toBase64(key),
        target: "MOD",
        result: "EQUAL",
        mod_revision: String(modRevision),
      })),
      success: operations.map(toRequest),
    });
    if (answer.kind !== "ok") return failed(answer, true);
    if (field(answer.body, "succeeded") !== true) {
      return { ok: false, code: "CONFLICT", why: "a compared key was written meanwhile" };
    }
    return { ok: true, value: { revision: revisionOf(answer.body) } };
  }

  async grant(ttlMs: number): Promise<Answer<{ readonly lease: string; readonly ttlMs: number }>> {
    const answer = await this.gateway.call("/v3/lease/grant", { TTL: String(Math.max(1, Math.ceil(ttlMs / 1000))) });
    if (answer.kind !== "ok") return failed(answer, true);
    return { ok: true, value: { lease: textAt(answer.body, "ID"), ttlMs: numberAt(answer.body, "TTL") * 1000 } };
  }

  async keepAlive(lease: string): Promise<Answer<{ readonly ttlMs: number }>> {
    const answer = await this.gateway.call("/v3/lease/keepalive", { ID: lease }, true);
    if (answer.kind !== "ok") return failed(answer, false);
    const ttlMs = numberAt(field(answer.body, "result"), "TTL") * 1000;
    if (ttlMs > 0) return { ok: true, value: { ttlMs } };
    return { ok: false, code: "LEASE_UNKNOWN", why: "the lease has ended" };
  }

  async revoke(lease: string): Promise<Answer<null>> {
    const answer = await this.gateway.call("/v3/lease/revoke", { ID: lease });
    return answer.kind === "ok" ? { ok: true, value: null } : failed(answer, true);
  }

  watch(prefix: string, fromRevision: number, listener: (notice: WatchNotice) => void): Watch {
    const watch = new EtcdWatch(this.gateway, prefix, fromRevision, listener);
    this.watches.add(watch);
    return {
      close: () => {
        watch.close();
        this.watches.delete(watch);
      },
    };
  }

  async members(): Promise<Answer<readonly CoordinationMember[]>> {
    const list = await this.gateway.call("/v3/cluster/member/list", {}, true);
    if (list.kind !== "ok") return failed(list, false);
    const status = await this.gateway.call("/v3/maintenance/status", {}, true);
    if (status.kind !== "ok") return failed(status, false);
    const leader = textAt(status.body, "leader");
    const members = listAt(list.body, "members").map((member) => ({
      name: textAt(member, "name"),
      leader: textAt(member, "ID") === leader,
      voter: field(member, "isLearner") !== true,
    }));
    return { ok: true, value: members };
  }

  close(): Promise<void> {
    for (const watch of this.watches) watch.close();
    this.watches.clear();
    return Promise.resolve();
  }
}

function revisionOf(body: unknown): number {
  return numberAt(field(body, "header"), "revision");
}

function failed(
  answer: Exclude<GatewayAnswer, { kind: "ok" }>,
  isWrite: boolean,
): Extract<Answer<never>, { ok: false }> {
  if (answer.kind === "unreachable") return { ok: false, code: "UNAVAILABLE", why: answer.message };
  if (answer.kind === "lost") {
    return { ok: false, code: isWrite ? "UNKNOWN_OUTCOME" : "UNAVAILABLE", why: answer.message };
  }
  const why = answer.message;
  if (answer.code === GRPC_NOT_FOUND) return { ok: false, code: "LEASE_UNKNOWN", why };
  if (GRPC_REFUSED.includes(answer.code))
    return { ok: false, code: TOO_LARGE.test(why) ? "TOO_LARGE" : "REFUSED", why };
  // Unavailable, no leader, timed out: a write may have been taken nevertheless.
  return { ok: false, code: isWrite ? "UNKNOWN_OUTCOME" : "UNAVAILABLE", why };
}

function toRequest(operation: CoordinationOperation): object {
  if (operation.op === "delete") return { request_delete_range: { key: toBase64(operation.key) } };
  const lease = operation.lease === undefined ? {} : { lease: operation.lease };
  return { request_put: { key: toBase64(operation.key), value: toBase64(operation.value), ...lease } };
}

function toRecord(kv: unknown): CoordinationRecord {
  return {
    key: fromBase64(textAt(kv, "key")),
    value: fromBase64(textAt(kv, "value")),
    createRevision: numberAt(kv, "create_revision"),
    modRevision: numberAt(kv, "mod_revision"),
    version: numberAt(kv, "version"),
    lease: textAt(kv, "lease"),
  };
}

/** A watch is a stream that is opened again, from where it stopped, whenever it breaks. */
class EtcdWatch {
  private readonly abort = new AbortController();
  private closed = false;

  constructor(
    private readonly gateway: EtcdGateway,
    private readonly prefix: string,
    private nextRevision: number,
    private readonly listener: (notice: WatchNotice) => void,
  ) {
    void this.run();
  }

  close(): void {
    this.closed = true;
    this.abort.abort();
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        await this.follow();
      } catch {
        this.gateway.nextEndpoint();
      }
      if (!this.closed) await Bun.sleep(WATCH_RETRY_MS);
    }
  }

  private async follow(): Promise<void> {
    const key = this.prefix === "" ? "AA==" : toBase64(this.prefix);
    const create = { key, range_end: rangeEnd(this.prefix), start_revision: String(this.nextRevision) };
    const response = await this.gateway.stream("/v3/watch", { create_request: create }, this.abort.signal);
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of response.body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "" || this.onLine(JSON.parse(line))) continue;
        this.gateway.forgetToken();
        return;
      }
    }
  }

  /** False: etcd ended the watch. Its stream stays open, and nothing comes any more. */
  private onLine(line: unknown): boolean {
    const result = field(line, "result");
    if (this.closed) return false;
    const compacted = numberAt(result, "compact_revision");
    if (compacted > 0) {
      this.nextRevision = Math.max(this.nextRevision, compacted);
      this.listener({ kind: "missed" });
      return false;
    }
    if (result === undefined || field(result, "canceled") === true) return false;
    const events = listAt(result, "events").map(toEvent);
    const last = events[events.length - 1];
    if (last === undefined) return true;
    this.nextRevision = last.revision + 1;
    this.listener({ kind: "events", events });
    return true;
  }
}

function toEvent(event: unknown): CoordinationEvent {
  const kv = field(event, "kv");
  const deleted = textAt(event, "type") === "DELETE";
  return {
    kind: deleted ? "delete" : "put",
    revision: numberAt(kv, "mod_revision"),
    key: fromBase64(textAt(kv, "key")),
    value: deleted ? null : fromBase64(textAt(kv, "value")),
  };
}
