/** The master of several workers: owns configuration, checks, server states and command sockets. */
import { writeFileSync } from "node:fs";
import { selfCommand } from "../../../../shared/drive/supervise/self-command.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { Checker } from "../../drive/checks/checker.ts";
import { CommandSockets } from "../../drive/cli/sockets.ts";
import { CountCollector } from "../../drive/count-reports.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { ServerRuntime } from "../../drive/runtime.ts";
import { tellProblems } from "../alert.ts";
import { loadConfiguration } from "../check-load.ts";
import { sayReady } from "./detach.ts";
import { adoptState, makePlane, type RunRequest, removeQuietly, tellHealth } from "./foreground.ts";
import { toMasterSchema, type ToWorker } from "./messages.ts";

const EXIT_INTERRUPTED = 130;
/** A worker that dies again and again is started this much later each time. */
const RESTART_AFTER_MS = 200;
const START_LIMIT_MS = 10_000;

interface Worker {
  readonly number: number;
  readonly generation: number;
  readonly process: Bun.Subprocess;
  readonly ready: Promise<boolean>;
  finishing: boolean;
}

class Master {
  private plane: DataPlane;
  private checker: Checker;
  private counts: CountCollector;
  private readonly sockets: CommandSockets;
  private readonly workers = new Set<Worker>();
  private generation = 0;
  private ending = false;
  private end: (code: number) => void = () => undefined;

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.plane = plane;
    this.counts = new CountCollector(plane);
    this.checker = this.makeChecker(plane);
    this.sockets = new CommandSockets(plane, plane.configuration.global.statsSockets);
    this.watch(plane);
  }

  private makeChecker(plane: DataPlane): Checker {
    return new Checker(plane, (event) => {
      tellHealth(plane, event);
    });
  }

  /** Every change of a server goes to the workers of this generation. */
  private watch(plane: DataPlane): void {
    plane.onServerChange = (server) => {
      if (plane !== this.plane) return;
      for (const worker of this.workers) if (worker.generation === this.generation) send(worker, stateOf(server));
    };
  }

  async run(): Promise<ExitCode> {
    const { plane, request } = this;
    await plane.logs.open(plane.configuration.proxies.flatMap((proxy) => proxy.logTargets));
    if (!(await this.startGeneration())) {
      for (const worker of this.workers) worker.process.kill("SIGKILL");
      return EXIT.error;
    }
    this.sockets.open((text) => process.stderr.write(text));
    if (request.pidFile !== undefined) writeFileSync(request.pidFile, `${process.pid}\n`);
    this.checker.start();
    sayReady();
    const finished = new Promise<number>((resolve) => {
      this.end = resolve;
    });
    process.on("SIGTERM", () => this.stopNow(EXIT.ok));
    process.on("SIGINT", () => this.stopNow(EXIT_INTERRUPTED));
    process.on("SIGUSR1", () => this.stopSoftly());
    for (const name of ["SIGHUP", "SIGUSR2"] as const) process.on(name, () => void this.reload());
    const code = await finished;
    this.checker.stop();
    this.sockets.close();
    if (request.pidFile !== undefined) removeQuietly(request.pidFile);
    process.exit(code);
  }

  /** Starts as many workers as the configuration says; false when one of them can't serve. */
  private async startGeneration(): Promise<boolean> {
    this.generation += 1;
    const started: Worker[] = [];
    for (let number = 1; number <= this.plane.configuration.global.threads; number += 1) {
      started.push(this.start(number, this.generation));
    }
    const ready = await Promise.all(started.map(async (worker) => await worker.ready));
    return ready.every(Boolean);
  }

  private start(number: number, generation: number): Worker {
    let settle: (ready: boolean) => void = () => undefined;
    const ready = new Promise<boolean>((resolve) => {
      settle = resolve;
      setTimeout(() => {
        resolve(false);
      }, START_LIMIT_MS).unref();
    });
    const child = Bun.spawn([...selfCommand(process.argv.slice(2))], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, HA_LB_WORKER: String(number) },
      ipc: (value) => {
        const message = toMasterSchema.safeParse(value).data;
        if (message?.kind === "ready") {
          for (const server of allServers(this.plane)) send(worker, stateOf(server));
          settle(true);
        } else if (message?.kind === "failed") process.stderr.write(`[ALERT]    (${child.pid}) : ${message.text}`);
        else if (message?.kind === "counts" && generation === this.generation) this.counts.take(number, message);
      },
      onExit: () => {
        settle(false);
        this.gone(worker);
      },
    });
    const worker: Worker = { number, generation, process: child, ready, finishing: false };
    this.workers.add(worker);
    return worker;
  }

  private gone(worker: Worker): void {
    this.workers.delete(worker);
    if (worker.generation === this.generation) this.counts.forget(worker.number);
    if (this.ending) {
      if (this.workers.size === 0) this.end(EXIT.ok);
      return;
    }
    if (worker.finishing || worker.generation !== this.generation) return;
    process.stderr.write(`[ALERT]    (${process.pid}) : worker ${worker.process.pid} ended; another one is started\n`);
    setTimeout(() => {
      if (!this.ending && worker.generation === this.generation) this.start(worker.number, worker.generation);
    }, RESTART_AFTER_MS);
  }

  private stopNow(code: number): void {
    this.ending = true;
    for (const worker of this.workers) worker.process.kill("SIGTERM");
    this.end(code);
  }

  private stopSoftly(): void {
    this.ending = true;
    this.checker.stop();
    for (const worker of this.workers) finish(worker);
    const { hardStopAfterMs } = this.plane.configuration.global;
    if (hardStopAfterMs !== undefined) setTimeout(() => this.stopNow(EXIT.ok), hardStopAfterMs);
    if (this.workers.size === 0) this.end(EXIT.ok);
  }

  /** New workers take over when all of them serve; the old ones finish what they have. A broken configuration changes nothing. */
  private async reload(): Promise<void> {
    const { result } = loadConfiguration({ paths: this.request.paths, environment: this.request.env });
    const write = (text: string) => process.stderr.write(text);
    if (!result.ok) {
      tellProblems(result, write);
      write(`[ALERT]    (${process.pid}) : reload refused: the running configuration stays\n`);
      return;
    }
    const plane = makePlane(result.value, write);
    if (plane === undefined) return;
    await plane.logs.open(result.value.proxies.flatMap((proxy) => proxy.logTargets));
    adoptState(this.plane, plane);
    const [plainBefore, countsBefore] = [this.plane, this.counts];
    this.plane = plane;
    this.counts = new CountCollector(plane);
    this.watch(plane);
    if (!(await this.startGeneration())) {
      for (const worker of this.workers) if (worker.generation === this.generation) finish(worker);
      this.generation -= 1;
      this.plane = plainBefore;
      this.counts = countsBefore;
      write(`[ALERT]    (${process.pid}) : reload failed: the new workers could not serve\n`);
      return;
    }
    for (const worker of this.workers) if (worker.generation !== this.generation) finish(worker);
    this.checker.stop();
    this.checker = this.makeChecker(plane);
    this.checker.start();
    this.sockets.serve(plane);
    write(`[NOTICE]   (${process.pid}) : configuration reloaded\n`);
  }
}

function allServers(plane: DataPlane): readonly ServerRuntime[] {
  return [...plane.backends.values()].flatMap((backend) => backend.servers);
}

function stateOf(server: ServerRuntime): ToWorker {
  const { up, streak, admin, stopping, lastStatus, lastDetail } = server.health;
  return {
    kind: "server",
    backend: server.backend.name,
    server: server.name,
    health: { up, streak, admin, stopping, lastStatus, lastDetail },
    weight: server.wantedWeight,
    host: server.host,
    port: server.port,
    maxConnections: server.maxConnections,
  };
}

function send(worker: Worker, message: ToWorker): void {
  worker.process.send(message);
}

function finish(worker: Worker): void {
  worker.finishing = true;
  send(worker, { kind: "finish" });
}

export async function runMaster(request: RunRequest): Promise<ExitCode> {
  const plane = makePlane(request.configuration, (text) => process.stderr.write(text));
  return plane === undefined ? EXIT.error : await new Master(request, plane).run();
}
