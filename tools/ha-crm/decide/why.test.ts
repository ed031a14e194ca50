import { describe as group, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "../../../shared/reason/catalogue.ts";
import { makeSource } from "../../../shared/text/source.ts";
import { type DataBlock, option, runDataFiles } from "../../../test/support/datadriven.ts";
import { readCrmSection } from "../config/ha-yaml/read.ts";
import type { Cluster } from "../model/cluster.ts";
import { type ClusterState, EMPTY_STATE } from "../model/state.ts";
import { whyReasons } from "../model/why-reasons.ts";
import type { ActiveAt } from "./placement.ts";
import { changeNode, injectOutcome, setProperty, switchNode } from "./what-if.ts";
import { explainWhy, explainWhyNot, study } from "./why.ts";
import { findChanges } from "./why-changes.ts";

const CASES = join(import.meta.dir, "../../../test/cases/crm/why");
const NOW = 1_700_000_000;

function clusterOf(block: DataBlock): Cluster {
  const nodes = block.input.includes("nodes:") ? "" : "nodes: [{name: n1}, {name: n2}, {name: n3}]\n";
  const read = readCrmSection(makeSource("ha.yaml", `crm:\n${`${nodes}${block.input}`.replace(/^/gm, "  ")}`));
  if (!read.ok) throw new Error(`${block.place}: ${JSON.stringify(read.problems)}`);
  return option(block, "fencing") === "on" ? read.value : setProperty(read.value, "stonith-enabled", "false");
}

function stateOf(block: DataBlock, cluster: Cluster): ClusterState {
  const down = block.options.get("down") ?? [];
  let state: ClusterState = { ...EMPTY_STATE, quorate: option(block, "quorum") !== "no" };
  for (const { name } of cluster.nodes) {
    const change = down.includes(name) ? "down" : "up";
    state = changeNode(cluster, state, name, (node) => switchNode(node, change)) ?? state;
  }
  for (const word of block.options.get("running") ?? []) {
    const [resource = "", name = ""] = word.split("@");
    const outcome = { key: `${resource}_start_0`, node: name, rc: 0 };
    state = changeNode(cluster, state, name, (node) => injectOutcome(node, outcome, NOW) ?? node) ?? state;
  }
  return state;
}

const places = (list: readonly ActiveAt[]) => list.map((one) => one.node).join(", ") || "stopped";

function explain(block: DataBlock): string {
  const cluster = clusterOf(block);
  const input = { cluster, state: stateOf(block, cluster), now: NOW };
  const [resource = "", node] = block.words;
  const studied = study(input, resource);
  if (studied === undefined) return "no such resource";
  const explanation = block.command === "why" ? explainWhy(studied) : explainWhyNot(studied, node ?? "");
  if (explanation === undefined) return "no such node";
  const rows = explanation.rows.map((row) => {
    const parts = row.parts.map(
      (part) => `${part.delta} ${part.source}${part.at === undefined ? "" : `:${part.at.line}`}`,
    );
    return `  ${row.instance} ${row.node} ${row.score ?? "none"}${row.chosen ? "*" : ""} ${parts.join(", ")}`.trimEnd();
  });
  const changes = findChanges(input, studied, node).map((one) => `  if ${one.change}: ${places(one.then)}`);
  return [describe(whyReasons, explanation.because).sentence, ...rows, ...changes].join("\n");
}

group("why and why not", () => {
  runDataFiles(CASES, () => explain);

  test("every answer has a case", () => {
    const text = readdirSync(CASES)
      .map((name) => readFileSync(join(CASES, name), "utf8"))
      .join("\n");
    const without = Object.entries(whyReasons).filter(([, entry]) => {
      const pieces = entry.sentence.split(/\{\w+\}/).filter((piece) => piece.trim().length > 3);
      return !text.split("\n").some((line) => pieces.every((piece) => line.includes(piece)));
    });
    expect(without.map(([code]) => code)).toEqual([]);
  });
});
