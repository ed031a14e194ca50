/** The status as CSV, in the columns that tools for HAProxy read (management guide, chapter 9.1). Pure. */
import type { StatsRow } from "../model/stats-row.ts";
import { OWN_COLUMNS, STATS_COLUMNS } from "./stats-columns.ts";

/** Commas and quotes in names would break the line. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A column without a meaning parts what is of every row from what modules count. */
const lineOf = (cells: readonly string[]): string =>
  `${[...cells.slice(0, OWN_COLUMNS.length), "-", ...cells.slice(OWN_COLUMNS.length)].join(",")},\n`;

export function statsCsv(rows: readonly StatsRow[]): string {
  const lines = rows.map((row) => lineOf(STATS_COLUMNS.map(({ read }) => cell(read(row)))));
  return `# ${lineOf(STATS_COLUMNS.map(({ name }) => name))}${lines.join("")}`;
}
