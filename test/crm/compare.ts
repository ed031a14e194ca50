#!/usr/bin/env bun
/**
 * Compares our scheduler with crm_simulate on random CIBs:
 * `bun test/crm/compare.ts --seeds 1..1000 [--minimise 3] [--only placement] [--save DIR]`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareSeeds, smallest, type Comparison, type Outcome } from "./compare-run.ts";
import { KINDS } from "./generate.ts";
import { classOf } from "./explain.ts";
import { forgetQuestions, rememberAnswers } from "./oracle.ts";
import { writeTree } from "./xml-tree.ts";

const LANES = 2;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1..200" },
    minimise: { type: "string", default: "0" },
    only: { type: "string" },
    show: { type: "string", default: "10" },
    save: { type: "string" },
    kinds: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
    remember: { type: "string" },
  },
});

if (values.remember !== undefined) rememberAnswers(values.remember);

/** Without what is the same everywhere. */
const shown = (xml: string) =>
  values.brief
    ? xml.replaceAll(
        / (crm-debug-origin|crm_feature_set|transition-key|transition-magic|exec-time|queue-time|op-digest|operation_key|on_node|last-rc-change|validate-with|epoch|num_updates|admin_epoch)="[^"]*"/g,
        "",
      )
    : xml;

/** `1..10,15` */
const seeds = values.seeds.split(",").flatMap((part) => {
  const [from = 1, to = from] = part.split("..").map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
});
const counts = new Map<Outcome, number>();
const differing: Comparison[] = [];
const perKind = new Map<string, { total: number; different: number }>();

await compareSeeds(seeds, LANES, (one) => {
  counts.set(one.outcome, (counts.get(one.outcome) ?? 0) + 1);
  if (one.outcome !== "equal") differing.push(one);
  for (const kind of one.kinds) {
    const entry = perKind.get(kind) ?? { total: 0, different: 0 };
    perKind.set(kind, { total: entry.total + 1, different: entry.different + (one.outcome === "placement" ? 1 : 0) });
  }
});

differing.sort((left, right) => left.seed - right.seed);
const classes = new Map<string, number>();
const unexplained: number[] = [];
const classBySeed = new Map<number, string>();
for (const one of differing) {
  if (one.outcome !== "placement" && one.outcome !== "actions") continue;
  const found = await classOf(one);
  classBySeed.set(one.seed, found ?? "unexplained");
  const key = `${one.outcome}: ${found ?? "unexplained"}`;
  classes.set(key, (classes.get(key) ?? 0) + 1);
  if (found === undefined && one.outcome === "placement") unexplained.push(one.seed);
}
const wanted = differing.filter((one) =>
  values.only === undefined ? one.outcome !== "refused" : one.outcome === values.only,
);
const print = (text: string) => process.stdout.write(`${text}\n`);
for (const one of wanted.slice(0, Number(values.show))) {
  print(`seed ${one.seed}: ${one.outcome} (${classBySeed.get(one.seed) ?? ""})`);
  for (const line of one.detail.slice(0, 6)) print(`    ${line}`);
}
for (const one of wanted.slice(0, Number(values.minimise))) {
  const { cib, detail } = await smallest(one);
  print(
    `\n--- seed ${one.seed}, smallest CIB: ${one.outcome}\n${detail.map((line) => `    ${line}`).join("\n")}\n${shown(writeTree(cib))}`,
  );
  if (values.save !== undefined) {
    mkdirSync(values.save, { recursive: true });
    writeFileSync(join(values.save, `${one.outcome}-${one.seed}.xml`), writeTree(cib));
  }
}
const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
const refused = counts.get("refused") ?? 0;
const answered = total - refused;
const share = (count: number) => `${((100 * count) / Math.max(1, answered)).toFixed(2)} %`;
const samePlacement = (counts.get("equal") ?? 0) + (counts.get("actions") ?? 0);
if (values.kinds) print("\nshare of different placements by kind:");
for (const kind of values.kinds ? KINDS : []) {
  const entry = perKind.get(kind);
  if (entry !== undefined && entry.different > 0) print(`  ${kind.padEnd(14)} ${entry.different} of ${entry.total}`);
}
print(`\n${total} CIBs, ${refused} refused by the oracle, of ${answered} answered:`);
print(
  `  equal placement ${samePlacement} (${share(samePlacement)}), and equal actions ${counts.get("equal") ?? 0} (${share(counts.get("equal") ?? 0)})`,
);
print(
  `  different placement ${counts.get("placement") ?? 0}, only actions different ${counts.get("actions") ?? 0}, defects ${counts.get("defect") ?? 0}`,
);
for (const [name, count] of [...classes].toSorted(([left], [right]) => (left < right ? -1 : 1)))
  print(`  ${name}: ${count} (${share(count)})`);
print(`  placements that differ without a known reason: ${unexplained.length} (${share(unexplained.length)})`);
forgetQuestions();
