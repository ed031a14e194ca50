/** Stories of hosts, cables and clocks in test/cases/vip, told by the state machine that ships, under virtual time. */
import { describe } from "bun:test";
import { join } from "node:path";
import { runDataFiles } from "../support/datadriven.ts";
import { scenario } from "./scenario/commands.ts";

describe("scenarios", () => {
  runDataFiles(join(import.meta.dir, "..", "cases", "vip"), scenario);
});
