import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { crc32c } from "./checksum.ts";
import { planFormat, planWrites, readJournal, readMeta, sealAfter, written, type JournalWriter } from "./journal.ts";
import type { Entry, HardState, PersistWrite } from "./raft.ts";
import { planRecovery } from "./recover.ts";

const MEMBERS = { voters: ["a", "b", "c"], learners: [] };
const HARD: HardState = { term: 1, votedFor: "a", boot: 1, recovering: false };

/** A journal in memory, as the disk would hold it. */
class MemoryJournal {
  bytes = new Uint8Array(0);
  meta = new Uint8Array(8192);
  writer: JournalWriter = { length: 0, durable: 0, metaVersion: 0 };

  write(plan = planFormat(HARD, MEMBERS, 0)): void {
    let replaced: number | null = null;
    for (const operation of plan.operations) {
      if (operation.kind === "append") this.append(operation.bytes);
      else if (operation.kind === "meta") this.meta.set(operation.bytes, operation.offset);
      else if (operation.kind === "replace") {
        this.bytes = new Uint8Array(0);
        for (const part of operation.parts()) this.append(part);
        replaced = this.bytes.length;
      }
    }
    written(this.writer, plan, replaced);
  }

  add(sequence: number, change: Partial<PersistWrite>): void {
    this.write(planWrites(this.writer, [{ sequence, entries: [], ...change }]));
  }

  append(bytes: Uint8Array): void {
    const grown = new Uint8Array(this.bytes.length + bytes.length);
    grown.set(this.bytes);
    grown.set(bytes, this.bytes.length);
    this.bytes = grown;
  }

  seal(): void {
    const seal = sealAfter(this.writer);
    this.append(seal);
    this.writer.length += seal.length;
  }
}

const entry = (index: number, payload = "x", term = 1): Entry => ({ index, term, kind: "command", payload });

function journalOf(...groups: readonly (readonly Entry[])[]): MemoryJournal {
  const journal = new MemoryJournal();
  journal.write();
  for (const [at, entries] of groups.entries()) journal.add(at + 1, { entries });
  return journal;
}

function soundEntries(bytes: Uint8Array): readonly Entry[] {
  const read = readJournal(bytes);
  if (read.kind !== "sound") throw new Error(`corrupt at ${read.offset}`);
  return read.entries;
}

describe("checksum", () => {
  test("the check value of CRC-32C", () => expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283));

  test("any length agrees with the definition, bit by bit", () => {
    const slow = (bytes: Uint8Array): number => {
      let crc = 0xffffffff;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
      }
      return (crc ^ 0xffffffff) >>> 0;
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => crc32c(bytes) === slow(bytes)));
  });
});

describe("journal", () => {
  test("gives back what was written, whatever the text", () => {
    const payloads = fc.array(fc.string({ unit: "grapheme", maxLength: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(payloads, (texts) => {
        const entries = texts.map((text, at) => entry(at + 1, text));
        expect(soundEntries(journalOf(entries).bytes)).toEqual(entries);
      }),
    );
  });

  test("a snapshot of many pieces comes back whole, characters of two units included", () => {
    const data = "🜁é".repeat(300_000);
    const journal = journalOf([entry(1)]);
    journal.add(5, { snapshot: { index: 1, term: 1, members: MEMBERS, data }, entries: [entry(2)] });
    const read = readJournal(journal.bytes);
    expect(read.kind === "sound" && read.snapshot.data === data && read.entries).toEqual([entry(2)]);
  });

  test("a truncation takes back what it covers", () => {
    const journal = journalOf([entry(1), entry(2), entry(3)]);
    journal.add(9, { truncateAfter: 1, entries: [entry(2, "new", 2)] });
    expect(soundEntries(journal.bytes)).toEqual([entry(1), entry(2, "new", 2)]);
  });

  test("cut anywhere in the last group, the groups before it are whole", () => {
    const journal = journalOf([entry(1), entry(2)], [entry(3), entry(4)]);
    const before = journalOf([entry(1), entry(2)]).bytes.length;
    for (let length = before; length < journal.bytes.length; length += 1) {
      const entries = soundEntries(journal.bytes.slice(0, length));
      expect(entries.length).toBeGreaterThanOrEqual(2);
      expect(entries).toEqual([entry(1), entry(2), entry(3), entry(4)].slice(0, entries.length));
    }
  });

  test("sectors of the last group that never arrived are a torn write, not damage", () => {
    const journal = journalOf([entry(1)], [entry(2, "y".repeat(600)), entry(3, "z".repeat(600))]);
    const last = journalOf([entry(1)]).bytes.length;
    journal.bytes.fill(0, last, last + 512);
    expect(soundEntries(journal.bytes)).toEqual([entry(1)]);
  });

  test("any one bit wrong in what a later record vouches for is refused", () => {
    const journal = journalOf([entry(1), entry(2)]);
    const vouched = journal.bytes.length;
    journal.seal();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: vouched - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bytes = journal.bytes.slice();
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        expect(readJournal(bytes).kind).toBe("corrupt");
      }),
      { numRuns: 400 },
    );
  });

  test("random bytes are never taken for a journal, and never throw", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => readJournal(bytes).kind === "corrupt"));
  });

  test("writes out of order are a programming error", () => {
    const writes = [2, 1].map((sequence) => ({ sequence, entries: [] }));
    expect(() => planWrites({ length: 0, durable: 0, metaVersion: 0 }, writes)).toThrow("in the order");
  });
});

describe("recovery", () => {
  test("the first start takes boot 1, every later one the next", () => {
    const first = planRecovery(null, null, MEMBERS);
    expect(first.kind === "ready" && first.recovered.hardState.boot).toBe(1);
    const journal = journalOf([entry(1)]);
    const second = planRecovery(journal.meta, journal.bytes, MEMBERS);
    expect(second.kind === "ready" && second.recovered).toMatchObject({
      hardState: { boot: 2, term: 1, votedFor: "a" },
    });
  });

  test("one damaged copy of the vote is survived, two are refused", () => {
    const journal = journalOf([entry(1)]);
    journal.meta[20] = 0xff;
    expect(readMeta(journal.meta)?.hardState).toEqual(HARD);
    journal.meta[4096 + 20] = 0xff;
    expect(planRecovery(journal.meta, journal.bytes, MEMBERS).kind).toBe("refused");
  });

  test("a damaged log keeps the vote and starts to recover", () => {
    const journal = journalOf([entry(1)]);
    journal.seal();
    journal.bytes[60] = (journal.bytes[60] ?? 0) ^ 1;
    const recovery = planRecovery(journal.meta, journal.bytes, MEMBERS);
    if (recovery.kind !== "ready") throw new Error("refused");
    expect(recovery.corruptAt).toBe(0);
    expect(recovery.recovered).toMatchObject({ hardState: { votedFor: "a", recovering: true }, entries: [] });
  });

  test("a first start that was cut short is a first start again", () => {
    const empty = new Uint8Array(0);
    const zeros = new Uint8Array(8192);
    const journal = journalOf();
    for (const [meta, bytes] of [
      [zeros, empty],
      [zeros, null],
      [null, empty],
      [zeros, journal.bytes],
    ] as const) {
      const recovery = planRecovery(meta, bytes, MEMBERS);
      expect(recovery.kind === "ready" && recovery.recovered.hardState).toMatchObject({ boot: 1, recovering: false });
    }
  });

  test("a lost journal beside a vote means recovery, not a fresh start", () => {
    const journal = journalOf([entry(1)]);
    const recovery = planRecovery(journal.meta, null, MEMBERS);
    expect(recovery.kind === "ready" && recovery.recovered.hardState.recovering).toBe(true);
  });
});
