import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { describe, type Catalogue, type Problem, type Reason } from "../../../shared/reason/catalogue.ts";
import { textReasons } from "../../../shared/reason/text-reasons.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { loadConfiguration } from "./check-load.ts";

const CATALOGUE: Catalogue = { ...textReasons, ...LB_CONFIG_REASONS };

/** Problems of configurations, ready to print. */
export function inWords(facts: readonly Reason[]): readonly Problem[] {
  return facts.map((fact) => describe(CATALOGUE, fact));
}

export const checkCommand = defineCommand({
  name: "check",
  summary: "Read a configuration, name every mistake and everything without effect, and start nothing",
  options: {
    config: {
      type: "string",
      short: "f",
      aliases: ["file"],
      repeatable: true,
      placeholder: "FILE",
      summary: "haproxy.cfg, a folder of *.cfg, or ha.yaml with an lb: part",
    },
    "local-peer": {
      type: "string",
      short: "L",
      placeholder: "NAME",
      summary: "name of this host among peers; the host's name by default",
    },
  },
  examples: [
    { run: "ha-lb check -f /etc/haproxy/haproxy.cfg", does: "lists all problems with their places" },
    { run: "ha-lb check -f ha.yaml", does: "the same for the lb: part of an ha.yaml" },
  ],
  run({ options, out, io }) {
    const localPeer = options["local-peer"];
    const { result, sources } = loadConfiguration({
      paths: options.config.length === 0 ? ["/etc/haproxy/haproxy.cfg"] : options.config,
      environment: io.env,
      ...(localPeer === undefined ? {} : { localPeer }),
    });
    if (!result.ok) return out.problems(inWords(result.problems), EXIT.configuration, sources);
    if (result.warnings.length > 0) out.problems(inWords(result.warnings), EXIT.ok, sources);
    const { proxies } = result.value;
    const frontends = proxies.filter((proxy) => proxy.isFrontend).length;
    const backends = proxies.filter((proxy) => proxy.isBackend);
    const servers = backends.reduce((sum, proxy) => sum + proxy.servers.length, 0);
    out.note(`good: ${frontends} frontends, ${backends.length} backends, ${servers} servers.`);
    return EXIT.ok;
  },
});
