import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LOG_OPTIONS, readLogTargets } from "./log-options.ts";
import { exitCodeTable } from "./reference.ts";

const page = readFileSync(join(import.meta.dir, "../../docs/command-line.md"), "utf8");

test("the page on the command line has the exit codes of the program", () => {
  expect(page).toContain(exitCodeTable().join("\n"));
});

test("--log reads every target or tells all that are wrong", () => {
  expect(LOG_OPTIONS["log-level"].values).toContain("warning");
  expect(readLogTargets([])).toEqual({ ok: true, targets: undefined });
  expect(readLogTargets(["json", "syslog?local3"])).toMatchObject({
    ok: true,
    targets: [{ format: "json" }, { facility: "local3" }],
  });
  const wrong = readLogTargets(["jsno", "udp://x:1"]);
  expect(wrong.ok ? [] : wrong.problems.map((problem) => problem.fix)).toEqual([
    'did you mean "json"?',
    expect.stringContaining("udp://ADDRESS:PORT"),
  ]);
});
