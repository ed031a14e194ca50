import { describe, expect, test } from "bun:test";
import { addCounts, failuresOf, formatCounts, readTestSummary } from "./test-summary.ts";

describe("reading bun's summary", () => {
  const cases: readonly (readonly [string, string, number, ReturnType<typeof readTestSummary>])[] = [
    ["all good", " 4 pass\n 0 fail\n 3 expect() calls\nRan 4 tests", 0, { passed: 4, failed: 0, skipped: 0 }],
    ["skips and todos", " 4 pass\n 2 skip\n 1 todo\n 0 fail\n", 0, { passed: 4, failed: 0, skipped: 3 }],
    ["a failure", " 4 pass\n 2 fail\n", 1, { passed: 4, failed: 2, skipped: 0 }],
    ["a file that doesn't load", " 4 pass\n 0 fail\n 1 error\n", 1, { passed: 4, failed: 1, skipped: 0 }],
    ["a crash before the summary", "panic: segmentation fault", 139, { passed: 0, failed: 1, skipped: 0 }],
    ["a crash after the summary", " 4 pass\n 0 fail\n", 134, { passed: 4, failed: 1, skipped: 0 }],
    ["colours", "\u001b[32m 4 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\n", 0, { passed: 4, failed: 0, skipped: 0 }],
    [
      "a test that prints such a line",
      " 9 fail\n(pass) x\n 1 pass\n 0 fail\n",
      0,
      { passed: 1, failed: 0, skipped: 0 },
    ],
  ];
  for (const [name, text, code, expected] of cases) {
    test(name, () => expect(readTestSummary(text, code)).toEqual(expected));
  }

  test("failures are repeated once each, with their file and what led to them", () => {
    const text =
      "a/x.test.ts:\n(pass) one\nerror: expected 1\n  at x\n(fail) two [1ms]\n(fail) three [2ms]\n\nb/y.test.ts:\nnoise\n" +
      "(skip) four\n(fail) five\n\n3 tests failed:\n(fail) two [1ms]\n(fail) three [2ms]\n(fail) five\n\n 1 pass\n 3 fail\n";
    expect(failuresOf(text)).toEqual([
      "a/x.test.ts:\nerror: expected 1\n  at x\n(fail) two [1ms]",
      "a/x.test.ts:\n(fail) three [2ms]",
      "b/y.test.ts:\n(fail) five",
    ]);
    expect(failuresOf("a/x.test.ts:\n(pass) one\n 1 pass\n 0 fail\n")).toEqual([]);
  });

  test("the closing line names skips only when there are some", () => {
    expect(formatCounts({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(formatCounts(addCounts({ passed: 3, failed: 0, skipped: 1 }, { passed: 1, failed: 1, skipped: 1 }))).toBe(
      "4 passed, 1 failed, 2 skipped",
    );
  });
});
