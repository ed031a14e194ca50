import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { compareSeeds, type Comparison } from "./compare-run.ts";
import { classOf } from "./explain.ts";

const ORACLE = "/usr/sbin/crm_simulate";
const missing = existsSync(ORACLE) ? undefined : "crm_simulate is not installed (Debian: pacemaker-cli-utils)";
/** Loaded machines get through fewer seeds; the share is what counts. */
const MOST_MS = 25_000;
const SEEDS = 200;
const LEAST_SEEDS = 20;
/** One cluster that is slow to place, and the search for reasons, come on top. */
const LIMIT_MS = 180_000;
/** Known classes of difference are listed in docs/ha-crm-differences.md. */
const LEAST_EQUAL = 0.97;
const MOST_UNEXPLAINED = 0.01;

test.skipIf(missing !== undefined)(
  "random clusters are placed as Pacemaker's own scheduler places them",
  async () => {
    const results: Comparison[] = [];
    const started = performance.now();
    const seeds = Array.from({ length: SEEDS }, (_, index) => 10_001 + index);
    const late = () => performance.now() - started > MOST_MS;
    await compareSeeds(seeds, 2, (one) => results.push(one), late);
    const answered = results.filter((one) => one.outcome !== "refused");
    const different = answered.filter((one) => one.outcome === "placement" || one.outcome === "defect");
    expect(answered.length).toBeGreaterThanOrEqual(LEAST_SEEDS);
    expect(results.filter((one) => one.outcome === "defect").map((one) => [one.seed, one.detail])).toEqual([]);
    const unexplained: string[] = [];
    for (const one of different) {
      if ((await classOf(one)) === undefined) unexplained.push(`${one.seed}: ${one.detail[0]}`);
    }
    if (unexplained.length > Math.max(2, MOST_UNEXPLAINED * answered.length))
      throw new Error(
        `of ${answered.length} placements these differ without a known reason:\n${unexplained.join("\n")}`,
      );
    const share = 1 - different.length / answered.length;
    if (share < LEAST_EQUAL) {
      const list = different.map((one) => `${one.seed}: ${one.detail[0]}`).join("\n");
      throw new Error(`only ${(100 * share).toFixed(1)} % of ${answered.length} placements are equal:\n${list}`);
    }
  },
  LIMIT_MS,
);
