import { join } from "node:path";
import { option, type DataBlock } from "../support/datadriven.ts";
import { askOracle, type Verdict } from "./oracle.ts";
import { runOurs } from "./ours.ts";
import { smallCib } from "./small-cib.ts";

/** Small CIBs with what crm_simulate makes of them. */
export const SCHEDULER_CASES = join(import.meta.dir, "../cases/crm/scheduler");

/** One line for each resource that is active afterwards, then one for each step. */
function verdictText(verdict: Verdict): string {
  const places = Object.entries(verdict.placement)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([resource, where]) => `${resource}: ${where.join(", ")}`);
  return [...places, ...verdict.actions.map((action) => `- ${action}`)].join("\n");
}

/** What is kept in the file: the oracle's answer; `ours=` says why ours differs, and the answer is ours then. */
export async function askForBlock(block: DataBlock): Promise<string> {
  if (option(block, "ours") !== undefined) return block.expected;
  const answer = await askOracle(smallCib(block.input), 7);
  return "refused" in answer ? `refused: ${answer.refused}` : verdictText(answer.verdict);
}

export function ourBlock(block: DataBlock): string {
  return verdictText(runOurs(smallCib(block.input)).verdict);
}
