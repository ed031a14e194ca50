import type { MatchMethod } from "../model/condition.ts";
import { mapLines, patternLines } from "../model/pattern.ts";
import { PatternIndex } from "./acl-patterns.ts";

/** One pattern of a file or of a line, with the value a map gives it. */
export interface PatternEntry {
  readonly id: number;
  readonly text: string;
  value: string;
}

/** Entries one list may hold, also when added at run time. */
export const ENTRIES_MAX = 1_000_000;

/**
 * A list of patterns that several conditions and maps may share: a file, or the patterns of one `acl` line.
 * Changes at run time (`add acl`, `set map`, rules) reach all who use it.
 */
export class PatternList {
  readonly id: number;
  /** The file's name; empty for patterns on a line. */
  readonly path: string;
  readonly isMap: boolean;
  private readonly items = new Map<number, PatternEntry>();
  private readonly indexes: PatternIndex[] = [];
  private nextId = 1;

  constructor(id: number, path: string, isMap: boolean) {
    this.id = id;
    this.path = path;
    this.isMap = isMap;
  }

  get size(): number {
    return this.items.size;
  }

  entries(): Iterable<PatternEntry> {
    return this.items.values();
  }

  /** Adds a pattern. False when the list is full. */
  add(text: string, value = ""): boolean {
    if (this.items.size >= ENTRIES_MAX) return false;
    const entry: PatternEntry = { id: this.nextId, text, value };
    this.nextId += 1;
    this.items.set(entry.id, entry);
    for (const index of this.indexes) index.add(entry);
    return true;
  }

  /** Deletes all entries with this text; gives how many there were. */
  delete(text: string): number {
    return this.deleteWhere((entry) => entry.text === text);
  }

  deleteId(id: number): number {
    return this.deleteWhere((entry) => entry.id === id);
  }

  clear(): void {
    this.deleteWhere(() => true);
  }

  private deleteWhere(test: (entry: PatternEntry) => boolean): number {
    let count = 0;
    for (const entry of this.items.values()) {
      if (!test(entry)) continue;
      this.items.delete(entry.id);
      for (const index of this.indexes) index.remove(entry);
      count += 1;
    }
    return count;
  }

  /** Sets the value of all entries with this text, or adds one. */
  set(text: string, value: string): void {
    let found = false;
    for (const entry of this.items.values()) {
      if (entry.text !== text) continue;
      entry.value = value;
      found = true;
    }
    if (!found) this.add(text, value);
  }

  /** The index for one way of comparing; made once, then kept up to date. */
  index(match: MatchMethod, ignoreCase: boolean): PatternIndex {
    const known = this.indexes.find((index) => index.match === match && index.ignoreCase === ignoreCase);
    if (known !== undefined) return known;
    const index = new PatternIndex(match, ignoreCase);
    for (const entry of this.items.values()) index.add(entry);
    this.indexes.push(index);
    return index;
  }
}

/** Gives a file's text, or undefined when it can't be read. Called only while compiling. */
export type FileReader = (path: string) => string | undefined;

/** All pattern lists of a configuration, so that one file is one list. */
export class PatternRegistry {
  /** Files that could not be read, for the loader to report. */
  readonly unreadable: string[] = [];
  private readonly lists: PatternList[] = [];
  private readonly readFile: FileReader;

  constructor(readFile: FileReader) {
    this.readFile = readFile;
  }

  all(): readonly PatternList[] {
    return this.lists;
  }

  /** `#3` by number, or by file name; what the command socket's commands name. */
  find(reference: string): PatternList | undefined {
    const number = /^#(\d+)$/.exec(reference)?.[1];
    if (number !== undefined) return this.lists.find((list) => list.id === Number(number));
    return this.lists.find((list) => list.path === reference);
  }

  /** A file's whole text, when there is such a file. */
  text(path: string): string | undefined {
    return this.readFile(path);
  }

  /** The list of a file; read at first use. */
  file(path: string, isMap: boolean): PatternList {
    const known = this.lists.find((list) => list.path === path && list.isMap === isMap);
    if (known !== undefined) return known;
    const list = this.create(path, isMap);
    const text = this.readFile(path);
    if (text === undefined) this.unreadable.push(path);
    else if (isMap) for (const [key, value] of mapLines(text)) list.add(key, value);
    else for (const line of patternLines(text)) list.add(line);
    return list;
  }

  /** A list of its own, for the patterns on a line. */
  own(patterns: readonly string[], id?: number): PatternList {
    const list = this.create("", false, id);
    for (const pattern of patterns) list.add(pattern);
    return list;
  }

  private create(path: string, isMap: boolean, id?: number): PatternList {
    const list = new PatternList(id ?? this.lists.length, path, isMap);
    this.lists.push(list);
    return list;
  }
}
