/** A supervisor as a process of its own, so that tests can kill it. Prints its events as JSON lines. */
import { join } from "node:path";
import { Supervisor } from "../supervisor.ts";

const [, , mode = "", log = "", more = "{}"] = process.argv;
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

const supervisor = new Supervisor({
  command: [process.execPath, join(import.meta.dir, "child.ts"), mode, log],
  onEvent: print,
  onChildDeath: async (death) => {
    await Bun.sleep(Number(process.env["HOOK_TAKES_MS"] ?? "0"));
    print({ kind: "hook", testament: death.testament });
  },
  ...(JSON.parse(more) as object),
});
process.exitCode = await supervisor.run();
