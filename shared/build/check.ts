/**
 * `npm run check`: format, types and lint. Runs all three even when one fails, so that one run shows everything.
 */
import { ROOT } from "./tools.ts";

const STEPS: readonly (readonly [name: string, command: readonly string[]])[] = [
  // Prose is wrapped by hand, and reference pages are generated: only code is checked.
  ["format", ["bun", "fmt", "--check", "shared", "tools", "tui", "test", "package.json", "tsconfig.json"]],
  ["types", ["tsc", "--noEmit"]],
  ["lint", ["oxlint", "--type-aware", "--deny-warnings"]],
];

async function runStep(name: string, command: readonly string[]): Promise<boolean> {
  const startedMs = performance.now();
  const child = Bun.spawn([...command], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const took = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  if (code === 0) {
    process.stdout.write(`check: ${name} ok (${took})\n`);
    return true;
  }
  process.stdout.write(`${output}${errors}check: ${name} FAILED (${took}): ${command.join(" ")}\n`);
  return false;
}

let allGood = true;
for (const [name, command] of STEPS) allGood = (await runStep(name, command)) && allGood;
process.exit(allGood ? 0 : 1);
