import { describe, expect, test } from "bun:test";
import { analyse, type Mark } from "./report.ts";
import { Samples } from "./samples.ts";

const MS = 1e6;
const START_NS = 5_000 * MS;

/** One letter an attempt, one each millisecond: the answering host, `.` no answer, `x` refused, `?` still open. */
function record(letters: string): Samples {
  const samples = new Samples();
  for (const [index, letter] of letters.split("").entries()) {
    const atNs = START_NS + index * MS;
    const number = samples.start(atNs);
    if (letter === "x") samples.fail(number, atNs + 0.5 * MS, "refused");
    else if (letter !== "." && letter !== "?") samples.answer(number, atNs + 0.25 * MS, letter);
  }
  return samples;
}

function report(letters: string, marks: readonly (readonly [string, number])[] = []) {
  const given: Mark[] = marks.map(([name, atMs]) => ({ name, atNs: START_NS + atMs * MS }));
  return analyse(record(letters), given, {
    kind: "udp",
    target: "10.77.0.100:7",
    intervalMs: 1,
    proberLateMs: 0.127,
    // Attempts of the last two milliseconds may still be answered.
    nowNs: START_NS + letters.length * MS,
    settleMs: 2.5,
  });
}

describe("gaps", () => {
  const cases: readonly (readonly [string, string, number, number | null, number | null, boolean])[] = [
    ["none", "aaaaaaaa", 0, null, null, false],
    ["in the middle", "aa...aaa", 3, 3, 2, false],
    ["the longest counts", "a..a...aaa", 5, 3, 4, false],
    ["at the end it is open", "aaaa....aaaa........", 10, 5, 12, true],
    ["refused is lost, too", "aaxxaaaa", 2, 2, 2, false],
    ["never an answer", "........", 6, 5, 0, true],
  ];
  for (const [name, letters, lost, lengthMs, startMs, open] of cases) {
    test(name, () => {
      const { total } = report(letters);
      expect(total.lost).toBe(lost);
      expect(total.longestGap?.lengthMs ?? null).toBe(lengthMs);
      expect(total.longestGap?.startMs ?? null).toBe(startMs);
      expect(total.longestGap?.open ?? false).toBe(open);
    });
  }

  test("attempts that may still be answered are not counted", () => {
    expect(report("aaaaaa??").total).toMatchObject({ sent: 6, lost: 0 });
    // An older one that was never answered is decided.
    expect(report("aa?aaaaa").total).toMatchObject({ sent: 8, lost: 1 });
  });
});

describe("windows between marks", () => {
  test("tell who answered before and after, and from when", () => {
    const { windows, total } = report("aaaaa...bbbbbaaaaa", [
      ["power loss", 4.5],
      ["back", 12.5],
    ]);
    expect(windows).toMatchObject([
      { name: "power loss", sent: 8, lost: 3, hostBefore: "a", hostAfter: "b", switches: 1, firstSwitchMs: 3.5 },
      { name: "back", sent: 5, lost: 0, hostBefore: "b", hostAfter: "a", switches: 1, firstSwitchMs: 0.5 },
    ]);
    expect(windows[0]?.longestGap).toEqual({ lengthMs: 3, startMs: 0.5, lost: 3, open: false });
    expect(total.answers).toEqual({ a: 10, b: 5 });
    expect(total.switches).toBe(2);
  });

  test("marks may come unsorted, and after the last attempt", () => {
    const { windows } = report("aaaa", [
      ["late", 100],
      ["early", 1],
    ]);
    expect(windows.map(({ name, sent }) => [name, sent])).toEqual([
      ["early", 3],
      ["late", 0],
    ]);
  });
});

test("a silence shows answers that came late", () => {
  const samples = new Samples();
  for (let index = 0; index < 10; index += 1) samples.start(START_NS + index * MS);
  // The first three are answered at once; the others were kept somewhere and are all answered at 50 ms.
  for (let index = 0; index < 10; index += 1) {
    samples.answer(index, index < 3 ? START_NS + (index + 0.5) * MS : START_NS + 50 * MS, "a");
  }
  const options = { kind: "udp", target: "", intervalMs: 1, proberLateMs: 0, settleMs: 200 } as const;
  const { total } = analyse(samples, [], { ...options, nowNs: START_NS + 300 * MS });
  expect(total.longestGap).toBeNull();
  expect(total.longestSilenceMs).toBe(47.5);
  expect(total.roundTrip).toEqual({ medianMs: 43, p99Ms: 47, worstMs: 47 });
});

test("failures are listed with time and reason, and answers after a failure don't count", () => {
  const samples = record("aax");
  samples.answer(2, START_NS + 100 * MS, "b");
  const options = { kind: "http", target: "", intervalMs: 1, proberLateMs: 0, settleMs: 0 } as const;
  const { total } = analyse(samples, [], { ...options, nowNs: START_NS + 300 * MS });
  expect(total.failures).toEqual([{ atMs: 2, tookMs: 0.5, why: "refused" }]);
  expect(total.answers).toEqual({ a: 2 });
});

test("memory grows past its first size and keeps everything", () => {
  const samples = new Samples();
  for (let index = 0; index < 40_000; index += 1) samples.answer(samples.start(index * MS), index * MS + 1, "a");
  expect(samples.count).toBe(40_000);
  expect(samples.startedNs(39_999)).toBe(39_999 * MS);
  expect(samples.host(39_999)).toBe("a");
});

test("what is open is counted", () => {
  const samples = record("a.x?");
  expect(samples.open).toBe(2);
  samples.answer(1, START_NS + 90 * MS, "b");
  samples.answer(1, START_NS + 91 * MS, "c");
  samples.fail(3, START_NS + 92 * MS, "refused");
  expect(samples.open).toBe(0);
});
