/** One process that does everything: listens, checks, answers commands. */
import { rmSync, writeFileSync } from "node:fs";
import { sayDetachedReady } from "../../../../shared/drive/supervise/detach.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { Checker } from "../../drive/checks/checker.ts";
import { CommandSockets } from "../../drive/cli/sockets.ts";
import { Offload } from "../../drive/nft/offload.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { Configuration } from "../../model/configuration.ts";
import { Control } from "./control.ts";
import { drain, makePlane } from "./make-plane.ts";
import { dropPrivileges } from "./privileges.ts";
import { Serving } from "./serving.ts";

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
const SOFT_STOP_POLL_MS = 100;

const tell = (text: string): void => void process.stderr.write(text);
export const tellOffload = (text: string): void => tell(`[WARNING]  (${process.pid}) : ${text}\n`);

class Foreground {
  private readonly serving: Serving;
  private checker: Checker;
  private readonly control: Control;
  private readonly sockets: CommandSockets;
  private readonly planes: DataPlane[];
  private readonly offload = new Offload(tellOffload);
  private ending = false;
  private end: (code: number) => void = () => undefined;

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.serving = new Serving(plane, request, tell);
    this.planes = [plane];
    this.control = new Control(request, () => this.serving.plane);
    this.checker = makeChecker(plane, this.control);
    this.sockets = new CommandSockets(plane, plane.configuration.global.statsSockets);
  }

  async run(): Promise<ExitCode> {
    const { request } = this;
    // So that the next process can take over (-sf) while this one finishes its work.
    if (!(await this.serving.open(request.configuration.global.reusePort))) return EXIT.error;
    this.sockets.open(tell);
    if (request.pidFile !== undefined) writeFileSync(request.pidFile, `${process.pid}\n`);
    await this.control.open();
    this.offload.serve(this.serving.plane);
    dropPrivileges(request.configuration.global);
    this.checker.start();
    sayDetachedReady(false);
    for (const pid of request.finish) signal(pid, "SIGUSR1");
    for (const pid of request.terminate) signal(pid, "SIGTERM");
    const finished = new Promise<number>((resolve) => {
      this.end = resolve;
    });
    process.on("SIGTERM", () => this.end(EXIT.ok));
    process.on("SIGINT", () => this.end(EXIT_INTERRUPTED));
    process.on("SIGUSR1", () => this.softStop());
    for (const name of ["SIGHUP", "SIGUSR2"] as const) process.on(name, () => void this.reload());
    const code = await finished;
    this.serving.close();
    this.sockets.close();
    this.control.close();
    if (request.pidFile !== undefined) removeQuietly(request.pidFile);
    process.exit(code);
  }

  /** No new connections; what runs may finish. */
  private softStop(): void {
    if (this.ending) return;
    this.ending = true;
    this.checker.stop();
    this.offload.close();
    this.serving.close();
    drain(this.serving.plane);
    const { hardStopAfterMs } = this.serving.plane.configuration.global;
    const startedMs = performance.now();
    setInterval(() => {
      const late = hardStopAfterMs !== undefined && performance.now() - startedMs > hardStopAfterMs;
      if (late || this.planes.every((plane) => plane.activeConnections === 0)) this.end(EXIT.ok);
    }, SOFT_STOP_POLL_MS);
  }

  private async reload(): Promise<void> {
    const plane = await this.serving.reload(this.request.configuration.global.reusePort);
    if (plane === undefined) return;
    this.planes.push(plane);
    this.offload.serve(plane);
    // Planes without a connection are history.
    for (const old of this.planes.splice(0)) if (old === plane || old.activeConnections > 0) this.planes.push(old);
    this.checker.stop();
    this.checker = makeChecker(plane, this.control);
    this.checker.start();
    this.sockets.serve(plane);
    tell(`[NOTICE]   (${process.pid}) : configuration reloaded\n`);
  }
}

function makeChecker(plane: DataPlane, control: Control): Checker {
  return new Checker(plane, (event) => {
    control.tell(event);
  });
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
  const plane = makePlane(request.configuration, tell);
  return plane === undefined ? EXIT.error : await new Foreground(request, plane).run();
}
