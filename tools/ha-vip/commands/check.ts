import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { inWords, loadConfiguration } from "./load.ts";
import { CONFIGURATION_OPTIONS } from "./configuration-options.ts";

export const checkCommand = defineCommand({
  name: "check",
  summary: "Read a configuration, name every mistake and what is unwise, and start nothing",
  options: CONFIGURATION_OPTIONS,
  examples: [{ run: "ha-vip check -f keepalived.conf", does: "lists all problems with their places" }],
  run({ options, out }) {
    const { result, sources } = loadConfiguration(options);
    if (!result.ok) return out.problems(inWords(result.problems), EXIT.configuration, sources);
    if (result.warnings.length > 0) out.problems(inWords(result.warnings), EXIT.ok, sources);
    const { bgp, carps = [], checks, routers } = result.value;
    const groups = carps.length === 0 ? "" : `${carps.length} CARP groups, `;
    const announced = bgp === undefined ? "" : `${bgp.announcements.length} BGP announcements, `;
    const counts = `${routers.length} virtual routers, ${groups}${announced}${checks.length} checks`;
    out.note(`${result.value.origin}: good. ${counts}.`);
    return EXIT.ok;
  },
});
