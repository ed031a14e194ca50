import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { referencePage } from "./reference-page.ts";

const PAGE = fileURLToPath(new URL("../../../docs/ha-crm-reference.md", import.meta.url));

/** Without what a formatter may change: widths of columns, blank lines. */
const plain = (page: string) =>
  page
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/\s*\|\s*/g, "|")
        .replace(/-{3,}/g, "---"),
    )
    .filter((line) => line !== "")
    .join("\n");

test("the reference page is what the tables say (CRM_WRITE_DOCS=1 writes it)", () => {
  if (process.env["CRM_WRITE_DOCS"] === "1") writeFileSync(PAGE, referencePage());
  expect(plain(readFileSync(PAGE, "utf8"))).toBe(plain(referencePage()));
});
