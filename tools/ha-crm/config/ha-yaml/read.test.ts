import { describe as group } from "bun:test";
import { join } from "node:path";
import { describe } from "../../../../shared/reason/catalogue.ts";
import { textReasons } from "../../../../shared/reason/text-reasons.ts";
import { formatPosition } from "../../../../shared/text/position.ts";
import { makeSource } from "../../../../shared/text/source.ts";
import { runDataFiles } from "../../../../test/support/datadriven.ts";
import { pcsReasons } from "../../model/pcs-reasons.ts";
import { writeCib } from "../export/cib-write.ts";
import { readCrmSection } from "./read.ts";

group("the section crm: of ha.yaml", () => {
  runDataFiles(join(import.meta.dir, "../../../../test/cases/crm/ha-yaml"), () => (block) => {
    const read = readCrmSection(makeSource("ha.yaml", block.input));
    if (read.ok) return writeCib(read.value).split("\n").slice(1).join("\n");
    return read.problems
      .map((fact) => {
        const { at, code, sentence, fix } = describe({ ...textReasons, ...pcsReasons }, fact);
        return `${at === undefined ? "nowhere" : formatPosition(at)} ${code}: ${sentence}${fix === undefined ? "" : ` | ${fix}`}`;
      })
      .join("\n");
  });
});
