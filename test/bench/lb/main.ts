/**
 * ha-lb beside haproxy: the same configuration, the same machine, in one run, turn by turn.
 *
 *   bun test/bench/lb/main.ts [--quick] [--only CASE]… [--rounds N] [--seconds N] [--markdown] [--source]
 *
 * CPU is user and system time of all processes of a balancer, from /proc, per request; medians of the rounds.
 * Needs haproxy, nginx, wrk and openssl. `--source` runs the sources instead of the compiled binary.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileTools } from "../../../shared/build/compile.ts";
import { CASES, type Place } from "./cases.ts";
import { compare, compareIdle } from "./compare.ts";
import { makeCertificate, startServers } from "./programs.ts";
import { HEADINGS, print, type Row, rowOf } from "./report.ts";

const BACKENDS = [24_101, 24_102];

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    seconds: { type: "string" },
    markdown: { type: "boolean", default: false },
    source: { type: "boolean", default: false },
    idle: { type: "string", default: "9000" },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 4));

async function ourCommand(): Promise<readonly string[]> {
  if (options.source) return [process.execPath, join(import.meta.dir, "../../../tools/ha-lb/main.ts")];
  const path = (await compileTools({ tools: ["ha-lb"], onlyIfStale: true })).get("ha-lb");
  if (path === undefined) throw new Error("ha-lb was not built");
  return [path];
}

const folder = mkdtempSync(join(tmpdir(), "lb-bench-"));
const place: Place = { folder, backends: BACKENDS };
const wants = (name: string): boolean => options.only.length === 0 || options.only.includes(name);
const ours = await ourCommand();
const servers = await startServers(place);
try {
  await makeCertificate(folder);
  const rows: Row[] = [HEADINGS];
  for (const one of CASES) {
    if (!wants(one.name)) continue;
    rows.push(rowOf(one, await compare(one, ours, place, { rounds, seconds })));
  }
  if (rows.length > 1) print(rows, options.markdown);
  if (wants("idle")) await compareIdle(ours, place, Number(options.idle));
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
