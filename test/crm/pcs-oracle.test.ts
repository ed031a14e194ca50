import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { named } from "../../shared/lab/requirements.ts";
import { option, parseDataFile } from "../support/datadriven.ts";
import { PCS_CASES } from "./pcs-cases.ts";
import { lacksPcs } from "./peers.ts";
import { askPcs } from "./pcs-oracle.ts";

/**
 * The recorded outcomes are still those of pcs. One command takes pcs half a second, so every 80th block is asked;
 * `PCS_CASES=all` asks all of them.
 */
const EVERY = process.env["PCS_CASES"] === "all" ? 1 : 80;
const TIMEOUT_MS = 240_000;

const needed = ["/usr/lib/ocf/resource.d/heartbeat/IPaddr2", "/usr/sbin/fence_ipmilan"];
const missing = needed.filter((file) => !existsSync(file));
const lacking = missing.length > 0 ? `needs ${missing.join(", ")}` : lacksPcs();
const blocks = readdirSync(PCS_CASES)
  .filter((name) => name.endsWith(".txt"))
  .toSorted()
  .flatMap((name) => parseDataFile(readFileSync(join(PCS_CASES, name), "utf8"), name))
  .flatMap((piece) => (piece.kind === "block" ? [piece.block] : []));

describe(named("the tables are what Debian's pcs does", lacking), () => {
  for (const block of blocks.filter((_, index) => index % EVERY === 0)) {
    test.skipIf(lacking !== undefined)(
      `${block.place} ${block.input.split("\n").join("; ")}`,
      async () => {
        const said = await askPcs(block);
        if (option(block, "pcs") === "refuses") expect(said).toContain("refused");
        else expect(said).toBe(block.expected);
      },
      TIMEOUT_MS,
    );
  }
});
