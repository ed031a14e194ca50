import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { importToYaml } from "../config/import-yaml.ts";
import { inWords } from "./check.ts";
import { configurationEnvironment, readConfigurationFiles } from "./check-load.ts";
import { makeSource } from "../../../shared/text/source.ts";

export const importCommand = defineCommand({
  name: "import",
  summary: "Turn a haproxy.cfg into the lb: part of an ha.yaml, on standard output",
  args: { file: { summary: "haproxy.cfg, or a folder of *.cfg", required: true, repeatable: true } },
  examples: [
    {
      run: "ha-lb import /etc/haproxy/haproxy.cfg > ha.yaml",
      does: "prints the same configuration as YAML and says what it could not keep",
    },
  ],
  run({ args, out, io }) {
    const { files, problems } = readConfigurationFiles(args.file);
    if (problems.length > 0) return out.problems(inWords(problems), EXIT.configuration, []);
    const sources = files.map(({ file, text }) => makeSource(file, text));
    const imported = importToYaml(files, {
      environment: configurationEnvironment({ paths: args.file, environment: io.env }, files),
    });
    if ("problems" in imported) return out.problems(inWords(imported.problems), EXIT.configuration, sources);
    if (imported.notes.length > 0) out.problems(inWords(imported.notes), EXIT.ok, sources);
    io.stdout.write(imported.yaml);
    return EXIT.ok;
  },
});
