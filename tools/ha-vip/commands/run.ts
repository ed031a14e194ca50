import { defineCommand } from "../../../shared/cli/command.ts";
import type { Context } from "../../../shared/cli/context.ts";
import { openLog } from "../../../shared/drive/log/open-log.ts";
import { scrubEnvironment } from "../../../shared/drive/supervise/environment.ts";
import { selfCommand } from "../../../shared/drive/supervise/self-command.ts";
import { Supervisor, type SupervisorEvent } from "../../../shared/drive/supervise/supervisor.ts";
import { EXIT, type ExitCode, isExitCode } from "../../../shared/model/exit-codes.ts";
import { controlSocketPath, runDirectoryOf } from "../../../shared/model/paths.ts";
import type { Logger } from "../../../shared/drive/log/logger.ts";
import { DEFAULT_INTERVAL_MS } from "../model/router.ts";
import { inWords, loadConfiguration } from "./load.ts";
import { rewritePeerFlags } from "./peer-flags.ts";
import { runDaemon } from "./run/daemon.ts";
import { releaseAddresses } from "./run/release.ts";

/** What names a configuration; `check` and `run` share it. */
export const CONFIGURATION_OPTIONS = {
  config: { type: "string", short: "f", placeholder: "FILE", summary: "a keepalived.conf" },
  vip: {
    type: "string",
    repeatable: true,
    placeholder: "ADDRESS/LENGTH",
    summary: "an address that one of the hosts shall hold",
  },
  dev: { type: "string", placeholder: "INTERFACE", summary: "the interface for it" },
  check: {
    type: "string",
    repeatable: true,
    placeholder: "TARGET",
    summary: "hold it only while this passes: tcp://HOST:PORT, http://…, exec:COMMAND",
  },
  vrid: { type: "number", least: 1, most: 255, summary: "virtual router number; made from the address when not given" },
  priority: {
    type: "number",
    least: 1,
    most: 254,
    summary: "the highest wins; made from the host's address when not given",
  },
  interval: {
    type: "duration",
    leastMs: 10,
    mostMs: 40_950,
    default: DEFAULT_INTERVAL_MS,
    summary: "time between adverts",
  },
  preempt: { type: "flag", summary: "take the address from a living host of lower priority" },
} as const;

type RunContext = Context<Record<never, never>, typeof CONFIGURATION_OPTIONS>;

function tellSupervision(log: Logger, event: SupervisorEvent): void {
  switch (event.kind) {
    case "hung":
      log.error(`the daemon gave no sign of life for ${event.silentMs} ms and was killed`);
      break;
    case "died": {
      const { exitCode, signal } = event.death;
      const restart = event.restartInMs === undefined ? "" : `; it starts again in ${event.restartInMs} ms`;
      const how = signal === null ? `exit code ${exitCode}` : signal;
      // An orderly end needs no words.
      if (exitCode !== 0) log.error(`the daemon died (${how}); its addresses are released${restart}`);
      break;
    }
    case "start-failed":
    case "hook-failed":
      log.error(`${event.kind}: ${event.detail}`);
      break;
    case "killed-after-deadline":
      log.warning("the daemon didn't stop in time and was killed");
      break;
    case "started":
    case "ready":
    case "stopping":
      break;
  }
}

/** The daemon's command line: the same words with another verb. */
function daemonWords(argv: readonly string[]): readonly string[] {
  const words = rewritePeerFlags(argv) ?? argv;
  return words.map((word, index) => (index === words.indexOf("run") ? "daemon" : word));
}

/** Both processes read the configuration: the daemon to run it, the supervisor to know what to release. */
async function start(context: RunContext, asDaemon: boolean): Promise<ExitCode> {
  const { io, options, out } = context;
  const { result, sources } = loadConfiguration(options);
  if (!result.ok) return out.problems(inWords(result.problems), EXIT.configuration, sources);
  const log = openLog({ tool: "ha-vip" });
  const configuration = result.value;
  if (asDaemon) {
    const socketPath = controlSocketPath("ha-vip", runDirectoryOf(io.env));
    return await runDaemon({ configuration, log, socketPath, env: io.env });
  }
  for (const warning of inWords(result.warnings)) log.problem(warning);
  const supervisor = new Supervisor({
    command: selfCommand(daemonWords(process.argv.slice(2))),
    onEvent: (event) => tellSupervision(log, event),
    onChildDeath: (death) => releaseAddresses(configuration, death.testament),
  });
  const code = await supervisor.run();
  log.flush();
  return isExitCode(code) ? code : EXIT.error;
}

export const runCommand = defineCommand({
  name: "run",
  summary: "Hold an address on exactly one of several hosts",
  description:
    "Runs in the foreground, as services do. Start it with the same line on two or more hosts: the address is on " +
    "exactly one host whose checks pass, and moves when that host, its network or its checks fail.",
  options: CONFIGURATION_OPTIONS,
  examples: [
    {
      run: "ha-vip run --vip 10.0.0.100/24 --dev eth0 --check tcp://127.0.0.1:80",
      does: "the address follows the web server",
    },
    { run: "ha-vip -f /etc/keepalived/keepalived.conf", does: "runs a keepalived configuration" },
  ],
  async run(context) {
    scrubEnvironment();
    return await start(context, false);
  },
});

export const daemonCommand = defineCommand({
  name: "daemon",
  summary: "The process that the supervisor starts",
  hidden: true,
  options: CONFIGURATION_OPTIONS,
  run: async (context) => await start(context, true),
});
