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
      /**
       * What is kept of the journal from here on is to be written once more before anything is built on it: a flush that failed
       * in an earlier life leaves it in the page cache, readable and marked as clean, where no later flush would write it.
       */
      readonly rewriteFrom: number;
      /** Set aside the old journal, damaged at this byte. */
      readonly corruptAt: number | null;
    }
  /** Both copies of the vote are unreadable: the node must be removed and added again under a new name. */
  | { readonly kind: "refused" };

export function planRecovery(
  metaFile: Uint8Array | null,
  journalFile: Uint8Array | null,
  initialMembers: Members,
): Recovery {
  // A start that was cut short may leave files that nothing was written to.
  const meta = metaFile === null || metaFile.every((byte) => byte === 0) ? null : metaFile;
  const journal = journalFile === null || journalFile.length === 0 ? null : journalFile;
  const known = meta === null ? null : readMeta(meta);
  const read = journal === null ? null : readJournal(journal);
  if (known === null) {
    // A first start writes the journal before the vote: an empty journal alone is a first start that was cut short.
    const untouched = read === null ? meta === null : read.kind === "sound" && read.entries.length === 0;
    if (!untouched || (read?.kind === "sound" && read.snapshot.index > 0)) return { kind: "refused" };
    return firstStart(initialMembers);
  }
  const hardState: HardState = { ...known.hardState, boot: known.hardState.boot + 1 };
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
    rewriteFrom: read.vouchedTo,
    corruptAt: null,
  };
}

function firstStart(members: Members): Recovery {
  const start = formatted({ term: 0, votedFor: null, boot: 1, recovering: false }, members, 0, null);
  if (start.kind === "refused") return start;
  const journalFirst = [...start.plan.operations].sort(
    (a, b) => Number(b.kind === "replace") - Number(a.kind === "replace"),
  );
  return { ...start, plan: { ...start.plan, operations: journalFirst } };
}

function formatted(hardState: HardState, members: Members, metaVersion: number, corruptAt: number | null): Recovery {
  const snapshot: Snapshot = { index: 0, term: 0, members, data: "" };
  return {
    kind: "ready",
    recovered: { hardState, snapshot, entries: [] },
    writer: { length: 0, durable: 0, metaVersion },
    plan: planFormat(hardState, members, metaVersion),
    cutTo: null,
    rewriteFrom: 0,
    corruptAt,
  };
}
