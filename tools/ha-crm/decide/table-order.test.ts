import { describe, expect, test } from "bun:test";
import { mergeSort, tableOrder } from "./table-order.ts";

/** As traces of Pacemaker 2.1.5 list a table of nodes with the ids 1, 2, 3, … */
const TRACED = [
  "1 3 2",
  "1 3 5 2 4",
  "1 3 5 7 2 4 6",
  "4 3 2 8 1 7 6 5",
  "4 3 9 2 8 1 7 6 5 10",
  "4 3 9 2 8 1 7 12 6 11 5 10",
  "4 15 3 9 2 8 1 7 12 6 11 5 10 13 14",
  "10 3 13 16 6 9 1 11 4 14 7 2 12 15 5 8",
];

describe("the order of a table of nodes", () => {
  test.each(TRACED)("%s", (traced) => {
    const count = traced.split(" ").length;
    const nodes = Array.from({ length: count }, (_, index) => ({ id: String(index + 1) }));
    expect(
      tableOrder(nodes)
        .map((node) => node.id)
        .join(" "),
    ).toBe(traced);
  });
});

describe("a table of any size lists everything once", () => {
  test.each([0, 1, 33, 200, 3000])("%i", (count) => {
    const nodes = Array.from({ length: count }, (_, index) => ({ id: `Node-${index * 7}` }));
    expect(new Set(tableOrder(nodes))).toEqual(new Set(nodes));
    expect(tableOrder(nodes)).toHaveLength(count);
  });
});

describe("sorting by merging", () => {
  test("equal ones keep their order", () => {
    const list = ["b1", "a1", "b2", "a2", "c1", "a3", "b3"];
    const byLetter = (left: string, right: string) => left.charCodeAt(0) - right.charCodeAt(0);
    expect(mergeSort(list, byLetter)).toEqual(["a1", "a2", "a3", "b1", "b2", "b3", "c1"]);
  });
  test("of a comparison in a circle, halves are merged: the second half's winner against the first", () => {
    const beats: Readonly<Record<string, string>> = { stone: "scissors", scissors: "paper", paper: "stone" };
    const compare = (left: string, right: string) => (beats[left] === right ? -1 : 1);
    expect(mergeSort(["stone", "scissors", "paper"], compare)).toEqual(["stone", "scissors", "paper"]);
    expect(mergeSort(["stone", "paper", "scissors"], compare)).toEqual(["stone", "scissors", "paper"]);
    expect(mergeSort(["paper", "scissors", "stone"], compare)).toEqual(["paper", "stone", "scissors"]);
  });
});
