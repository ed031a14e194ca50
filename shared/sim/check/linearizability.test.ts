import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkHistory, type HistoryItem, type KeyOperation } from "./linearizability.ts";

const at = (from: number, to: number, operation: KeyOperation, key = "k"): HistoryItem => ({
  key,
  operation,
  invokedMs: from,
  returnedMs: to,
});
const put = (value: string): KeyOperation => ({ kind: "put", value });
const read = (seen: string | null): KeyOperation => ({ kind: "read", seen });
const cas = (expected: string | null, value: string, won: boolean | null): KeyOperation => ({
  kind: "cas",
  expected,
  value,
  won,
});
const NEVER = Number.POSITIVE_INFINITY;

const table: readonly (readonly [string, readonly HistoryItem[], string])[] = [
  ["nothing", [], "linearizable"],
  ["a read of what was written", [at(0, 1, put("1")), at(2, 3, read("1"))], "linearizable"],
  ["a read of the past", [at(0, 1, put("1")), at(2, 3, put("2")), at(4, 5, read("1"))], "violated"],
  ["a read of what is being written", [at(0, 9, put("1")), at(2, 3, read("1"))], "linearizable"],
  ["seen, then not seen", [at(0, 9, put("1")), at(2, 3, read("1")), at(4, 5, read(null))], "violated"],
  [
    "an unanswered write may show late",
    [at(0, NEVER, put("1")), at(5, 6, read(null)), at(7, 8, read("1"))],
    "linearizable",
  ],
  ["a value from nowhere", [at(0, 1, read("1"))], "violated"],
  ["two winners of one compare-and-set", [at(0, 5, cas(null, "1", true)), at(0, 5, cas(null, "2", true))], "violated"],
  ["a conflict with what was there", [at(0, 1, put("1")), at(2, 3, cas("1", "2", false))], "violated"],
  ["an unknown outcome explains either", [at(0, 1, cas(null, "1", null)), at(2, 3, read("1"))], "linearizable"],
  ["applied twice", [at(0, 1, put("1")), at(2, 3, put("2")), at(4, 5, read("2")), at(6, 7, read("1"))], "violated"],
  ["keys are apart", [at(0, 1, put("1"), "a"), at(2, 3, read(null), "b")], "linearizable"],
];

describe("linearizability", () => {
  for (const [name, history, verdict] of table) {
    test(name, () => expect(checkHistory(history).verdict).toBe(verdict as "linearizable"));
  }

  test("whatever one register really did is accepted, however the calls overlap", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(30), fc.nat(30)), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (plan) => {
        let state: string | null = null;
        const history = plan.map(([kind, early, late], moment): HistoryItem => {
          const value = String(moment);
          const before: string | null = state;
          const operation: KeyOperation =
            kind === 0
              ? read(before)
              : kind === 1
                ? put(value)
                : kind === 2
                  ? cas(before, value, true)
                  : cas("never", value, false);
          if (kind === 1 || kind === 2) state = value;
          return at(moment * 10 - early, moment * 10 + late, operation);
        });
        expect(checkHistory(history).verdict).toBe("linearizable");
      }),
    );
  });
});
