/** Both balancers run at the same time, one idle while the other is measured, turn by turn. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchCase, CASES, configurationOf, MEMORY_BARS, type Place } from "./cases.ts";
import { type IdleFigures, measureIdle } from "./idle.ts";
import { type Figures, measure, warmUp } from "./load.ts";
import { type Running, start } from "./programs.ts";
import { familyOf, type Memory, memoryOf } from "./processes.ts";

const PORTS = { ours: 24_200, peer: 24_201 } as const;
const IDLE_CASE = "idle";

export interface Side {
  readonly name: "ours" | "peer";
  readonly running: Running;
  readonly figures: Figures[];
  memory: Memory;
}

export interface Turns {
  readonly rounds: number;
  readonly seconds: number;
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

export async function compare(
  one: BenchCase,
  ours: readonly string[],
  place: Place,
  { rounds, seconds }: Turns,
): Promise<readonly [Side, Side]> {
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

function idleLine(name: string, figures: IdleFigures): string {
  return `${name}: ${figures.residentMb.toFixed(1)} MB resident (${figures.proportionalMb.toFixed(1)} proportional) per idle worker, ${figures.perConnectionKb.toFixed(1)} KB per idle connection of ${figures.connections}\n`;
}

/** Memory of idle workers and idle connections, printed. */
export async function compareIdle(ours: readonly string[], place: Place, connections: number): Promise<void> {
  const shape = CASES.find((one) => one.name === "keep-alive");
  if (shape === undefined) throw new Error("no case for the idle run");
  for (const name of ["ours", "peer"] as const) {
    const side = await startSide(name, name === "ours" ? ours : ["haproxy"], { ...shape, name: IDLE_CASE }, place);
    try {
      const figures = await measureIdle(side.running.pid, PORTS[name], connections);
      process.stdout.write(idleLine(name === "ours" ? "ha-lb" : "haproxy", figures));
    } finally {
      await side.running.stop();
    }
  }
  process.stdout.write(`bars: ${MEMORY_BARS.idleMb} MB, ${MEMORY_BARS.perConnectionKb} KB\n`);
}
