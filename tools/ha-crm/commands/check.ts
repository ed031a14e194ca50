import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { describe } from "../../../shared/reason/catalogue.ts";
import { checkCluster } from "../model/check/check.ts";
import { checkReasons } from "../model/check-reasons.ts";
import { inWords, loadConfiguration } from "./load.ts";

export const checkCommand = defineCommand({
  name: "check",
  summary:
    "Find what a valid configuration gets wrong: fencing, quorum, constraints, thresholds, single points of failure",
  description: "Exit code 0 when nothing is found, 2 when something is, 65 when the file itself is wrong.",
  args: { file: { summary: "a CIB in XML, or ha.yaml; - reads standard input" } },
  options: {
    file: { type: "string", short: "f", aliases: ["cib"], summary: "the same as the argument", placeholder: "FILE" },
    witness: { type: "flag", summary: "there is a witness that this file doesn't tell of" },
    shared: {
      type: "string",
      repeatable: true,
      summary: "a node attribute that names something nodes share; besides switch, psu, rack and their like",
      placeholder: "ATTRIBUTE",
    },
  },
  examples: [{ run: "ha-crm check cib.xml", does: "lists what would hurt, why, and how to mend it" }],
  run({ args, options, out }) {
    const file = options.file ?? args.file;
    if (file === undefined) {
      out.note('name the file: "ha-crm check cib.xml"');
      return EXIT.usage;
    }
    const loaded = loadConfiguration(file, out);
    if (typeof loaded === "number") return loaded;
    const facts = checkCluster(loaded.cluster, { witness: options.witness, sharedAttributes: options.shared });
    const found = [...inWords(loaded.warnings), ...facts.map((fact) => describe(checkReasons, fact))];
    if (found.length === 0) {
      out.note("nothing found.");
      return out.format === "json" ? out.problems([], EXIT.ok) : EXIT.ok;
    }
    return out.problems(found, facts.length === 0 ? EXIT.ok : EXIT.problem, [loaded.source]);
  },
});
