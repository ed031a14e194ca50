/**
 * Our scheduler and Pacemaker's on the same CIBs, turn by turn: `bun test/bench/scheduler/main.ts [--quick] [--only 16x5000]`.
 * Ours is timed inside of one process (reading the XML apart, as the daemon holds its model in memory) and as a whole
 * command; crm_simulate as a whole command, which is the only form it has. Exit 2 when a bar is missed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCib } from "../../../tools/ha-crm/config/cib/read.ts";
import { execute } from "../../../tools/ha-crm/decide/execute.ts";
import { currentPlacement } from "../../../tools/ha-crm/decide/placement.ts";
import { readWorld, schedule } from "../../../tools/ha-crm/decide/schedule.ts";
import { makeCib, type Size } from "./cluster.ts";

const NOW = 1_700_000_000;
const quick = process.argv.includes("--quick");
/** The oracle gets this long; more is written as "more than". */
const PEER_LIMIT_MS = quick ? 20_000 : 60_000;
/** Bars in milliseconds: first start, one node lost. */
const BARS: Readonly<Record<string, readonly [number, number]>> = { "32x1000": [1000, 200], "16x5000": [8000, 2000] };

/** `--only 16x5000`: this size alone. */
const only = process.argv[process.argv.indexOf("--only") + 1] ?? "";

const everySize: readonly Size[] = [3, 16, 32].flatMap((nodes) =>
  [10, 100, 1000, 5000].map((resources) => ({ nodes, resources })),
);
const chosen = everySize.filter(({ nodes, resources }) => `${nodes}x${resources}` === only);
const sizes: readonly Size[] =
  chosen.length > 0
    ? chosen
    : quick
      ? [3, 16, 32]
          .flatMap((nodes) => [10, 100].map((resources) => ({ nodes, resources })))
          .concat({ nodes: 32, resources: 1000 })
      : everySize;

const folder = mkdtempSync(join(tmpdir(), "crm-bench-"));

interface Ours {
  readonly readMs: number;
  readonly planMs: number;
  readonly actions: number;
  readonly where: ReadonlyMap<string, string>;
}

function runOurs(xml: string, turns: number): Ours {
  const started = performance.now();
  const cib = parseCib("bench.xml", xml);
  const readMs = performance.now() - started;
  if (!cib.ok) throw new Error(JSON.stringify(cib.problems[0]));
  const { cluster, state } = cib.value;
  let best = Number.POSITIVE_INFINITY;
  let plan = schedule({ cluster, state, now: NOW });
  for (let turn = 0; turn < turns; turn += 1) {
    const begun = performance.now();
    plan = schedule({ cluster, state, now: NOW });
    best = Math.min(best, performance.now() - begun);
  }
  const after = currentPlacement(readWorld({ cluster, state: execute(plan).state, now: NOW }));
  const where = new Map(Object.entries(after).map(([name, list]) => [name, list[0]?.node ?? ""]));
  return { readMs, planMs: best, actions: plan.graph.actions.length, where };
}

async function runPeer(xml: string): Promise<{ readonly ms: number; readonly ended: boolean } | undefined> {
  const file = join(folder, "bench.xml");
  writeFileSync(file, xml);
  if (Bun.which("crm_simulate", { PATH: "/usr/sbin:/usr/bin" }) === null) return undefined;
  const started = performance.now();
  const child = Bun.spawn(["/usr/sbin/crm_simulate", "-R", "-x", file], {
    stdout: "ignore",
    stderr: "ignore",
    env: { PATH: "/usr/sbin:/usr/bin", CIB_shadow_dir: folder, HOME: folder },
    timeout: PEER_LIMIT_MS,
  });
  await child.exited;
  return { ms: performance.now() - started, ended: child.signalCode === null };
}

const pad = (text: string, width: number) => text.padStart(width);
const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
let missed = 0;

async function report(name: string, what: string, xml: string, bar: number | undefined): Promise<Ours> {
  const ours = runOurs(xml, quick ? 2 : 3);
  const peer = await runPeer(xml);
  const theirs = peer === undefined ? "-" : `${peer.ended ? "" : "> "}${ms(peer.ms)}`;
  const ratio = peer === undefined ? "-" : `${(peer.ms / (ours.planMs + ours.readMs)).toFixed(1)}x`;
  const verdict = bar === undefined ? "" : ours.planMs <= bar ? `bar ${bar}: met` : `bar ${bar}: MISSED`;
  if (verdict.endsWith("MISSED")) missed += 1;
  const memory = Math.round(process.memoryUsage.rss() / 1_048_576);
  process.stdout.write(
    `${pad(name, 9)}  ${what.padEnd(12)} ${pad(String(ours.actions), 7)} ${pad(ms(ours.planMs), 9)} ${pad(ms(ours.readMs), 9)} ${pad(theirs, 9)} ${pad(ratio, 8)} ${pad(String(memory), 6)}  ${verdict}\n`,
  );
  return ours;
}

process.stdout.write("     size  case           steps  ours plan ours read   peer    ratio     MB\n");
for (const size of sizes) {
  const name = `${size.nodes}x${size.resources}`;
  const bars = BARS[name];
  const first = await report(name, "first start", makeCib(size), bars?.[0]);
  await report(name, "node lost", makeCib(size, first.where, `n${size.nodes}`), bars?.[1]);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write("Times in ms; ratio: the peer's whole command against our reading and planning.\n");
process.exitCode = missed > 0 ? 2 : 0;
