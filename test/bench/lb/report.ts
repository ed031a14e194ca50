/** The table of a run. */
import { type BenchCase, TWO_WORKERS } from "./cases.ts";
import type { Side } from "./compare.ts";
import { type Figures, median } from "./load.ts";

export type Row = readonly string[];
export const HEADINGS: Row = [
  "case",
  "CPU us: ours",
  "haproxy",
  "ratio",
  "first",
  "final",
  "req/s: ours",
  "haproxy",
  "ratio",
  "p50 ms",
  "haproxy",
  "p99 ms",
  "haproxy",
  "PSS MB",
  "haproxy",
  "",
];

function verdict(one: BenchCase, ratio: number, speed: number, p99: number): string {
  const words: string[] = [];
  if (ratio <= one.bars.final) words.push("final bar");
  else if (ratio <= one.bars.first) words.push("first bar");
  else words.push("MISSED");
  if (one.name === TWO_WORKERS.name) {
    if (speed < TWO_WORKERS.leastSpeed) words.push(`speed below ${TWO_WORKERS.leastSpeed}`);
    if (p99 > TWO_WORKERS.mostP99) words.push(`p99 above ${TWO_WORKERS.mostP99}`);
  }
  return words.join(", ");
}

export function rowOf(one: BenchCase, [mine, theirs]: readonly [Side, Side]): Row {
  const both = (read: (figures: Figures) => number): readonly [number, number] => [
    median(mine.figures.map(read)),
    median(theirs.figures.map(read)),
  ];
  const [cpu, peerCpu] = both((figures) => figures.cpuUs);
  const [speed, peerSpeed] = both((figures) => figures.perSecond);
  const [p50, peerP50] = both((figures) => figures.p50Ms);
  const [p99, peerP99] = both((figures) => figures.p99Ms);
  const errors = [...mine.figures, ...theirs.figures].find((figures) => figures.errors !== "")?.errors ?? "";
  return [
    one.name,
    cpu.toFixed(1),
    peerCpu.toFixed(1),
    `${(cpu / peerCpu).toFixed(2)}x`,
    `${one.bars.first}x`,
    `${one.bars.final}x`,
    speed.toFixed(0),
    peerSpeed.toFixed(0),
    `${(speed / peerSpeed).toFixed(2)}x`,
    p50.toFixed(2),
    peerP50.toFixed(2),
    p99.toFixed(2),
    peerP99.toFixed(2),
    mine.memory.proportionalMb.toFixed(0),
    theirs.memory.proportionalMb.toFixed(0),
    `${verdict(one, cpu / peerCpu, speed / peerSpeed, p99 / peerP99)}${errors === "" ? "" : `; ${errors}`}`,
  ];
}

export function print(rows: readonly Row[], markdown: boolean): void {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of rows.entries()) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    process.stdout.write(markdown ? `| ${cells.join(" | ")} |\n` : `${cells.join("  ").trimEnd()}\n`);
    if (markdown && index === 0) process.stdout.write(`|${widths.map(() => "---").join("|")}|\n`);
  }
}
