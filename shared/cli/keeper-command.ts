import { runKeeper } from "../drive/watchdog/keeper.ts";
import { EXIT } from "../model/exit-codes.ts";
import { defineCommand } from "./command.ts";

/** The process that ends what a daemon runs when the daemon can't: for the table of every tool that uses `KeeperClient`. */
export const keeperCommand = defineCommand({
  name: "keeper",
  summary: "The process that kills services and takes addresses off when the daemon hangs or died",
  hidden: true,
  options: { socket: { type: "string", summary: "where daemons find it", required: true } },
  run: async ({ options }) => ((await runKeeper(options.socket)) ? EXIT.ok : EXIT.problem),
});
