/** One process that does everything: listens, checks, answers commands. */
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { Checker } from "../../drive/checks/checker.ts";
import { CommandSockets } from "../../drive/cli/sockets.ts";
import { Offload } from "../../drive/nft/offload.ts";
import type { DataPlane } from "../../drive/plane.ts";
import { Control } from "./control.ts";
import { Lifecycle, type RunRequest, tell, warn } from "./lifecycle.ts";
import { drain, makePlane } from "./make-plane.ts";
import { dropPrivileges } from "./privileges.ts";
import { Serving } from "./serving.ts";

const SOFT_STOP_POLL_MS = 100;

class Foreground {
  private readonly serving: Serving;
  private checker: Checker;
  private readonly control: Control;
  private readonly sockets: CommandSockets;
  private readonly planes: DataPlane[];
  private readonly offload = new Offload(warn);
  private ending = false;
  private readonly life: Lifecycle;

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.life = new Lifecycle(request);
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
    this.life.claim();
    await this.control.open();
    this.offload.serve(this.serving.plane);
    dropPrivileges(request.configuration.global);
    this.checker.start();
    const code = await this.life.serve({
      stopNow: (exitCode) => this.life.end(exitCode),
      stopSoftly: () => this.softStop(),
      reload: () => this.reload(),
    });
    this.serving.close();
    this.sockets.close();
    this.control.close();
    return this.life.exit(code);
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
      if (late || this.planes.every((plane) => plane.activeConnections === 0)) this.life.end(EXIT.ok);
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

export async function runInForeground(request: RunRequest): Promise<ExitCode> {
  const plane = makePlane(request.configuration, tell);
  return plane === undefined ? EXIT.error : await new Foreground(request, plane).run();
}
