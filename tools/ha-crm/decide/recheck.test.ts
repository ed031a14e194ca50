import { describe, expect, test } from "bun:test";
import { EMPTY_CLUSTER, type Cluster } from "../model/cluster.ts";
import type { DateExpression } from "../model/nvset.ts";
import { nextRuleChange } from "./recheck.ts";

const NOW = Date.UTC(2026, 0, 1, 10, 30, 0) / 1000; // a Thursday

function next(part: Partial<DateExpression> & Pick<DateExpression, "operation">): string | undefined {
  const rule = { id: "r", join: "and" as const, parts: [{ kind: "date" as const, id: "d", ...part }] };
  const cluster: Cluster = { ...EMPTY_CLUSTER, resourceDefaults: [{ id: "s", rule, pairs: [] }] };
  const seconds = nextRuleChange(cluster, NOW);
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}

describe("the next moment at which a rule's date changes its answer", () => {
  const CASES: readonly (readonly [string, Parameters<typeof next>[0], string | undefined])[] = [
    ["after a moment", { operation: "gt", start: "2026-02-01" }, "2026-02-01T00:00:01.000Z"],
    ["after one that has passed", { operation: "gt", start: "2025-02-01" }, undefined],
    ["before a moment", { operation: "lt", end: "2026-01-01T11:00:00Z" }, "2026-01-01T11:00:00.000Z"],
    ["a range to come", { operation: "in_range", start: "2026-03-01", end: "2026-04-01" }, "2026-03-01T00:00:00.000Z"],
    [
      "a range that lasts",
      { operation: "in_range", start: "2026-01-01", duration: { hours: "12" } },
      "2026-01-01T12:00:01.000Z",
    ],
    ["working hours", { operation: "date_spec", spec: { hours: "9-16" } }, "2026-01-01T17:00:00.000Z"],
    ["weekends", { operation: "date_spec", spec: { weekdays: "6-7" } }, "2026-01-03T00:00:00.000Z"],
    ["a year that is over", { operation: "date_spec", spec: { years: "2020" } }, undefined],
  ];
  for (const [name, part, wanted] of CASES) test(name, () => expect(next(part)).toBe(wanted));
});
