import {
  META_FILE_BYTES,
  planWrites,
  sealAfter,
  written,
  type DiskOperation,
  type JournalWriter,
  type WritePlan,
} from "../effect/journal.ts";
import { planRecovery, type Recovery } from "../effect/recover.ts";
import type { Members, PersistWrite } from "../effect/raft.ts";
import type { Random } from "../decide/random.ts";
import type { Tally } from "./tally.ts";

/**
 * A pretended disk under the real journal format. What was flushed stays; what was only written may at a power cut be lost,
 * cut short, or torn (some of its sectors arrive, others don't). What a failed flush leaves behind can be read as long as there
 * is power, and no later flush writes it: the page cache takes it for clean.
 */
const SECTOR_BYTES = 512;

interface Chunk {
  readonly bytes: Uint8Array;
  durable: boolean;
  /** Its flush failed: only written anew does it become durable. */
  readonly stuck: boolean;
  /** The bytes of the file that its records say were flushed before they were written; 0 for what arrived in part. */
  readonly vouchesTo: number;
}

/** What the next group of writes meets with: an error while it is written, or when it is flushed. */
export type DiskError = "write" | "flush";

export interface SimDisk {
  meta: Uint8Array | null;
  chunks: Chunk[] | null;
  writer: JournalWriter;
  /** Writes that wait while the disk is busy: they become one group. */
  queue: PersistWrite[];
  busy: { readonly plan: WritePlan; readonly sequence: number } | null;
  full: boolean;
  slowMs: number;
  /** A disk that says it flushed and did not. */
  lies: boolean;
  error: { readonly at: DiskError; readonly downMs: number } | null;
  /** What became of what was on it, for the counts of what a run has really met. */
  readonly tally: Tally;
  /** A byte was changed that a later record vouches for, since the last start. */
  damaged: boolean;
}

export function createDisk(tally: Tally): SimDisk {
  return {
    meta: null,
    chunks: null,
    writer: { length: 0, durable: 0, metaVersion: 0 },
    queue: [],
    busy: null,
    full: false,
    slowMs: 0,
    lies: false,
    error: null,
    tally,
    damaged: false,
  };
}

/** Begins to write all that waits, as one group. Null: nothing waits, or the disk is busy or full. */
export function beginWrite(disk: SimDisk): number | null {
  const last = disk.queue[disk.queue.length - 1];
  if (disk.busy !== null || disk.full || last === undefined) return null;
  disk.busy = { plan: planWrites(disk.writer, disk.queue), sequence: last.sequence };
  disk.queue = [];
  return last.sequence;
}

/**
 * The group under way failed: what was written is torn, or left over from a flush that failed. The process has to end.
 * A flush that fails is never tried again: see `rewriteFrom` of a recovery.
 */
export function failWrite(disk: SimDisk, error: DiskError, random: Random): void {
  const busy = disk.busy;
  disk.busy = null;
  if (busy === null) throw new Error("no write is under way");
  for (const operation of busy.plan.operations) {
    if (operation.kind === "append") {
      const torn = error === "write";
      const bytes = torn ? tornBytes(operation.bytes, random) : operation.bytes;
      disk.chunks?.push({ bytes, durable: false, stuck: !torn, vouchesTo: torn ? 0 : disk.writer.durable });
      disk.tally.count(torn ? "failed write" : "failed flush");
      return;
    }
    // A vote that can't be written, or a new file, leaves the old one whole.
    if (operation.kind === "replace" || error === "write") return;
    carryOut(disk, operation);
  }
}

/** The group is durable. Gives the sequence number to report. */
export function endWrite(disk: SimDisk): number {
  const busy = disk.busy;
  if (busy === null) throw new Error("no write is under way");
  for (const operation of busy.plan.operations) carryOut(disk, operation);
  written(disk.writer, busy.plan, replacedLength(disk, busy.plan));
  disk.busy = null;
  if (disk.queue.length === 0 && disk.chunks !== null) {
    const seal = sealAfter(disk.writer);
    disk.chunks.push({ bytes: seal, durable: false, stuck: false, vouchesTo: disk.writer.durable });
    disk.writer.length += seal.length;
  }
  return busy.sequence;
}

function replacedLength(disk: SimDisk, plan: WritePlan): number | null {
  if (!plan.operations.some((operation) => operation.kind === "replace")) return null;
  return (disk.chunks ?? []).reduce((sum, chunk) => sum + chunk.bytes.length, 0);
}

/** All before a durable chunk was flushed with it. */
function flush(chunks: readonly Chunk[]): void {
  for (let at = chunks.length - 1; at >= 0; at -= 1) {
    const chunk = chunks[at];
    if (chunk === undefined || chunk.durable) return;
    chunk.durable = !chunk.stuck;
  }
}

function carryOut(disk: SimDisk, operation: DiskOperation): void {
  switch (operation.kind) {
    case "meta": {
      const file = disk.meta === null ? new Uint8Array(META_FILE_BYTES) : disk.meta.slice();
      file.set(operation.bytes, operation.offset);
      disk.meta = file;
      break;
    }
    case "append":
      if (disk.chunks === null) throw new Error("append without a journal");
      disk.chunks.push({ bytes: operation.bytes, durable: false, stuck: false, vouchesTo: disk.writer.durable });
      break;
    case "replace":
      disk.chunks = [...operation.parts()].map((bytes) => ({ bytes, durable: true, stuck: false, vouchesTo: 0 }));
      break;
    case "sync":
      if (operation.file === "journal" && !disk.lies) flush(disk.chunks ?? []);
      break;
  }
}

/**
 * A power cut in the midst of whatever is under way: some operations of the group are done, the next one is torn, the rest
 * never began; what was not flushed may be lost.
 */
export function cutPower(disk: SimDisk, random: Random): void {
  const busy = disk.busy;
  disk.busy = null;
  disk.queue = [];
  if (busy !== null) {
    const done = random.integer(0, busy.plan.operations.length);
    for (const [at, operation] of busy.plan.operations.entries()) {
      if (at < done) carryOut(disk, operation);
      else if (at === done) tear(disk, operation, random);
    }
  }
  if (disk.chunks === null) return;
  disk.chunks = afterPowerCut(disk, disk.chunks, random);
}

/** What the disk holds: what was flushed, and of what follows the last flush a part. */
function afterPowerCut(disk: SimDisk, chunks: readonly Chunk[], random: Random): Chunk[] {
  const kept: Chunk[] = [];
  const lastDurable = chunks.findLastIndex((chunk) => chunk.durable);
  const loose = chunks.length - 1 - lastDurable;
  const survivors = random.integer(0, loose);
  for (const [at, { bytes, durable, stuck, vouchesTo }] of chunks.entries()) {
    if (durable) {
      kept.push({ bytes, durable, stuck, vouchesTo });
    } else if (at < lastDurable) {
      // The place is there, its sectors never arrived.
      disk.tally.count("lost after a failed flush");
      kept.push({ bytes: new Uint8Array(bytes.length), durable: true, stuck: false, vouchesTo: 0 });
    } else if (stuck || at - lastDurable > survivors) {
      disk.tally.count("unflushed write lost");
      const torn = tornBytes(bytes, random);
      if (torn.length > 0) disk.tally.count("torn write");
      kept.push({ bytes: torn, durable: true, stuck: false, vouchesTo: 0 });
      break;
    } else {
      kept.push({ bytes, durable: true, stuck: false, vouchesTo });
    }
  }
  return kept;
}

function tear(disk: SimDisk, operation: DiskOperation, random: Random): void {
  if (operation.kind === "append") {
    const bytes = tornBytes(operation.bytes, random);
    disk.chunks?.push({ bytes, durable: false, stuck: false, vouchesTo: 0 });
  } else if (operation.kind === "meta") {
    const file = disk.meta === null ? new Uint8Array(META_FILE_BYTES) : disk.meta.slice();
    file.set(operation.bytes.subarray(0, random.integer(0, operation.bytes.length)), operation.offset);
    disk.meta = file;
  }
}

/** A write that was cut short, or whose sectors arrived only in part. */
function tornBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const torn = bytes.slice(0, random.integer(0, bytes.length));
  if (random.chance(0.5)) return torn;
  const whole = bytes.slice();
  for (let at = 0; at < whole.length; at += SECTOR_BYTES) {
    if (random.chance(0.5)) whole.fill(0, at, Math.min(at + SECTOR_BYTES, whole.length));
  }
  return whole;
}

/**
 * Damages one byte that is on the disk, where a later record vouches for it. False: there is no such place. (Damage to the
 * last group alone, before anything vouches for it, can't be told from a torn write by any reader.)
 */
export function corrupt(disk: SimDisk, random: Random): boolean {
  const chunks = disk.chunks ?? [];
  const vouchedTo = chunks.reduce((most, chunk) => Math.max(most, chunk.vouchesTo), 0);
  if (vouchedTo === 0) return false;
  let byte = random.integer(0, vouchedTo - 1);
  disk.chunks = chunks.map((chunk) => {
    const at = byte;
    byte -= chunk.bytes.length;
    if (at < 0 || at >= chunk.bytes.length) return chunk;
    const bytes = chunk.bytes.slice();
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
    return { ...chunk, bytes };
  });
  disk.damaged = true;
  disk.tally.count("damaged sector");
  return true;
}

/** The process is killed: what it had handed to the system stays, and is flushed when the node starts again. */
export function killProcess(disk: SimDisk, random: Random): void {
  const busy = disk.busy;
  disk.busy = null;
  disk.queue = [];
  if (busy === null) return;
  const done = random.integer(0, busy.plan.operations.length);
  for (const operation of busy.plan.operations.slice(0, done)) carryOut(disk, operation);
}

function joined(chunks: readonly Chunk[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.bytes.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, at);
    at += chunk.bytes.length;
  }
  return bytes;
}

/** Starts a node from its disk, as the driver does. */
export function recoverDisk(disk: SimDisk, initialMembers: Members): Recovery {
  const journal = disk.chunks === null ? null : joined(disk.chunks);
  const recovery = planRecovery(disk.meta, journal, initialMembers);
  if (recovery.kind === "refused") return recovery;
  if (journal !== null) {
    disk.chunks = rewritten(disk.chunks ?? [], recovery.cutTo ?? journal.length, recovery.rewriteFrom);
  }
  disk.writer = recovery.writer;
  for (const operation of recovery.plan.operations) carryOut(disk, operation);
  written(disk.writer, recovery.plan, replacedLength(disk, recovery.plan));
  return recovery;
}

/** The file after a start: cut, its end written anew, and flushed. */
function rewritten(chunks: readonly Chunk[], length: number, from: number): Chunk[] {
  const kept: Chunk[] = [];
  let start = 0;
  for (const chunk of chunks) {
    const end = Math.min(start + chunk.bytes.length, length);
    const split = Math.min(Math.max(from, start), end);
    const { stuck, vouchesTo } = chunk;
    const whole = end - start === chunk.bytes.length && (split === start || split === end);
    const says = whole ? vouchesTo : 0;
    if (split > start)
      kept.push({ bytes: chunk.bytes.slice(0, split - start), durable: !stuck, stuck, vouchesTo: says });
    const bytes = chunk.bytes.slice(split - start, end - start);
    if (bytes.length > 0) kept.push({ bytes, durable: true, stuck: false, vouchesTo: says });
    start += chunk.bytes.length;
    if (start >= length) break;
  }
  return kept;
}
