/** Figures, the bars they are held against, and the table that shows both. */
import type { ContestantName } from "./contestants.ts";

export interface Stats {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
  readonly count: number;
}

export interface Bar {
  readonly text: string;
  readonly reached: (ours: Stats, keepalived: Stats | undefined) => boolean;
}

/** One figure of one case at one interval, for everybody who was measured. */
export interface Row {
  readonly what: string;
  readonly intervalMs: number;
  readonly unit: "ms" | "%" | "MB" | "";
  readonly values: Map<ContestantName, number[]>;
  readonly bar: Bar | undefined;
}

/** Nearest rank. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function statsOf(values: readonly number[]): Stats {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    max: sorted.at(-1) ?? Number.NaN,
    count: sorted.length,
  };
}

export function atMost(limit: number, unit: string): Bar {
  return { text: `≤ ${limit} ${unit}`.trim(), reached: ({ max }) => max <= limit };
}

/** A client that asks every millisecond can't tell less than this. */
const GRAIN_MS = 2;

export const NOT_SLOWER: Bar = {
  text: `≤ keepalived (± ${GRAIN_MS} ms)`,
  reached: (ours, keepalived) => keepalived !== undefined && ours.median <= keepalived.median + GRAIN_MS,
};

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "never";
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function cell(values: readonly number[] | undefined): string {
  if (values === undefined || values.length === 0) return "–";
  const { count, max, median, p95 } = statsOf(values);
  return count === 1 ? number(median) : `${number(median)} / ${number(p95)} / ${number(max)}`;
}

/** keepalived's median for each of ours: above 1 ours is less. */
function ratio(row: Row): string {
  const [ours, theirs] = [row.values.get("ha-vip"), row.values.get("keepalived")];
  if (ours === undefined || theirs === undefined) return "–";
  const [a, b] = [statsOf(ours).median, statsOf(theirs).median];
  if (a === b) return "1.0";
  if (a === 0 || b === Number.POSITIVE_INFINITY) return "∞";
  if (a === Number.POSITIVE_INFINITY) return "0";
  const value = b / a;
  return value >= 10 ? value.toFixed(0) : value.toFixed(value < 0.1 ? 2 : 1);
}

function reached(row: Row): string {
  const ours = row.values.get("ha-vip");
  if (row.bar === undefined || ours === undefined) return "";
  const keepalived = row.values.get("keepalived");
  return row.bar.reached(statsOf(ours), keepalived === undefined ? undefined : statsOf(keepalived)) ? "yes" : "NO";
}

const HEADINGS = ["case", "advert", "unit", "ha-vip", "keepalived", "ucarp", "ratio", "bar", "reached"] as const;

function cells(row: Row): readonly string[] {
  return [
    row.what,
    row.intervalMs === 0 ? "" : `${row.intervalMs / 1000} s`,
    row.unit,
    cell(row.values.get("ha-vip")),
    cell(row.values.get("keepalived")),
    cell(row.values.get("ucarp")),
    ratio(row),
    row.bar?.text ?? "",
    reached(row),
  ];
}

/** For a terminal, or with bars between columns for a document. */
export function formatTable(rows: readonly Row[], form: "plain" | "markdown"): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  if (form === "markdown") {
    const [head = "", ...body] = lines.map((line) => `| ${line.join(" | ")} |`);
    return [head, `|${HEADINGS.map(() => "---").join("|")}|`, ...body].join("\n");
  }
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** All rows of a run, in the order they came up. */
export class Results {
  readonly #rows = new Map<string, Row>();

  add(who: ContestantName, row: Omit<Row, "values">, value: number): void {
    const key = `${row.what} ${row.intervalMs} ${row.unit}`;
    const known = this.#rows.get(key) ?? { ...row, values: new Map<ContestantName, number[]>() };
    this.#rows.set(key, known);
    const values = known.values.get(who) ?? [];
    known.values.set(who, values);
    values.push(value);
  }

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** Bars that ours misses. */
  get missed(): number {
    return this.rows.filter((row) => reached(row) === "NO").length;
  }
}
