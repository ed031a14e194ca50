import { clipCells, displayWidth, padCells, visible } from "../../shared/text/width.ts";

/** A row of the screen as pure data: what Ink draws, what `-1` prints and what tests compare. */
export type Tone = "plain" | "good" | "warn" | "bad" | "dim" | "accent" | "title";

export interface Segment {
  readonly text: string;
  readonly tone: Tone;
}

export interface Line {
  readonly segments: readonly Segment[];
  /** The row under the cursor. */
  readonly selected?: boolean;
}

export function segment(text: string, tone: Tone = "plain"): Segment {
  return { text, tone };
}

export function plainText(line: Line): string {
  return line.segments.map((part) => part.text).join("");
}

/** Exactly `width` cells: cut with an ellipsis, or filled with spaces. Foreign text can't move the cursor. */
export function fit(text: string, width: number): string {
  return width <= 0 ? "" : padCells(clipCells(visible(text), width), width);
}

/** Cuts a line to the screen's width. */
export function clip(line: Line, width: number): Line {
  let left = width;
  const segments: Segment[] = [];
  for (const part of line.segments) {
    if (left <= 0) break;
    const text = clipCells(visible(part.text), left, "");
    segments.push({ ...part, text });
    left -= displayWidth(text);
  }
  return { ...line, segments };
}

/** Symbols carry the meaning; colour only repeats it. `--ascii` uses the second of each pair. */
const SYMBOLS = {
  good: ["✔", "+"],
  warn: ["!", "!"],
  bad: ["✖", "X"],
  active: ["●", "*"],
  standby: ["○", "o"],
  absent: ["·", "."],
  unknown: ["?", "?"],
  busy: ["…", "~"],
  cursor: ["▶", ">"],
  rule: ["─", "-"],
  full: ["▓", "#"],
  empty: ["░", "."],
} as const;
export type Symbol = keyof typeof SYMBOLS;

export function symbol(name: Symbol, ascii: boolean): string {
  return SYMBOLS[name][ascii ? 1 : 0];
}

const ASCII_TEXT: readonly (readonly [string, string])[] = [
  ["…", "~"],
  ["—", "-"],
  ["–", "-"],
  ["→", "->"],
  ["←", "<-"],
  ["↑", "up"],
  ["↓", "dn"],
  ["⏎", "enter"],
  ["·", "."],
  ["×", "x"],
  ["≥", ">="],
  ["≤", "<="],
];

/** Any text in seven bits, for terminals that have no more. */
export function toAscii(text: string): string {
  let result = text;
  for (const [from, to] of ASCII_TEXT) result = result.replaceAll(from, to);
  return result.replaceAll(/[^\u0020-\u007e]/g, "?");
}
