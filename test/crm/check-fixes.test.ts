import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe as inWords, type Reason } from "../../shared/reason/catalogue.ts";
import { makeSource } from "../../shared/text/source.ts";
import { parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import { writeCib } from "../../tools/ha-crm/config/export/cib-write.ts";
import { readCrmSection } from "../../tools/ha-crm/config/ha-yaml/read.ts";
import { findVerb, runVerb } from "../../tools/ha-crm/config/pcs/run.ts";
import { knownAgent, knownAgentsOfType } from "../../tools/ha-crm/model/agents.ts";
import { checkReasons } from "../../tools/ha-crm/model/check-reasons.ts";
import { checkCluster } from "../../tools/ha-crm/model/check/check.ts";
import type { Cluster } from "../../tools/ha-crm/model/cluster.ts";
import { parseDataFile } from "../support/datadriven.ts";
import { splitWords } from "./pcs-cases.ts";

const CASES = join(import.meta.dir, "../cases/crm/check");
const WORLD = { agent: knownAgent, agentsOfType: knownAgentsOfType, at: () => undefined, nowMs: Date.UTC(2026, 0, 1) };
const NODES = "nodes: [{name: n1}, {name: n2}, {name: n3}]\n";

/** The configurations of the cases, those that stand for themselves and those that need three nodes. */
function clusters(): readonly Cluster[] {
  const blocks = readdirSync(CASES).flatMap((name) =>
    parseDataFile(readFileSync(join(CASES, name), "utf8"), name).flatMap((piece) =>
      piece.kind === "block" ? [piece.block] : [],
    ),
  );
  return blocks.flatMap((block) => {
    const nodes = block.words.includes("base") && !block.input.includes("nodes:") ? NODES : "";
    const read = readCrmSection(makeSource("ha.yaml", `crm:\n${`${nodes}${block.input}`.replace(/^/gm, "  ")}`));
    return read.ok ? [read.value] : [];
  });
}

const found = (cluster: Cluster) => checkCluster(cluster, { witness: false, sharedAttributes: [] });
const sentence = (fact: Reason) => `${fact.code}: ${inWords(checkReasons, fact).sentence}`;

/** The command in a remedy, when it is a whole one. */
function commandOf(fact: Reason): string | undefined {
  const command = /"ha-crm ([^"]+)"/.exec(inWords(checkReasons, fact).fix ?? "")?.[1];
  return command?.includes("…") === true ? undefined : command;
}

function carryOut(cluster: Cluster, line: string): Cluster {
  const words = splitWords(line);
  const verb = findVerb(words);
  if (verb === undefined) throw new Error(`there is no command "${line}"`);
  const outcome = runVerb(verb.verb, words.slice(verb.length), "cib.xml", writeCib(cluster), WORLD);
  if (!outcome.ok) throw new Error(`"${line}" is refused: ${JSON.stringify(outcome.problems)}`);
  const cib = parseCib("cib.xml", outcome.value.text ?? "");
  if (!cib.ok) throw new Error(`"${line}" changed nothing, or too much`);
  return cib.value.cluster;
}

describe("what check recommends", () => {
  test("removes the finding, wherever the remedy is a command", () => {
    const tried = new Set<string>();
    for (const cluster of clusters()) {
      for (const fact of found(cluster)) {
        const command = commandOf(fact);
        if (command === undefined) continue;
        tried.add(fact.code);
        const left = found(carryOut(cluster, command)).map(sentence);
        expect([command, left.includes(sentence(fact))]).toEqual([command, false]);
      }
    }
    const codes = [
      "CRM_CHECK_LEFT_OVER",
      "CRM_CHECK_MAINTENANCE",
      "CRM_CHECK_NO_MONITOR",
      "CRM_CHECK_NO_PROMOTED_MONITOR",
    ];
    expect([...tried].toSorted()).toEqual(codes);
  });
});
