import { describe } from "bun:test";
import { join } from "node:path";
import { findVerb, runVerb } from "../../tools/ha-crm/config/pcs/run.ts";
import type { PcsWorld } from "../../tools/ha-crm/config/pcs/context.ts";
import { knownAgent, knownAgentsOfType } from "../../tools/ha-crm/model/agents.ts";
import { option, runDataFiles } from "../support/datadriven.ts";
import { baseText, splitWords } from "./pcs-cases.ts";

const WORLD: PcsWorld = {
  agent: knownAgent,
  agentsOfType: knownAgentsOfType,
  at: () => undefined,
  nowMs: Date.UTC(2026, 0, 1),
};

describe("what is configured is printed back as pcs prints it", () => {
  runDataFiles(join(import.meta.dir, "../cases/crm/pcs-show"), () => (block) => {
    let text = baseText(option(block, "base") ?? "empty");
    let answer = "";
    for (const line of block.input.split("\n")) {
      const words = splitWords(line);
      const found = findVerb(words);
      if (found === undefined) throw new Error(`${block.place}: no verb for "${line}"`);
      const outcome = runVerb(found.verb, words.slice(found.length), "cib.xml", text, WORLD);
      if (!outcome.ok) throw new Error(`${block.place}: ${JSON.stringify(outcome.problems)}`);
      text = outcome.value.text ?? text;
      answer = outcome.value.answer;
    }
    return answer;
  });
});
