/** One process that does everything: listens, checks, answers commands. */
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { CommandSockets } from "../../drive/cli/sockets.ts";
import { OwnSockets } from "../../drive/listening-sockets.ts";
import { Offload } from "../../drive/nft/offload.ts";
import type { DataPlane } from "../../drive/plane.ts";
import { Control } from "./control.ts";
import { engineSockets } from "./engine.ts";
import { Lifecycle, type RunRequest, tell, warn } from "./lifecycle.ts";
import { drain, makePlane } from "./make-plane.ts";
import { dropPrivileges } from "./privileges.ts";
import { Serving } from "./serving.ts";
import { Supervision } from "./supervision.ts";

const SOFT_STOP_POLL_MS = 100;

class Foreground {
  private readonly serving: Serving;
  private supervision: Supervision;
  private readonly control: Control;
  private readonly sockets: CommandSockets;
  private readonly listening: OwnSockets;
  private readonly planes: DataPlane[];
  private readonly offload = new Offload(warn);
  private ending = false;
  private readonly life: Lifecycle;

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.life = new Lifecycle(request);
    this.listening = new OwnSockets(1, request.configuration.global.reusePort);
    this.serving = new Serving(plane, request, this.listening, tell);
    this.planes = [plane];
    this.control = new Control(request, () => this.serving.plane);
    this.supervision = new Supervision(plane, this.control);
    this.sockets = new CommandSockets(plane, this.listening, tell, engineSockets(request.env));
  }

  async run(): Promise<ExitCode> {
    const { request } = this;
    await this.supervision.prepare();
    this.life.adoptSockets(this.listening);
    const keys = await this.serving.open();
    if (keys === undefined) return EXIT.error;
    this.listening.keepOnly(new Set([...keys, ...this.sockets.serve(this.serving.plane)]));
    this.life.claim();
    this.control.open();
    this.offload.serve(this.serving.plane);
    dropPrivileges(request.configuration.global);
    this.supervision.start();
    const code = await this.life.serve({
      stopNow: (exitCode) => this.life.end(exitCode),
      stopSoftly: () => this.softStop(),
      reload: () => this.reload(),
    });
    this.serving.close();
    this.sockets.close();
    this.control.close();
    return this.life.exit(code, true);
  }

  /** No new connections; what runs may finish. */
  private softStop(): void {
    if (this.ending) return;
    this.ending = true;
    this.supervision.stop();
    this.offload.close();
    this.serving.close();
    this.sockets.close();
    this.control.close();
    this.listening.closeAll();
    drain(this.serving.plane);
    const { hardStopAfterMs } = this.serving.plane.configuration.global;
    const startedMs = performance.now();
    setInterval(() => {
      const late = hardStopAfterMs !== undefined && performance.now() - startedMs > hardStopAfterMs;
      if (late || this.planes.every((plane) => plane.activeConnections === 0)) this.life.end(EXIT.ok);
    }, SOFT_STOP_POLL_MS);
  }

  private async reload(): Promise<boolean> {
    if (this.ending) return false;
    const keys = await this.serving.reload();
    if (keys === undefined) return false;
    const { plane } = this.serving;
    this.listening.keepOnly(new Set([...keys, ...this.sockets.serve(plane)]));
    this.planes.push(plane);
    this.offload.serve(plane);
    // Planes without a connection are history.
    for (const old of this.planes.splice(0)) if (old === plane || old.activeConnections > 0) this.planes.push(old);
    this.supervision.stop();
    this.supervision = new Supervision(plane, this.control);
    await this.supervision.prepare();
    this.supervision.start();
    tell(`[NOTICE]   (${process.pid}) : configuration reloaded\n`);
    return true;
  }
}

export async function runInForeground(request: RunRequest): Promise<ExitCode> {
  const plane = makePlane(request.configuration, tell);
  return plane === undefined ? EXIT.error : await new Foreground(request, plane).run();
}
