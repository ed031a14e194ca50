import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { parseConfiguration } from "../../tools/ha-lb/config/parse.ts";

/** The reference's binary, where the distribution puts it. */
const HAPROXY = "/usr/sbin/haproxy";
/** Every n-th line is shown to the reference again; `LB_PEER_EVERY=1` shows all (about 40 s). */
const EVERY = Number(process.env["LB_PEER_EVERY"] ?? 25);
/** Each line is a process of its own. */
const LIMIT_MS = 300_000;
const ENVIRONMENT = { HOME: "/root", PATH: "/bin" };

interface LineCase {
  readonly verdict: "ok" | "bad";
  readonly place: string;
  readonly line: string;
  /** Why ha-lb decides otherwise. */
  readonly differs: string | undefined;
}

function readCases(): readonly LineCase[] {
  const text = readFileSync(new URL("../cases/lb/config/lines.txt", import.meta.url), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((raw) => {
      const [body = "", differs] = raw.split("  ## ");
      const found = /^(ok|bad) +(.*?) \| (.*)$/.exec(body);
      if (found === null) throw new Error(`bad case '${raw}'`);
      return { verdict: found[1] === "ok" ? "ok" : "bad", place: found[2] ?? "", line: found[3] ?? "", differs };
    });
}

function wholeText({ place, line }: LineCase): string {
  const head = place === "global" ? `global\n ${line}\n` : `${place}\n mode http\n ${line}\n`;
  return `${head}backend b\n mode http\n server s 1.1.1.1:80\nfrontend zz\n bind :9999\n`;
}

function ownVerdict(one: LineCase): "ok" | "bad" {
  const result = parseConfiguration([{ file: "d.cfg", text: wholeText(one) }], {
    environment: new Map(Object.entries(ENVIRONMENT)),
  });
  return result.ok && !result.value.files.some((file) => file.path.startsWith("/nosuch")) ? "ok" : "bad";
}

const CASES = readCases();

test(`${CASES.length} lines are accepted or refused as HAProxy does, but for the listed differences`, () => {
  const wrong = CASES.filter((one) => (ownVerdict(one) === one.verdict) === (one.differs !== undefined));
  expect(wrong.map((one) => `${one.verdict} ${one.place} | ${one.line}`)).toEqual([]);
});

test.skipIf(!existsSync(HAPROXY))(
  "the recorded verdicts are those of the installed haproxy (a sample)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "lb-lines-"));
    const file = join(folder, "d.cfg");
    const wrong: string[] = [];
    for (const [index, one] of CASES.entries()) {
      if (index % EVERY !== 0) continue;
      writeFileSync(file, wholeText(one));
      const { exitCode } = Bun.spawnSync([HAPROXY, "-c", "-f", file], {
        env: ENVIRONMENT,
        stdout: "ignore",
        stderr: "ignore",
      });
      // 2: no error, but nothing listens.
      const verdict = exitCode === 0 || exitCode === 2 ? "ok" : "bad";
      if (verdict !== one.verdict) wrong.push(`${verdict} ${one.place} | ${one.line}`);
    }
    rmSync(folder, { recursive: true });
    expect(wrong).toEqual([]);
  },
  LIMIT_MS,
);
