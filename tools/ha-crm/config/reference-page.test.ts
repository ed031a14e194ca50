import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { referencePage } from "./reference-page.ts";

const PAGE = fileURLToPath(new URL("../../../docs/ha-crm-reference.md", import.meta.url));

test("the reference page is what the tables say (CRM_WRITE_DOCS=1 writes it)", () => {
  if (process.env["CRM_WRITE_DOCS"] === "1") writeFileSync(PAGE, referencePage());
  expect(readFileSync(PAGE, "utf8")).toBe(referencePage());
});
