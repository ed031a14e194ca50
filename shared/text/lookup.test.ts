import { expect, test } from "bun:test";
import { lookUp } from "./lookup.ts";

test("a table has its own words, and none that every object has", () => {
  const table: Readonly<Record<string, number>> = { one: 1 };
  expect(lookUp(table, "one")).toBe(1);
  for (const word of ["two", "valueOf", "constructor", "toString", "__proto__", "hasOwnProperty"]) {
    expect(lookUp(table, word)).toBeUndefined();
  }
});
