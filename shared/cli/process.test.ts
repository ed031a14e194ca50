import { afterAll, beforeAll, describe as group, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

let directory = "";

// A shell finds the tool by its name, as an installed one.
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "cli-"));
  const path = join(directory, "ha-test");
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dir, "testdata/tool.ts")}" "$@"\n`);
  chmodSync(path, 0o755);
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function run(
  command: readonly string[],
  input = "",
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> {
  const env = {
    ...process.env,
    PATH: `${directory}${delimiter}${process.env["PATH"] ?? ""}`,
    NO_COLOR: "",
    TERM: "xterm",
  };
  const started = Bun.spawn([...command], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
    env,
  });
  const [stdout, stderr] = await Promise.all([
    new Response(started.stdout).text(),
    new Response(started.stderr).text(),
  ]);
  return { exit: await started.exited, stdout, stderr };
}

const bash = async (script: string, input = "") => await run(["bash", "-c", script], input);

group("a real process", () => {
  test("a reader that has enough ends the output quietly", async () => {
    const outcome = await bash("set -o pipefail; ha-test rows --count 50000 | head -n 1");
    expect([outcome.stdout, outcome.stderr]).toEqual(["row 0\n", ""]);
  });

  test("a long answer arrives whole", async () => {
    const outcome = await bash("ha-test rows --count 50000 | tail -n 1");
    expect(outcome.stdout).toBe("row 49999\n");
  });

  test("the exit code is the command's", async () => {
    const outcome = await bash("ha-test resource list");
    expect([outcome.exit, outcome.stdout]).toEqual([2, "name\nweb\n"]);
  });

  test("a defect is told as one, with exit code 1", async () => {
    const outcome = await bash("ha-test defect");
    expect([outcome.exit, outcome.stdout]).toEqual([1, ""]);
    expect(outcome.stderr).toContain(
      "ha-test: this is a defect in ha-test, please report it:\nError: a planted defect",
    );
  });

  test.skipIf(Bun.which("script") === null)("on a terminal: a table in colour; none with NO_COLOR", async () => {
    const colour = await bash(`script -qec "ha-test resource list" /dev/null`);
    expect(colour.stdout.replaceAll("\r", "")).toBe("\u001b[2mNAME\u001b[0m\n\u001b[32mweb\u001b[0m\n");
    const plain = await bash(`NO_COLOR=1 script -qec "ha-test resource list" /dev/null`);
    expect(plain.stdout.replaceAll("\r", "")).toBe("NAME\nweb\n");
  });

  test.skipIf(Bun.which("script") === null)(
    "on a terminal the name is asked for; without one the exit code is 107",
    async () => {
      const asked = await bash(`script -qec "ha-test resource stop" /dev/null`, "web\n");
      expect([asked.exit, asked.stdout]).toEqual([0, expect.stringContaining("stopped")]);
      expect((await bash("ha-test resource stop < /dev/null")).exit).toBe(107);
    },
  );
});

group("completion in real shells", () => {
  test("bash", async () => {
    const script = `source <(ha-test completion bash)
      try() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _ha_test; echo "\${COMPREPLY[*]}"; }
      try ha-test res; try ha-test resource ""; try ha-test resource stop ""; try ha-test rows --co`;
    const outcome = await bash(script);
    expect([outcome.stderr, outcome.stdout.split("\n")]).toEqual([
      "",
      ["resource", "list stop", "fast slow", "--count", ""],
    ]);
  });

  test.skipIf(Bun.which("fish") === null)("fish", async () => {
    const outcome = await run([
      "fish",
      "--no-config",
      "-c",
      'ha-test completion fish | source; complete -C "ha-test resource "; complete -C "ha-test resource stop f"',
    ]);
    expect(outcome.stdout.split("\n").map((line) => line.split("\t")[0])).toEqual(["list", "stop", "fast", ""]);
  });

  test.skipIf(Bun.which("zsh") === null)("zsh", async () => {
    const script = `compadd() { shift; print -r -- "$*"; }; _files() { print files; }; compdef() { :; }
      eval "$(ha-test completion zsh)"
      words=(ha-test resource ""); CURRENT=3; _ha_test
      words=(ha-test resource stop ""); CURRENT=4; _ha_test`;
    const outcome = await run(["zsh", "-f", "-c", script]);
    expect([outcome.stderr, outcome.stdout]).toEqual(["", "list stop\nfast slow\n"]);
  });
});

test.skipIf(Bun.which("groff") === null)("the manual page is good roff", async () => {
  const outcome = await bash("ha-test __reference man | groff -man -ww -Tutf8 -P-c");
  expect(outcome.stderr).toBe("");
  // Bold is a letter, a backspace and the letter again.
  // oxlint-disable-next-line no-control-regex
  const page = outcome.stdout.replace(/.\u0008/g, "");
  expect(page).toContain(".a line with a dot.");
  expect(page).toContain("--count N");
});
