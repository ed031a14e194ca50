/** A Worker blocked in the deadline loop, and the main thread: messages both ways, deadlines kept, bounds. Also compiled. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { named, requirePrograms, requireRoot } from "../../shared/lab/requirements.ts";

const ROOT = join(import.meta.dir, "..", "..");
const MAIN = join(import.meta.dir, "deadline-main.ts");
const WORKER = join(import.meta.dir, "deadline-worker.ts");
const RUN_LIMIT_MS = 180_000;
const lacking = requireRoot() ?? requirePrograms("setpriv", "prlimit");
const folder = mkdtempSync(join(tmpdir(), "deadline-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly ready: { readonly kind: string; readonly realTime: boolean; readonly refused: readonly string[] };
  readonly inOrder: number;
  readonly echoes: number;
  readonly burst: number;
  readonly answered: number;
  readonly ticks: { readonly kind: string; readonly early: number; readonly count: number };
  readonly stalling: { readonly kind: string };
  readonly accepted: number;
  readonly refused: boolean;
  readonly afterStall: number;
  readonly stopped: { readonly kind: string };
  readonly sentAfterClose: boolean;
  readonly limit: number;
}

function run(command: readonly string[]): Report {
  const child = Bun.spawnSync([...command], { stdout: "pipe", stderr: "pipe", timeout: RUN_LIMIT_MS });
  expect(child.stderr.toString()).toBe("");
  expect(child.exitCode).toBe(0);
  return JSON.parse(child.stdout.toString()) as Report;
}

function expectGood(report: Report): void {
  expect(report.ready.kind).toBe("ready");
  // Without the permission it says so and works all the same.
  expect(report.ready.realTime).toBe(!report.ready.refused.some((refusal) => refusal.startsWith("SCHED_FIFO")));
  expect(report.inOrder).toBe(report.echoes);
  expect([report.burst, report.answered]).toEqual([report.limit, report.limit]);
  expect(report.ticks).toMatchObject({ kind: "ticks", early: 0, count: 100 });
  expect(report.refused).toBe(true);
  expect([report.stalling.kind, report.accepted]).toEqual(["stalling", report.limit]);
  expect(report.afterStall).toBe(report.accepted);
  expect([report.stopped.kind, report.sentAfterClose]).toEqual(["stopped", false]);
}

describe("a Worker that never returns to its event loop", () => {
  test("from source", () => expectGood(run([process.execPath, MAIN])), RUN_LIMIT_MS);

  test.skipIf(lacking !== undefined)(
    named("without the right to real-time scheduling", lacking),
    () => {
      const unprivileged = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"];
      const report = run([...unprivileged, "prlimit", "--rtprio=0:0", process.execPath, MAIN]);
      expectGood(report);
      expect(report.ready.refused[0]).toBe("SCHED_FIFO: EPERM");
    },
    RUN_LIMIT_MS,
  );

  test(
    "compiled",
    async () => {
      const outfile = join(folder, "deadline");
      const built = await Bun.build({ entrypoints: [MAIN, WORKER], root: ROOT, compile: { outfile } });
      expect(built.success).toBe(true);
      expectGood(run([outfile]));
    },
    RUN_LIMIT_MS,
  );
});
