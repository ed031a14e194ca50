import type { Command, CommandResult, KvRecord } from "../effect/kv.ts";
import type { ReplicaReply } from "../effect/replica.ts";
import { createRandom, type Random } from "../decide/random.ts";
import type { HistoryItem, KeyOperation } from "./check/linearizability.ts";
import { request, type SimNode } from "./node.ts";
import type { World } from "./world.ts";

/**
 * A client of the store: one operation at a time, through any node, repeated under the same sequence number until it has an
 * answer. What it saw is written down for the linearizability check.
 */
const KEYS = ["a", "b", "c"];
/** How long a client waits before it asks another node. */
const PATIENCE_MS = 250;
const MAX_TRIES = 12;

interface Pending {
  readonly key: string;
  readonly kind: KeyOperation["kind"];
  readonly value: string;
  readonly expected: KvRecord | null;
  readonly invokedMs: number;
  readonly sequence: number;
  tries: number;
  token: number;
}

export class SimClient {
  private readonly random: Random;
  private session: number | null = null;
  private sequence = 1;
  private writes = 0;
  private pending: Pending | null = null;
  private token = 0;
  private readonly lastSeen = new Map<string, KvRecord | null>();
  private seenRevision = 0;
  readonly history: HistoryItem[] = [];
  stopped = false;
  answered = 0;

  constructor(
    private readonly world: World,
    readonly index: number,
    seed: number,
  ) {
    this.random = createRandom(seed);
  }

  /** A timer of this client fired. */
  onTimer(token: number): void {
    if (token !== this.token) return;
    if (this.pending !== null) this.retry();
    else if (!this.stopped) this.begin();
  }

  private wait(ms: number): void {
    this.token += 1;
    this.world.after(ms, { kind: "client", client: this.index, token: this.token });
  }

  start(): void {
    this.wait(this.random.fraction() * 60);
  }

  private begin(): void {
    const key = this.random.pick(KEYS);
    const seen = this.lastSeen.get(key);
    const roll = this.random.fraction();
    const kind =
      roll < 0.4 || this.world.onlyReads
        ? "read"
        : roll < 0.65 || seen === undefined
          ? "put"
          : roll < 0.93
            ? "cas"
            : "delete";
    this.writes += 1;
    this.pending = {
      key,
      kind,
      value: `${this.index}.${this.writes}`,
      expected: seen ?? null,
      invokedMs: this.world.nowMs,
      sequence: this.sequence,
      tries: 0,
      token: 0,
    };
    if (kind !== "read") this.sequence += 1;
    this.attempt();
  }

  private retry(): void {
    const pending = this.pending;
    if (pending === null) return;
    if (pending.tries >= MAX_TRIES) {
      this.finish(pending, null, Number.POSITIVE_INFINITY);
      // What became of it is unknown for good: a new session starts with a clean slate.
      this.session = null;
      return;
    }
    this.attempt();
  }

  private attempt(): void {
    const pending = this.pending;
    if (pending === null) return;
    pending.tries += 1;
    const node = this.random.pick(this.world.nodes);
    this.wait(PATIENCE_MS);
    const token = this.token;
    const onReply = (reply: ReplicaReply): void => {
      if (token === this.token && this.pending === pending) this.onReply(pending, reply, node);
    };
    if (pending.kind === "read") {
      request(this.world, node, { kind: "read", query: { key: pending.key, prefix: false }, stale: false }, onReply);
    } else if (this.session === null) {
      request(this.world, node, { kind: "openSession" }, onReply);
    } else {
      const acknowledged = pending.sequence;
      const { sequence } = pending;
      const command = commandOf(pending);
      request(this.world, node, { kind: "write", session: this.session, sequence, acknowledged, command }, onReply);
    }
  }

  private onReply(pending: Pending, reply: ReplicaReply, node: SimNode): void {
    if (reply.kind === "view") {
      this.seeRevision(reply.view.revision, node);
      const record = reply.view.records[0] ?? null;
      this.lastSeen.set(pending.key, record);
      this.finish(pending, { kind: "read", seen: record?.value ?? null }, this.world.nowMs);
    } else if (reply.kind === "result" && reply.result.ok && reply.result.session !== undefined) {
      this.session = reply.result.session;
      this.attempt();
    } else if (reply.kind === "result") {
      this.onResult(pending, reply.result);
    } else {
      this.wait(10 + this.random.fraction() * 30);
    }
  }

  private onResult(pending: Pending, result: CommandResult): void {
    if (result.ok || result.code === "KV_CONFLICT") {
      this.finish(pending, operationOf(pending, result.ok), this.world.nowMs);
    } else {
      this.finish(pending, null, Number.POSITIVE_INFINITY);
      this.session = null;
    }
  }

  /** Revisions never go back for one client: its operations follow one another. */
  private seeRevision(revision: number, node: SimNode): void {
    if (revision < this.seenRevision) this.world.violate("linearizable", `${node.id} answers a read from the past`);
    this.seenRevision = revision;
  }

  private finish(pending: Pending, operation: KeyOperation | null, returnedMs: number): void {
    this.pending = null;
    if (operation !== null || pending.kind !== "read") {
      this.history.push({
        key: pending.key,
        operation: operation ?? operationOf(pending, null),
        invokedMs: pending.invokedMs,
        returnedMs,
      });
    }
    if (operation !== null) this.answered += 1;
    this.wait(1 + this.random.fraction() * this.world.schedule.thinkMs);
  }

  /** What is under way when the run ends may or may not have happened. */
  close(): void {
    const pending = this.pending;
    if (pending !== null) this.finish(pending, null, Number.POSITIVE_INFINITY);
  }
}

function commandOf(pending: Pending): Command {
  const { key, value } = pending;
  const put = { op: "put", key, value } as const;
  if (pending.kind === "put") return { op: "txn", compare: [], operations: [put] };
  if (pending.kind === "delete") return { op: "txn", compare: [], operations: [{ op: "delete", key }] };
  const modRevision = pending.expected?.modRevision ?? 0;
  return { op: "txn", compare: [{ key, modRevision }], operations: [put] };
}

function operationOf(pending: Pending, won: boolean | null): KeyOperation {
  switch (pending.kind) {
    case "put":
      return { kind: "put", value: pending.value };
    case "delete":
      return { kind: "delete" };
    case "cas":
      return { kind: "cas", expected: pending.expected?.value ?? null, value: pending.value, won };
    case "read":
      throw new Error("an unanswered read says nothing");
  }
}
