/** `ha-lb explain`: what becomes of a request, and why; decided by the code that carries requests. */
import { defineCommand } from "../../../shared/cli/command.ts";
import { DAEMON_OPTIONS, socketOf } from "../../../shared/cli/daemon-commands.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { describe, reason } from "../../../shared/reason/catalogue.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { inWords } from "./check.ts";
import { loadConfiguration } from "./check-load.ts";
import { explainRequest } from "./explain/explain.ts";
import { askLive } from "./explain/live.ts";
import { explainText } from "./explain/report.ts";

const DEFAULT_FILE = "/etc/haproxy/haproxy.cfg";

export const explainCommand = defineCommand({
  name: "explain",
  summary: "Say what becomes of a request: every rule, the backend, the server and why not the others",
  description:
    "Reads the configuration, and asks the running ha-lb how its servers are. The request goes through the code that " +
    "carries real ones; nothing is sent to a server. Counters of stick tables begin empty.",
  args: { request: { summary: "METHOD ADDRESS, or an address for GET", required: true, repeatable: true } },
  options: {
    ...DAEMON_OPTIONS,
    config: { type: "string", short: "f", repeatable: true, placeholder: "FILE", summary: "haproxy.cfg or a folder" },
    header: { type: "string", short: "H", repeatable: true, placeholder: "'Name: value'", summary: "a header" },
    cookie: { type: "string", repeatable: true, placeholder: "NAME=VALUE", summary: "a cookie" },
    src: { type: "string", placeholder: "IP", summary: "the client's address", default: "127.0.0.1" },
    bind: { type: "string", placeholder: "NAME", summary: "the listener: its name, ADDRESS:PORT or the frontend" },
    offline: { type: "flag", summary: "don't ask the running ha-lb: servers as the configuration starts them" },
  },
  examples: [
    { run: "ha-lb explain -f haproxy.cfg 'GET http://shop.example/cart'", does: "rule by rule, in a shop's words" },
    { run: "ha-lb explain http://shop.example/ --cookie SRV=a --src 10.0.0.7 -o json", does: "for a script" },
  ],
  async run({ args, io, options, out }): Promise<ExitCode> {
    const paths = options.config.length === 0 ? [DEFAULT_FILE] : options.config;
    const { result, sources } = loadConfiguration({ paths, environment: io.env });
    if (!result.ok) return out.problems(inWords(result.problems), EXIT.configuration, sources);
    const views = options.offline ? undefined : await askLive(socketOf("ha-lb", io, options.socket), options.timeout);
    const { bind, cookie: cookies, header: headers, src: source } = options;
    const explanation = explainRequest(
      {
        configuration: result.value,
        sources,
        request: { words: args.request, headers, cookies, source, bind },
        views,
      },
      (text) => io.stderr.write(text),
    );
    if (typeof explanation !== "string") return out.show({ json: explanation, text: explainText(explanation) });
    const fact = reason(LB_CONFIG_REASONS, "LB_EXPLAIN", { problem: explanation });
    return out.problems([describe(LB_CONFIG_REASONS, fact)], EXIT.usage);
  },
});
