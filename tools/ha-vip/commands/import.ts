import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { writeVipSection } from "../config/ha-yaml-write.ts";
import { inWords, loadConfiguration } from "./load.ts";

export const importCommand = defineCommand({
  name: "import",
  summary: "Print a keepalived.conf as the section vip: of ha.yaml",
  args: { file: { summary: "the keepalived.conf", required: true } },
  options: { "config-id": { type: "string", short: "i", summary: "which @lines count; the host's name by default" } },
  examples: [{ run: "ha-vip import /etc/keepalived/keepalived.conf > ha.yaml", does: "carries a configuration over" }],
  run({ args, options, out }) {
    const { result, sources } = loadConfiguration({
      config: args.file,
      interval: 0,
      preempt: false,
      "config-id": options["config-id"],
    });
    if (!result.ok) return out.problems(inWords(result.problems), EXIT.configuration, sources);
    if (result.warnings.length > 0) out.problems(inWords(result.warnings), EXIT.ok, sources);
    const secret = result.value.routers.some((router) => router.settings.password !== undefined);
    if (secret) out.note("the passwords are in it: keep the file readable for root only");
    out.data(writeVipSection(result.value));
    return EXIT.ok;
  },
});
