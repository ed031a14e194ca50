import { describe, setDefaultTimeout } from "bun:test";
import { runDataFiles } from "../support/datadriven.ts";
import { askForBlock, ourBlock, SCHEDULER_CASES } from "./scheduler-cases.ts";

setDefaultTimeout(60_000);

describe("small clusters are planned as recorded", () => {
  runDataFiles(SCHEDULER_CASES, () => ourBlock);
});

describe.skipIf(Bun.which("crm_simulate") === null)("what is recorded is what crm_simulate answers (needs it)", () => {
  runDataFiles(SCHEDULER_CASES, () => askForBlock);
});
