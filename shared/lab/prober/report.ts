/**
 * From attempts to what a client lived through. Pure.
 *
 * A *gap* is a run of attempts without an answer: from the first of them to the next one that was answered.
 * A *silence* is the time between two answers that followed each other: it also shows answers that came, but late.
 */
import type { Samples } from "./samples.ts";

/** Something that the owner did, on the same clock as the attempts. */
export interface Mark {
  readonly name: string;
  readonly atNs: number;
}

export interface Gap {
  readonly lengthMs: number;
  /** From the window's mark. */
  readonly startMs: number;
  readonly lost: number;
  /** No answer came any more: the gap may go on. */
  readonly open: boolean;
}

export interface Failure {
  /** From the window's mark. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly why: string;
}

/** What happened from one mark to the next. */
export interface ProbeWindow {
  readonly name: string;
  readonly lengthMs: number;
  readonly sent: number;
  readonly lost: number;
  readonly gaps: number;
  readonly longestGap: Gap | null;
  readonly longestSilenceMs: number;
  /** Who answered last before the window, and last in it. */
  readonly hostBefore: string | null;
  readonly hostAfter: string | null;
  readonly answers: Readonly<Record<string, number>>;
  /** How often an answer came from another host than the one before. */
  readonly switches: number;
  /** From the mark to the first attempt that another host answered. */
  readonly firstSwitchMs: number | null;
  readonly roundTrip: { readonly medianMs: number; readonly p99Ms: number; readonly worstMs: number } | null;
  /** The first ones whose reason is known, at most `FAILURE_LIMIT`. A datagram that stays unanswered has none. */
  readonly failures: readonly Failure[];
}

export interface ProbeReport {
  readonly kind: "udp" | "http";
  readonly target: string;
  readonly intervalMs: number;
  /** The worst delay of the prober itself: smaller gaps than this mean nothing. */
  readonly proberLateMs: number;
  readonly total: ProbeWindow;
  /** One for each mark, in order. */
  readonly windows: readonly ProbeWindow[];
}

export interface AnalysisOptions {
  readonly kind: ProbeReport["kind"];
  readonly target: string;
  readonly intervalMs: number;
  readonly proberLateMs: number;
  readonly nowNs: number;
  /** An attempt without an answer counts as lost after this; younger ones don't count yet. */
  readonly settleMs: number;
}

/** Failures that a window lists; `lost` counts all of them. */
export const FAILURE_LIMIT = 50;
const NS_PER_MS = 1e6;

/** Windows from mark to mark, and one over all. */
export function analyse(samples: Samples, marks: readonly Mark[], options: AnalysisOptions): ProbeReport {
  const sorted = [...marks].sort((a, b) => a.atNs - b.atNs);
  const counted = countSettled(samples, options);
  const startNs = samples.count > 0 ? samples.startedNs(0) : options.nowNs;
  const windows = sorted.map((mark, index) =>
    analyseWindow(samples, counted, mark, sorted[index + 1]?.atNs ?? Infinity, options),
  );
  return {
    kind: options.kind,
    target: options.target,
    intervalMs: options.intervalMs,
    proberLateMs: round(options.proberLateMs),
    total: analyseWindow(samples, counted, { name: "all", atNs: startNs }, Infinity, options),
    windows,
  };
}

/** How many attempts from the start are decided: up to the first that may still be answered. */
function countSettled(samples: Samples, options: AnalysisOptions): number {
  const horizonNs = options.nowNs - options.settleMs * NS_PER_MS;
  // Only the youngest can be undecided, so look from the end.
  let firstUndecided = samples.count;
  for (let number = samples.count - 1; number >= 0 && samples.startedNs(number) > horizonNs; number -= 1) {
    if (samples.endedNs(number) === 0) firstUndecided = number;
  }
  return firstUndecided;
}

function firstFrom(samples: Samples, count: number, atNs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples.startedNs(middle) < atNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastHostBefore(samples: Samples, first: number): string | null {
  for (let number = first - 1; number >= 0; number -= 1) {
    if (samples.isAnswered(number)) return samples.host(number);
  }
  return null;
}

function analyseWindow(
  samples: Samples,
  counted: number,
  mark: Mark,
  endNs: number,
  options: AnalysisOptions,
): ProbeWindow {
  const first = firstFrom(samples, counted, mark.atNs);
  const end = endNs === Infinity ? counted : firstFrom(samples, counted, endNs);
  const gaps = findGaps(samples, first, end, mark.atNs);
  const answers = tallyAnswers(samples, first, end, mark.atNs);
  const lastNs = end > first ? samples.startedNs(end - 1) : mark.atNs;
  return {
    name: mark.name,
    lengthMs: round((lastNs - mark.atNs) / NS_PER_MS),
    sent: end - first,
    lost: gaps.reduce((sum, gap) => sum + gap.lost, 0),
    gaps: gaps.length,
    longestGap: gaps.reduce<Gap | null>((best, gap) => (gap.lengthMs > (best?.lengthMs ?? -1) ? gap : best), null),
    longestSilenceMs: findSilence(samples, first, end, Math.min(endNs, options.nowNs)),
    ...answers,
    failures: listFailures(samples, first, end, mark.atNs),
  };
}

function findGaps(samples: Samples, first: number, end: number, markNs: number): Gap[] {
  const gaps: Gap[] = [];
  let start = -1;
  for (let number = first; number <= end; number += 1) {
    const lost = number < end && !samples.isAnswered(number);
    if (lost && start < 0) start = number;
    if (lost || start < 0) continue;
    // At the window's end the gap reaches at least to the last attempt in it.
    const open = number === end;
    const untilNs = samples.startedNs(open ? number - 1 : number);
    gaps.push({
      lengthMs: round((untilNs - samples.startedNs(start)) / NS_PER_MS),
      startMs: round((samples.startedNs(start) - markNs) / NS_PER_MS),
      lost: number - start,
      open,
    });
    start = -1;
  }
  return gaps;
}

/** The longest time without any answer arriving, from the window's first attempt. */
function findSilence(samples: Samples, first: number, end: number, untilNs: number): number {
  if (end <= first) return 0;
  const arrivals: number[] = [samples.startedNs(first)];
  for (let number = first; number < end; number += 1) {
    if (samples.isAnswered(number)) arrivals.push(samples.endedNs(number));
  }
  arrivals.sort((a, b) => a - b);
  let longest = Math.max(0, Math.min(samples.startedNs(end - 1), untilNs) - (arrivals.at(-1) ?? 0));
  for (let index = 1; index < arrivals.length; index += 1) {
    longest = Math.max(longest, (arrivals[index] ?? 0) - (arrivals[index - 1] ?? 0));
  }
  return round(longest / NS_PER_MS);
}

type Tally = Pick<ProbeWindow, "hostBefore" | "hostAfter" | "answers" | "switches" | "firstSwitchMs" | "roundTrip">;

function tallyAnswers(samples: Samples, first: number, end: number, markNs: number): Tally {
  const hostBefore = lastHostBefore(samples, first);
  const answers: Record<string, number> = {};
  const roundTrips: number[] = [];
  let hostAfter = hostBefore;
  let switches = 0;
  let firstSwitchMs: number | null = null;
  for (let number = first; number < end; number += 1) {
    if (!samples.isAnswered(number)) continue;
    const host = samples.host(number);
    answers[host] = (answers[host] ?? 0) + 1;
    roundTrips.push((samples.endedNs(number) - samples.startedNs(number)) / NS_PER_MS);
    if (hostAfter !== null && host !== hostAfter) {
      switches += 1;
      firstSwitchMs ??= round((samples.startedNs(number) - markNs) / NS_PER_MS);
    }
    hostAfter = host;
  }
  return { hostBefore, hostAfter, answers, switches, firstSwitchMs, roundTrip: summarize(roundTrips) };
}

function summarize(values: number[]): ProbeWindow["roundTrip"] {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const at = (share: number) => round(values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0);
  return { medianMs: at(0.5), p99Ms: at(0.99), worstMs: round(values.at(-1) ?? 0) };
}

function listFailures(samples: Samples, first: number, end: number, markNs: number): Failure[] {
  const failures: Failure[] = [];
  for (let number = first; number < end && failures.length < FAILURE_LIMIT; number += 1) {
    const why = samples.error(number);
    if (why === "") continue;
    failures.push({
      atMs: round((samples.startedNs(number) - markNs) / NS_PER_MS),
      tookMs: round((samples.endedNs(number) - samples.startedNs(number)) / NS_PER_MS),
      why,
    });
  }
  return failures;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
