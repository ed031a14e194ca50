import {
  META_FILE_BYTES,
  planWrites,
  readJournal,
  sealAfter,
  written,
  type DiskOperation,
  type JournalWriter,
  type WritePlan,
} from "../effect/journal.ts";
import { planRecovery, type Recovery } from "../effect/recover.ts";
import type { Members, PersistWrite } from "../effect/raft.ts";
import type { Random } from "../decide/random.ts";

/**
 * A pretended disk under the real journal format. What was flushed stays; what was only written may at a power cut be lost,
 * cut short, or torn (some of its sectors arrive, others don't).
 */
const SECTOR_BYTES = 512;

interface Chunk {
  readonly bytes: Uint8Array;
  durable: boolean;
}

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
}

export function createDisk(): SimDisk {
  return {
    meta: null,
    chunks: null,
    writer: { length: 0, durable: 0, metaVersion: 0 },
    queue: [],
    busy: null,
    full: false,
    slowMs: 0,
    lies: false,
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

/** The group is durable. Gives the sequence number to report. */
export function endWrite(disk: SimDisk): number {
  const busy = disk.busy;
  if (busy === null) throw new Error("no write is under way");
  for (const operation of busy.plan.operations) carryOut(disk, operation);
  written(disk.writer, busy.plan, replacedLength(disk, busy.plan));
  disk.busy = null;
  if (disk.queue.length === 0 && disk.chunks !== null) {
    const seal = sealAfter(disk.writer);
    disk.chunks.push({ bytes: seal, durable: false });
    disk.writer.length += seal.length;
  }
  return busy.sequence;
}

function replacedLength(disk: SimDisk, plan: WritePlan): number | null {
  if (!plan.operations.some((operation) => operation.kind === "replace")) return null;
  return (disk.chunks ?? []).reduce((sum, chunk) => sum + chunk.bytes.length, 0);
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
      disk.chunks.push({ bytes: operation.bytes, durable: false });
      break;
    case "replace":
      disk.chunks = [...operation.parts()].map((bytes) => ({ bytes, durable: true }));
      break;
    case "sync":
      if (operation.file === "journal" && !disk.lies) for (const chunk of disk.chunks ?? []) chunk.durable = true;
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
  const firstLoose = disk.chunks.findIndex((chunk) => !chunk.durable);
  if (firstLoose < 0) return;
  const loose = disk.chunks.splice(firstLoose);
  const survivors = random.integer(0, loose.length);
  for (const chunk of loose.slice(0, survivors)) disk.chunks.push({ bytes: chunk.bytes, durable: true });
  const next = loose[survivors];
  if (next !== undefined) disk.chunks.push({ bytes: tornBytes(next.bytes, random), durable: true });
}

function tear(disk: SimDisk, operation: DiskOperation, random: Random): void {
  if (operation.kind === "append") {
    disk.chunks?.push({ bytes: tornBytes(operation.bytes, random), durable: false });
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
  const at = random.integer(0, Math.max(0, chunks.length - 2));
  const chunk = chunks[at];
  if (chunk === undefined || chunk.bytes.length === 0) return false;
  const bytes = chunk.bytes.slice();
  const byte = random.integer(0, bytes.length - 1);
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << random.integer(0, 7));
  const damaged = chunks.map((whole, place) => (place === at ? { bytes, durable: true } : whole));
  if (readJournal(joined(damaged)).kind !== "corrupt") return false;
  disk.chunks = damaged;
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
    disk.chunks = [{ bytes: journal.slice(0, recovery.cutTo ?? journal.length), durable: true }];
  }
  disk.writer = recovery.writer;
  for (const operation of recovery.plan.operations) carryOut(disk, operation);
  written(disk.writer, recovery.plan, replacedLength(disk, recovery.plan));
  return recovery;
}
