import { describe as group, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "../../../../shared/reason/catalogue.ts";
import { makeSource } from "../../../../shared/text/source.ts";
import { option, runDataFiles, type DataBlock } from "../../../../test/support/datadriven.ts";
import { readCrmSection } from "../../config/ha-yaml/read.ts";
import { checkReasons } from "../check-reasons.ts";
import type { Cluster } from "../cluster.ts";
import { checkCluster } from "./check.ts";

const CASES = join(import.meta.dir, "../../../../test/cases/crm/check");

function readSection(yaml: string): Cluster {
  const read = readCrmSection(makeSource("ha.yaml", `crm:\n${yaml.replace(/^/gm, "  ")}`));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

const BASE = readSection(`nodes: [{name: n1}, {name: n2}, {name: n3}]
resources:
  - {id: fence, agent: "stonith:fence_apc", operations: [{name: monitor, interval: 60s}]}`);

/** The block's section; with `base`, three nodes and a fencing device in front of it. */
function clusterOf(block: DataBlock): Cluster {
  if (!block.words.includes("base")) return readSection(block.input);
  const levels = block.input.includes("fencingLevels");
  const more = readSection(
    levels ? `${block.input}\nresources: [{id: fence, agent: "stonith:fence_apc"}]` : block.input,
  );
  const resources = levels ? BASE.resources : [...BASE.resources, ...more.resources];
  return { ...more, nodes: BASE.nodes, resources };
}

group("what check finds", () => {
  runDataFiles(CASES, () => (block) => {
    const witness = block.words.includes("witness");
    const found = checkCluster(clusterOf(block), { witness, sharedAttributes: block.options.get("shared") ?? [] });
    // Blocks without a device are about something else than fencing, but where they stand in the file on it.
    const fencing = option(block, "base") !== "no";
    return found
      .filter((fact) => fencing || fact.code !== "CRM_CHECK_NO_FENCING")
      .map((fact) => `${fact.code}: ${describe(checkReasons, fact).sentence}`)
      .join("\n");
  });

  test("every finding has a case", () => {
    const texts = readdirSync(CASES).map((name) => readFileSync(join(CASES, name), "utf8"));
    const missing = Object.keys(checkReasons).filter((code) => !texts.some((text) => text.includes(`${code}:`)));
    expect(missing).toEqual([]);
  });

  test("every finding says why it matters or how to mend it, without gaps", () => {
    for (const [code, entry] of Object.entries(checkReasons)) {
      expect(`${code} ${"fix" in entry ? entry.fix : ""}`).not.toBe(`${code} `);
    }
  });
});
