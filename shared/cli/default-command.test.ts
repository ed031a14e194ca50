import { expect, test } from "bun:test";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { runCli } from "./run.ts";
import { testIo } from "./test-io.ts";

const watch = defineCommand({
  name: "watch",
  summary: "watch",
  options: { once: { type: "flag", summary: "once" } },
  run: ({ options, out }) => {
    out.data(options.once ? "once" : "live");
    return EXIT.ok;
  },
});

const spec = { tool: "ha-mon", version: "1", summary: "", commands: [watch], defaultCommand: ["watch"] };

test.each([
  [[], 0, "live"],
  [["--once"], 0, "once"],
  [["-q", "--once"], 0, "once"],
  [["watch", "--once"], 0, "once"],
  [["wtach"], 64, ""],
  [["--onec"], 64, ""],
] as const)("the default command: %p", async (words, exit, stdout) => {
  const io = testIo();
  expect([await runCli(spec, words, io), io.written.stdout]).toEqual([exit, stdout]);
  if (exit !== 0) expect(io.written.stderr).toContain("did you mean");
});

test("mistakes in the declaration of a command are caught", () => {
  const run = () => EXIT.ok;
  const bad = [
    () => defineCommand({ name: "Bad name!", summary: "", run }),
    () =>
      defineCommand({
        name: "a",
        summary: "",
        args: { x: { summary: "", repeatable: true }, y: { summary: "" } },
        run,
      }),
    () =>
      defineCommand({ name: "a", summary: "", args: { x: { summary: "" }, y: { summary: "", required: true } }, run }),
    () =>
      defineCommand({
        name: "a",
        summary: "",
        options: { x: { type: "flag", summary: "", short: "x" }, y: { type: "flag", summary: "", short: "x" } },
        run,
      }),
    () => defineCommand({ name: "a", summary: "", raw: true, args: { x: { summary: "" } }, run }),
  ];
  for (const define of bad) expect(define).toThrow();
});
