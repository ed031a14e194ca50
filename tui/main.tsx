#!/usr/bin/env bun
import { runMain } from "../shared/cli/run.ts";
import { VERSION } from "../shared/model/version.ts";
import { watchCommand } from "./commands/watch.tsx";

/** `ha-mon -1 -o json` means `ha-mon watch --once -o json`: the monitor has one job. */
function rewriteArgv(argv: readonly string[]): readonly string[] | undefined {
  const first = argv[0] ?? "watch";
  const asksForHelp = ["-h", "--help", "-V", "--version"].includes(first);
  return first.startsWith("-") && !asksForHelp
    ? ["watch", ...argv.map((word) => (word === "-1" ? "--once" : word))]
    : undefined;
}

await runMain({
  tool: "ha-mon",
  version: VERSION,
  summary: "The terminal monitor of a fivenines cluster",
  commands: [watchCommand],
  defaultCommand: ["watch"],
  rewriteArgv,
});
