import { expect, test } from "bun:test";
import type { KvEvent } from "../../effect/kv.ts";
import { WatchHub } from "./watch.ts";

function put(revision: number, key: string, value: string): KvEvent {
  const record = { key, value, createRevision: revision, modRevision: revision, version: 1, lease: 0 };
  return { kind: "put", revision, key, record };
}

/** What a watch from a revision on is told at once: revisions, or that it missed some. */
function told(hub: WatchHub, prefix: string, from: number): readonly number[] | "missed" | "nothing" {
  let got: readonly number[] | "missed" | "nothing" = "nothing";
  hub.watch(prefix, from, (events) => (got = events === null ? "missed" : events.map((event) => event.revision)))();
  return got;
}

test("a watch gets what came since its revision, of its prefix alone", () => {
  const hub = new WatchHub(0);
  hub.publish([put(1, "a/1", "x"), put(1, "b/1", "x")]);
  hub.publish([put(2, "a/2", "x")]);
  expect([told(hub, "a/", 1), told(hub, "a/", 2), told(hub, "b/", 2), told(hub, "a/", 3)]).toEqual([
    [1, 2],
    [2],
    "nothing",
    "nothing",
  ]);
});

test("a watch from a revision that this node doesn't know yet is told nothing of those before", () => {
  const hub = new WatchHub(0);
  const seen: number[] = [];
  hub.watch("k", 3, (events) => seen.push(...(events ?? []).map((event) => event.revision)));
  for (let revision = 1; revision <= 4; revision += 1) hub.publish([put(revision, "k", "")]);
  expect(seen).toEqual([3, 4]);
});

test("what the history no longer holds is missed: by number, by size, and after the store was replaced", () => {
  const many = new WatchHub(0);
  for (let revision = 1; revision <= 30_000; revision += 1) many.publish([put(revision, "k", "")]);
  expect(told(many, "k", 1)).toBe("missed");
  expect(told(many, "k", 30_000)).toEqual([30_000]);
  const large = new WatchHub(0);
  const value = "x".repeat(1024 * 1024);
  for (let revision = 1; revision <= 30; revision += 1) large.publish([put(revision, "k", value)]);
  expect(told(large, "k", 5)).toBe("missed");
  expect(told(large, "k", 25)).toEqual([25, 26, 27, 28, 29, 30]);
  large.reset(40);
  expect([told(large, "k", 40), told(large, "k", 41)]).toEqual(["missed", "nothing"]);
});
