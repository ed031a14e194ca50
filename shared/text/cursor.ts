import type { Position } from "./position.ts";
import { positionAt, type Source } from "./source.ts";

/**
 * Walks over a source from left to right; the base of hand-written readers.
 * All places are offsets in UTF-16 code units; `position()` turns one into line and column.
 */
export class Cursor {
  offset: number;
  readonly source: Source;

  constructor(source: Source, offset = 0) {
    this.source = source;
    this.offset = offset;
  }

  get done(): boolean {
    return this.offset >= this.source.text.length;
  }

  /** The code unit `ahead` places further as a string; empty at the end. */
  peek(ahead = 0): string {
    return this.source.text.charAt(this.offset + ahead);
  }

  /** Takes one code unit; empty at the end. */
  next(): string {
    const unit = this.peek();
    if (unit !== "") this.offset += 1;
    return unit;
  }

  startsWith(word: string): boolean {
    return this.source.text.startsWith(word, this.offset);
  }

  /** Takes `word` when it is next. */
  accept(word: string): boolean {
    if (word === "" || !this.startsWith(word)) return false;
    this.offset += word.length;
    return true;
  }

  /** Takes what a sticky or plain expression matches right here; empty when it doesn't match. */
  match(pattern: RegExp): string {
    const sticky = pattern.sticky ? pattern : new RegExp(pattern.source, `${pattern.flags.replace("g", "")}y`);
    sticky.lastIndex = this.offset;
    const found = sticky.exec(this.source.text)?.[0] ?? "";
    this.offset += found.length;
    return found;
  }

  takeWhile(test: (unit: string) => boolean): string {
    const start = this.offset;
    while (!this.done && test(this.peek())) this.offset += 1;
    return this.source.text.slice(start, this.offset);
  }

  /** Takes the rest of the line, not its end. */
  takeLine(): string {
    return this.takeWhile((unit) => unit !== "\n" && unit !== "\r");
  }

  /** The place here, or of an earlier mark; underlines up to the cursor when a mark is given. */
  position(mark?: number): Position {
    if (mark === undefined) return positionAt(this.source, this.offset);
    return positionAt(this.source, mark, Math.max(1, this.offset - mark));
  }
}
