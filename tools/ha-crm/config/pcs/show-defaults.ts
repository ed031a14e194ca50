import { ruleLines } from "./show-rules.ts";
import type { TreeElement } from "./tree.ts";

/** Sets of defaults as pcs shows them. */
export function defaultsLines(sets: readonly TreeElement[], withIds: boolean): readonly string[] {
  if (sets.length === 0) return ["No defaults set"];
  return sets.flatMap((set) => {
    const score = set.get("score");
    const rules = set.all("rule").flatMap((rule) => ruleLines(rule, withIds));
    return [
      `Meta Attrs: ${set.id}${score === undefined ? "" : ` score=${score}`}`,
      ...set.all("nvpair").map((pair) => `  ${pair.get("name") ?? ""}=${pair.get("value") ?? ""}`),
      ...rules.map((line) => `  ${line}`),
    ];
  });
}
