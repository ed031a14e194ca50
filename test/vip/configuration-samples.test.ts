/**
 * Sample configurations for every part of keepalived.conf(5) that is about VRRP: what ha-vip makes of them, as the section
 * that `ha-vip import` prints, or why it refuses them. And the same files before the real keepalived.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { named, requirePrograms, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { makeSource } from "../../shared/text/source.ts";
import { parseHaYaml } from "../../tools/ha-vip/config/ha-yaml.ts";
import { writeVipSection } from "../../tools/ha-vip/config/ha-yaml-write.ts";
import { option, runDataFiles } from "../support/datadriven.ts";
import { allSamples, filesOf, readSample, SAMPLES, tell } from "./configuration-samples/sample.ts";
import { plain } from "./configuration-samples/plain.ts";
import { TRUSTING, VERDICT_SCRIPT, verdictsOf } from "./configuration-samples/verdict.ts";

describe("what ha-vip reads", () => {
  runDataFiles(SAMPLES, () => (block) => {
    const result = readSample(block);
    if (!result.ok) return ["refused", ...tell(result.problems)].join("\n");
    return ["good", ...tell(result.warnings), writeVipSection(result.value)].join("\n");
  });

  test("there are samples enough, each with a name of its own", () => {
    const names = allSamples().map((one) => one.name);
    expect(names.length).toBeGreaterThanOrEqual(25);
    expect(new Set(names).size).toBe(names.length);
  });

  for (const { block, name } of allSamples()) {
    const read = readSample(block);
    if (!read.ok) continue;
    test(`${name}: ha.yaml says the same`, () => {
      const again = parseHaYaml(makeSource("ha.yaml", writeVipSection(read.value)));
      if (!again.ok) throw new Error(tell(again.problems).join("\n"));
      expect(plain(again.value)).toEqual(plain(read.value));
    });
  }
});

const lacking = requireRootNamespaces() ?? requirePrograms("keepalived", "unshare", "ip");
const skip = lacking !== undefined;

describe.skipIf(skip)(named("what the real keepalived says of them", lacking), () => {
  let folder = "";
  let verdicts = new Map<string, string>();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ha-vip-samples-"));
    const paths = allSamples().map(({ block }, index) => {
      for (const { file, text } of filesOf(block.input)) {
        const path = join(folder, String(index), file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
      const path = join(folder, String(index), "asked.conf");
      writeFileSync(path, TRUSTING);
      return `${option(block, "id") ?? "node1"}:${path}`;
    });
    verdicts = verdictsOf(VERDICT_SCRIPT, paths);
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [index, { block, name }] of allSamples().entries()) {
    const recorded = option(block, "keepalived") ?? "accepts";
    test(`${name}: keepalived ${recorded} it`, () => {
      expect(verdicts.get(join(folder, String(index), "asked.conf"))).toBe(recorded);
      // Wherever the two differ, the sample says why.
      const same = (recorded === "accepts") === readSample(block).ok;
      if (!same) expect(option(block, "because") ?? "no reason given").not.toBe("no reason given");
      else expect(option(block, "because")).toBeUndefined();
    });
  }
});
