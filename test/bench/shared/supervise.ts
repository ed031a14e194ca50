/**
 * How fast a supervisor notices that its child was killed, and how soon a new child is ready; memory of both.
 * Run: `bun test/bench/shared/supervise.ts [runs]`. Times are from kill(2) to the event in the supervisor, over a pipe.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const RUNS = Number(process.argv[2] ?? "50");
const eventSchema = z.looseObject({ kind: z.string(), pid: z.number().optional() });

function summary(name: string, samples: readonly number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2);
  return `${name.padEnd(28)} p50 ${at(0.5)} ms  p90 ${at(0.9)} ms  max ${at(1)} ms  (${sorted.length} runs)`;
}

/** Proportional set size in MB: shared pages are split among those who share them. */
function memory(pid: number): string {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024).toFixed(1);
  return `RSS ${megabytes("Rss")} MB, PSS ${megabytes("Pss")} MB, private ${megabytes("Private_Dirty")} MB`;
}

const directory = mkdtempSync(join(tmpdir(), "bench-"));
const binary = join(directory, "program");
await Bun.build({
  entrypoints: [join(import.meta.dir, "../../../shared/drive/supervise/testdata/program.ts")],
  minify: true,
  compile: { outfile: binary, autoloadDotenv: false, autoloadBunfig: false },
});
const started = Bun.spawn([binary], { stdout: "pipe", stderr: "inherit" });
const noticed: number[] = [];
const ready: number[] = [];
let killedMs = 0;
let pid = 0;
let rest = "";
for await (const chunk of started.stdout) {
  const nowMs = performance.now();
  const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    const event = eventSchema.parse(JSON.parse(line));
    if (event.kind === "hook") noticed.push(nowMs - killedMs);
    if (event.kind !== "ready") continue;
    if (killedMs > 0) ready.push(nowMs - killedMs);
    pid = event.pid ?? 0;
    await Bun.sleep(20);
    if (ready.length >= RUNS) started.kill("SIGTERM");
    else {
      killedMs = performance.now();
      process.kill(pid, "SIGKILL");
    }
  }
  if (ready.length >= RUNS) {
    await Bun.sleep(300);
    break;
  }
}
const again = Bun.spawn([binary], { stdout: "ignore" });
await Bun.sleep(1500);
console.log(summary("kill -9 to the death hook", noticed));
console.log(summary("kill -9 to the next ready", ready));
console.log(`supervisor: ${memory(again.pid)}`);
again.kill("SIGTERM");
await again.exited;
rmSync(directory, { recursive: true });
