import * as fs from "node:fs";
import { join } from "node:path";
import { planWrites, sealAfter, written, type DiskOperation, type JournalWriter } from "../../effect/journal.ts";
import { planRecovery } from "../../effect/recover.ts";
import type { Members, PersistWrite, Recovered } from "../../effect/raft.ts";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { flock } from "../ffi/fd.ts";
import {
  JournalFiles,
  readJournalFile,
  readMetaFile,
  SYSTEM_CALLS,
  syncDirectory,
  type DiskCalls,
} from "./disk-files.ts";

/**
 * The journal on a real disk: what waits while a flush runs is written together and made durable by the next one (group
 * commit). A full disk stops acknowledgements until there is space. A failed flush is final: what the kernel
 * dropped can't be flushed again, so the process must end and recover from what is really there.
 */
export interface GroupDisk {
  /** Queues a write; `onDurable` is called with its sequence number, in order. */
  enqueue(write: PersistWrite): void;
  close(): void;
}

export interface OpenedDisk {
  readonly recovered: Recovered;
  readonly reasons: readonly Reason[];
  /** Starts to accept writes. */
  start(onDurable: (sequence: number) => void, onReason: (fact: Reason) => void): GroupDisk;
}

const FULL_DISK_RETRY_MS = 250;
/** A disk that is idle for so long flushes its seal: from then on damage to the last group can be told from a torn write. */
const SEAL_FLUSH_AFTER_MS = 500;
/** Writes that wait for the disk; consensus has its own, lower limits, so more is a programming error. */
const MAX_WAITING_WRITES = 100_000;

/**
 * Opens the state directory, mends what may be mended, and takes a new boot number. Null: the vote is unreadable.
 * Throws when another process has it open.
 */
export function openDisk(
  directory: string,
  initialMembers: Members,
  node: string,
  calls: DiskCalls = SYSTEM_CALLS,
): OpenedDisk | null {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = fs.openSync(join(directory, "lock"), "w", 0o600);
  if (flock(lock, "exclusive") < 0) throw new Error(`${directory} is in use by another process`);
  const journalPath = join(directory, "journal");
  fs.rmSync(`${journalPath}.new`, { force: true });
  const journal = readJournalFile(calls, journalPath);
  const recovery = planRecovery(readMetaFile(calls, join(directory, "meta")), journal, initialMembers);
  if (recovery.kind === "refused") return null;
  const reasons: Reason[] = [];
  if (recovery.corruptAt !== null) {
    fs.renameSync(journalPath, `${journalPath}.damaged-${recovery.recovered.hardState.boot}`);
    reasons.push(reason(CORE_REASONS, "CORE_LOG_CORRUPT", { file: journalPath, offset: recovery.corruptAt }));
  }
  const files = new JournalFiles(directory, lock, calls);
  if (recovery.cutTo !== null && journal !== null) {
    const bytes = journal.length - recovery.cutTo;
    fs.ftruncateSync(files.journal, recovery.cutTo);
    reasons.push(reason(CORE_REASONS, "CORE_LOG_TORN", { file: journalPath, bytes }));
  }
  // What was read may still be in the page cache only, even where a flush failed before; nothing is built on it before it
  // is written anew and flushed.
  const end = recovery.cutTo ?? journal?.length ?? 0;
  if (journal !== null && recovery.corruptAt === null && recovery.rewriteFrom < end) {
    files.write(files.journal, journal.subarray(recovery.rewriteFrom, end), recovery.rewriteFrom);
  }
  calls.flushNow(files.journal);
  let replaced: number | null = null;
  for (const operation of recovery.plan.operations) {
    if (operation.kind === "replace") replaced = files.replaceNow(operation.parts());
    else files.carryOutNow(operation, recovery.writer.length);
  }
  syncDirectory(directory);
  written(recovery.writer, recovery.plan, replaced);
  return {
    recovered: recovery.recovered,
    reasons,
    start: (onDurable, onReason) => new JournalDisk(files, recovery.writer, node, onDurable, onReason),
  };
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

class JournalDisk implements GroupDisk {
  private waiting: PersistWrite[] = [];
  private busy = false;
  private closed = false;
  private full = false;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private sealFlush: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly files: JournalFiles,
    private readonly writer: JournalWriter,
    private readonly node: string,
    private readonly onDurable: (sequence: number) => void,
    private readonly onReason: (fact: Reason) => void,
  ) {}

  enqueue(write: PersistWrite): void {
    if (this.closed) throw new Error("the journal is closed, or failed");
    if (this.waiting.length >= MAX_WAITING_WRITES) throw new Error("too many writes wait for the disk");
    this.waiting.push(write);
    if (!this.busy && this.retry === null) this.writeGroup();
  }

  private writeGroup(): void {
    if (this.closed || this.waiting.length === 0) return;
    const group = this.waiting;
    this.waiting = [];
    this.busy = true;
    const done = (error: unknown, replaced: number | null): void => {
      if (this.closed) return;
      if (error !== null && !isDiskFull(error)) this.fail(error);
      if (error !== null) {
        this.busy = false;
        this.waiting = [...group, ...this.waiting];
        this.waitForSpace();
        return;
      }
      this.full = false;
      written(this.writer, plan, replaced);
      // Busy until it is said: what is enqueued meanwhile must not overtake the seal.
      this.onDurable(group[group.length - 1]?.sequence ?? 0);
      this.busy = false;
      if (this.closed) return;
      if (this.waiting.length > 0) this.writeGroup();
      else this.seal();
    };
    const plan = planWrites(this.writer, group);
    this.carryOut(plan.operations, done);
  }

  /**
   * The end: a failed flush can't be repeated, as the kernel may have dropped what it couldn't write and would report success
   * the next time. Whoever catches this finds a disk that takes nothing more and reports nothing durable.
   */
  private fail(error: unknown): never {
    this.closed = true;
    throw new Error("the journal can't be written", { cause: error });
  }

  private carryOut(
    operations: readonly DiskOperation[],
    done: (error: unknown, replaced: number | null) => void,
  ): void {
    let flush = false;
    try {
      for (const operation of operations) {
        if (operation.kind === "replace") {
          void this.files.replace(operation.parts()).then(
            (length) => done(null, length),
            (error: unknown) => done(error, null),
          );
          return;
        }
        if (operation.kind === "sync" && operation.file === "journal") flush = true;
        else this.files.carryOutNow(operation, this.writer.length);
      }
    } catch (error) {
      queueMicrotask(() => done(error, null));
      return;
    }
    if (flush) this.files.calls.flush(this.files.journal, (error) => done(error, null));
    else queueMicrotask(() => done(null, null));
  }

  /** Says in the file that all before is durable; lost at a power cut at worst. */
  private seal(): void {
    const bytes = sealAfter(this.writer);
    try {
      this.files.write(this.files.journal, bytes, this.writer.length);
      this.writer.length += bytes.length;
    } catch (error) {
      if (!isDiskFull(error)) this.fail(error);
      return;
    }
    if (this.sealFlush !== null) clearTimeout(this.sealFlush);
    this.sealFlush = setTimeout(() => this.flushSeal(), SEAL_FLUSH_AFTER_MS);
  }

  private flushSeal(): void {
    this.sealFlush = null;
    if (this.closed || this.busy) return;
    this.busy = true;
    this.files.calls.flush(this.files.journal, (error) => {
      this.busy = false;
      if (this.closed) return;
      if (error !== null) this.fail(error);
      if (this.retry === null) this.writeGroup();
    });
  }

  private waitForSpace(): void {
    if (!this.full) {
      this.full = true;
      const facts = { file: this.files.journalPath, node: this.node };
      this.onReason(reason(CORE_REASONS, "CORE_DISK_FULL", facts));
    }
    this.retry = setTimeout(() => {
      this.retry = null;
      if (!this.busy) this.writeGroup();
    }, FULL_DISK_RETRY_MS);
  }

  close(): void {
    this.closed = true;
    if (this.retry !== null) clearTimeout(this.retry);
    if (this.sealFlush !== null) clearTimeout(this.sealFlush);
    this.files.close();
  }
}
