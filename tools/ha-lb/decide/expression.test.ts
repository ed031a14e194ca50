import { expect, test } from "bun:test";
import { CONVERTER_TABLE, FETCHES, refusedSample } from "../config/sample-table.ts";
import { hasConverter, hasFetch } from "./expression.ts";

test("every fetch and converter that the reader accepts has code", () => {
  const fetches = [...FETCHES.keys()].filter((name) => refusedSample(name) === undefined && !hasFetch(name));
  const converters = [...CONVERTER_TABLE.keys()].filter(
    (name) => refusedSample(name) === undefined && !hasConverter(name),
  );
  expect({ fetches, converters }).toEqual({ fetches: [], converters: [] });
});
