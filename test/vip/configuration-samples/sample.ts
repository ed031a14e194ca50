/** Sample configurations of test/cases/vip/keepalived: one block is one keepalived.conf with the files it includes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Catalogue, describe } from "../../../shared/reason/catalogue.ts";
import type { Reason } from "../../../shared/reason/catalogue.ts";
import type { Result } from "../../../shared/reason/result.ts";
import { textReasons } from "../../../shared/reason/text-reasons.ts";
import { formatPosition } from "../../../shared/text/position.ts";
import { parseKeepalived } from "../../../tools/ha-vip/config/keepalived.ts";
import type { SourceText } from "../../../tools/ha-vip/config/source-lines.ts";
import { configReasons } from "../../../tools/ha-vip/model/config-reasons.ts";
import type { VipConfiguration } from "../../../tools/ha-vip/model/configuration.ts";
import { type DataBlock, option, parseDataFile } from "../../support/datadriven.ts";

export const SAMPLES = join(import.meta.dir, "..", "..", "cases", "vip", "keepalived");
const MAIN = "keepalived.conf";

/** The files of a sample: the text up to the first `=== NAME` is keepalived.conf, and so on. */
export function filesOf(input: string): readonly SourceText[] {
  const [main = "", ...parts] = input.split(/^=== (\S+)\n/m);
  const files: SourceText[] = [{ file: MAIN, text: main }];
  for (let index = 0; index < parts.length; index += 2) {
    files.push({ file: parts[index] ?? "", text: parts[index + 1] ?? "" });
  }
  return files;
}

/** Reads a sample as the daemon would, with included files from the sample itself. */
export function readSample(block: DataBlock): Result<VipConfiguration> {
  const files = filesOf(block.input);
  return parseKeepalived(MAIN, files[0]?.text ?? "", {
    configId: option(block, "id") ?? "node1",
    include: (pattern) => files.filter((one) => new Bun.Glob(pattern).match(one.file)),
  });
}

const CATALOGUE: Catalogue = { ...textReasons, ...configReasons };

/** Words that a reason's sentence has a place for and its data lacks. */
export function unsaid({ code, data }: Reason): string[] {
  const sentence = CATALOGUE[code]?.sentence ?? "{sentence}";
  return [...sentence.matchAll(/\{(\w+)\}/g)].flatMap(([, name = ""]) => (data[name] === undefined ? [name] : []));
}

/** One line for each reason: its place, its code and its sentence. */
export function tell(reasons: readonly Reason[]): string[] {
  return reasons.map((fact) => {
    const { at, sentence, severity } = describe(CATALOGUE, fact);
    return `${at === undefined ? "" : `${formatPosition(at)}: `}${severity} ${fact.code}: ${sentence}`;
  });
}

export interface Sample {
  readonly name: string;
  readonly block: DataBlock;
}

/** All samples of all files. */
export function allSamples(): readonly Sample[] {
  const files = readdirSync(SAMPLES).filter((name) => name.endsWith(".txt"));
  return files.toSorted().flatMap((file) =>
    parseDataFile(readFileSync(join(SAMPLES, file), "utf8"), file).flatMap((piece) => {
      if (piece.kind !== "block" || piece.block.command !== "read") return [];
      return [{ name: `${file} ${piece.block.words[0] ?? ""}`, block: piece.block }];
    }),
  );
}
