import { join } from "node:path";
import { option, numberOption, runDataFiles, type DataBlock } from "../../test/support/datadriven.ts";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { runCli, type CliSpec } from "./run.ts";
import { testIo, type TestIo } from "./test-io.ts";

const show = defineCommand({
  name: "show",
  summary: "show what was understood",
  description: "For tests.",
  args: {
    name: { summary: "the name of the service", required: true },
    nodes: { summary: "nodes", repeatable: true },
  },
  options: {
    priority: { type: "number", short: "p", least: 1, most: 255, summary: "priority", default: 100 },
    interval: { type: "duration", bareUnit: "s", summary: "time between adverts", default: 100 },
    buffer: { type: "size", summary: "size of the buffer" },
    mode: { type: "choice", values: ["active", "passive"], summary: "mode" },
    check: { type: "string", short: "c", repeatable: true, summary: "check", placeholder: "URL" },
    wait: { type: "string", bare: "60", summary: "wait until it is done" },
    force: { type: "flag", short: "f", summary: "force" },
    trace: { type: "flag", short: "t", summary: "internal", hidden: true },
  },
  examples: [{ run: "ha-test show web node1 -p 7", does: "show web" }],
  run: ({ args, options, rest, out }) => {
    out.data(`${JSON.stringify({ ...args, ...options, rest })}\n`);
    return EXIT.ok;
  },
});

const list = defineCommand({
  name: "resource list",
  aliases: ["ls"],
  summary: "list resources",
  nagios: true,
  run: ({ out }) => {
    out.note("two resources");
    return out.show({
      table: {
        columns: [
          { key: "name" },
          { key: "lag", align: "right" },
          { key: "state", tone: (value) => (value === "up" ? "good" : "bad") },
        ],
        rows: [
          { name: "web", lag: 0, state: "up" },
          { name: "pg\tmain", lag: 214, state: "degraded" },
          { name: "日本", lag: null, state: "down" },
        ],
      },
      nagios: {
        state: "WARNING",
        text: "1 of 2 | degraded",
        perfdata: [
          { label: "lag 'x'", value: 214, unit: "MB", warn: "100" },
          { label: "up", value: 1 },
        ],
      },
    });
  },
});

const move = defineCommand({
  name: ["resource", "move"],
  summary: "move a resource",
  danger: "stopsService",
  args: { name: { summary: "the resource", required: true } },
  options: {
    level: {
      type: "choice",
      values: ["look", "reversible", "stopsService", "canLoseData"],
      summary: "danger",
      default: "stopsService",
    },
  },
  run: async ({ args, options, confirm, out }) => {
    const answer = await confirm({
      level: options.level,
      what: `move ${args.name} to node2`,
      subject: args.name,
      plan: ["1. stop", "2. start"],
      undo: "move it back",
    });
    if (!answer.ok) return answer.exit;
    out.data(`moved, reason: ${answer.reason ?? "none"}\n`);
    return EXIT.ok;
  },
});

const peer = defineCommand({
  name: "peer",
  summary: "speaks a peer's language",
  raw: true,
  run: ({ rest, out }) => {
    out.data(`${rest.join("·")}\n`);
    return EXIT.ok;
  },
});

const copy = defineCommand({
  name: "copy",
  summary: "copy something",
  run: ({ progress, io }) => {
    const bar = progress({ label: "copy", total: 1000 * 1024, unit: "bytes" });
    const clock = (io as TestIo).clock;
    for (const done of [250, 500, 750, 1000]) {
      clock.nowMs += 1000;
      bar.update(done * 1024);
    }
    bar.step("verify");
    bar.done("copied");
    return EXIT.ok;
  },
});

const spec: CliSpec = {
  tool: "ha-test",
  version: "1.2.3",
  summary: "a tool for tests",
  commands: [show, list, move, peer, copy],
  rewriteArgv: (argv) => (argv[0] === "-n" ? ["show", ...argv.slice(1)] : undefined),
};

/** Splits like a shell, with '…' only. */
function words(line: string): readonly string[] {
  return (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, "$1"));
}

async function run(block: DataBlock): Promise<string> {
  const answers = block.options.get("answers");
  const io = testIo({
    terminal: block.words.includes("tty"),
    columns: numberOption(block, "columns", 80),
    env: option(block, "no-color") === undefined ? {} : { NO_COLOR: "1" },
    ...(answers === undefined ? {} : { answers }),
  });
  const exit = await runCli(spec, words(block.input), io);
  const part = (name: "stdout" | "stderr") => {
    // oxlint-disable-next-line no-control-regex
    const text = io.written[name].replaceAll("\r", "␍").replace(/\u001b/g, "␛");
    return text === "" ? "" : `${name}:\n${text}${text.endsWith("\n") ? "" : "\n"}`;
  };
  return `${part("stdout")}${part("stderr")}exit ${exit}`;
}

runDataFiles(join(import.meta.dir, "../../test/cases/cli"), () => run);
