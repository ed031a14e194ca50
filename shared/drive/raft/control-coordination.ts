import { z } from "zod";
import type {
  Answer,
  Coordination,
  CoordinationMember,
  CoordinationOperation,
  CoordinationView,
  Watch,
  WatchNotice,
} from "../../effect/coordination.ts";
import type { Compare } from "../../effect/kv.ts";
import { ControlClient } from "../control/client.ts";

/**
 * Coordination through a daemon's control socket: for scripts, tools and tests outside the daemon. A connection that breaks
 * is made anew with the next call; a write whose answer it took along has an unknown outcome.
 */
const CALL_TIMEOUT_MS = 15_000;
const WATCH_RETRY_MS = 100;

const refusal = z.object({
  ok: z.literal(false),
  code: z.enum(["CONFLICT", "LEASE_UNKNOWN", "TOO_LARGE", "REFUSED", "UNAVAILABLE", "UNKNOWN_OUTCOME"]),
  why: z.string(),
});
const answerOf = <Value extends z.ZodType>(value: Value) =>
  z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), value }), refusal]);

const record = z.object({
  key: z.string(),
  value: z.string(),
  createRevision: z.number(),
  modRevision: z.number(),
  version: z.number(),
  lease: z.string(),
});
const view = answerOf(z.object({ revision: z.number(), records: z.array(record) }));
const written = answerOf(z.object({ revision: z.number() }));
const granted = answerOf(z.object({ lease: z.string(), ttlMs: z.number() }));
const renewed = answerOf(z.object({ ttlMs: z.number() }));
const nothing = answerOf(z.null());
const memberList = answerOf(z.array(z.object({ name: z.string(), leader: z.boolean(), voter: z.boolean() })));
const notice: z.ZodType<WatchNotice> = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("events"),
    events: z.array(
      z.object({
        kind: z.enum(["put", "delete"]),
        revision: z.number(),
        key: z.string(),
        value: z.string().nullable(),
      }),
    ),
  }),
  z.object({ kind: z.literal("missed") }),
]);

export class ControlCoordination implements Coordination {
  private connecting: ReturnType<typeof ControlClient.connect> | null = null;
  private readonly watches = new Set<ControlWatch>();

  constructor(readonly socketPath: string) {}

  /** The connection, or why there is none. */
  async client(): ReturnType<typeof ControlClient.connect> {
    this.connecting ??= ControlClient.connect(this.socketPath);
    const { connecting } = this;
    const connected = await connecting;
    const forget = (): void => {
      if (this.connecting === connecting) this.connecting = null;
    };
    if (connected.ok) connected.client.onClose = forget;
    else forget();
    return connected;
  }

  private async ask<Value>(
    method: string,
    params: Readonly<Record<string, unknown>>,
    schema: z.ZodType<Answer<Value>>,
    isWrite: boolean,
  ): Promise<Answer<Value>> {
    const connected = await this.client();
    const sentence = (problems: readonly { readonly sentence: string }[]): string => problems[0]?.sentence ?? method;
    if (!connected.ok) return { ok: false, code: "UNAVAILABLE", why: sentence(connected.problems) };
    const reply = await connected.client.call(method, params, { timeoutMs: CALL_TIMEOUT_MS, schema });
    if (reply.ok) return reply.result;
    const why = sentence(reply.problems);
    const said = reply.problems[0]?.code;
    if (said === "CONTROL_LINE_TOO_LONG") return { ok: false, code: "TOO_LARGE", why };
    // The daemon said no before it began; or it may have begun.
    if (said === "CONTROL_PARAMS" || said === "CONTROL_BUSY") return { ok: false, code: "REFUSED", why };
    return { ok: false, code: isWrite ? "UNKNOWN_OUTCOME" : "UNAVAILABLE", why };
  }

  get(key: string): Promise<Answer<CoordinationView>> {
    return this.ask("kv.get", { key }, view, false);
  }

  list(prefix: string): Promise<Answer<CoordinationView>> {
    return this.ask("kv.list", { prefix }, view, false);
  }

  txn(
    compare: readonly Compare[],
    operations: readonly CoordinationOperation[],
  ): Promise<Answer<{ readonly revision: number }>> {
    return this.ask("kv.txn", { compare, operations }, written, true);
  }

  grant(ttlMs: number): Promise<Answer<{ readonly lease: string; readonly ttlMs: number }>> {
    return this.ask("kv.grant", { ttlMs }, granted, true);
  }

  keepAlive(lease: string): Promise<Answer<{ readonly ttlMs: number }>> {
    return this.ask("kv.keepAlive", { lease }, renewed, false);
  }

  revoke(lease: string): Promise<Answer<null>> {
    return this.ask("kv.revoke", { lease }, nothing, true);
  }

  watch(prefix: string, fromRevision: number, listener: (notice: WatchNotice) => void): Watch {
    const watch = new ControlWatch(this, prefix, fromRevision, listener);
    this.watches.add(watch);
    return {
      close: () => {
        watch.close();
        this.watches.delete(watch);
      },
    };
  }

  members(): Promise<Answer<readonly CoordinationMember[]>> {
    return this.ask("kv.members", {}, memberList, false);
  }

  async close(): Promise<void> {
    for (const watch of this.watches) watch.close();
    const connected = await this.connecting;
    if (connected?.ok === true) connected.client.close();
  }
}

/** A watch that is opened again, from where it stopped, when the connection breaks. */
class ControlWatch {
  private closed = false;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly on: ControlCoordination,
    private readonly prefix: string,
    private nextRevision: number,
    private readonly listener: (notice: WatchNotice) => void,
  ) {
    void this.open();
  }

  private async open(): Promise<void> {
    const connected = await this.on.client();
    if (this.closed) return;
    const params = { prefix: this.prefix, from: this.nextRevision };
    const opened = connected.ok
      ? await connected.client.subscribe("kv.watch", params, {
          onEvent: (event) => this.onEvent(event),
          // What a slow reader lost is as lost as what the history no longer holds.
          onDropped: () => this.listener({ kind: "missed" }),
          onEnd: () => this.again(),
        })
      : connected;
    if (!opened.ok) this.again();
    else if (this.closed) opened.subscription.cancel();
    else this.cancel = () => opened.subscription.cancel();
  }

  private again(): void {
    if (!this.closed) setTimeout(() => void this.open(), WATCH_RETRY_MS);
  }

  private onEvent(event: unknown): void {
    if (this.closed) return;
    const parsed = notice.parse(event);
    if (parsed.kind === "events") {
      const last = parsed.events[parsed.events.length - 1];
      if (last !== undefined) this.nextRevision = last.revision + 1;
    }
    this.listener(parsed);
  }

  close(): void {
    this.closed = true;
    this.cancel?.();
  }
}
