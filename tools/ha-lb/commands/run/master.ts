/** The master of several workers: owns configuration, checks, server states and command sockets. */
import { selfCommand } from "../../../../shared/drive/supervise/self-command.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { CommandSockets } from "../../drive/cli/sockets.ts";
import { CountCollector } from "../../drive/count-reports.ts";
import { planListeners } from "../../drive/listen.ts";
import { OwnSockets } from "../../drive/listening-sockets.ts";
import { Offload } from "../../drive/nft/offload.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { ServerRuntime } from "../../drive/runtime.ts";
import { shareOf, SocketGiver } from "../../drive/socket-channel.ts";
import { Control } from "./control.ts";
import { engineSockets } from "./engine.ts";
import { Lifecycle, type RunRequest, tell, warn } from "./lifecycle.ts";
import { adoptState, makePlane } from "./make-plane.ts";
import { type ToMaster, toMasterSchema, type ToWorker } from "./messages.ts";
import { openLogs, readPlane, tellFailures, tellRefused } from "./serving.ts";
import { SharedState } from "./shared-state.ts";
import { Supervision } from "./supervision.ts";

/** A worker that dies again and again is started this much later each time. */
const RESTART_AFTER_MS = 200;
/** One that can't serve says so or ends: only one that hangs meets this limit, however slow the machine is. */
const START_LIMIT_MS = 120_000;
/** Workers that were told to end at once and are still there after this long are killed. */
const STOP_LIMIT_MS = 2000;
/** Where a worker finds its channel for sockets. */
const SOCKETS_DESCRIPTOR = 3;

interface Worker {
  readonly number: number;
  readonly process: Bun.Subprocess;
  readonly ready: Promise<boolean>;
  readonly giver: SocketGiver;
  finishing: boolean;
}

class Master {
  private plane: DataPlane;
  private supervision: Supervision;
  private readonly control: Control;
  private counts: CountCollector;
  private readonly sockets: CommandSockets;
  private readonly listening: OwnSockets;
  private readonly workers = new Set<Worker>();
  private readonly offload = new Offload(warn);
  private readonly shared = new SharedState();
  private ending = false;
  private endCode: number = EXIT.ok;
  private readonly life: Lifecycle;

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.life = new Lifecycle(request);
    this.plane = plane;
    this.counts = new CountCollector(plane);
    this.control = new Control(request, () => this.plane);
    this.supervision = new Supervision(plane, this.control);
    const { reusePort, threads } = plane.configuration.global;
    this.listening = new OwnSockets(threads, reusePort);
    this.sockets = new CommandSockets(plane, this.listening, tell, engineSockets(request.env));
    this.watch(plane);
  }

  /** Every change of a server goes to the workers of this generation. */
  private watch(plane: DataPlane): void {
    plane.onSharedCommand = (text, payload) => {
      if (plane !== this.plane) return;
      this.shared.noteCommand(text, payload);
      for (const worker of this.workers)
        send(worker, { kind: "command", text, ...(payload === undefined ? {} : { payload }) });
    };
    plane.onServerChange = (server) => {
      if (plane !== this.plane) return;
      for (const worker of this.workers) send(worker, stateOf(server));
    };
  }

  async run(): Promise<ExitCode> {
    const { plane } = this;
    await openLogs(plane);
    await this.supervision.prepare();
    this.life.adoptSockets(this.listening);
    const plan = planListeners(plane, this.listening);
    tellFailures(plan, tell);
    if (plan.failures.length > 0) return EXIT.error;
    this.listening.keepOnly(new Set([...plan.keys, ...this.sockets.serve(plane)]));
    if (!(await this.startAll())) {
      this.ending = true;
      for (const worker of this.workers) worker.process.kill("SIGKILL");
      return EXIT.error;
    }
    this.life.claim();
    this.control.open();
    this.offload.serve(plane);
    this.supervision.start();
    const code = await this.life.serve({
      stopNow: (exitCode) => this.stopNow(exitCode),
      stopSoftly: () => this.stopSoftly(),
      reload: () => this.reload(),
    });
    this.supervision.stop();
    this.sockets.close();
    this.control.close();
    this.shared.close();
    return this.life.exit(code);
  }

  /** Starts as many workers as the configuration says; false when one of them can't serve. */
  private async startAll(): Promise<boolean> {
    const started: Worker[] = [];
    for (let number = 1; number <= this.plane.configuration.global.threads; number += 1) {
      started.push(this.start(number));
    }
    const ready = await Promise.all(started.map(async (worker) => await worker.ready));
    return ready.every(Boolean);
  }

  private start(number: number): Worker {
    let settle: (ready: boolean) => void = () => undefined;
    const ready = new Promise<boolean>((resolve) => {
      settle = resolve;
      setTimeout(() => {
        resolve(false);
      }, START_LIMIT_MS).unref();
    });
    const giver = new SocketGiver();
    const child = Bun.spawn([...selfCommand(process.argv.slice(2))], {
      stdio: ["ignore", "inherit", "inherit", giver.theirs],
      env: {
        ...process.env,
        HA_LB_WORKER: String(number),
        HA_LB_MASTER: String(process.pid),
        HA_LB_SOCKETS: String(SOCKETS_DESCRIPTOR),
        ...this.shared.environment(),
      },
      ipc: (value) => {
        const message = toMasterSchema.safeParse(value).data;
        if (message?.kind === "ready") settle(true);
        if (message !== undefined) this.hear(worker, message);
      },
      onExit: () => {
        settle(false);
        this.gone(worker);
      },
    });
    giver.inherited();
    const worker: Worker = { number, process: child, ready, giver, finishing: false };
    this.workers.add(worker);
    this.give(worker);
    return worker;
  }

  private hear(worker: Worker, message: ToMaster): void {
    const { plane } = this;
    switch (message.kind) {
      case "born":
        for (const one of this.shared.introduction(plane)) send(worker, one);
        for (const server of allServers(plane)) send(worker, stateOf(server));
        send(worker, { kind: "serve" });
        return;
      case "ready":
        for (const server of allServers(plane)) send(worker, stateOf(server));
        return;
      case "failed":
        process.stderr.write(`[ALERT]    (${worker.process.pid}) : ${message.text}`);
        return;
      case "counts":
        this.counts.take(worker.number, message);
        return;
      case "table":
        this.shared.take(worker.number, plane, message);
        for (const other of this.workers) if (other !== worker) send(other, message);
        return;
      case "errors": {
        const server = plane.backends.get(message.backend)?.server(message.server);
        if (server !== undefined) plane.onErrors?.(server, message.errors, message.last);
      }
    }
  }

  /** Tells a worker what it shall listen on. */
  private give(worker: Worker): void {
    const workers = Math.max(1, this.plane.configuration.global.threads);
    const shared = shareOf(this.listening.all(), worker.number, workers);
    if (!worker.giver.give(shared)) worker.process.kill("SIGKILL");
  }

  private gone(worker: Worker): void {
    worker.giver.close();
    this.workers.delete(worker);
    this.counts.forget(worker.number);
    const last = ![...this.workers].some(({ number }) => number === worker.number);
    for (const { changes, table } of this.shared.release(worker.number, this.plane, last)) {
      for (const other of this.workers) send(other, { kind: "table", table, changes: [...changes] });
    }
    if (this.ending) {
      if (this.workers.size === 0) this.life.end(this.endCode);
      return;
    }
    if (worker.finishing) return;
    process.stderr.write(`[ALERT]    (${process.pid}) : worker ${worker.process.pid} ended; another one is started\n`);
    setTimeout(() => {
      if (!this.ending) this.start(worker.number);
    }, RESTART_AFTER_MS);
  }

  private stopNow(code: number): void {
    this.ending = true;
    this.endCode = code;
    for (const worker of this.workers) worker.process.kill("SIGTERM");
    if (this.workers.size === 0) this.life.end(code);
    // Those that stand still end with this process.
    else setTimeout(() => this.life.end(code), STOP_LIMIT_MS);
  }

  private stopSoftly(): void {
    this.ending = true;
    this.offload.close();
    this.supervision.stop();
    this.sockets.close();
    this.control.close();
    this.listening.closeAll();
    for (const worker of this.workers) finish(worker);
    const { hardStopAfterMs } = this.plane.configuration.global;
    if (hardStopAfterMs !== undefined) setTimeout(() => this.stopNow(EXIT.ok), hardStopAfterMs);
    if (this.workers.size === 0) this.life.end(EXIT.ok);
  }

  /** The workers take the new configuration in place; their number follows it. A broken one changes nothing. */
  private async reload(): Promise<boolean> {
    if (this.ending) return false;
    const plane = readPlane(this.request, tell);
    if (plane === undefined) return false;
    const plan = planListeners(plane, this.listening);
    tellFailures(plan, tell);
    if (plan.failures.length > 0) {
      tellRefused(tell);
      return false;
    }
    await openLogs(plane);
    adoptState(this.plane, plane);
    this.plane = plane;
    this.counts = new CountCollector(plane);
    this.watch(plane);
    this.offload.serve(plane);
    this.listening.keepOnly(new Set([...plan.keys, ...this.sockets.serve(plane)]));
    this.shared.forgetCommands();
    const cells = this.shared.cellsOf(plane);
    const { threads } = plane.configuration.global;
    for (const worker of this.workers) {
      send(worker, cells);
      if (worker.number > Math.max(1, threads)) finish(worker);
      else {
        this.give(worker);
        send(worker, { kind: "reload" });
      }
    }
    for (let number = 1; number <= threads; number += 1) {
      if (![...this.workers].some((worker) => worker.number === number)) this.start(number);
    }
    this.supervision.stop();
    this.supervision = new Supervision(plane, this.control);
    await this.supervision.prepare();
    this.supervision.start();
    tell(`[NOTICE]   (${process.pid}) : configuration reloaded\n`);
    return true;
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
    usesTls: server.usesTls,
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
  const plane = makePlane(request.configuration, tell);
  return plane === undefined ? EXIT.error : await new Master(request, plane).run();
}
