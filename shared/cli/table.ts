import { clipCells, displayWidth, padCells, visible } from "../text/width.ts";
import { paint } from "../text/render-problem.ts";

export type CellValue = string | number | boolean | null;
/** How a cell is meant; colour is never the only sign, so give it a word or a mark too. */
export type CellTone = "good" | "warning" | "bad" | "dim" | "plain";

export interface Column {
  /** The key in JSON and the heading (in capitals) in tables. */
  readonly key: string;
  readonly heading?: string;
  readonly align?: "left" | "right";
  /** How the value looks in a table; JSON and TSV keep the value. */
  readonly show?: (value: CellValue) => string;
  readonly tone?: (value: CellValue) => CellTone;
  /** Only in JSON. */
  readonly hidden?: boolean;
}

export type Row = Readonly<Record<string, CellValue>>;

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What a terminal says instead of an empty table. */
  readonly whenEmpty?: string;
}

const TONE_STYLE = { good: "green", warning: "yellow", bad: "red", dim: "dim" } as const;

export interface TableStyle {
  readonly colour: boolean;
  /** Widest line; the last column is cut to fit. Unlimited when absent. */
  readonly columns?: number;
}

function cellText(column: Column, row: Row): string {
  const value = row[column.key] ?? null;
  if (column.show !== undefined) return column.show(value);
  return value === null ? "-" : String(value);
}

/** Aligned columns with a heading line, two spaces between. */
export function renderTable(table: Table, style: TableStyle): string {
  const columns = table.columns.filter((column) => column.hidden !== true);
  if (table.rows.length === 0) return table.whenEmpty === undefined ? "" : `${table.whenEmpty}\n`;
  const headings = columns.map((column) => (column.heading ?? column.key).toUpperCase());
  const cells = table.rows.map((row) => columns.map((column) => visible(cellText(column, row)).replaceAll("\t", " ")));
  const widths = headings.map((heading, index) => {
    return Math.max(displayWidth(heading), ...cells.map((line) => displayWidth(line[index] ?? "")));
  });
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const lastRoom = style.columns === undefined ? Number.POSITIVE_INFINITY : Math.max(8, style.columns - before);
  const printLine = (texts: readonly string[], row: Row | undefined) =>
    texts
      .map((text, index) => {
        const column = columns[index];
        const last = index === columns.length - 1;
        const cut = last ? clipCells(text, lastRoom) : text;
        const padded = last && column?.align !== "right" ? cut : padCells(cut, widths[index] ?? 0, column?.align);
        const tone = row === undefined ? "dim" : (column?.tone?.(row[column.key] ?? null) ?? "plain");
        return tone === "plain" ? padded : paint(style.colour, TONE_STYLE[tone], padded);
      })
      .join("  ")
      .trimEnd();
  const lines = [printLine(headings, undefined)];
  for (const [index, texts] of cells.entries()) lines.push(printLine(texts, table.rows[index]));
  return `${lines.join("\n")}\n`;
}

/** Tabs, line ends and backslashes inside a value are written `\t`, `\n`, `\\`. An absent value is empty. */
export function renderTsv(table: Table): string {
  const columns = table.columns.filter((column) => column.hidden !== true);
  const escaped = (value: CellValue) =>
    value === null
      ? ""
      : String(value).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  const lines = [columns.map((column) => column.key).join("\t")];
  for (const row of table.rows) lines.push(columns.map((column) => escaped(row[column.key] ?? null)).join("\t"));
  return `${lines.join("\n")}\n`;
}
