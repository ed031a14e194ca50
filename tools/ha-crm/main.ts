#!/usr/bin/env bun
import { keeperCommand } from "../../shared/cli/keeper-command.ts";
import { runMain } from "../../shared/cli/run.ts";
import { VERSION } from "../../shared/model/version.ts";
import { checkCommand } from "./commands/check.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { moveFileOption, pcsCommands } from "./commands/pcs.ts";
import { statusCommands } from "./commands/resource-status.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { whyCommand, whyNotCommand } from "./commands/why.ts";
import { witnessCommand } from "./commands/witness.ts";
import { witnessDiskCommands } from "./commands/witness-disk.ts";

await runMain({
  tool: "ha-crm",
  version: VERSION,
  summary: "Cluster resource manager: what runs where, and what happens when something fails",
  commands: [
    simulateCommand,
    whyCommand,
    whyNotCommand,
    importCommand,
    exportCommand,
    checkCommand,
    witnessCommand,
    ...witnessDiskCommands,
    keeperCommand,
    ...statusCommands,
    ...pcsCommands,
  ],
  rewriteArgv: moveFileOption,
});
