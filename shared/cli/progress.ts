import { formatSize } from "../text/size.ts";
import { roundDuration } from "../text/duration.ts";
import { clipCells } from "../text/width.ts";
import type { CliIo } from "./io.ts";
import type { OutputStyle } from "./output.ts";

export interface ProgressRequest {
  readonly label: string;
  /** How much there is to do; without it no bar and no time left. */
  readonly total?: number;
  /** `bytes`, or a plural noun: `files`, `hosts`. */
  readonly unit?: string;
}

/** Long work as the operator sees it: a bar that is drawn again on a terminal, one line per step elsewhere. */
export interface Progress {
  /** How much is done so far; may be called as often as you like. */
  update(done: number, total?: number): void;
  /** One named step has begun. */
  step(text: string): void;
  /** It is over. The text says how it ended. */
  done(text?: string): void;
}

const REDRAW_EVERY_MS = 100;
const BAR_CELLS = 24;
/** The rate is that of this recent time, so that a stall shows. */
const RATE_OVER_MS = 5000;
const MOST_SAMPLES = 64;

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** Amount per second over the recent samples; undefined while too little is known. */
export function recentRate(samples: readonly Sample[]): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 200) return undefined;
  return ((last.done - first.done) / (last.atMs - first.atMs)) * 1000;
}

/** `copy  ▓▓▓▓▓░░░░  42 %  1.2 GB of 2.9 GB  88 MB/s  19s left` */
export function progressLine(
  state: {
    readonly label: string;
    readonly unit: string;
    readonly done: number;
    readonly total: number | undefined;
    readonly rate: number | undefined;
  },
  ascii: boolean,
): string {
  const amount = (value: number) => (state.unit === "bytes" ? formatSize(value) : `${Math.round(value)}`);
  const noun = state.unit === "bytes" || state.unit === "" ? "" : ` ${state.unit}`;
  const parts = [state.label];
  if (state.total !== undefined && state.total > 0) {
    const part = Math.min(1, state.done / state.total);
    const full = Math.floor(part * BAR_CELLS);
    parts.push((ascii ? "#" : "▓").repeat(full) + (ascii ? "." : "░").repeat(BAR_CELLS - full));
    parts.push(`${Math.floor(part * 100)} %`, `${amount(state.done)} of ${amount(state.total)}${noun}`);
  } else parts.push(`${amount(state.done)}${noun}`);
  if (state.rate !== undefined && state.rate > 0) {
    parts.push(
      state.unit === "bytes" ? `${formatSize(state.rate)}/s` : `${state.rate.toFixed(state.rate < 10 ? 1 : 0)}/s`,
    );
    if (state.total !== undefined && state.total > state.done) {
      parts.push(`${roundDuration(((state.total - state.done) / state.rate) * 1000)} left`);
    }
  }
  return parts.join("  ");
}

export function startProgress(request: ProgressRequest, io: CliIo, style: OutputStyle): Progress {
  const startedMs = io.nowMs();
  const live = io.stderr.isTerminal && !style.quiet;
  let total = request.total;
  let done = 0;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let samples: Sample[] = [{ atMs: startedMs, done: 0 }];
  const say = (text: string) => {
    if (!style.quiet) io.stderr.write(`${live ? "\r\u001b[K" : ""}${text}\n`);
  };
  const draw = () => {
    const state = { label: request.label, unit: request.unit ?? "", done, total, rate: recentRate(samples) };
    io.stderr.write(`\r\u001b[K${clipCells(progressLine(state, style.ascii), io.stderr.columns - 1)}`);
  };
  if (!live) say(`${request.label} …`);
  return {
    update(now, newTotal) {
      done = now;
      total = newTotal ?? total;
      const nowMs = io.nowMs();
      if (!live || nowMs - drawnMs < REDRAW_EVERY_MS) return;
      samples = [...samples, { atMs: nowMs, done }]
        .filter((sample) => nowMs - sample.atMs <= RATE_OVER_MS)
        .slice(-MOST_SAMPLES);
      drawnMs = nowMs;
      draw();
    },
    step(text) {
      say(`${request.label}: ${text}`);
      if (live && total !== undefined) draw();
    },
    done(text) {
      const took = roundDuration(io.nowMs() - startedMs);
      say(`${request.label}: ${text ?? "done"} (${took})`);
    },
  };
}
