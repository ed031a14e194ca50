/**
 * ha-lb beside haproxy: the same configuration, the same machine, in one run, turn by turn.
 *
 *   bun test/bench/lb/main.ts [--quick] [--only CASE]… [--rounds N] [--seconds N] [--markdown] [--source]
 *
 * CPU is user and system time of all processes of a balancer, from /proc, per request; medians of the rounds.
 * Needs haproxy, nginx, wrk and openssl. `--source` runs the sources instead of the compiled binary.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileTools } from "../../../shared/build/compile.ts";
import { type BenchCase, CASES, configurationOf, MEMORY_BARS, type Place, TWO_WORKERS } from "./cases.ts";
import { type IdleFigures, measureIdle } from "./idle.ts";
import { type Figures, measure, median, warmUp } from "./load.ts";
import { makeCertificate, type Running, start, startServers } from "./programs.ts";
import { familyOf, type Memory, memoryOf } from "./processes.ts";

const PORTS = { ours: 24_200, peer: 24_201 } as const;
const BACKENDS = [24_101, 24_102];
const IDLE_CASE = "idle";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    seconds: { type: "string" },
    markdown: { type: "boolean", default: false },
    source: { type: "boolean", default: false },
    idle: { type: "string", default: "9000" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 4));

interface Side {
  readonly name: "ours" | "peer";
  readonly running: Running;
  readonly figures: Figures[];
  memory: Memory;
}

const root = join(import.meta.dir, "..", "..", "..");

async function ourCommand(): Promise<readonly string[]> {
  if (options.source) return [process.execPath, join(root, "tools/ha-lb/main.ts")];
  const built = await compileTools({ tools: ["ha-lb"], onlyIfStale: true });
  const path = built.get("ha-lb");
  if (path === undefined) throw new Error("ha-lb was not built");
  return [path];
}

async function startSide(
  name: "ours" | "peer",
  command: readonly string[],
  one: BenchCase,
  place: Place,
): Promise<Side> {
  const file = join(place.folder, `${one.name}-${name}.cfg`);
  writeFileSync(file, configurationOf(one, PORTS[name], place));
  const running = await start([...command, "-f", file, "-db"], PORTS[name]);
  return { name, running, figures: [], memory: { residentMb: 0, proportionalMb: 0 } };
}

/** Both run at the same time, one idle while the other is measured. */
async function compare(one: BenchCase, ours: readonly string[], place: Place): Promise<readonly [Side, Side]> {
  const mine = await startSide("ours", ours, one, place);
  try {
    const theirs = await startSide("peer", ["haproxy"], one, place);
    try {
      const sides = [mine, theirs] as const;
      for (const side of sides) await warmUp(one, PORTS[side.name]);
      for (let round = 0; round < rounds; round += 1) {
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
          side.figures.push(await measure(one, PORTS[side.name], side.running.pid, seconds));
          side.memory = memoryOf(familyOf(side.running.pid));
        }
      }
      return sides;
    } finally {
      await theirs.running.stop();
    }
  } finally {
    await mine.running.stop();
  }
}

type Row = readonly string[];
const HEADINGS: Row = [
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

function rowOf(one: BenchCase, [mine, theirs]: readonly [Side, Side]): Row {
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

function print(rows: readonly Row[]): void {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of rows.entries()) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    process.stdout.write(options.markdown ? `| ${cells.join(" | ")} |\n` : `${cells.join("  ").trimEnd()}\n`);
    if (options.markdown && index === 0) process.stdout.write(`|${widths.map(() => "---").join("|")}|\n`);
  }
}

function idleLine(name: string, figures: IdleFigures): string {
  return `${name}: ${figures.residentMb.toFixed(1)} MB resident (${figures.proportionalMb.toFixed(1)} proportional) per idle worker, ${figures.perConnectionKb.toFixed(1)} KB per idle connection of ${figures.connections}\n`;
}

async function idle(ours: readonly string[], place: Place): Promise<void> {
  const shape = CASES.find((one) => one.name === "keep-alive");
  if (shape === undefined) throw new Error("no case for the idle run");
  for (const name of ["ours", "peer"] as const) {
    const side = await startSide(name, name === "ours" ? ours : ["haproxy"], { ...shape, name: IDLE_CASE }, place);
    try {
      const figures = await measureIdle(side.running.pid, PORTS[name], Number(options.idle));
      process.stdout.write(idleLine(name === "ours" ? "ha-lb" : "haproxy", figures));
    } finally {
      await side.running.stop();
    }
  }
  process.stdout.write(`bars: ${MEMORY_BARS.idleMb} MB, ${MEMORY_BARS.perConnectionKb} KB\n`);
}

const folder = mkdtempSync(join(tmpdir(), "lb-bench-"));
const place: Place = { folder, backends: BACKENDS };
const wants = (name: string): boolean => options.only.length === 0 || options.only.includes(name);
const ours = await ourCommand();
const servers = await startServers(place);
try {
  await makeCertificate(folder);
  const rows: Row[] = [HEADINGS];
  for (const one of CASES) {
    if (!wants(one.name)) continue;
    rows.push(rowOf(one, await compare(one, ours, place)));
  }
  if (rows.length > 1) print(rows);
  if (wants(IDLE_CASE)) await idle(ours, place);
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
