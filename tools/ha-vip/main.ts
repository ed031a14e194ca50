#!/usr/bin/env bun
import { eventsCommand, statusCommand } from "../../shared/cli/daemon-commands.ts";
import { runMain } from "../../shared/cli/run.ts";
import { VERSION } from "../../shared/model/version.ts";
import { checkCommand } from "./commands/check.ts";
import { rewritePeerFlags } from "./commands/peer-flags.ts";
import { daemonCommand, runCommand } from "./commands/run.ts";

await runMain({
  tool: "ha-vip",
  version: VERSION,
  summary: "Floating IP addresses: on exactly one healthy host, at any time",
  commands: [runCommand, daemonCommand, checkCommand, statusCommand("ha-vip"), eventsCommand("ha-vip")],
  rewriteArgv: rewritePeerFlags,
});
