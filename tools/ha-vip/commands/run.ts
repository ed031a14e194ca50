/** `ha-vip run`: the supervisor, and the daemon that it starts with the same words. */
import { dirname } from "node:path";
import { mkdirSync } from "node:fs";
import { defineCommand } from "../../../shared/cli/command.ts";
import type { Context } from "../../../shared/cli/context.ts";
import { LOG_OPTIONS, readLogTargets } from "../../../shared/cli/log-options.ts";
import { openLog } from "../../../shared/drive/log/open-log.ts";
import type { LogTarget } from "../../../shared/drive/log/target.ts";
import { forbidDumps } from "../../../shared/drive/ffi/process.ts";
import { isDetached, startDetached } from "../../../shared/drive/supervise/detach.ts";
import { type PidFile, takePidFile } from "../../../shared/drive/supervise/pid-file.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { controlSocketPath, runDirectoryOf } from "../../../shared/model/paths.ts";
import { describe, type Problem, reason } from "../../../shared/reason/catalogue.ts";
import { parseEndpoint } from "../../../shared/text/endpoint.ts";
import type { VipConfiguration } from "../model/configuration.ts";
import { vipReasons } from "../model/reasons.ts";
import { CONFIGURATION_OPTIONS } from "./configuration-options.ts";
import { inWords, loadConfiguration } from "./load.ts";
import { rewritePeerFlags } from "./peer-flags.ts";
import type { Reread } from "./run/daemon.ts";

const RUN_OPTIONS = {
  ...CONFIGURATION_OPTIONS,
  ...LOG_OPTIONS,
  metrics: {
    type: "string",
    placeholder: "ADDRESS:PORT",
    summary: "answer Prometheus here; loopback or the management network",
  },
  daemon: { type: "flag", summary: "run in the background; the command returns when the daemon serves" },
  "pid-file": { type: "string", placeholder: "FILE", summary: "where to write the supervisor's process number" },
  "daemon-pid-file": { type: "string", placeholder: "FILE", summary: "where to write the daemon's process number" },
  "dont-respawn": { type: "flag", summary: "end when the daemon dies and don't start it again" },
  "dump-conf": { type: "flag", summary: "write the configuration, as it was understood, to the log" },
} as const;

type RunContext = Context<Record<never, never>, typeof RUN_OPTIONS>;

/** The daemon's command line: the same words with another verb. */
function daemonWords(argv: readonly string[]): readonly string[] {
  const words = rewritePeerFlags(argv) ?? argv;
  return words.map((word, index) => (index === words.indexOf("run") ? "daemon" : word));
}

/** The pid file under its lock; a problem when somebody else holds it or it can't be written. */
function takePid(path: string | undefined): PidFile | Problem | undefined {
  if (path === undefined) return undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const taken = takePidFile(path);
    if (taken.ok) return taken.file;
    return describe(vipReasons, reason(vipReasons, "VIP_RUNS_ALREADY", { path, pid: taken.heldBy }));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return describe(vipReasons, reason(vipReasons, "VIP_PID_FILE", { path, detail }));
  }
}

/** In the background nobody reads standard error: the system's log is the place. */
function logTargets(
  words: readonly string[],
  background: boolean,
): ReturnType<typeof readLogTargets> | { readonly ok: true; readonly targets: readonly LogTarget[] | undefined } {
  return readLogTargets(words.length === 0 && background ? ["syslog"] : words);
}

/** Both processes read the configuration: the daemon to run it, the supervisor to know what to release. */
async function start(context: RunContext, asDaemon: boolean): Promise<ExitCode> {
  const { io, options, out } = context;
  const { result, sources } = loadConfiguration(options);
  if (!result.ok) return out.problems(inWords(result.problems), EXIT.configuration, sources);
  const targets = logTargets(options.log ?? [], options.daemon);
  if (!targets.ok) return out.problems(targets.problems, EXIT.usage);
  if (!asDaemon && options.daemon && !isDetached(io.env)) return await startDetached();
  const log = openLog({ tool: "ha-vip", targets: targets.targets, least: options["log-level"] });
  const configuration = result.value;
  const pid = takePid(asDaemon ? options["daemon-pid-file"] : options["pid-file"]);
  if (pid !== undefined && "code" in pid) return out.problems([pid], EXIT.error);
  try {
    if (asDaemon) return await daemon(context, configuration, log);
    for (const warning of inWords(result.warnings)) log.problem(warning);
    const { superviseDaemon } = await import("./run/supervise.ts");
    return await superviseDaemon({
      configuration,
      reread: () => reread(options),
      log,
      words: daemonWords(process.argv.slice(2)),
      respawn: !options["dont-respawn"],
      keepStderr: wantsStderr(options),
    });
  } finally {
    pid?.release();
    log.flush();
  }
}

/** The configuration in the words of ha.yaml, for the log. */
async function withoutSecrets(configuration: VipConfiguration): Promise<readonly string[]> {
  const { writeVipSection } = await import("../config/ha-yaml-write.ts");
  const routers = configuration.routers.map(({ settings, ...rest }) => {
    const { password, ...open } = settings;
    return { ...rest, settings: password === undefined ? open : { ...open, password: "(hidden)" } };
  });
  return writeVipSection({ ...configuration, routers })
    .trimEnd()
    .split("\n");
}

function wantsStderr(options: RunContext["options"]): boolean {
  return options.log?.some((target) => ["stderr", "json", "journal"].includes(target)) ?? false;
}

function reread(options: RunContext["options"]): Reread {
  const { result } = loadConfiguration(options);
  return result.ok
    ? { ok: true, configuration: result.value, warnings: inWords(result.warnings) }
    : { ok: false, problems: inWords(result.problems) };
}

async function daemon(
  { io, options, out }: RunContext,
  configuration: VipConfiguration,
  log: ReturnType<typeof openLog>,
): Promise<ExitCode> {
  const metrics = options.metrics === undefined ? undefined : parseEndpoint(options.metrics);
  if (metrics?.ok === false) return out.problems(inWords([metrics.problem]), EXIT.usage);
  if (options["dump-conf"]) for (const line of await withoutSecrets(configuration)) log.info(line);
  const { runDaemon } = await import("./run/daemon.ts");
  return await runDaemon({
    configuration,
    reread: () => reread(options),
    log,
    socketPath: controlSocketPath("ha-vip", runDirectoryOf(io.env)),
    env: io.env,
    keepStderr: wantsStderr(options),
    ...(metrics === undefined ? {} : { metrics: metrics.value }),
  });
}

export const runCommand = defineCommand({
  name: "run",
  summary: "Hold an address on exactly one of several hosts",
  description:
    "Runs in the foreground, as services do. Start it with the same line on two or more hosts: the address is on " +
    "exactly one host whose checks pass, and moves when that host, its network or its checks fail. SIGHUP reads the " +
    "configuration again, SIGUSR1 writes everything the daemon knows to a file beside its control socket.",
  options: RUN_OPTIONS,
  examples: [
    {
      run: "ha-vip run --vip 10.0.0.100/24 --dev eth0 --check tcp://127.0.0.1:80",
      does: "the address follows the web server",
    },
    { run: "ha-vip -n -f /etc/keepalived/keepalived.conf", does: "runs a keepalived configuration" },
    { run: "ha-vip run -f /etc/ha.yaml", does: "runs the section vip: of ha.yaml" },
  ],
  async run(context) {
    return await start(context, false);
  },
});

export const daemonCommand = defineCommand({
  name: "daemon",
  summary: "The process that the supervisor starts",
  hidden: true,
  options: RUN_OPTIONS,
  run: async (context) => {
    // Keys and passwords are in its memory. Notify scripts may be setuid programs: those keep their rights.
    forbidDumps();
    return await start(context, true);
  },
});
