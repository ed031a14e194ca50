import { lookUp } from "../../../shared/text/lookup.ts";
import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";

/** What keepalived's scripts ask for (`kill -$(keepalived --signum=DATA) PID`); our dump is JSON and has the counters. */
const NUMBERS: Readonly<Record<string, number>> = { STOP: 15, RELOAD: 1, DATA: 10, STATS: 10, JSON: 10 };

export const signalNumberCommand = defineCommand({
  name: "signal-number",
  summary: "Print the number of the signal for STOP, RELOAD, DATA, STATS or JSON",
  hidden: true,
  args: { name: { summary: "what the signal is for", required: true } },
  options: {},
  run({ args, io }) {
    const number = lookUp(NUMBERS, args.name);
    if (number === undefined) {
      io.stderr.write(`no signal is for ${args.name}: there are ${Object.keys(NUMBERS).join(", ")}\n`);
      return EXIT.usage;
    }
    io.stdout.write(`${number}\n`);
    return EXIT.ok;
  },
});
