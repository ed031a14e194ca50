/**
 * Records what Debian's crm_simulate makes of the CIBs in test/cases/crm/scheduler: `bun test/crm/scheduler-record.ts
 * [FILE…]` writes its answer into each block. Needs pacemaker-cli-utils.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { runDataFile } from "../support/datadriven.ts";
import { askForBlock, SCHEDULER_CASES } from "./scheduler-cases.ts";

process.env["REWRITE"] = "1";
const wanted = process.argv.slice(2);
const files = wanted.length > 0 ? wanted : readdirSync(SCHEDULER_CASES).filter((name) => name.endsWith(".txt"));
for (const file of files) await runDataFile(join(SCHEDULER_CASES, file), askForBlock);
