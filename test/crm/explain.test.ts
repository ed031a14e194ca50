import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { named } from "../../shared/lab/requirements.ts";
import { parseXml, type XmlElement } from "../../tools/ha-crm/config/xml.ts";
import { judge } from "./compare-run.ts";
import { CLASSES, classOf } from "./explain.ts";
import { askOracle, forgetQuestions } from "./oracle.ts";
import { lacksPacemaker } from "./peers.ts";
import { tree, writeTree, type Tree } from "./xml-tree.ts";

afterAll(forgetQuestions);

setDefaultTimeout(240_000);

/** The smallest known CIB of each class of differences, named after it. */
const FOLDER = join(import.meta.dir, "../cases/crm/differences");
const LANE = 78;

function treeOf(element: XmlElement): Tree {
  return tree(element.name, Object.fromEntries(element.attributes), element.children.map(treeOf));
}

function readTree(file: string): Tree {
  const read = parseXml(file, readFileSync(join(FOLDER, file), "utf8"));
  if (!read.ok) throw new Error(`${file} is no XML`);
  return treeOf(read.value.root);
}

const files = readdirSync(FOLDER).toSorted();

test("every class of differences has its example", () => {
  expect(files).toEqual([...CLASSES].map((name) => `${name}.xml`).toSorted());
});

const lacking = lacksPacemaker("crm_simulate");
describe.skipIf(lacking !== undefined)(named("an example differs, for the reason it is named after", lacking), () => {
  test.each(files)("%s", async (file) => {
    const cib = readTree(file);
    const xml = writeTree(cib);
    const judgement = judge(xml, await askOracle(xml, LANE));
    expect(judgement.outcome).toBe("placement");
    expect(`${await classOf({ seed: 0, kinds: [], cib, ...judgement })}.xml`).toBe(file);
  });
});
