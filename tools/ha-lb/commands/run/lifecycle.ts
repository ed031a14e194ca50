/** What every process that an operator starts does alike: its pid file, its signals, and its end. */
import { rmSync, writeFileSync } from "node:fs";
import { sayDetachedReady } from "../../../../shared/drive/supervise/detach.ts";
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { endWithin, SIGNAL } from "../../../../shared/drive/ffi/process.ts";
import { serviceNotifier } from "../../../../shared/drive/supervise/notify.ts";
import { EXIT } from "../../../../shared/model/exit-codes.ts";
import type { OwnSockets } from "../../drive/listening-sockets.ts";
import { fetchSockets } from "../../drive/transfer.ts";
import type { Configuration } from "../../model/configuration.ts";
import type { LoadRequest } from "../check-load.ts";
import { isEngine, serveSupervisor, tellSupervisor } from "./engine.ts";

export interface RunRequest {
  readonly paths: readonly string[];
  /** How the configuration is read, now and at every reload. */
  readonly load: LoadRequest;
  readonly configuration: Configuration;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pidFile: string | undefined;
  /** Processes that shall finish their work, or end at once, when this one serves. */
  readonly finish: readonly number[];
  readonly terminate: readonly number[];
  /** The command socket of a process whose listening sockets this one takes over. */
  readonly takeOver: string | undefined;
}

/** What is left to do at the end may take this long: then the kernel ends the process. */
const END_LIMIT_SECONDS = 15;

/** Signals that wait until the process serves: without a handler they would end it while it starts. */
const HELD = ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const;
/** Their numbers. */
export const HELD_SIGNALS = [SIGNAL.USR1, SIGNAL.USR2, SIGNAL.HUP];

/** Exit code after SIGINT, as haproxy has it. */
const EXIT_INTERRUPTED = 130;

/** How one kind of process does what the signals ask for. */
export interface SignalActions {
  /** Ends at once, with this exit code. */
  readonly stopNow: (code: number) => void;
  /** Takes nothing new, and ends when what runs has ended. */
  readonly stopSoftly: () => void;
  /** Whether the new configuration is in force. */
  readonly reload: () => Promise<boolean>;
}

export const tell = (text: string): void => void process.stderr.write(text);
export const warn = (text: string): void => tell(`[WARNING]  (${process.pid}) : ${text}\n`);

export class Lifecycle {
  private readonly notifier = serviceNotifier(isEngine(process.env) ? {} : process.env, process.pid);
  private readonly ending = Promise.withResolvers<number>();

  private readonly held = new Set<NodeJS.Signals>();
  private readonly hold = (name: NodeJS.Signals): void => void this.held.add(name);

  constructor(private readonly request: RunRequest) {
    for (const name of HELD) process.on(name, this.hold);
  }

  /** Takes the sockets of the process before, when there is one that gives them. */
  adoptSockets(sockets: OwnSockets): void {
    const { takeOver } = this.request;
    if (takeOver === undefined) return;
    try {
      for (const { fd, device } of fetchSockets(takeOver)) sockets.adopt(fd, device);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      warn(`failed to get the sockets of the old process through '${takeOver}': ${why}`);
    }
  }

  /** Sockets are open: from here on others may find this process. */
  claim(): void {
    if (this.request.pidFile !== undefined) writeFileSync(this.request.pidFile, `${process.pid}\n`);
  }

  end(code: number): void {
    this.ending.resolve(code);
  }

  /** Tells who waits that this process serves, obeys signals until `end`, and gives the exit code. */
  async serve(actions: SignalActions): Promise<number> {
    if (isEngine(process.env)) serveSupervisor();
    else sayDetachedReady(false);
    process.on("SIGTERM", () => actions.stopNow(EXIT.ok));
    process.on("SIGINT", () => actions.stopNow(EXIT_INTERRUPTED));
    process.on("SIGUSR1", () => actions.stopSoftly());
    for (const name of ["SIGHUP", "SIGUSR2"] as const) process.on(name, () => void this.reload(actions));
    for (const name of HELD) process.off(name, this.hold);
    for (const pid of this.request.finish) signal(pid, "SIGUSR1");
    for (const pid of this.request.terminate) signal(pid, "SIGTERM");
    this.notifier.ready();
    if (this.held.has("SIGHUP") || this.held.has("SIGUSR2")) void this.reload(actions);
    if (this.held.has("SIGUSR1")) actions.stopSoftly();
    return await this.ending.promise;
  }

  private async reload(actions: SignalActions): Promise<void> {
    this.notifier.reloading(monotonicNs() / 1000);
    const good = await actions.reload();
    tellSupervisor(good ? "reloaded" : "refused");
    this.notifier.ready(good ? "" : "the last reload was refused: the configuration before it stays in force");
  }

  /** The last thing that a process does. A process without a master dies of SIGINT itself, as haproxy does. */
  exit(code: number, alone = false): never {
    endWithin(END_LIMIT_SECONDS);
    this.notifier.stopping();
    if (this.request.pidFile !== undefined) removeQuietly(this.request.pidFile);
    if (alone && code === EXIT_INTERRUPTED) dieOfInterrupt();
    process.exit(code);
  }
}

function dieOfInterrupt(): void {
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}

/** After the privileges are dropped it may not be ours to remove: then it stays, as haproxy leaves it. */
function removeQuietly(path: string): void {
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
