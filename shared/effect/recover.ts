import { planFormat, planWrites, readJournal, readMeta, type JournalWriter, type WritePlan } from "./journal.ts";
import type { HardState, Members, Recovered, Snapshot } from "./raft.ts";

/**
 * What a node does with its two files when it starts. Every start takes a new boot number and makes it durable before the
 * node says anything. A damaged journal is set aside: the node keeps its vote, and gets the log from its peers.
 */
export type Recovery =
  | {
      readonly kind: "ready";
      readonly recovered: Recovered;
      readonly writer: JournalWriter;
      /** To be carried out before the node starts. */
      readonly plan: WritePlan;
      /** Bytes to keep of the journal before the plan is carried out; null: keep it all. */
      readonly cutTo: number | null;
      /** Set aside the old journal, damaged at this byte. */
      readonly corruptAt: number | null;
    }
  /** Both copies of the vote are unreadable: the node must be removed and added again under a new name. */
  | { readonly kind: "refused" };

export function planRecovery(meta: Uint8Array | null, journal: Uint8Array | null, initialMembers: Members): Recovery {
  if (meta === null || (journal === null && readMeta(meta) === null)) {
    if (journal !== null) return { kind: "refused" };
    return formatted({ term: 0, votedFor: null, boot: 1, recovering: false }, initialMembers, 0, null);
  }
  const known = readMeta(meta);
  if (known === null) return { kind: "refused" };
  const hardState: HardState = { ...known.hardState, boot: known.hardState.boot + 1 };
  const read = journal === null ? null : readJournal(journal);
  if (journal === null || read === null || read.kind === "corrupt") {
    const corruptAt = read?.kind === "corrupt" ? read.offset : null;
    return formatted({ ...hardState, recovering: true }, initialMembers, known.version, corruptAt);
  }
  const writer = { length: read.length, durable: read.length, metaVersion: known.version };
  return {
    kind: "ready",
    recovered: { hardState, snapshot: read.snapshot, entries: read.entries },
    writer,
    plan: planWrites(writer, [{ sequence: 0, hardState, entries: [] }]),
    cutTo: read.length < journal.length ? read.length : null,
    corruptAt: null,
  };
}

function formatted(hardState: HardState, members: Members, metaVersion: number, corruptAt: number | null): Recovery {
  const snapshot: Snapshot = { index: 0, term: 0, members, data: "" };
  return {
    kind: "ready",
    recovered: { hardState, snapshot, entries: [] },
    writer: { length: 0, durable: 0, metaVersion },
    plan: planFormat(hardState, members, metaVersion),
    cutTo: null,
    corruptAt,
  };
}
