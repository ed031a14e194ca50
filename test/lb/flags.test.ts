/** The command line beside HAProxy's: the same words, the same exit code, the same answer on standard output. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HAS_HAPROXY } from "./pair.ts";

const MAIN = join(import.meta.dir, "..", "..", "tools/ha-lb/main.ts");
const folder = mkdtempSync(join(tmpdir(), "lb-flags-"));

const WHOLE = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

beforeAll(() => {
  mkdirSync(join(folder, "parts"));
  const files: Readonly<Record<string, string>> = {
    "good.cfg": `${WHOLE}frontend f\n bind 127.0.0.1:1\n http-request return status 200\n`,
    "more.cfg": `${WHOLE}frontend g\n bind 127.0.0.1:2\n http-request return status 200\n`,
    "warns.cfg": "frontend f\n bind 127.0.0.1:1\n",
    "empty.cfg": "",
    "broken.cfg": "frontend f\n bnid :1\n",
    "parts/1.cfg": WHOLE,
    "parts/2.cfg": "frontend f\n bind 127.0.0.1:1\n http-request return status 200\n",
    "parts/ignored.txt": "nonsense\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const LINES: readonly string[] = [
  "-c -f good.cfg",
  "-c -q -f good.cfg",
  "-f good.cfg -c",
  "-c -f good.cfg -f more.cfg",
  "-c -f good.cfg -f good.cfg",
  "-c -f parts",
  "-c -f nowhere.cfg",
  "-c -f broken.cfg",
  "-c -q -f broken.cfg",
  "-c -f empty.cfg",
  "-c -f warns.cfg",
  "-c -dW -f warns.cfg",
  "-c -W -p /nowhere/pid -f good.cfg -sf 1 2",
  "-c -D -Ws -S /nowhere/sock -f good.cfg",
  "-c -n 100 -m 100 -N 20 -L here -dM -dr -db -f good.cfg",
  "-cc version_atleast(2.6)",
  "-cc version_before(3.0)&&!feature(NOPE)",
  "-cc feature(OPENSSL)",
  "-cc streq(a,b)||streq(a,a)",
  "-cc enabled(POLL)",
  "-cc bogus(",
  "-cc true",
  "-cc (1",
];

async function run(command: readonly string[], line: string): Promise<{ code: number; out: string; error: string }> {
  const child = Bun.spawn([...command, ...line.split(" ")], { cwd: folder, stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, out, error };
}

/** Of what is said about a condition, all; of the rest, whether there is an alert. */
function comparable(line: string, text: string): string {
  const lines = text.split("\n").filter((one) => !one.includes("[NOTICE]"));
  if (line.startsWith("-cc")) return lines.join("\n").replace(/\(\d+\)/g, "(PID)");
  return lines.some((one) => one.startsWith("[ALERT]")) ? "alert" : "";
}

describe.skipIf(!HAS_HAPROXY)("flags (needs haproxy)", () => {
  for (const line of LINES) {
    test(line, async () => {
      const [ours, theirs] = await Promise.all([run([process.execPath, MAIN], line), run(["haproxy"], line)]);
      expect([ours.code, ours.out, comparable(line, ours.error)]).toEqual([
        theirs.code,
        theirs.out,
        comparable(line, theirs.error),
      ]);
    });
  }

  test("a configuration from standard input", async () => {
    const child = Bun.spawn([process.execPath, MAIN, "-c", "-f", "-"], {
      stdin: new Blob([`${WHOLE}frontend f\n bind 127.0.0.1:1\n http-request return status 200\n`]),
      stdout: "pipe",
      stderr: "ignore",
    });
    expect(await child.stdout.text()).toBe("Configuration file is valid\n");
    expect(await child.exited).toBe(0);
  });
});
