/**
 * Counts that hold over all workers. They live in one file in memory that every worker maps: each worker has a row of
 * cells of its own, which only it writes, and a count is the sum over the rows. The master clears the row of a worker
 * that died, so that nothing is lost with it.
 */
import { closeSync, ftruncateSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

const FOLDER = "/dev/shm";
const PREFIX = "ha-lb-";
/** Counts of one worker; what doesn't fit is counted by each worker alone. */
export const MOST_CELLS = 65_536;
/** Rows of the file. Workers beyond that count alone. */
export const MOST_WORKERS = 64;
/** For a place that two workers reach for at once. */
const MOST_ATTEMPTS = 4;
const CELL_BYTES = 4;
const FILE_BYTES = MOST_WORKERS * MOST_CELLS * CELL_BYTES;

export class SharedCounts {
  private readonly cells: Int32Array;
  /** Rows in use: as many as there may be workers. */
  rows = 1;

  /** @param row the worker's own, from 0 */
  constructor(
    path: string,
    private readonly row: number,
  ) {
    const bytes = Bun.mmap(path, { shared: true });
    if (bytes.length < FILE_BYTES) throw new Error(`${path} is too small for the counts`);
    this.cells = new Int32Array(bytes.buffer, bytes.byteOffset, MOST_WORKERS * MOST_CELLS);
  }

  /** Adds to this worker's cell. The others see it before anything that this worker reads afterwards. */
  add(cell: number, amount: number): void {
    Atomics.add(this.cells, this.row * MOST_CELLS + cell, amount);
  }
  set(cell: number, value: number): void {
    Atomics.store(this.cells, this.row * MOST_CELLS + cell, value);
  }

  /** Over all workers. */
  sum(cell: number): number {
    let sum = 0;
    for (let at = cell; at < this.rows * MOST_CELLS; at += MOST_CELLS) sum += Atomics.load(this.cells, at);
    return sum;
  }

  /** Values of the other workers' cells. */
  others(cell: number): readonly number[] {
    const values: number[] = [];
    for (let row = 0; row < this.rows; row += 1) {
      if (row !== this.row) values.push(Atomics.load(this.cells, row * MOST_CELLS + cell));
    }
    return values;
  }

  /** A worker is gone with all that it held. */
  clearRow(row: number, cells: number): void {
    this.cells.fill(0, row * MOST_CELLS, row * MOST_CELLS + cells);
  }
}

/** Makes the file; throws where there is no memory to share. Names that processes left behind which are gone are removed on the way. */
export function createCountsFile(): string {
  for (const name of readdirSync(FOLDER)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(FOLDER, name), { force: true });
  }
  const path = join(FOLDER, `${PREFIX}${process.pid}-${randomBytes(8).toString("hex")}`);
  const file = openSync(path, "wx+", 0o600);
  // Pages that nobody touches take no memory.
  ftruncateSync(file, FILE_BYTES);
  closeSync(file);
  return path;
}

/**
 * Makes sure that there is memory behind cells which nobody uses yet: touching them later must not fail. Throws when there
 * is none.
 */
export function reserveCells(path: string, row: number, from: number, to: number): void {
  const file = openSync(path, "r+");
  try {
    const zeros = Buffer.alloc((to - from) * CELL_BYTES);
    writeSync(file, zeros, 0, zeros.length, (row * MOST_CELLS + from) * CELL_BYTES);
  } finally {
    closeSync(file);
  }
}

export function removeCountsFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Not ours any more after the privileges were dropped: the next start removes it.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Numbers of cells by name, for all workers alike. They are given once and kept over reloads. */
export class CellNumbers {
  private readonly numbers = new Map<string, number>();

  get size(): number {
    return this.numbers.size;
  }

  /** Undefined when all are taken. */
  of(name: string): number | undefined {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    if (this.numbers.size >= MOST_CELLS) return undefined;
    this.numbers.set(name, this.numbers.size);
    return this.numbers.size - 1;
  }
}

/** What sessions are counted on: a server, a backend, a frontend, or the process. */
export class Occupied {
  /** Sessions of this worker. */
  own = 0;
  private counts: SharedCounts | undefined;
  private cell = 0;

  /** Sessions now, of all workers. */
  get active(): number {
    return this.counts === undefined ? this.own : this.counts.sum(this.cell);
  }

  share(counts: SharedCounts, cell: number): void {
    this.counts = counts;
    this.cell = cell;
  }

  /** One more, whatever the limit. */
  enter(): void {
    this.own += 1;
    if (this.counts !== undefined) this.counts.add(this.cell, 1);
  }

  /**
   * One more, unless that would be more than `most`. The place is taken before the others are counted: two workers at
   * once may both be refused, and are never both let in.
   */
  tryEnter(most: number): boolean {
    const { counts } = this;
    if (counts !== undefined) return this.tryShared(counts, most);
    if (this.own >= most) return false;
    this.own += 1;
    return true;
  }

  private tryShared(counts: SharedCounts, most: number): boolean {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      if (counts.sum(this.cell) >= most) return false;
      counts.add(this.cell, 1);
      if (counts.sum(this.cell) <= most) {
        this.own += 1;
        return true;
      }
      counts.add(this.cell, -1);
    }
    return false;
  }

  leave(): void {
    this.own -= 1;
    if (this.counts !== undefined) this.counts.add(this.cell, -1);
  }
}
