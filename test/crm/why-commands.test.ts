import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import type { PcsWorld } from "../../tools/ha-crm/config/pcs/context.ts";
import { findVerb, runVerb } from "../../tools/ha-crm/config/pcs/run.ts";
import { simulate } from "../../tools/ha-crm/decide/simulate.ts";
import { findChanges } from "../../tools/ha-crm/decide/why-changes.ts";
import { study } from "../../tools/ha-crm/decide/why.ts";
import { knownAgent, knownAgentsOfType } from "../../tools/ha-crm/model/agents.ts";
import { primitivesOf } from "../../tools/ha-crm/model/resource.ts";
import { generate } from "./generate.ts";
import { NOW } from "./oracle.ts";
import { splitWords } from "./pcs-cases.ts";
import { writeTree } from "./xml-tree.ts";

setDefaultTimeout(240_000);

const WORLD: PcsWorld = { agent: knownAgent, agentsOfType: knownAgentsOfType, at: () => undefined, nowMs: NOW * 1000 };
const SEEDS = Array.from({ length: 40 }, (_, index) => 31_001 + index);
/** Larger clusters say the same and take longer. */
const MOST_RESOURCES = 10;

function carryOut(text: string, line: string): string {
  const words = splitWords(line);
  const found = findVerb(words);
  if (found === undefined) throw new Error(`there is no command "${line}"`);
  const outcome = runVerb(found.verb, words.slice(found.length), "cib.xml", text, WORLD);
  if (!outcome.ok) throw new Error(`"${line}" is refused: ${JSON.stringify(outcome.problems)}`);
  return outcome.value.text ?? text;
}

function inputOf(text: string) {
  const cib = parseCib("cib.xml", text);
  if (!cib.ok) throw new Error(JSON.stringify(cib.problems));
  return { cluster: cib.value.cluster, state: cib.value.state, now: NOW };
}

describe("the commands that why-not gives", () => {
  test("put the resource where they say", () => {
    let carriedOut = 0;
    for (const seed of SEEDS) {
      const text = writeTree(generate(seed).cib);
      const input = inputOf(text);
      const primitives = input.cluster.resources.flatMap((one) => [...primitivesOf(one)]);
      if (primitives.length > MOST_RESOURCES) continue;
      const node = input.cluster.nodes.at(-1)?.name ?? "";
      for (const { id } of primitives.slice(0, 4)) {
        const studied = study(input, id);
        if (studied === undefined) throw new Error(`seed ${seed}: there is no ${id}`);
        for (const { commands, then, change } of findChanges(input, studied, node)) {
          if (commands.length === 0) continue;
          const after = simulate(inputOf(commands.reduce(carryOut, text))).after;
          expect([seed, id, change, after[id]]).toEqual([seed, id, change, then]);
          carriedOut += 1;
        }
      }
    }
    expect(carriedOut).toBeGreaterThan(10);
  });
});
