import { describe } from "bun:test";
import { findVerb, runVerb } from "../../tools/ha-crm/config/pcs/run.ts";
import type { PcsWorld } from "../../tools/ha-crm/config/pcs/context.ts";
import { knownAgent, knownAgentsOfType } from "../../tools/ha-crm/model/agents.ts";
import { option, runDataFiles, type DataBlock } from "../support/datadriven.ts";
import { baseText, changedLines, normalLines, PCS_CASES, splitWords } from "./pcs-cases.ts";

const WORLD: PcsWorld = {
  agent: knownAgent,
  agentsOfType: knownAgentsOfType,
  at: () => undefined,
  nowMs: Date.UTC(2026, 0, 1),
};

/** The same lines with our own commands. Where we are stricter than pcs, the block says so. */
function runOurs(block: DataBlock): string {
  const base = baseText(option(block, "base") ?? "empty");
  let text = base;
  const refused: string[] = [];
  for (const [index, line] of block.input.split("\n").entries()) {
    const words = splitWords(line);
    const found = findVerb(words);
    if (found === undefined) throw new Error(`${block.place}: no verb for "${line}"`);
    const outcome = runVerb(found.verb, words.slice(found.length), "cib.xml", text, WORLD);
    if (!outcome.ok) refused.push(`refused line ${index + 1}`);
    else text = outcome.value.text ?? text;
  }
  if (option(block, "ours") === "refuses") return refused.length === 0 ? "we should refuse this" : block.expected;
  const changed = changedLines(normalLines(base), normalLines(text));
  return [...refused, changed === "" && refused.length === 0 ? "no change" : changed]
    .filter((one) => one !== "")
    .join("\n");
}

describe("commands of pcs change a file as pcs does", () => {
  runDataFiles(PCS_CASES, () => runOurs);
});
