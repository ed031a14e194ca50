/**
 * `npm test [-- PATH …]`: every test, in groups of one process each, so that a crash in one group
 * can't hide the others. Ends with every failure's own words once more, and `N passed, N failed[, N skipped]`.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { addCounts, failuresOf, formatCounts, readTestSummary, type TestCounts } from "./test-summary.ts";
import { ROOT } from "./tools.ts";

/** A group that runs longer than this hangs; it is ended and counted as failed. */
const GROUP_LIMIT_MS = 25 * 60_000;
/**
 * What a test or a hook may take that says nothing else: bun's own 5 s are too short for a slow or busy machine, and
 * bunfig.toml has no word for it.
 */
const TEST_LIMIT_MS = 120_000;

interface Group {
  readonly name: string;
  readonly paths: readonly string[];
}

/** Unit tests lie beside their files, one group for each tool and the core; `test/` has one group a folder. */
function allGroups(): Group[] {
  const groups: Group[] = [
    { name: "structure", paths: ["./test/structure.test.ts"] },
    { name: "shared", paths: ["./shared/"] },
    { name: "tui", paths: ["./tui/"] },
  ];
  for (const tool of readdirSync(join(ROOT, "tools"))) groups.push({ name: tool, paths: [`./tools/${tool}/`] });
  for (const entry of readdirSync(join(ROOT, "test"), { withFileTypes: true })) {
    if (entry.isDirectory()) groups.push({ name: `test/${entry.name}`, paths: [`./test/${entry.name}/`] });
  }
  return groups.filter((group) => group.paths.some(hasTests));
}

function hasTests(path: string): boolean {
  if (path.endsWith(".ts")) return existsSync(join(ROOT, path));
  const found = new Bun.Glob("**/*.test.{ts,tsx}").scanSync({ cwd: join(ROOT, path) });
  return found.next().done !== true;
}

/** Passes a child's error output through while keeping it, since bun writes its summary there. */
async function tee(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let kept = "";
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    process.stderr.write(text);
    kept += text;
  }
  return kept;
}

interface GroupResult {
  readonly counts: TestCounts;
  readonly failures: readonly string[];
}

async function runGroup(group: Group): Promise<GroupResult> {
  const startedMs = performance.now();
  process.stdout.write(`\n── ${group.name}\n`);
  const child = Bun.spawn(["bun", "test", "--timeout", String(TEST_LIMIT_MS), ...group.paths], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
    env: { ...process.env, FORCE_COLOR: "0" },
    timeout: GROUP_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [stderr, code] = await Promise.all([tee(child.stderr), child.exited]);
  const counts = readTestSummary(stderr, code);
  process.stdout.write(
    `── ${group.name}: ${formatCounts(counts)} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`,
  );
  return { counts, failures: failuresOf(stderr) };
}

const asked = process.argv.slice(2);
const groups = asked.length > 0 ? [{ name: asked.join(" "), paths: asked }] : allGroups();
let total: TestCounts = { passed: 0, failed: 0, skipped: 0 };
const bad: string[] = [];
const failures: string[] = [];
for (const group of groups) {
  const result = await runGroup(group);
  if (result.counts.failed > 0) bad.push(group.name);
  failures.push(...result.failures);
  total = addCounts(total, result.counts);
}
for (const failure of failures) process.stdout.write(`\n${failure}\n`);
if (bad.length > 0) process.stdout.write(`\nfailed in: ${bad.join(", ")}\n`);
process.stdout.write(`\n${formatCounts(total)}\n`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
