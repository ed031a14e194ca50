import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { writeCib } from "../config/export/cib-write.ts";
import { findLost } from "../config/export/lost.ts";
import { readCrmSection } from "../config/ha-yaml/read.ts";
import { writeCrmSection } from "../config/ha-yaml/write.ts";
import { makeSource } from "../../../shared/text/source.ts";
import { parseXml } from "../config/xml.ts";
import { inWords, loadConfiguration } from "./load.ts";

export const importCommand = defineCommand({
  name: "import",
  summary: "Print the configuration of a Pacemaker CIB as the section crm: of ha.yaml",
  description: "What ha.yaml has no word for is named on standard error, with its place; nothing is left out silently.",
  args: { file: { summary: "the CIB in XML; - reads standard input", required: true } },
  examples: [{ run: "ha-crm import cib.xml > ha.yaml", does: "carries a configuration over" }],
  run({ args, out }) {
    const loaded = loadConfiguration(args.file, out);
    if (typeof loaded === "number") return loaded;
    const yaml = writeCrmSection(loaded.cluster);
    const again = readCrmSection(makeSource("ha.yaml", yaml));
    if (!again.ok) return out.problems(inWords(again.problems), EXIT.configuration, [makeSource("ha.yaml", yaml)]);
    const document = loaded.format === "cib" ? parseXml(args.file, loaded.source.text) : undefined;
    const lost = document?.ok === true ? findLost(document.value, writeCib(again.value)) : [];
    const told = [...loaded.warnings, ...lost];
    if (told.length > 0) out.problems(inWords(told), EXIT.ok, [loaded.source]);
    out.data(yaml);
    return EXIT.ok;
  },
});
