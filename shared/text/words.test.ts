import { describe as group, expect, test } from "bun:test";
import fc from "fast-check";
import { closest, editDistance, hint, suggestions } from "./did-you-mean.ts";
import { formatDuration, LONGEST_DURATION_MS, parseDuration, roundDuration } from "./duration.ts";
import type { Parsed } from "./parsed.ts";
import { exactSize, formatSize, parseSize } from "./size.ts";

const show = <Value>(outcome: Parsed<Value>): Value | string => (outcome.ok ? outcome.value : outcome.problem.code);

group("durations", () => {
  test.each([
    ["100ms", 100],
    ["5s", 5000],
    ["1.5s", 1500],
    ["32.053s", 32_053],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["1w", 604_800_000],
    ["250us", 0.25],
    ["1h30m", 5_400_000],
    ["1h 30m", "TEXT_DURATION"],
    ["10 s", 10_000],
    ["2min", 120_000],
    [" 3S ", 3000],
    ["0", 0],
    ["5", "TEXT_DURATION_UNIT"],
    ["", "TEXT_DURATION"],
    ["-5s", "TEXT_DURATION"],
    ["5x", "TEXT_DURATION"],
    ["30m1h", "TEXT_DURATION"],
    ["1s1s", "TEXT_DURATION"],
    ["soon", "TEXT_DURATION"],
    ["1e3s", "TEXT_DURATION"],
    ["toString", "TEXT_DURATION"],
    ["1constructor", "TEXT_DURATION"],
    ["200000d", "TEXT_DURATION_RANGE"],
    [`${"9".repeat(400)}s`, "TEXT_DURATION_RANGE"],
  ])("%s", (text, expected) => {
    expect(show(parseDuration(text))).toBe(expected);
  });

  test("bare numbers with a unit, and limits", () => {
    expect(show(parseDuration("5", { bareUnit: "s" }))).toBe(5000);
    expect(show(parseDuration("0.1", { bareUnit: "s" }))).toBe(100);
    const at = { file: "a", line: 1, column: 2 };
    expect(parseDuration("5ms", { leastMs: 10, mostMs: 100, at })).toEqual({
      ok: false,
      problem: { code: "TEXT_DURATION_RANGE", data: { text: "5ms", least: "10ms", most: "100ms" }, at },
    });
  });

  test("what is printed is read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LONGEST_DURATION_MS }), (ms) => {
        expect(show(parseDuration(formatDuration(ms)))).toBe(ms);
      }),
    );
    expect([0.25, 100, 1500, 5_400_000, 90_061_001].map(formatDuration)).toEqual([
      "250us",
      "100ms",
      "1.5s",
      "1h30m",
      "1d1h1m1.001s",
    ]);
  });

  test.each([
    [340, "340ms"],
    [2600, "2.6s"],
    [9949, "9.9s"],
    [9950, "10s"],
    [59_499, "59s"],
    [59_500, "1m00s"],
    [842_000, "14m02s"],
    [3_599_499, "59m59s"],
    [11_100_000, "3h05m"],
    [525_600_000, "6d02h"],
    [-1500, "-1.5s"],
    [Number.NaN, "-"],
  ])("rounded for people: %d", (ms, expected) => {
    expect(roundDuration(ms)).toBe(expected);
  });
});

group("sizes", () => {
  test.each([
    ["4096", 4096],
    ["64k", 65_536],
    ["1.5g", 1_610_612_736],
    ["2GB", 2_147_483_648],
    ["2GiB", 2_147_483_648],
    ["16 m", 16_777_216],
    ["0", 0],
    ["b", "TEXT_SIZE"],
    ["1x", "TEXT_SIZE"],
    ["-1", "TEXT_SIZE"],
    ["99999999p", "TEXT_SIZE"],
  ])("%s", (text, expected) => {
    expect(show(parseSize(text))).toBe(expected);
  });

  test("printed exactly and for people", () => {
    fc.assert(
      fc.property(fc.nat(), (bytes) => {
        expect(show(parseSize(exactSize(bytes)))).toBe(bytes);
      }),
    );
    expect([0, 999, 1000, 1536, 224_395_264, 1_610_612_736, -1024].map(formatSize)).toEqual([
      "0 B",
      "999 B",
      "1 kB",
      "1.5 kB",
      "214 MB",
      "1.5 GB",
      "-1 kB",
    ]);
  });
});

group("did you mean", () => {
  const keys = ["priority", "interval", "virtual_router_id", "advert_int", "nopreempt", "a"];

  test.each([
    ["prioritty", "priority"],
    ["priroity", "priority"],
    ["Priority", "priority"],
    ["intervall", "interval"],
    ["virtual-router-id", "virtual_router_id"],
    ["vitual_router", "virtual_router_id"],
    ["prio", "priority"],
    ["nopremt", "nopreempt"],
    ["xyz", undefined],
    ["b", undefined],
    ["", undefined],
    ["x".repeat(1000), undefined],
  ])("%s", (word, expected) => {
    expect(closest(word, keys)).toBe(expected as string);
  });

  test("hints", () => {
    expect(hint("cat", ["cart", "bat", "dog"])).toBe('did you mean "bat" or "cart"?');
    expect(hint("zzz", ["a", "b"])).toBe("use one of: a, b");
    expect(hint("zzz", [])).toBe("");
    expect(
      hint(
        "zzzzz",
        Array.from({ length: 20 }, (_, index) => `word${index}`),
      ),
    ).toEndWith("word11, …");
  });

  test("the distance is a distance", () => {
    const word = fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c") });
    fc.assert(
      fc.property(word, word, (left, right) => {
        const distance = editDistance(left, right, 100);
        expect(distance).toBe(editDistance(right, left, 100));
        expect(distance === 0).toBe(left === right);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
        // The early end never changes the answer within the bound.
        for (const bound of [0, 1, 2, 3]) expect(editDistance(left, right, bound)).toBe(Math.min(distance, bound + 1));
      }),
    );
  });

  test("suggestions are near, at most three, and never the word itself", () => {
    expect(suggestions("abc", ["abc", "abd", "abe", "abf", "abg"])).toEqual(["abd", "abe", "abf"]);
  });
});
