import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileTools } from "../../shared/build/compile.ts";
import { ROOT, TOOLS } from "../../shared/build/tools.ts";

/** A directory in which a careless binary would run foreign code: settings and a preload that leaves a trace. */
const trap = mkdtempSync(join(tmpdir(), "fivenines-trap-"));
const trace = join(trap, "trace");

async function run(
  command: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stderr: string }> {
  rmSync(trace, { force: true });
  const child = Bun.spawn([...command], {
    cwd: trap,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  return { code, stderr };
}

let built: ReadonlyMap<string, string>;

beforeAll(async () => {
  mkdirSync(trap, { recursive: true });
  writeFileSync(join(trap, "evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(trace)}, "ran");\n`);
  writeFileSync(join(trap, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  writeFileSync(join(trap, ".env"), "BUN_OPTIONS=--preload=./evil.ts\nTRAP=1\n");
  writeFileSync(join(trap, "harmless.ts"), "process.exit(0);\n");
  built = await compileTools({ onlyIfStale: true });
}, 600_000);

afterAll(() => rmSync(trap, { recursive: true, force: true }));

describe("the compiled binaries", () => {
  test("the trap works: an interpreter that is started in it runs the foreign code", async () => {
    await run([join(ROOT, "node_modules", ".bin", "bun"), "run", "harmless.ts"]);
    expect(existsSync(trace)).toBe(true);
  });

  for (const tool of TOOLS) {
    test(`${tool} runs no code and reads no settings from the directory it is started in`, async () => {
      const { code } = await run([built.get(tool) ?? "", "--version"]);
      expect(existsSync(trace)).toBe(false);
      expect([0, 2]).toContain(code);
    });
  }

  test("a tool that has no function yet says so and exits 2", async () => {
    for (const tool of ["ha-repl", "ha-fs"]) {
      const { code, stderr } = await run([built.get(tool) ?? "", "status"]);
      expect(code).toBe(2);
      expect(stderr).toContain("not in this version");
    }
  });
});
