import { describe, expect, test } from "bun:test";
import type { DiskOperation, DiskVoteEvent, SlotSight, VoteBlock } from "../../effect/disk-vote.ts";
import { diskVoteMachine } from "./disk-vote.ts";

const TTL_MS = 1000;
const EMPTY: SlotSight = { mark: "", block: null, damaged: false };

/** Nodes at a disk that answers at once, by one clock; steps of 10 ms. */
class Table {
  nowMs = 0;
  readonly sectors: SlotSight[];
  readonly said: string[] = [];
  readonly away = new Set<number>();
  readonly nodes;
  private readonly open: (DiskOperation | null)[];

  constructor(count: number) {
    this.sectors = Array.from({ length: count }, () => EMPTY);
    this.open = this.sectors.map(() => null);
    this.nodes = this.sectors.map((_, slot) => this.join(slot, 1));
  }

  private join(slot: number, life: number) {
    const settings = { node: `n${slot}`, slot, slots: this.sectors.length, life: `${slot}.${life}`, ttlMs: TTL_MS };
    return diskVoteMachine(settings, this.nowMs);
  }

  restart(slot: number, life: number): void {
    this.nodes[slot] = this.join(slot, life);
    this.open[slot] = null;
  }

  feed(slot: number, event: DiskVoteEvent): void {
    const outcome = this.nodes[slot]?.step(event, this.nowMs);
    for (const fact of outcome?.reasons ?? []) this.said.push(`${this.nowMs} n${slot} ${fact.code}`);
    if (outcome?.operation !== undefined && outcome.operation !== null) this.open[slot] = outcome.operation;
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      for (const [slot, node] of this.nodes.entries()) {
        if (this.away.has(slot)) continue;
        const operation = this.open[slot] ?? null;
        this.open[slot] = null;
        if (operation?.kind === "write") this.put(operation.block);
        if (operation !== null) {
          const slots = [...this.sectors];
          this.feed(slot, operation.kind === "read" ? { kind: "read", slots } : { kind: "wrote" });
        } else if (this.nowMs >= node.nextDueMs()) this.feed(slot, { kind: "tick" });
      }
    }
  }

  put(block: VoteBlock): void {
    this.sectors[block.slot] = { mark: `${block.life}/${block.sequence}`, block, damaged: false };
  }

  holders(): string {
    return this.nodes.map((node) => (this.nowMs < node.heldUntilMs() ? "H" : "-")).join("");
  }
}

describe("the vote of a disk", () => {
  test("the first gets it after one time to live, and keeps it", () => {
    const table = new Table(2);
    table.run(900);
    expect(table.holders()).toBe("--");
    table.run(300);
    expect(table.holders()).toBe("H-");
    table.run(5000);
    expect(table.holders()).toBe("H-");
    expect(table.said.filter((line) => line.includes("VOTE"))).toHaveLength(1);
  });

  test("who dies is waited out: nobody holds it for a while, then the other one does, by a higher claim", () => {
    const table = new Table(2);
    table.run(2000);
    table.away.add(0);
    table.run(950);
    expect(table.holders()).toBe("--");
    table.run(2000);
    expect(table.holders()).toBe("-H");
    expect(table.nodes[1]?.epoch()).toBeGreaterThan(table.nodes[0]?.epoch() ?? 0);
  });

  test("who leaves in order is followed after one time to live", () => {
    const table = new Table(2);
    table.run(2000);
    table.feed(0, { kind: "release" });
    expect(table.holders()).toBe("--");
    table.run(100);
    expect(table.nodes[0]?.isReleased()).toBe(true);
    table.away.add(0);
    table.run(1300);
    expect(table.holders()).toBe("-H");
  });

  test("an operation that is never answered ends the vote by the clock alone", () => {
    const table = new Table(1);
    table.run(2000);
    expect(table.holders()).toBe("H");
    table.away.add(0);
    table.run(890);
    expect(table.holders()).toBe("-");
  });

  test("a vote that lapsed needs a new claim, though nobody else came", () => {
    const table = new Table(2);
    table.away.add(1);
    table.run(2000);
    table.away.add(0);
    table.run(1000);
    table.away.delete(0);
    table.run(500);
    expect(table.holders()).toBe("--");
    expect(table.said.some((line) => line.includes("n0 CORE_DISK_VOTE_LOST"))).toBe(true);
    table.run(1000);
    expect(table.holders()).toBe("H-");
  });

  test("a claim on the disk keeps a holder from prolonging, whatever else it reads", () => {
    const table = new Table(2);
    table.away.add(1);
    table.run(2000);
    table.put({ slot: 1, life: "1.9", sequence: 1, epoch: 9, flag: "claim" });
    table.run(950);
    expect(table.holders()).toBe("--");
  });

  test("a damaged block of a dead node blocks for one time to live, no longer", () => {
    const table = new Table(2);
    table.away.add(1);
    table.sectors[1] = { mark: "damage", block: null, damaged: true };
    table.run(950);
    expect(table.sectors[0]?.block?.flag).toBe("idle");
    table.run(1300);
    expect(table.holders()).toBe("H-");
  });

  test("a late write of an earlier life takes the vote away; the node puts it right", () => {
    const table = new Table(2);
    table.run(2000);
    table.restart(0, 2);
    table.put({ slot: 0, life: "0.1", sequence: 99, epoch: 0, flag: "hold" });
    table.run(100);
    expect(table.sectors[0]?.block).toMatchObject({ life: "0.2" });
    table.run(2500);
    expect(table.holders()).toMatch(/^(H-|-H)$/);
  });

  test("unreachable is told once, and once when it is back", () => {
    const table = new Table(1);
    table.feed(0, { kind: "tick" });
    for (let time = 0; time < 3; time += 1) {
      table.feed(0, { kind: "failed", detail: "EIO" });
      table.nowMs += 300;
      table.feed(0, { kind: "tick" });
    }
    table.run(100);
    expect(table.said.map((line) => line.split(" ")[2])).toEqual(["CORE_DISK_UNREACHABLE", "CORE_DISK_BACK"]);
  });
});
