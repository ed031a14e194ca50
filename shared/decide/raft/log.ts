import type { Entry, Members, Snapshot } from "../../effect/raft.ts";

/**
 * The log in memory: entries after `baseIndex`, without gaps, terms never falling. The snapshot stands at or after the
 * base: entries between the two are kept only to serve followers that are a little late.
 */
export interface Log {
  baseIndex: number;
  baseTerm: number;
  entries: Entry[];
  snapshot: Snapshot;
  /** Memberships in force from an index on; the first one is that of the snapshot, the last one is in force now. */
  membersHistory: { readonly index: number; readonly members: Members }[];
}

export function createLog(snapshot: Snapshot, entries: readonly Entry[]): Log {
  const log: Log = {
    baseIndex: snapshot.index,
    baseTerm: snapshot.term,
    entries: [],
    snapshot,
    membersHistory: [{ index: snapshot.index, members: snapshot.members }],
  };
  for (const entry of entries) appendEntry(log, entry);
  return log;
}

export function lastIndexOf(log: Log): number {
  return log.baseIndex + log.entries.length;
}

export function lastTermOf(log: Log): number {
  const last = log.entries[log.entries.length - 1];
  return last === undefined ? log.baseTerm : last.term;
}

/** The term of the entry at an index, or null when the log doesn't reach it or no longer has it. */
export function termAt(log: Log, index: number): number | null {
  if (index === log.baseIndex) return log.baseTerm;
  const entry = log.entries[index - log.baseIndex - 1];
  return index < log.baseIndex || entry === undefined ? null : entry.term;
}

export function entryAt(log: Log, index: number): Entry {
  const entry = log.entries[index - log.baseIndex - 1];
  if (entry === undefined || entry.index !== index) throw new Error(`log has no entry ${index}`);
  return entry;
}

export function parseMembers(payload: string): Members {
  const value: unknown = JSON.parse(payload);
  if (typeof value !== "object" || value === null || !("voters" in value) || !("learners" in value)) {
    throw new Error("a members entry has no members");
  }
  const names = (list: unknown): readonly string[] => {
    if (!Array.isArray(list)) throw new Error("a members entry has no list");
    return list.map(String);
  };
  return { voters: names(value.voters), learners: names(value.learners) };
}

export function appendEntry(log: Log, entry: Entry): void {
  if (entry.index !== lastIndexOf(log) + 1) throw new Error(`entry ${entry.index} after ${lastIndexOf(log)}`);
  if (entry.term < lastTermOf(log)) throw new Error(`term falls from ${lastTermOf(log)} to ${entry.term}`);
  log.entries.push(entry);
  if (entry.kind === "members") log.membersHistory.push({ index: entry.index, members: parseMembers(entry.payload) });
}

/** Drops the entries after `index`, and the memberships they brought. */
export function truncateAfter(log: Log, index: number): void {
  if (index < log.snapshot.index) throw new Error(`truncation to ${index} would cut the snapshot`);
  log.entries.length = index - log.baseIndex;
  while ((log.membersHistory[log.membersHistory.length - 1]?.index ?? 0) > index && log.membersHistory.length > 1) {
    log.membersHistory.pop();
  }
}

export function membersOf(log: Log): Members {
  const last = log.membersHistory[log.membersHistory.length - 1];
  if (last === undefined) throw new Error("a log without members");
  return last.members;
}

export function membersIndexOf(log: Log): number {
  return log.membersHistory[log.membersHistory.length - 1]?.index ?? 0;
}

export function membersAt(log: Log, index: number): Members {
  for (let at = log.membersHistory.length - 1; at >= 0; at -= 1) {
    const record = log.membersHistory[at];
    if (record !== undefined && record.index <= index) return record.members;
  }
  throw new Error(`no members known at ${index}`);
}

/** Entries (from, …] up to the limits of one batch. */
export function sliceEntries(log: Log, from: number, maxEntries: number, maxSize: number): readonly Entry[] {
  const start = from - log.baseIndex - 1;
  const available = log.entries.length - start;
  if (available <= 0) return [];
  let count = 0;
  let size = 0;
  while (count < available && count < maxEntries) {
    size += (log.entries[start + count]?.payload.length ?? 0) + 24;
    if (count > 0 && size > maxSize) break;
    count += 1;
  }
  return log.entries.slice(start, start + count);
}

/** Takes a snapshot of the present log in: entries up to it are dropped, but for those after `keepAfter`. */
export function compactLog(log: Log, snapshot: Snapshot, keepAfter: number): void {
  if (snapshot.index <= log.snapshot.index) throw new Error("a snapshot must move forward");
  log.snapshot = snapshot;
  while ((log.membersHistory[1]?.index ?? Number.POSITIVE_INFINITY) <= snapshot.index) log.membersHistory.shift();
  const newBase = Math.max(log.baseIndex, Math.min(snapshot.index, keepAfter));
  const baseTerm = termAt(log, newBase);
  if (baseTerm === null) throw new Error("compaction past the log");
  log.entries = log.entries.slice(newBase - log.baseIndex);
  log.baseIndex = newBase;
  log.baseTerm = baseTerm;
}

/** Replaces the whole log by a snapshot that came from the leader. */
export function resetLog(log: Log, snapshot: Snapshot): void {
  const fresh = createLog(snapshot, []);
  log.baseIndex = fresh.baseIndex;
  log.baseTerm = fresh.baseTerm;
  log.entries = fresh.entries;
  log.snapshot = snapshot;
  log.membersHistory = fresh.membersHistory;
}
