/** One process that does everything: listens, checks, answers commands. */
import { hostname } from "node:os";
import { writeFileSync, rmSync } from "node:fs";
import type { ExitCode } from "../../../../shared/model/exit-codes.ts";
import { EXIT } from "../../../../shared/model/exit-codes.ts";
import { EventFeed } from "../../../../shared/drive/control/event-feed.ts";
import { startControlServer, type ControlServer } from "../../../../shared/drive/control/server.ts";
import { standardMethods } from "../../../../shared/drive/control/standard-methods.ts";
import { controlSocketPath, runDirectoryOf } from "../../../../shared/model/paths.ts";
import type { StatusReport } from "../../../../shared/model/status.ts";
import { VERSION } from "../../../../shared/model/version.ts";
import { PatternRegistry } from "../../decide/acl-registry.ts";
import { Checker, type HealthEvent } from "../../drive/checks/checker.ts";
import { openListeners, type OpenListener } from "../../drive/listen.ts";
import { DataPlane } from "../../drive/plane.ts";
import { CommandSockets } from "../../drive/cli/sockets.ts";
import type { Configuration } from "../../model/configuration.ts";
import { tellProblems } from "../alert.ts";
import { loadConfiguration } from "../check-load.ts";
import { readNamedFiles, readOrUndefined, styleFormats } from "../load.ts";
import { rowsOf } from "../../drive/stats-rows.ts";
import { statusReport } from "./status.ts";
import { sayReady } from "./detach.ts";
import { dropPrivileges } from "./privileges.ts";

export interface RunRequest {
  readonly paths: readonly string[];
  readonly configuration: Configuration;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pidFile: string | undefined;
  readonly finish: readonly number[];
  readonly terminate: readonly number[];
}

/** Exit code after SIGINT, as haproxy has it. */
const EXIT_INTERRUPTED = 130;
/** Without `hard-stop-after`, connections get this long to end by themselves after SIGUSR1. */
const SOFT_STOP_POLL_MS = 100;

/** Makes the data plane of a configuration. Texts of problems go to `tell`. */
export function makePlane(configuration: Configuration, tell: (text: string) => void): DataPlane | undefined {
  const files = readNamedFiles(configuration);
  if (!files.ok) {
    tellProblems(files, tell);
    return undefined;
  }
  const patterns = new PatternRegistry(readOrUndefined);
  const plane = new DataPlane({
    configuration,
    patterns,
    files: files.value,
    styles: styleFormats(),
    hostName: hostname(),
    version: VERSION,
  });
  for (const path of patterns.unreadable) tell(`[ALERT]    (${process.pid}) : config : cannot read '${path}'\n`);
  return patterns.unreadable.length > 0 ? undefined : plane;
}

/** `Server web/s1 is DOWN, reason: …` in the words that operators search their logs for. */
export function healthLine({ server, change, outcome }: HealthEvent): string {
  const name = `${server.backend.name}/${server.name}`;
  const backend = server.backend;
  const active = backend.servers.filter((one) => one.usable && !one.backup).length;
  const backup = backend.servers.filter((one) => one.usable && one.backup).length;
  const code = outcome.code === undefined ? "" : `, code: ${outcome.code}`;
  const detail = outcome.detail === "" ? "" : `, info: "${outcome.detail}"`;
  const why = `reason: ${outcome.status}${code}${detail}, check duration: ${Math.round(outcome.durationMs)}ms`;
  const word = { up: "UP", down: "DOWN", stopping: "stopping", running: "UP" }[change];
  const kind = server.backup ? "Backup server" : "Server";
  return `${kind} ${name} is ${word}, ${why}. ${active} active and ${backup} backup servers left. ${server.active} sessions active, ${server.queued} requeued, ${server.backend.queue.length} remaining in queue.`;
}

/** Tells what a check changed: in the log, and on the error output as haproxy does. */
export function tellHealth(plane: DataPlane, event: HealthEvent): void {
  const line = healthLine(event);
  const { proxy } = event.server.backend;
  const level = event.change === "down" ? "alert" : "notice";
  plane.logEvent(proxy, level, line);
  process.stderr.write(`[${event.change === "down" ? "WARNING" : "NOTICE"}]  (${process.pid}) : ${line}\n`);
  if (event.change === "down" && event.server.backend.inPlay.length === 0) {
    const text = `backend ${proxy.name} has no server available!`;
    plane.logEvent(proxy, "alert", text);
    process.stderr.write(`[ALERT]    (${process.pid}) : ${text}\n`);
  }
}

class Foreground {
  private plane: DataPlane;
  private checker: Checker;
  private listeners: readonly OpenListener[] = [];
  private sockets: CommandSockets | undefined;
  private finish: (code: ExitCode) => void = () => undefined;
  private readonly events = new EventFeed();
  private interrupted = false;
  private ending = false;

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.plane = plane;
    this.checker = new Checker(plane, (event) => this.tell(event));
  }

  async run(): Promise<ExitCode> {
    const { plane, request } = this;
    const opened = openListeners(plane, request.finish.length + request.terminate.length > 0);
    this.listeners = opened.open;
    if (opened.failures.length > 0) {
      for (const { bind, detail } of opened.failures) {
        process.stderr.write(`[ALERT]    (${process.pid}) : cannot bind ${bind.text}: ${detail}\n`);
      }
      for (const listener of this.listeners) listener.stop();
      return EXIT.error;
    }
    await plane.logs.open(plane.configuration.proxies.flatMap((proxy) => proxy.logTargets));
    this.sockets = new CommandSockets(plane, plane.configuration.global.statsSockets);
    this.sockets.open((text) => process.stderr.write(text));
    if (request.pidFile !== undefined) writeFileSync(request.pidFile, `${process.pid}\n`);
    const control = await this.openControl();
    dropPrivileges(plane.configuration.global);
    this.checker.start();
    sayReady();
    for (const pid of request.finish) signal(pid, "SIGUSR1");
    for (const pid of request.terminate) signal(pid, "SIGTERM");
    process.on("SIGTERM", () => this.end(EXIT.ok));
    process.on("SIGINT", () => {
      this.interrupted = true;
      this.end(EXIT.ok);
    });
    process.on("SIGUSR1", () => this.softStop());
    for (const name of ["SIGHUP", "SIGUSR2"] as const) process.on(name, () => void this.reload());
    const code = await new Promise<ExitCode>((resolve) => {
      this.finish = resolve;
    });
    if (request.pidFile !== undefined) removeQuietly(request.pidFile);
    control?.close();
    if (this.interrupted) process.exit(EXIT_INTERRUPTED);
    process.exit(code);
  }

  /** The socket that `ha-lb status` and the monitor ask. Traffic is carried without it, too. */
  private async openControl(): Promise<ControlServer | undefined> {
    const opened = await startControlServer({
      tool: "ha-lb",
      version: VERSION,
      path: controlSocketPath("ha-lb", runDirectoryOf(this.request.env)),
      methods: standardMethods({ status: () => this.status(), events: this.events }),
    });
    if (opened.ok) return opened.server;
    for (const problem of opened.problems) process.stderr.write(`[WARNING]  (${process.pid}) : ${problem.sentence}\n`);
    return undefined;
  }

  private status(): StatusReport {
    return statusReport({
      version: VERSION,
      host: hostname(),
      nowMs: Date.now(),
      origin: this.request.paths.join(" "),
      rows: rowsOf(this.plane, [], ""),
      events: this.events.recent(),
    });
  }

  /** What a check changed: in the log, on the error output and among the events. */
  private tell(event: HealthEvent): void {
    tellHealth(this.plane, event);
    const down = event.change === "down";
    const code = down ? "LB_SERVER_DOWN" : "LB_SERVER_CHANGED";
    this.events.push({ atMs: Date.now(), code, severity: down ? "warning" : "notice", sentence: healthLine(event) });
  }

  /** Ends at once. */
  private end(code: ExitCode): void {
    this.plane.stopping = true;
    this.checker.stop();
    this.sockets?.close();
    for (const listener of this.listeners) listener.stop();
    this.finish(code);
  }

  /** No new connections; what runs may finish. */
  private softStop(): void {
    if (this.ending) return;
    this.ending = true;
    this.checker.stop();
    for (const listener of this.listeners) listener.stop();
    drain(this.plane);
    const { hardStopAfterMs } = this.plane.configuration.global;
    const startedMs = performance.now();
    const poll = setInterval(() => {
      const over = hardStopAfterMs !== undefined && performance.now() - startedMs > hardStopAfterMs;
      if (this.plane.activeConnections > 0 && !over) return;
      clearInterval(poll);
      this.end(EXIT.ok);
    }, SOFT_STOP_POLL_MS);
  }

  /** Reads the configuration again; a broken one changes nothing. Old connections finish on the old rules. */
  private async reload(): Promise<void> {
    const { result } = loadConfiguration({ paths: this.request.paths, environment: this.request.env });
    if (!result.ok) {
      tellProblems(result, (text) => process.stderr.write(text));
      process.stderr.write(`[ALERT]    (${process.pid}) : reload refused: the running configuration stays\n`);
      return;
    }
    const plane = makePlane(result.value, (text) => process.stderr.write(text));
    if (plane === undefined) return;
    await plane.logs.open(result.value.proxies.flatMap((proxy) => proxy.logTargets));
    adoptState(this.plane, plane);
    const before = this.plane;
    // The same sockets go on listening: nobody is refused in between.
    const opened = openListeners(plane, true, this.listeners);
    for (const { bind, detail } of opened.failures) {
      process.stderr.write(`[ALERT]    (${process.pid}) : cannot bind ${bind.text}: ${detail}\n`);
    }
    this.checker.stop();
    this.plane = plane;
    this.listeners = opened.open;
    this.checker = new Checker(plane, (event) => this.tell(event));
    this.checker.start();
    this.sockets?.serve(plane);
    drain(before);
    process.stderr.write(`[NOTICE]   (${process.pid}) : configuration reloaded\n`);
  }
}

/** Servers that are in both configurations keep their state: a reload must not forget who is down. */
export function adoptState(from: DataPlane, to: DataPlane): void {
  for (const backend of to.backends.values()) {
    for (const server of backend.servers) {
      const before = from.backends.get(backend.name)?.server(server.name);
      if (before === undefined || before.host !== server.host || before.port !== server.port) continue;
      const admin = server.settings.disabled === before.settings.disabled ? before.health.admin : server.health.admin;
      server.health = { ...before.health, admin };
    }
    backend.rebuild();
  }
}

/** Connections end after the request they are at; idle ones end now. */
export function drain(plane: DataPlane): void {
  plane.stopping = true;
  for (const client of plane.clients) client.endIfIdle();
  for (const backend of plane.backends.values()) for (const server of backend.servers) server.closeIdle();
}

/** After the privileges are dropped it may not be ours to remove: then it stays, as haproxy leaves it. */
export function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It names a process that is gone; who reads it checks that.
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

export async function runInForeground(request: RunRequest): Promise<ExitCode> {
  const plane = makePlane(request.configuration, (text) => process.stderr.write(text));
  return plane === undefined ? EXIT.error : await new Foreground(request, plane).run();
}
