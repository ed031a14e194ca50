/**
 * Records what Debian's pcs makes of the commands in test/cases/crm/pcs: `bun test/crm/pcs-record.ts [FILE…]` writes
 * the outcome of each block into its file. Needs pcs, pacemaker-cli-utils, resource-agents and fence-agents.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type DataBlock, option, runDataFile } from "../support/datadriven.ts";
import { PCS_CASES } from "./pcs-cases.ts";
import { askPcs } from "./pcs-oracle.ts";

/** Where pcs gives up on something that ha-crm can do, the outcome is ours and stays. */
const record = async (block: DataBlock) => (option(block, "pcs") === "refuses" ? block.expected : await askPcs(block));

process.env["REWRITE"] = "1";
const wanted = process.argv.slice(2);
const files = wanted.length > 0 ? wanted : readdirSync(PCS_CASES).filter((name) => name.endsWith(".txt"));
for (const file of files) await runDataFile(join(PCS_CASES, file), record);
