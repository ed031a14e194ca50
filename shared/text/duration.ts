import { parsed, refused, type Parsed } from "./parsed.ts";
import type { Position } from "./position.ts";

/** Milliseconds in each unit. `min` is accepted beside `m`, as pacemaker and systemd write it. */
const UNIT_MS = {
  us: 0.001,
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;
export type DurationUnit = keyof typeof UNIT_MS;

export interface DurationOptions {
  /** The unit of a number without one; without it such a number is refused (0 is always fine). */
  readonly bareUnit?: DurationUnit;
  /** Smallest and greatest allowed, in milliseconds. */
  readonly leastMs?: number;
  readonly mostMs?: number;
  readonly at?: Position;
}

/** A hundred years: beyond it a number is a typing error, and arithmetic in milliseconds stays exact. */
export const LONGEST_DURATION_MS = 100 * 366 * 86_400_000;

const isUnit = (word: string): word is DurationUnit => Object.hasOwn(UNIT_MS, word);

/**
 * Reads `100ms`, `5s`, `1.5s`, `2h`, `1d`, `1h30m`; a bare number when `bareUnit` is given.
 * @returns milliseconds (a fraction for microseconds), or TEXT_DURATION, TEXT_DURATION_UNIT, TEXT_DURATION_RANGE
 */
export function parseDuration(text: string, options: DurationOptions = {}): Parsed<number> {
  const total = sumOfParts(text, options);
  if (!total.ok) return total;
  const least = options.leastMs ?? 0;
  const most = options.mostMs ?? LONGEST_DURATION_MS;
  if (total.value < least || total.value > most) {
    const data = { text, least: formatDuration(least), most: formatDuration(most) };
    return refused("TEXT_DURATION_RANGE", data, options.at);
  }
  return total;
}

function sumOfParts(text: string, options: DurationOptions): Parsed<number> {
  const word = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(word)) {
    const amount = Number(word);
    if (amount === 0) return parsed(0);
    if (options.bareUnit === undefined) return refused("TEXT_DURATION_UNIT", { text }, options.at);
    return parsed(wholeMicroseconds(amount * UNIT_MS[options.bareUnit]));
  }
  if (!/^(\d+(\.\d+)? ?[a-z]+)+$/.test(word)) return refused("TEXT_DURATION", { text }, options.at);
  let total = 0;
  let smaller = Number.POSITIVE_INFINITY;
  for (const [, amount, unit] of word.matchAll(/(\d+(?:\.\d+)?) ?([a-z]+)/g)) {
    // Units must shrink from left to right: "30m1h" is more likely an error than a wish.
    if (unit === undefined || !isUnit(unit) || UNIT_MS[unit] >= smaller) {
      return refused("TEXT_DURATION", { text }, options.at);
    }
    smaller = UNIT_MS[unit];
    total += Number(amount) * smaller;
  }
  return parsed(wholeMicroseconds(total));
}

/** 32.053 s are 32,053 ms, and not a hair less, as the product of two binary fractions is. */
function wholeMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The shortest exact form that `parseDuration` reads back: `1h30m`, `2.6s`, `100ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "-";
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms === 0) return "0s";
  if (ms < 1) return `${trimZeros((ms * 1000).toFixed(3))}us`;
  if (ms < 1000) return `${trimZeros(ms.toFixed(3))}ms`;
  let rest = Math.round(ms);
  const parts: string[] = [];
  for (const [unit, size] of [["d", 86_400_000] as const, ["h", 3_600_000] as const, ["m", 60_000] as const]) {
    const amount = Math.floor(rest / size);
    if (amount > 0) parts.push(`${amount}${unit}`);
    rest -= amount * size;
  }
  if (rest > 0) parts.push(`${trimZeros((rest / 1000).toFixed(3))}s`);
  return parts.join("");
}

/** For people, two parts at most: `2.6s`, `14m02s`, `3h05m`, `6d02h`; below a second `340ms`. */
export function roundDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "-";
  if (ms < 0) return `-${roundDuration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  const two = (amount: number) => String(amount).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (seconds < 86_400) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

function trimZeros(number: string): string {
  return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}
