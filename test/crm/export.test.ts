import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { named } from "../../shared/lab/requirements.ts";
import { labEnvironment } from "../../shared/lab/support.ts";
import { makeSource } from "../../shared/text/source.ts";
import { type Cib, parseCib } from "../../tools/ha-crm/config/cib/read.ts";
import { writeCib } from "../../tools/ha-crm/config/export/cib-write.ts";
import { findLost } from "../../tools/ha-crm/config/export/lost.ts";
import { readCrmSection } from "../../tools/ha-crm/config/ha-yaml/read.ts";
import { writeCrmSection } from "../../tools/ha-crm/config/ha-yaml/write.ts";
import { parseXml } from "../../tools/ha-crm/config/xml.ts";
import { makePlan } from "../../tools/ha-crm/decide/plan.ts";
import type { Cluster } from "../../tools/ha-crm/model/cluster.ts";
import { generate } from "./generate.ts";
import { NOW } from "./oracle.ts";
import { baseText } from "./pcs-cases.ts";
import { lacksPacemaker } from "./peers.ts";
import { writeTree } from "./xml-tree.ts";

// A check by crm_verify is a process each.
setDefaultTimeout(240_000);

const SEEDS = 60;

function readCib(text: string): Cib {
  const read = parseCib("cib.xml", text);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

function readYaml(text: string): Cluster {
  const read = readCrmSection(makeSource("ha.yaml", text));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

const random = (seed: number) => writeTree(generate(seed).cib);

describe("import, export, import", () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    test(`is stable, loses nothing and plans the same: random configuration ${seed}`, () => {
      const original = random(seed);
      const { cluster, state } = readCib(original);
      const yaml = writeCrmSection(cluster);
      const throughYaml = readYaml(yaml);
      const cib = writeCib(throughYaml);
      const again = readCib(cib);
      expect(writeCrmSection(again.cluster)).toBe(yaml);
      expect(writeCib(again.cluster)).toBe(cib);
      const document = parseXml("cib.xml", original);
      if (!document.ok) throw new Error("no XML");
      expect(findLost(document.value, cib)).toEqual([]);
      const placement = (one: Cluster) => makePlan({ cluster: one, state, now: NOW }, { only: new Set() }).placement;
      expect(placement(again.cluster)).toEqual(placement(cluster));
    });
  }

  test("what has no word in ha.yaml is named with its place", () => {
    const text = baseText("web").replace(
      "<tags>",
      '<acls><acl_role id="r"><acl_permission id="p" kind="read" xpath="/"/></acl_role></acls>\n    <tags>',
    );
    const document = parseXml("cib.xml", text);
    if (!document.ok) throw new Error("no XML");
    const lost = findLost(document.value, writeCib(readYaml(writeCrmSection(readCib(text).cluster))));
    expect(lost.map((one) => one.data["element"])).toEqual(["acl_role r", "acl_permission p"]);
    expect(lost[0]?.at?.line).toBe(text.slice(0, text.indexOf("<acl_role")).split("\n").length);
  });
});

describe("what is exported", () => {
  const lacking = lacksPacemaker("crm_verify");
  test.skipIf(lacking !== undefined)(named("is accepted by crm_verify as its original is", lacking), async () => {
    const folder = mkdtempSync(join(tmpdir(), "crm-export-"));
    try {
      const verify = async (text: string) => {
        const file = join(folder, "cib.xml");
        writeFileSync(file, text);
        const child = Bun.spawn(["crm_verify", "-x", file], {
          stdout: "ignore",
          stderr: "pipe",
          env: labEnvironment(),
        });
        const said = await new Response(child.stderr).text();
        // Warnings about what would be done are as good as silence; only errors count.
        return { refused: (await child.exited) === 78, errors: said.includes("Errors found") };
      };
      for (let seed = 1; seed <= 20; seed += 1) {
        const original = random(seed);
        const exported = writeCib(readYaml(writeCrmSection(readCib(original).cluster)));
        const status = /<status[\s\S]*$/.exec(original)?.[0] ?? "<status/></cib>";
        const whole = exported.replace(/<status\/>\s*<\/cib>\s*$/, status);
        expect(await verify(whole)).toEqual(await verify(original));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("the configurations of the commands' tables keep their meaning", () => {
    const bases = readdirSync(join(import.meta.dir, "../cases/crm/pcs/bases"));
    for (const base of bases) {
      const text = readFileSync(join(import.meta.dir, "../cases/crm/pcs/bases", base), "utf8");
      const document = parseXml(base, text);
      if (!document.ok) throw new Error("no XML");
      expect(findLost(document.value, writeCib(readCib(text).cluster))).toEqual([]);
    }
  });
});
