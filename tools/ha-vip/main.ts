#!/usr/bin/env bun
import { runMain } from "../../shared/cli/run.ts";
import { VERSION } from "../../shared/model/version.ts";
import { rewritePeerFlags } from "./commands/peer-flags.ts";
import { daemonCommand, runCommand } from "./commands/run.ts";

const words = process.argv.slice(2);
const [verb] = rewritePeerFlags(words) ?? words;
// What runs for months holds only its own code in memory.
const service = [runCommand, daemonCommand];
const isService =
  service.some((command) => command.words[0] === verb) && !words.some((word) => /^(-h|--help)$/.test(word));

await runMain({
  tool: "ha-vip",
  version: VERSION,
  summary: "Floating IP addresses: on exactly one healthy host, at any time",
  commands: isService ? service : (await import("./commands/table.ts")).commands,
  rewriteArgv: rewritePeerFlags,
});
