import type { Position } from "./position.ts";

/** A text with the places of its lines, so that offsets turn into positions in O(log lines). */
export interface Source {
  /** The name the operator gave; see `Position.file`. */
  readonly file: string;
  readonly text: string;
  /** Offset of the first code unit of each line; the first is 0. */
  readonly lineStarts: readonly number[];
}

/** Reads line starts once. Lines end with \n, \r\n or a lone \r, as editors count them. */
export function makeSource(file: string, text: string): Source {
  const lineStarts = [0];
  for (let offset = 0; offset < text.length; offset += 1) {
    const unit = text.charCodeAt(offset);
    const endsLine = unit === 0x0a || (unit === 0x0d && text.charCodeAt(offset + 1) !== 0x0a);
    if (endsLine) lineStarts.push(offset + 1);
  }
  return { file, text, lineStarts };
}

/** The position of an offset (clamped into the text); `length` is what a caret shall underline. */
export function positionAt(source: Source, offset: number, length?: number): Position {
  const wanted = Math.max(0, Math.min(offset, source.text.length));
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  const place = { file: source.file, line: low + 1, column: wanted - (source.lineStarts[low] ?? 0) + 1 };
  return length === undefined ? place : { ...place, length };
}

/** The line with this number (from 1), without its line end; undefined past the end. */
export function lineText(source: Source, line: number): string | undefined {
  const start = source.lineStarts[line - 1];
  if (start === undefined) return undefined;
  const end = source.lineStarts[line] ?? source.text.length;
  return source.text.slice(start, end).replace(/[\r\n]+$/, "");
}
