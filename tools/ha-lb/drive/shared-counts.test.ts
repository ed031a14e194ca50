import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  CellNumbers,
  createCountsFile,
  Occupied,
  removeCountsFile,
  reserveCells,
  SharedCounts,
} from "./shared-counts.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

describe("counts over workers", () => {
  const path = createCountsFile();
  afterAll(() => removeCountsFile(path));
  for (const row of [0, 1, 2]) reserveCells(path, row, 0, 4);
  const rows = [0, 1, 2].map((row) => {
    const counts = new SharedCounts(path, row);
    counts.rows = 3;
    return counts;
  });
  const occupied = (cell: number): readonly Occupied[] =>
    rows.map((counts) => {
      const one = new Occupied();
      one.share(counts, cell);
      return one;
    });

  test("all see what each holds, and the limit is one limit", () => {
    const [a, b, c] = occupied(1);
    if (a === undefined || b === undefined || c === undefined) throw new Error("three rows");
    expect([a.tryEnter(3), b.tryEnter(3), b.tryEnter(3), c.tryEnter(3), a.tryEnter(3)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([a.active, b.active, c.active, a.own, b.own, c.own]).toEqual([3, 3, 3, 1, 2, 0]);
    b.leave();
    expect(c.tryEnter(3)).toBe(true);
    c.enter();
    expect([a.active, c.own]).toEqual([4, 2]);
  });

  test("what a worker held is gone with its row, and no other count", () => {
    const [a, b] = occupied(2);
    a?.enter();
    b?.enter();
    b?.enter();
    rows[0]?.clearRow(1, 4);
    expect(a?.active).toBe(1);
    expect(rows[0]?.sum(1)).toBe(3);
    // A row is cleared once: what the next worker of that row does counts from nothing.
    rows[1]?.add(2, 5);
    expect(a?.active).toBe(6);
  });

  test("two processes that count at once lose nothing and never pass the limit", async () => {
    const script = `
      import { Occupied, SharedCounts } from ${JSON.stringify(`${import.meta.dir}/shared-counts.ts`)};
      const counts = new SharedCounts(${JSON.stringify(path)}, Number(process.argv[1]));
      counts.rows = 3;
      const one = new Occupied();
      one.share(counts, 3);
      let together = 0;
      for (let round = 0; round < 200000; round += 1) {
        if (!one.tryEnter(1)) continue;
        counts.add(0, 1);
        if (counts.sum(0) > 1) together += 1;
        counts.add(0, -1);
        one.leave();
      }
      console.log(JSON.stringify({ together, active: one.own }));
    `;
    const children = ["0", "1"].map((row) => Bun.spawn([process.execPath, "-e", script, row], { stdout: "pipe" }));
    const told = await Promise.all(
      children.map(async (child) => JSON.parse(await new Response(child.stdout).text()) as object),
    );
    for (const one of told) expect(one).toEqual({ together: 0, active: 0 });
    expect(rows[0]?.sum(3)).toBe(0);
  });

  test("numbers of cells stay, and end", () => {
    const numbers = new CellNumbers();
    expect([numbers.of("a"), numbers.of("b"), numbers.of("a"), numbers.size]).toEqual([0, 1, 0, 2]);
    for (let count = 0; count < 70_000; count += 1) numbers.of(String(count));
    expect(numbers.of("one more")).toBeUndefined();
    expect(numbers.of("b")).toBe(1);
  });

  test("alone, it is a plain count", () => {
    const one = new Occupied();
    expect([one.tryEnter(1), one.tryEnter(1), one.active]).toEqual([true, false, 1]);
    one.leave();
    expect(one.active).toBe(0);
  });
});
