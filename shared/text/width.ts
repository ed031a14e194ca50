/** First and last code point of ranges that terminals draw two cells wide (Unicode 15, East Asian Wide and emoji). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

function codePointWidth(point: number): number {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return 0;
  if (point < 0x300) return 1;
  const combining =
    (point >= 0x300 && point <= 0x36f) ||
    (point >= 0x200b && point <= 0x200f) ||
    (point >= 0x20d0 && point <= 0x20ff) ||
    (point >= 0xfe00 && point <= 0xfe0f) ||
    point === 0xfeff;
  if (combining) return 0;
  return WIDE.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}

/** Cells that a text takes on a terminal; colour sequences take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const letter of stripColour(text)) width += codePointWidth(letter.codePointAt(0) ?? 0);
  return width;
}

/** Removes SGR (colour) sequences. */
export function stripColour(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.includes("\u001b") ? text.replace(/\u001b\[[0-9;:]*m/g, "") : text;
}

/**
 * Makes foreign text safe for a terminal: control characters (which could move the cursor, set the title
 * or hide text) and direction overrides become a visible sign. Tabs stay.
 */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** Replaces tabs by spaces up to the next stop. */
export function expandTabs(text: string, stop = 8): string {
  if (!text.includes("\t")) return text;
  let out = "";
  let cells = 0;
  for (const letter of text) {
    if (letter === "\t") {
      const gap = stop - (cells % stop);
      out += " ".repeat(gap);
      cells += gap;
    } else {
      out += letter;
      cells += codePointWidth(letter.codePointAt(0) ?? 0);
    }
  }
  return out;
}

/** Pads to a number of cells; longer text stays as it is. */
export function padCells(text: string, cells: number, align: "left" | "right" = "left"): string {
  const gap = " ".repeat(Math.max(0, cells - displayWidth(text)));
  return align === "left" ? text + gap : gap + text;
}

/** Cuts a plain text (no colour) to a number of cells, with `mark` at the end when something was cut. */
export function clipCells(text: string, cells: number, mark = "…"): string {
  if (displayWidth(text) <= cells) return text;
  const room = cells - displayWidth(mark);
  let out = "";
  let used = 0;
  for (const letter of text) {
    used += codePointWidth(letter.codePointAt(0) ?? 0);
    if (used > room) break;
    out += letter;
  }
  return out + mark;
}
