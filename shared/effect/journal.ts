import { crc32c } from "./checksum.ts";
import type { Entry, EntryKind, HardState, Members, PersistWrite, Snapshot } from "./raft.ts";

/**
 * The log on disk, as bytes. Two files:
 *
 * `journal` is appended to: records of a 17-byte head and a body. The head holds a checksum over all that follows it, the
 * body's length, the kind, and how many bytes of this file were known durable when the record was written. That last
 * number tells a torn write from damage: a bad record beyond every such number was never acknowledged and is cut off;
 * one before it was acknowledged, so the file is refused. A snapshot replaces the whole file by rename.
 *
 * `meta` holds the hard state twice, each copy with a checksum, written and flushed one after the other: what a node
 * promised by its vote survives the loss of one sector.
 */
export const JOURNAL_HEAD_BYTES = 17;
export const META_SLOT_BYTES = 512;
export const META_SLOT_OFFSETS: readonly [number, number] = [0, 4096];
export const META_FILE_BYTES = META_SLOT_OFFSETS[1] + META_SLOT_BYTES;
/** A length beyond this is damage. It leaves room for the largest transaction. */
export const MAX_RECORD_BYTES = 512 * 1024 * 1024;

const KIND_SNAPSHOT = 1;
const KIND_ENTRY = 2;
const KIND_TRUNCATE = 3;
/** Only says what is durable. Written without a flush after each flush that no other write follows. */
const KIND_SEAL = 4;
/** More of the snapshot before it. */
const KIND_SNAPSHOT_PART = 5;
/** UTF-16 units of a snapshot in one record. */
const SNAPSHOT_PART_LENGTH = 256 * 1024;
const ENTRY_KINDS: readonly EntryKind[] = ["noop", "command", "members"];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A buffer that grows; bytes handed out are copied. */
class ByteWriter {
  private bytes: Uint8Array = new Uint8Array(1024);
  private view: DataView = new DataView(this.bytes.buffer);
  length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Writes one record; `fill` writes the fixed part of the body, `text` follows it. */
  record(kind: number, durable: number, numbers: readonly number[], entryKind: number, text: string): void {
    const start = this.length;
    const fixed = numbers.length * 8 + 1;
    this.reserve(JOURNAL_HEAD_BYTES + fixed + text.length * 3);
    let at = start + JOURNAL_HEAD_BYTES;
    for (const number of numbers) {
      this.view.setFloat64(at, number, true);
      at += 8;
    }
    this.bytes[at] = entryKind;
    at += 1;
    at += encoder.encodeInto(text, this.bytes.subarray(at)).written;
    this.view.setUint32(start + 4, at - start - JOURNAL_HEAD_BYTES, true);
    this.bytes[start + 8] = kind;
    this.view.setFloat64(start + 9, durable, true);
    this.view.setUint32(start, crc32c(this.bytes, start + 4, at), true);
    this.length = at;
  }

  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.length);
    taken.set(this.bytes.subarray(0, this.length));
    this.length = 0;
    return taken;
  }
}

export type DiskOperation =
  | { readonly kind: "meta"; readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "append"; readonly bytes: Uint8Array<ArrayBuffer> }
  /**
   * Write a new file of these parts, flush it, put it in the journal's place by rename, flush the directory. A part is made
   * when it is asked for, so that a large snapshot can be written without holding everything else up.
   */
  | { readonly kind: "replace"; readonly parts: () => Iterable<Uint8Array<ArrayBuffer>> }
  | { readonly kind: "sync"; readonly file: "meta" | "journal" };

/** Where the writer stands. Changed only by `written`, after all operations of a plan were carried out. */
export interface JournalWriter {
  length: number;
  durable: number;
  metaVersion: number;
}

export interface WritePlan {
  readonly operations: readonly DiskOperation[];
  /** What an append adds to the journal's length; a replacement's length is what its parts sum up to. */
  readonly addedLength: number;
  readonly metaVersionAfter: number;
}

const scratch = new ByteWriter();

/** The operations that make a group of writes durable, in order: one flush of the journal for all of them. */
export function planWrites(writer: JournalWriter, writes: readonly PersistWrite[]): WritePlan {
  const operations: DiskOperation[] = [];
  let hardState: HardState | null = null;
  let lastSnapshot = -1;
  let sequence = -1;
  for (const [at, write] of writes.entries()) {
    if (write.sequence <= sequence) throw new Error("writes must be carried out in the order they were issued");
    sequence = write.sequence;
    if (write.hardState !== undefined) hardState = write.hardState;
    if (write.snapshot !== undefined) lastSnapshot = at;
  }
  let metaVersionAfter = writer.metaVersion;
  if (hardState !== null) {
    metaVersionAfter += 1;
    const bytes = encodeMeta(hardState, metaVersionAfter);
    for (const offset of META_SLOT_OFFSETS) {
      operations.push({ kind: "meta", offset, bytes }, { kind: "sync", file: "meta" });
    }
  }
  if (lastSnapshot >= 0) {
    const rest = writes.slice(lastSnapshot);
    operations.push({ kind: "replace", parts: () => replacementParts(rest) });
    return { operations, addedLength: 0, metaVersionAfter };
  }
  scratch.length = 0;
  for (const write of writes) writeChange(scratch, writer.durable, write);
  const addedLength = scratch.length;
  if (addedLength > 0) operations.push({ kind: "append", bytes: scratch.take() }, { kind: "sync", file: "journal" });
  return { operations, addedLength, metaVersionAfter };
}

function writeChange(out: ByteWriter, durable: number, write: PersistWrite): void {
  if (write.truncateAfter !== undefined) out.record(KIND_TRUNCATE, durable, [write.truncateAfter], 0, "");
  for (const entry of write.entries) writeEntry(out, durable, entry);
}

/** Where a piece that starts at `from` ends: never between the two halves of one character. */
function pieceEnd(text: string, from: number): number {
  const end = Math.min(text.length, from + SNAPSHOT_PART_LENGTH);
  const last = text.charCodeAt(end - 1);
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

/** The new file: the snapshot of the first write in pieces, then the entries of all of them. */
function* replacementParts(writes: readonly PersistWrite[]): Generator<Uint8Array<ArrayBuffer>> {
  const out = new ByteWriter();
  const snapshot = writes[0]?.snapshot;
  if (snapshot === undefined) throw new Error("a replacement without a snapshot");
  const { data } = snapshot;
  let at = pieceEnd(data, 0);
  writeSnapshotHead(out, snapshot, data.slice(0, at));
  yield out.take();
  while (at < data.length) {
    const end = pieceEnd(data, at);
    out.record(KIND_SNAPSHOT_PART, 0, [], 0, data.slice(at, end));
    yield out.take();
    at = end;
  }
  for (const write of writes) writeChange(out, 0, write);
  if (out.length > 0) yield out.take();
}

/** All operations of the plan were carried out; `replacedLength`: the length of the new file, if there is one. */
export function written(writer: JournalWriter, plan: WritePlan, replacedLength: number | null): void {
  writer.length = replacedLength ?? writer.length + plan.addedLength;
  writer.durable = writer.length;
  writer.metaVersion = plan.metaVersionAfter;
}

/** A record to append without a flush: it says that all before it is durable. */
export function sealAfter(writer: JournalWriter): Uint8Array<ArrayBuffer> {
  scratch.length = 0;
  scratch.record(KIND_SEAL, writer.durable, [], 0, "");
  return scratch.take();
}

function writeEntry(out: ByteWriter, durable: number, entry: Entry): void {
  out.record(KIND_ENTRY, durable, [entry.index, entry.term], ENTRY_KINDS.indexOf(entry.kind), entry.payload);
}

function writeSnapshotHead(out: ByteWriter, snapshot: Snapshot, firstPart: string): void {
  const members = JSON.stringify({ voters: snapshot.members.voters, learners: snapshot.members.learners });
  out.record(KIND_SNAPSHOT, 0, [snapshot.index, snapshot.term, members.length], 0, members + firstPart);
}

function encodeMeta(hardState: HardState, version: number): Uint8Array<ArrayBuffer> {
  const { term, votedFor, boot, recovering } = hardState;
  const text = encoder.encode(JSON.stringify({ term, votedFor, boot, recovering }));
  if (text.length + 16 > META_SLOT_BYTES) throw new Error("a node's name is too long");
  const bytes = new Uint8Array(META_SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, text.length, true);
  view.setFloat64(8, version, true);
  bytes.set(text, 16);
  view.setUint32(0, crc32c(bytes, 4), true);
  return bytes;
}

interface MetaRead {
  readonly version: number;
  readonly hardState: HardState;
}

function decodeMeta(file: Uint8Array, offset: number): MetaRead | null {
  const bytes = file.subarray(offset, offset + META_SLOT_BYTES);
  if (bytes.length < META_SLOT_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0, true) !== crc32c(bytes, 4)) return null;
  const hardState: HardState = JSON.parse(decoder.decode(bytes.subarray(16, 16 + view.getUint32(4, true))));
  return { version: view.getFloat64(8, true), hardState };
}

/** The newer of the two copies that are sound; null when neither is. */
export function readMeta(file: Uint8Array): MetaRead | null {
  const [first, second] = META_SLOT_OFFSETS.map((offset) => decodeMeta(file, offset));
  if (first === null || first === undefined) return second ?? null;
  return second !== null && second !== undefined && second.version > first.version ? second : first;
}

interface RecordRead {
  readonly kind: number;
  readonly durable: number;
  readonly end: number;
}

function readRecord(file: Uint8Array, view: DataView, at: number): RecordRead | null {
  if (at + JOURNAL_HEAD_BYTES + 1 > file.length) return null;
  const length = view.getUint32(at + 4, true);
  const kind = file[at + 8] ?? 0;
  const end = at + JOURNAL_HEAD_BYTES + length;
  if (kind < KIND_SNAPSHOT || kind > KIND_SNAPSHOT_PART || length > MAX_RECORD_BYTES || end > file.length) return null;
  const durable = view.getFloat64(at + 9, true);
  if (!(durable >= 0 && durable <= at)) return null;
  if (view.getUint32(at, true) !== crc32c(file, at + 4, end)) return null;
  return { kind, durable, end };
}

export type JournalRead =
  | {
      readonly kind: "sound";
      readonly snapshot: Snapshot;
      readonly entries: readonly Entry[];
      /** Where the sound part ends; what follows is an unfinished write and is to be cut. */
      readonly length: number;
      /** What lies before this was flushed: a later record says so. */
      readonly vouchedTo: number;
    }
  | { readonly kind: "corrupt"; readonly offset: number };

/** Reads a journal. Never gives part of what was acknowledged: it is sound, or it is refused. */
export function readJournal(file: Uint8Array): JournalRead {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let at = 0;
  let durable = 0;
  let snapshot: Snapshot | null = null;
  const parts: string[] = [];
  const entries: Entry[] = [];
  while (at < file.length) {
    const record = readRecord(file, view, at);
    if (record === null) break;
    durable = Math.max(durable, record.durable);
    const body = at + JOURNAL_HEAD_BYTES;
    if (record.kind === KIND_SNAPSHOT) {
      if (at !== 0) return { kind: "corrupt", offset: at };
      snapshot = decodeSnapshot(file, view, body, record.end);
    } else if (record.kind === KIND_SNAPSHOT_PART) {
      parts.push(decoder.decode(file.subarray(body + 1, record.end)));
    } else if (record.kind === KIND_ENTRY) {
      const entry = decodeEntry(file, view, body, record.end);
      if (entry.index !== (snapshot?.index ?? 0) + entries.length + 1) return { kind: "corrupt", offset: at };
      entries.push(entry);
    } else if (record.kind === KIND_TRUNCATE) {
      entries.length = Math.max(0, view.getFloat64(body, true) - (snapshot?.index ?? 0));
    }
    at = record.end;
  }
  if (snapshot === null || durableBeyond(file, view, at) > at || durable > at) return { kind: "corrupt", offset: at };
  if (parts.length > 0) snapshot = { ...snapshot, data: snapshot.data + parts.join("") };
  return { kind: "sound", snapshot, entries, length: at, vouchedTo: durable };
}

/** What sound records after a bad place say was durable: the search goes byte by byte, as lengths can't be trusted there. */
function durableBeyond(file: Uint8Array, view: DataView, from: number): number {
  let durable = 0;
  let at = from + 1;
  while (at + JOURNAL_HEAD_BYTES < file.length) {
    const record = readRecord(file, view, at);
    if (record !== null) durable = Math.max(durable, record.durable);
    at = record === null ? at + 1 : record.end;
  }
  return durable;
}

function decodeEntry(file: Uint8Array, view: DataView, body: number, end: number): Entry {
  const kind = ENTRY_KINDS[file[body + 16] ?? -1];
  if (kind === undefined) throw new Error("an entry of a kind that this version doesn't know");
  const payload = decoder.decode(file.subarray(body + 17, end));
  return { index: view.getFloat64(body, true), term: view.getFloat64(body + 8, true), kind, payload };
}

function decodeSnapshot(file: Uint8Array, view: DataView, body: number, end: number): Snapshot {
  const text = decoder.decode(file.subarray(body + 25, end));
  const membersLength = view.getFloat64(body + 16, true);
  const members: Members = JSON.parse(text.slice(0, membersLength));
  return {
    index: view.getFloat64(body, true),
    term: view.getFloat64(body + 8, true),
    members,
    data: text.slice(membersLength),
  };
}

/** The operations that start a node's storage anew, with the given members and nothing in the log. */
export function planFormat(hardState: HardState, members: Members, metaVersion: number): WritePlan {
  const snapshot: Snapshot = { index: 0, term: 0, members, data: "" };
  const write: PersistWrite = { sequence: 0, hardState, snapshot, entries: [] };
  return planWrites({ length: 0, durable: 0, metaVersion }, [write]);
}
