import { defineCommand } from "../../../shared/cli/command.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { isDetached, startDetached } from "../../../shared/drive/supervise/detach.ts";
import { forbidDumps } from "../../../shared/drive/ffi/process.ts";
import { loadConfiguration } from "./check-load.ts";
import { LOAD_OPTIONS, loadFlags } from "./load-flags.ts";
import { tellProblems } from "./alert.ts";
import { engineRequest, isEngine } from "./run/engine.ts";
import { runInForeground } from "./run/foreground.ts";
import { runMaster } from "./run/master.ts";
import { Supervisor } from "./run/supervisor.ts";
import { runWorker } from "./run/worker.ts";

/** What names a configuration and how it is run; `run` and its processes share it. */
export const RUN_OPTIONS = {
  ...LOAD_OPTIONS,
  config: {
    type: "string",
    short: "f",
    repeatable: true,
    placeholder: "FILE",
    summary: "a haproxy.cfg, or a folder of *.cfg files",
  },
  "pid-file": { type: "string", placeholder: "FILE", summary: "where to write the number of the process" },
  directory: { type: "string", placeholder: "DIRECTORY", summary: "change to it first" },
  daemon: { type: "flag", summary: "run in the background" },
  "master-worker": { type: "flag", summary: "a master process that starts the workers" },
  "master-socket": { type: "string", placeholder: "ADDRESS", summary: "the master's command socket", hidden: true },
  finish: {
    type: "string",
    repeatable: true,
    placeholder: "PID",
    summary: "a process that shall finish its work and end",
  },
  "take-over": {
    type: "string",
    placeholder: "SOCKET",
    summary: "the command socket of a running process whose listening sockets are taken over",
  },
  terminate: { type: "string", repeatable: true, placeholder: "PID", summary: "a process that shall end at once" },
} as const;

export const runCommand = defineCommand({
  name: "run",
  summary: "Balance as a haproxy.cfg says",
  description:
    "Reads the configuration as haproxy does, listens, checks the servers and carries the traffic. SIGUSR1 finishes what " +
    "is running and ends, SIGTERM and SIGINT end at once, SIGHUP and SIGUSR2 read the configuration again.",
  options: RUN_OPTIONS,
  examples: [
    { run: "ha-lb -f /etc/haproxy/haproxy.cfg", does: "runs a haproxy configuration" },
    { run: "ha-lb -c -f /etc/haproxy/haproxy.cfg", does: "only checks it" },
  ],
  async run(context): Promise<ExitCode> {
    // Private keys are in its memory. External checks may be setuid programs, as ping is: those keep their rights.
    forbidDumps();
    const { io, options } = context;
    if (options.directory !== undefined) process.chdir(options.directory);
    const paths = options.config;
    if (paths === undefined || paths.length === 0) {
      io.stderr.write("[ALERT]    : config : no configuration file was given: use -f FILE\n");
      return EXIT.usage;
    }
    const load = { paths, environment: io.env, masterWorker: options["master-worker"], ...loadFlags(options) };
    const { result } = loadConfiguration(load);
    // The background process has said it already, before it went there.
    if (!isDetached(io.env) && io.env["HA_LB_WORKER"] === undefined && !isEngine(io.env))
      tellProblems(result, (text) => io.stderr.write(text));
    if (!result.ok) return EXIT.error;
    const { global } = result.value;
    const request = engineRequest({
      paths,
      load,
      configuration: result.value,
      env: io.env,
      pidFile: options["pid-file"] ?? global.pidFile,
      finish: (options.finish ?? []).map(Number),
      terminate: (options.terminate ?? []).map(Number),
      takeOver: options["take-over"],
    });
    const isChild = isDetached(io.env) || io.env["HA_LB_WORKER"] !== undefined || isEngine(io.env);
    if (
      (options.daemon || (global.daemon && !context.given.has("master-worker") && !io.env["HA_LB_FOREGROUND"])) &&
      !isChild
    ) {
      return await startDetached();
    }
    const worker = Number(io.env["HA_LB_WORKER"] ?? 0);
    if (worker > 0) return await runWorker(request);
    if (options["master-worker"] && !isEngine(io.env))
      return await new Supervisor(request, options["master-socket"]).run();
    return global.threads > 1 ? await runMaster(request) : await runInForeground(request);
  },
});
