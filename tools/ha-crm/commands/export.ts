import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { writeCib } from "../config/export/cib-write.ts";
import { findLost } from "../config/export/lost.ts";
import { writeCrmSection } from "../config/ha-yaml/write.ts";
import { parseXml } from "../config/xml.ts";
import { inWords, loadConfiguration } from "./load.ts";

export const exportCommand = defineCommand({
  name: "export",
  summary: "Print a configuration as a CIB for Pacemaker's tools, or as the section crm: of ha.yaml",
  description: "The CIB holds the configuration; its status is empty. Pacemaker's crm_verify accepts it.",
  args: { file: { summary: "ha.yaml, or a CIB in XML" } },
  options: {
    cib: { type: "flag", summary: "as a CIB" },
    yaml: { type: "flag", summary: "as ha.yaml" },
    file: { type: "string", short: "f", summary: "the same as the argument", placeholder: "FILE" },
  },
  examples: [{ run: "ha-crm export --cib ha.yaml > cib.xml", does: "goes back to Pacemaker" }],
  run({ args, options, out }) {
    const file = options.file ?? args.file;
    if (file === undefined) {
      out.note('name the file: "ha-crm export --cib ha.yaml"');
      return EXIT.usage;
    }
    if (options.cib && options.yaml) {
      out.note("choose one of --cib and --yaml");
      return EXIT.usage;
    }
    const loaded = loadConfiguration(file, out);
    if (typeof loaded === "number") return loaded;
    const cib = writeCib(loaded.cluster, loaded.header);
    const document = loaded.format === "cib" ? parseXml(file, loaded.source.text) : undefined;
    const lost = document?.ok === true ? findLost(document.value, cib) : [];
    const told = [...loaded.warnings, ...lost];
    if (told.length > 0) out.problems(inWords(told), EXIT.ok, [loaded.source]);
    out.data(options.yaml ? writeCrmSection(loaded.cluster) : cib);
    return EXIT.ok;
  },
});
