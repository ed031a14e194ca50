#!/usr/bin/env bun
import { runMain } from "../../shared/cli/run.ts";
import { VERSION } from "../../shared/model/version.ts";
import { rewritePeerFlags } from "./commands/peer-flags.ts";
import { runCommand } from "./commands/run.ts";

await runMain({
  tool: "ha-lb",
  version: VERSION,
  summary: "Balances HTTP and TCP over servers, from a haproxy.cfg",
  commands: [runCommand],
  rewriteArgv: rewritePeerFlags,
});
