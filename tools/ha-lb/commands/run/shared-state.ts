/** What the master of several workers holds for all of them: the counts' file, tables, and what commands changed. */
import type { DataPlane } from "../../drive/plane.ts";
import {
  CellNumbers,
  createCountsFile,
  MOST_WORKERS,
  removeCountsFile,
  reserveCells,
  SharedCounts,
} from "../../drive/shared-counts.ts";
import { cellNames } from "../../drive/share-plane.ts";
import { applyChanges, HeldCounts, type TableChanges } from "../../drive/table-sharing.ts";
import { nowMs } from "../../drive/timer-wheel.ts";
import { warn } from "./lifecycle.ts";
import type { ToWorker } from "./messages.ts";

/** Entries of one message to a worker that begins. */
const ENTRIES_AT_ONCE = 1000;

const JOURNALLED = /^((add|del) server|(enable|disable|shutdown) frontend|(set|commit|abort|new|del|add) ssl) /;
/** Commands that a new worker repeats; the oldest are forgotten beyond it. */
const MOST_JOURNALLED = 5000;

export class SharedState {
  /** Servers, frontends and certificates as operators changed them, in order: a worker that begins repeats it all. */
  private readonly journal: ToWorker[] = [];
  /** Absent where there is no memory to share: each worker counts alone then. */
  private readonly path: string | undefined;
  private readonly counts: SharedCounts | undefined;
  /** Cells of each row that have memory behind them. */
  private readonly reserved: number[] = [];
  private readonly cells = new CellNumbers();
  private readonly held = new HeldCounts();
  /** Lists that commands changed: their files don't tell what is in force. */
  private readonly changedLists = new Map<string, "map" | "acl">();
  /** The last command on each limit. */
  private readonly limits = new Map<string, string>();
  private workers = 0;

  constructor() {
    try {
      this.path = createCountsFile();
      this.counts = new SharedCounts(this.path, 0);
    } catch (error) {
      this.warn(error);
    }
  }

  private warn(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    warn(`counts can't be shared, maxconn and leastconn are each worker's own: ${detail}`);
  }

  close(): void {
    if (this.path !== undefined) removeCountsFile(this.path);
  }

  /** What a worker finds the counts by. */
  environment(): Readonly<Record<string, string>> {
    return this.path === undefined ? {} : { HA_LB_COUNTS: this.path };
  }

  /** False when there is not enough memory. */
  private reserve(): boolean {
    if (this.path === undefined) return false;
    try {
      for (let row = 0; row < this.workers; row += 1) {
        const from = this.reserved[row] ?? 0;
        if (from < this.cells.size) reserveCells(this.path, row, from, this.cells.size);
        this.reserved[row] = this.cells.size;
      }
      return true;
    } catch (error) {
      this.warn(error);
      return false;
    }
  }

  /** Numbers of the cells for a configuration. Workers need them before they serve it. */
  cellsOf(plane: DataPlane): ToWorker {
    this.workers = Math.min(MOST_WORKERS, Math.max(this.workers, plane.configuration.global.threads));
    const cells: Record<string, number> = {};
    for (const name of cellNames(plane)) {
      const number = this.cells.of(name);
      if (number !== undefined) cells[name] = number;
    }
    return { kind: "cells", workers: this.workers, cells: this.reserve() ? cells : {} };
  }

  /** A command that reaches every worker: later workers need it, too. */
  noteCommand(text: string, payload?: string): void {
    const [, what, first = "", second = ""] = text.split(" ");
    // `commit map @2 FILE`: the version comes before the list.
    const name = first.startsWith("@") ? second : first;
    if (JOURNALLED.test(text)) {
      this.journal.push({ kind: "command", text, ...(payload === undefined ? {} : { payload }) });
      if (this.journal.length > MOST_JOURNALLED) this.journal.shift();
    }
    if (what === "map" || what === "acl") this.changedLists.set(name, what);
    if (what === "maxconn") this.limits.set(name === "global" ? name : text.split(" ").slice(2, 4).join(" "), text);
  }

  /** After a reload the files count again. */
  forgetCommands(): void {
    this.changedLists.clear();
    this.limits.clear();
    this.journal.length = 0;
  }

  /** All that a worker which begins has to know besides its configuration. */
  *introduction(plane: DataPlane): Iterable<ToWorker> {
    yield this.cellsOf(plane);
    yield* this.journal;
    for (const text of this.limits.values()) yield { kind: "command", text };
    for (const [name, what] of this.changedLists) {
      const list = plane.patterns.find(name);
      if (list === undefined) continue;
      yield { kind: "command", text: `clear ${what} ${name}` };
      const lines = Array.from(list.entries(), (entry) =>
        what === "map" ? `${entry.text} ${entry.value}` : entry.text,
      );
      if (lines.length > 0) yield { kind: "command", text: `add ${what} ${name}`, payload: lines.join("\n") };
    }
    const now = nowMs();
    for (const table of plane.tables.names()) {
      const entries = plane.tables.store(table)?.copies(now) ?? [];
      for (let at = 0; at < entries.length; at += ENTRIES_AT_ONCE) {
        yield { kind: "entries", table, entries: entries.slice(at, at + ENTRIES_AT_ONCE) };
      }
    }
  }

  /** A worker told what it did to a table. */
  take(worker: number, plane: DataPlane, changes: TableChanges): void {
    this.held.note(worker, changes);
    applyChanges(plane.tables, changes);
  }

  /** A worker is gone: what it held is given back. @returns what the others have to hear */
  release(worker: number, plane: DataPlane, last: boolean): readonly TableChanges[] {
    // Two of one number can be there while one of them finishes: the row is cleared with the last.
    if (last && worker <= MOST_WORKERS) this.counts?.clearRow(worker - 1, this.cells.size);
    const released = this.held.release(worker);
    for (const changes of released) applyChanges(plane.tables, changes);
    return released;
  }
}
