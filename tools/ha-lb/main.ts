#!/usr/bin/env bun
import { eventsCommand, statusCommand } from "../../shared/cli/daemon-commands.ts";
import { runMain } from "../../shared/cli/run.ts";
import { VERSION } from "../../shared/model/version.ts";
import { checkCommand } from "./commands/check.ts";
import { explainCommand } from "./commands/explain.ts";
import { importCommand } from "./commands/import.ts";
import { peerCheckCommand, peerConditionCommand } from "./commands/peer-check.ts";
import { rewritePeerFlags } from "./commands/peer-flags.ts";
import { runCommand } from "./commands/run.ts";
import { serverCommands } from "./commands/servers.ts";

await runMain({
  tool: "ha-lb",
  version: VERSION,
  summary: "Balances HTTP and TCP over servers, from a haproxy.cfg",
  commands: [
    runCommand,
    checkCommand,
    importCommand,
    explainCommand,
    statusCommand("ha-lb"),
    eventsCommand("ha-lb"),
    ...serverCommands,
    peerCheckCommand,
    peerConditionCommand,
  ],
  rewriteArgv: rewritePeerFlags,
});
