/** The lines of the story: one event a line, with the time since the start. */
import type { ProbeReport, ProbeWindow } from "../prober/prober.ts";
import type { HostEvent } from "./follow.ts";

const TIME_WIDTH = 8;

export class Story {
  readonly #startedMs = performance.now();

  constructor(private readonly write: (line: string) => void) {}

  /** One event, with the time. */
  tell(line: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(2);
    this.write(`${seconds.padStart(TIME_WIDTH)} s  ${line}`);
  }

  /** Something that a daemon said. */
  event(event: HostEvent): void {
    this.tell(`  ${event.host} ${event.tool}: ${event.sentence}`);
  }

  /** A line without a time, below the last event. */
  more(line: string): void {
    this.write(`${" ".repeat(TIME_WIDTH + 4)}${line}`);
  }

  plain(line: string): void {
    this.write(line);
  }
}

/** `318 ms`, `1.21 s`. */
export function inMs(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

function share(answers: Readonly<Record<string, number>>): string {
  const names = Object.keys(answers).sort();
  return names.length === 0 ? "nobody" : names.map((name) => `${name} ${answers[name]}`).join(", ");
}

/** What the datagrams to the floating address went through. */
export function tellDatagrams(window: ProbeWindow): string {
  const head = `${window.sent} datagrams`;
  const gap = window.longestGap;
  if (gap === null) return `${head}, all answered by ${share(window.answers)}`;
  const length = gap.open ? `no answer since ${inMs(gap.lengthMs)}` : `longest gap ${inMs(gap.lengthMs)}`;
  return `${head}, ${window.lost} lost, ${length}; answered by ${share(window.answers)}`;
}

/** What the requests through the balancer went through. */
export function tellRequests(window: ProbeWindow): string {
  const failed = window.lost === 0 ? "none failed" : `${window.lost} FAILED (${reasons(window)})`;
  const slowest = window.roundTrip === null ? "" : `, slowest ${inMs(window.roundTrip.worstMs)}`;
  return `${window.sent} web requests, ${failed}${slowest}; served by ${share(window.answers)}`;
}

function reasons(window: ProbeWindow): string {
  return [...new Set(window.failures.map((failure) => failure.why))].join(", ");
}

/** The window of a mark. Throws when the report has none: the mark was set by us. */
export function windowOf(report: ProbeReport, name: string): ProbeWindow {
  const window = report.windows.find((candidate) => candidate.name === name);
  if (window === undefined) throw new Error(`the report has no window '${name}'`);
  return window;
}
