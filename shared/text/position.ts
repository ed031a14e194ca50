/**
 * A place in a text that a person wrote: where a problem is, or where a setting came from.
 * Lines and columns count from 1; columns count UTF-16 code units, as editors do.
 */
export interface Position {
  /** The file as the operator named it, or `-` for standard input, or `argv` for the command line. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many columns the caret underlines; 1 when absent. */
  readonly length?: number;
}

/** `file:line:column`, the form that editors and grep understand. */
export function formatPosition(at: Position): string {
  return `${at.file}:${at.line}:${at.column}`;
}
