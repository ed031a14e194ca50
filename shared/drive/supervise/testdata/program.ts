/** One program that is its own supervisor and child, as the tools are. Prints events as JSON lines. */
import { joinSupervisor } from "../child.ts";
import { selfCommand } from "../self-command.ts";
import { Supervisor } from "../supervisor.ts";

const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

if (process.argv.includes("__child")) {
  const link = await joinSupervisor(process.env);
  link.ready();
  setInterval(() => undefined, 1000);
} else {
  const supervisor = new Supervisor({
    command: selfCommand(["__child"]),
    onEvent: print,
    onChildDeath: () => {
      print({ kind: "hook" });
    },
    backoff: { firstMs: 1, mostMs: 1, calmAfterMs: 1 },
  });
  process.exitCode = await supervisor.run();
}
