import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { allKeywords, keywordPage } from "./keyword-page.ts";
import { PROXY_READERS } from "./proxy-keywords.ts";

const PAGE = fileURLToPath(new URL("../../../docs/ha-lb-keywords.md", import.meta.url));
const KNOWN = readFileSync(new URL("../../../test/cases/lb/config/keywords-2.6.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.includes(" | "));

test(`all ${KNOWN.length} words of HAProxy 2.6 are in the tables`, () => {
  const own = new Set(allKeywords().map(({ area, name }) => `${area} | ${name}`));
  expect(KNOWN.filter((word) => !own.has(word))).toEqual([]);
});

test("every honoured keyword of a proxy has a reader", () => {
  const without = allKeywords().filter(
    ({ area, kind, name }) => area === "proxy" && kind === "honoured" && PROXY_READERS[name] === undefined,
  );
  expect(without).toEqual([]);
});

test("the reference page is what the tables say (LB_WRITE_DOCS=1 writes it)", () => {
  if (process.env["LB_WRITE_DOCS"] === "1") writeFileSync(PAGE, keywordPage());
  expect(readFileSync(PAGE, "utf8")).toBe(keywordPage());
});
