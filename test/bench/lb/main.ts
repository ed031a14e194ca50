/**
 * ha-lb beside haproxy: the same configuration, the same machine, in one run, turn by turn.
 *
 *   bun test/bench/lb/main.ts [--quick] [--only CASE]… [--rounds N] [--seconds N] [--markdown] [--source]
 *
 * CPU is user and system time of all processes of a balancer, from /proc, per request; medians of the rounds.
 * Cases are those of cases.ts, `nft`, `slow` and `idle`. Needs haproxy, nginx, wrk, nft and openssl. `--source` runs the sources instead of the compiled binary.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CASES, type Place } from "./cases.ts";
import { compare, compareIdle } from "./compare.ts";
import { compareOffload } from "./offload.ts";
import { makeCertificate, ourCommand, startServers } from "./programs.ts";
import { compareSlow } from "./slow.ts";
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

const folder = mkdtempSync(join(tmpdir(), "lb-bench-"));
const place: Place = { folder, backends: BACKENDS };
const wants = (name: string): boolean => options.only.length === 0 || options.only.includes(name);
const ours = await ourCommand(options.source);
const servers = await startServers(place);
try {
  await makeCertificate(folder);
  const rows: Row[] = [HEADINGS];
  for (const one of CASES) {
    if (!wants(one.name)) continue;
    rows.push(rowOf(one, await compare(one, ours, place, { rounds, seconds })));
  }
  if (rows.length > 1) print(rows, options.markdown);
  if (wants("nft")) await compareOffload(ours, folder, { rounds, seconds });
  if (wants("slow")) {
    const crowd = options.quick ? { idle: 2000, slow: 200 } : { idle: 10_000, slow: 1000 };
    await compareSlow(ours, place, { ...crowd, seconds });
  }
  if (wants("idle")) await compareIdle(ours, place, Number(options.idle));
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
