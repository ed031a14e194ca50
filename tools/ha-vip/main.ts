#!/usr/bin/env bun
import { eventsCommand, statusCommand } from "../../shared/cli/daemon-commands.ts";
import { runMain } from "../../shared/cli/run.ts";
import { VERSION } from "../../shared/model/version.ts";
import { checkCommand } from "./commands/check.ts";
import { controlCommands } from "./commands/control.ts";
import { explainCommand } from "./commands/explain.ts";
import { importCommand } from "./commands/import.ts";
import { ocfCommand } from "./commands/ocf.ts";
import { rewritePeerFlags } from "./commands/peer-flags.ts";
import { daemonCommand, runCommand } from "./commands/run.ts";
import { signalNumberCommand } from "./commands/signal-number.ts";
import { witnessCommand } from "./commands/witness.ts";

await runMain({
  tool: "ha-vip",
  version: VERSION,
  summary: "Floating IP addresses: on exactly one healthy host, at any time",
  commands: [
    runCommand,
    daemonCommand,
    checkCommand,
    importCommand,
    statusCommand("ha-vip"),
    explainCommand,
    eventsCommand("ha-vip"),
    ...controlCommands,
    witnessCommand,
    ocfCommand,
    signalNumberCommand,
  ],
  rewriteArgv: rewritePeerFlags,
});
