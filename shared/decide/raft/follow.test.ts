import { describe, expect, test } from "bun:test";
import type { Entry, RaftMessage } from "../../effect/raft.ts";
import { lastIndexOf } from "./log.ts";
import { DEFAULT_RAFT_OPTIONS } from "./options.ts";
import { createRaft, type Raft } from "./state.ts";
import { finishStep, persisted, receive } from "./step.ts";

/** What a follower does with messages that a leader hardly ever sends in this order. */
const MEMBERS = { voters: ["a", "b", "c"], learners: [] };

function entry(index: number): Entry {
  return { index, term: 1, kind: "command", payload: `"${index}"` };
}

/** A follower that got these entries of term 1 and acknowledged them, and doesn't know that any is committed. */
function follower(...entries: Entry[]): Raft {
  const hardState = { term: 1, votedFor: null, boot: 1, recovering: false };
  const snapshot = { index: 0, term: 0, members: MEMBERS, data: "" };
  return createRaft("b", DEFAULT_RAFT_OPTIONS, { hardState, snapshot, entries }, 1, 0);
}

function answersTo(raft: Raft, message: RaftMessage): readonly RaftMessage[] {
  receive(raft, "a", message, 10);
  const sent: RaftMessage[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (const effect of finishStep(raft, 10).effects) if (effect.kind === "send") sent.push(effect.message);
    persisted(raft, raft.persistSequence, 10);
  }
  return sent;
}

const chunk = (index: number, offset: number, total: number, data: string): RaftMessage => {
  const head = { kind: "snapshot", term: 1, index, snapshotTerm: 1, members: MEMBERS, round: 1 } as const;
  return { ...head, offset, total, data };
};

describe("follower", () => {
  test("a snapshot that ends inside the log drops nothing of what was acknowledged behind it", () => {
    const raft = follower(entry(1), entry(2), entry(3));
    const [answer] = answersTo(raft, chunk(2, 0, 4, "text"));
    expect(answer).toMatchObject({ kind: "snapshotReply", done: true, offset: 4 });
    expect([lastIndexOf(raft.log), raft.commitIndex]).toEqual([3, 2]);
  });

  test("pieces of a snapshot are taken in order, and each answer says where to go on", () => {
    const raft = follower();
    const offsets = [chunk(5, 0, 6, "ab"), chunk(5, 4, 6, "ef"), chunk(5, 0, 6, "ab"), chunk(5, 2, 6, "cd")].map(
      (piece) => {
        const [answer] = answersTo(raft, piece);
        return answer?.kind === "snapshotReply" ? answer.offset : null;
      },
    );
    expect(offsets).toEqual([2, 2, 2, 4]);
    expect(answersTo(raft, chunk(5, 4, 6, "ef"))[0]).toMatchObject({ done: true });
    expect(raft.log.snapshot).toMatchObject({ index: 5, data: "abcdef" });
  });

  test("another snapshot begins anew, and an empty one is whole at once", () => {
    const raft = follower();
    answersTo(raft, chunk(5, 0, 6, "ab"));
    expect(answersTo(raft, chunk(9, 0, 2, "xy"))[0]).toMatchObject({ done: true, index: 9 });
    expect(raft.log.snapshot.data).toBe("xy");
    expect(answersTo(follower(), chunk(3, 0, 0, ""))[0]).toMatchObject({ done: true });
  });

  test("a leader of an older term is refused, and told the newer one", () => {
    const raft = follower(entry(1));
    answersTo(raft, { kind: "append", term: 4, prevIndex: 1, prevTerm: 1, entries: [], commit: 1, round: 1 });
    expect(answersTo(raft, chunk(9, 0, 2, "xy"))[0]).toMatchObject({ kind: "snapshotReply", term: 4, done: false });
    const old: RaftMessage = { kind: "append", term: 1, prevIndex: 1, prevTerm: 1, entries: [], commit: 1, round: 2 };
    expect(answersTo(raft, old)[0]).toMatchObject({ kind: "appendReply", ok: false, term: 4 });
  });

  test("a committed entry is never overwritten: that is a broken leader, and stops the node", () => {
    const raft = follower(entry(1), entry(2));
    answersTo(raft, { kind: "append", term: 1, prevIndex: 2, prevTerm: 1, entries: [], commit: 2, round: 1 });
    const other: RaftMessage = {
      kind: "append",
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      entries: [1, 2, 3].map((index) => ({ ...entry(index), term: 1 })),
      commit: 2,
      round: 1,
    };
    // What is committed is skipped, not compared: only what follows can be news.
    expect(answersTo(raft, other)[0]).toMatchObject({ ok: true, index: 3 });
    expect(() => receive(raft, "c", { ...other, term: 1 }, 10)).toThrow("two leaders in term 1");
  });
});
