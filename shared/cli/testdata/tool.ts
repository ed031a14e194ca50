/** A tool for tests that need a process of its own. */
import { defineCommand } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { runMain } from "../run.ts";

const rows = defineCommand({
  name: "rows",
  summary: "print many rows",
  options: { count: { type: "number", summary: "how many", default: 3 } },
  run: ({ options, out }) => {
    for (let number = 0; number < options.count; number += 1) out.data(`row ${number}\n`);
    return EXIT.ok;
  },
});

const table = defineCommand({
  name: "resource list",
  summary: "print a table",
  run: ({ out }) => {
    return out.show(
      { table: { columns: [{ key: "name", tone: () => "good" }], rows: [{ name: "web" }] } },
      EXIT.problem,
    );
  },
});

const ask = defineCommand({
  name: "resource stop",
  summary: "ask for a confirmation",
  args: { mode: { summary: "mode", values: ["fast", "slow"] } },
  run: async ({ confirm, out }) => {
    const answer = await confirm({ level: "stopsService", what: "stop web", subject: "web" });
    if (!answer.ok) return answer.exit;
    out.data("stopped\n");
    return EXIT.ok;
  },
});

const defect = defineCommand({
  name: "defect",
  summary: "throw",
  run: () => {
    throw new Error("a planted defect");
  },
});

await runMain({
  tool: "ha-test",
  version: "1.2.3",
  summary: "a tool for tests",
  description: "It has\n.a line with a dot.",
  commands: [rows, table, ask, defect],
});
