/** What one run of `bun test` counted. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The last line that is a number and the word, as bun's summary writes ` 12 pass`. */
function countOf(text: string, word: string): number {
  const matches = [...text.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))];
  return Number(matches.at(-1)?.[1] ?? 0);
}

/**
 * Reads bun's summary from its standard error.
 * A file that fails to load counts as an error there and as a failure here; a run that ended badly
 * without naming any failure (a crash, a signal) is one failure: it must never look like success.
 */
export function readTestSummary(stderr: string, exitCode: number): TestCounts {
  const text = Bun.stripANSI(stderr);
  const errors = Number(/^ *(\d+) errors?$/m.exec(text)?.[1] ?? 0);
  const failed = countOf(text, "fail") + errors;
  const counts = {
    passed: countOf(text, "pass"),
    skipped: countOf(text, "skip") + countOf(text, "todo"),
  };
  return { ...counts, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

/** So many lines before a failure's own line are repeated at the end, and so much of each. */
const LINES_BEFORE_FAILURE = 40;
const LINE_LIMIT = 1_000;

/**
 * The failures in bun's standard error, each with its file and the lines that led to it: a long log ends with them.
 * bun repeats the names of failures behind its own list; those are left out.
 */
export function failuresOf(stderr: string): readonly string[] {
  const lines = Bun.stripANSI(stderr)
    .replace(/\n\d+ tests? failed:\n[\s\S]*$/, "\n")
    .split("\n");
  const failures: string[] = [];
  let file = "";
  let from = 0;
  for (const [index, line] of lines.entries()) {
    if (/^\S+\.test\.tsx?:$/.test(line)) file = line;
    if (/^(\(pass\)|\(skip\)|\(todo\)) |^\S+\.test\.tsx?:$/.test(line)) from = index + 1;
    if (!line.startsWith("(fail) ")) continue;
    const told = lines.slice(Math.max(from, index - LINES_BEFORE_FAILURE), index + 1);
    failures.push([file, ...told.map((text) => text.slice(0, LINE_LIMIT))].join("\n"));
    from = index + 1;
  }
  return failures;
}

export function addCounts(left: TestCounts, right: TestCounts): TestCounts {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** The closing line that tools and people read: `12 passed, 0 failed, 3 skipped`. */
export function formatCounts(counts: TestCounts): string {
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}
