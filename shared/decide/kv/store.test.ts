import { describe, expect, test } from "bun:test";
import type { Command, KvOperation } from "../../effect/kv.ts";
import { KV_LIMITS } from "../../model/kv-limits.ts";
import { readStore, writeStore } from "./snapshot.ts";
import { applyCommand, createStore, queryStore, type Store } from "./store.ts";

let index = 0;
function open(store: Store): number {
  index += 1;
  const { result } = applyCommand(store, index, {
    session: 0,
    sequence: 0,
    acknowledged: 0,
    command: { op: "openSession" },
  });
  if (!result.ok || result.session === undefined) throw new Error("no session");
  return result.session;
}
function send(store: Store, session: number, sequence: number, command: Command, acknowledged = 0) {
  index += 1;
  return applyCommand(store, index, { session, sequence, acknowledged, command });
}
const txn = (...operations: KvOperation[]): Command => ({ op: "txn", compare: [], operations });
const put = (key: string, value: string, lease = 0): KvOperation => ({ op: "put", key, value, lease });
const valueOf = (store: Store, key: string) => queryStore(store, { key, prefix: false }).records[0]?.value;

describe("store", () => {
  test("a retry gives the first answer and changes nothing", () => {
    const store = createStore();
    const session = open(store);
    const first = send(store, session, 1, txn(put("a", "1")));
    send(store, session, 2, txn(put("a", "2")));
    const again = send(store, session, 1, txn(put("a", "1")));
    expect(again.result).toEqual(first.result);
    expect(again.events).toEqual([]);
    expect(valueOf(store, "a")).toBe("2");
  });

  test("a number below what the client acknowledged is refused, not applied", () => {
    const store = createStore();
    const session = open(store);
    send(store, session, 1, txn(put("a", "1")));
    send(store, session, 2, txn(put("a", "2")), 2);
    expect(send(store, session, 1, txn(put("a", "1"))).result).toMatchObject({ ok: false, code: "KV_STALE_SEQUENCE" });
    expect(valueOf(store, "a")).toBe("2");
  });

  test("sessions are never mistaken for one another, and an evicted one is refused", () => {
    const store = createStore();
    const first = open(store);
    for (let count = 0; count < KV_LIMITS.sessions; count += 1) open(store);
    expect(store.sessions.size).toBe(KV_LIMITS.sessions);
    expect(send(store, first, 1, txn(put("a", "1"))).result).toMatchObject({ code: "KV_SESSION_UNKNOWN" });
  });

  test("conditions hold all together or nothing is done", () => {
    const store = createStore();
    const session = open(store);
    send(store, session, 1, txn(put("a", "1")));
    const compare = [
      { key: "a", modRevision: 1 },
      { key: "b", modRevision: 7 },
    ];
    const command: Command = { op: "txn", compare, operations: [put("a", "2"), put("b", "2")] };
    expect(send(store, session, 2, command).result).toMatchObject({ code: "KV_CONFLICT" });
    expect([valueOf(store, "a"), valueOf(store, "b"), store.revision]).toEqual(["1", undefined, 1]);
  });

  test("a lease takes its keys with it, in one revision; a key that left it stays", () => {
    const store = createStore();
    const session = open(store);
    const granted = send(store, session, 1, { op: "grant", ttlMs: 1000 }).result;
    const lease = granted.ok ? (granted.lease ?? 0) : 0;
    send(store, session, 2, txn(put("a", "1", lease), put("b", "1", lease), put("c", "1", lease)));
    send(store, session, 3, txn(put("c", "2")));
    const ended = send(store, session, 4, { op: "revoke", lease });
    expect(ended.events.map((event) => `${event.kind} ${event.key}@${event.revision}`)).toEqual([
      "delete a@3",
      "delete b@3",
    ]);
    expect(valueOf(store, "c")).toBe("2");
    expect(send(store, session, 5, txn(put("a", "1", lease))).result).toMatchObject({ code: "KV_LEASE_UNKNOWN" });
  });

  test("what is too large is refused by name", () => {
    const store = createStore();
    const session = open(store);
    const big = "x".repeat(KV_LIMITS.valueLength + 1);
    expect(send(store, session, 1, txn(put("a", big))).result).toMatchObject({ code: "KV_TOO_LARGE" });
    expect(send(store, session, 2, { op: "grant", ttlMs: 1 }).result).toMatchObject({ code: "KV_TOO_LARGE" });
  });

  test("a snapshot gives the same store, that goes on the same way", () => {
    const store = createStore();
    const session = open(store);
    const granted = send(store, session, 1, { op: "grant", ttlMs: 1000 }).result;
    const lease = granted.ok ? (granted.lease ?? 0) : 0;
    send(store, session, 2, txn(put("b", "ü\ud83d\ude00", lease), put("a", "2")));
    const copy = readStore(writeStore(store));
    expect(writeStore(copy)).toBe(writeStore(store));
    expect(copy.totalLength).toBe(store.totalLength);
    for (const one of [store, copy]) {
      index = 1000;
      send(one, session, 2, txn(put("a", "again")));
      send(one, session, 3, { op: "revoke", lease });
    }
    expect(writeStore(copy)).toBe(writeStore(store));
    expect(valueOf(copy, "a")).toBe("2");
  });
});
