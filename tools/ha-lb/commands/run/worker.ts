/** One of several workers: listens beside the others, and does what the master says of the servers. */
import { letGoOfTerminal } from "../../../../shared/drive/supervise/detach.ts";
import { dieWithParent, SIGNAL } from "../../../../shared/drive/ffi/process.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { answerCommand } from "../../drive/cli/commands.ts";
import { GivenSockets } from "../../drive/socket-channel.ts";
import { CountReporter } from "../../drive/count-reports.ts";
import { applyHealth, setAddress, setWeight, switchTls } from "../../drive/server-admin.ts";
import type { DataPlane } from "../../drive/plane.ts";
import { MOST_WORKERS, SharedCounts } from "../../drive/shared-counts.ts";
import { sharePlane } from "../../drive/share-plane.ts";
import { applyChanges, journalTables, restoreEntries } from "../../drive/table-sharing.ts";
import { nowMs } from "../../drive/timer-wheel.ts";
import type { RunRequest } from "./lifecycle.ts";
import { drain, makePlane } from "./make-plane.ts";
import { Serving } from "./serving.ts";
import { type ToMaster, type ToWorker, toWorkerSchema } from "./messages.ts";
import { dropPrivileges } from "./privileges.ts";

const REPORT_EVERY_MS = 500;

/**
 * A worker without its master would serve with servers that nobody checks, or wait for ever to be told of them: the
 * kernel ends it with the master, however that ends and whatever the worker does just then.
 */
function endWithMaster(env: RunRequest["env"]): void {
  if (!dieWithParent(SIGNAL.KILL, Number(env["HA_LB_MASTER"]))) process.exit(EXIT.error);
}

function tell(message: ToMaster): void {
  process.send?.(message);
}

function obey(plane: DataPlane, message: ToWorker & { readonly kind: "server" }): void {
  const server = plane.backends.get(message.backend)?.server(message.server);
  if (server === undefined) return;
  const { health, weight, host, port, maxConnections, usesTls } = message;
  setAddress(plane, server, host, port);
  server.maxConnections = maxConnections;
  switchTls(plane, server, usesTls);
  if (server.wantedWeight !== weight) setWeight(plane, server, weight);
  applyHealth(plane, server, { ...server.health, ...health, changedMs: nowMs() });
}

/** Somebody may have cleaned up in the folder of the file: then this worker counts alone, and serves. */
function countsAt(path: string, row: number): SharedCounts | undefined {
  try {
    return new SharedCounts(path, row);
  } catch (error) {
    fail(`counts can't be shared, this worker counts alone: ${error instanceof Error ? error.message : "?"}\n`);
    return undefined;
  }
}

/** One worker's life: obeys the master until it says finish, or is gone. */
class WorkerProcess {
  private readonly serving: Serving;
  private readonly sockets: GivenSockets;
  private reporter: CountReporter;
  private readonly planes: DataPlane[];
  private end: () => void = () => undefined;
  private mayServe: () => void = () => undefined;
  private readonly counts: SharedCounts | undefined;
  private cells: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly request: RunRequest,
    plane: DataPlane,
  ) {
    this.sockets = new GivenSockets(Number(request.env["HA_LB_SOCKETS"]));
    this.serving = new Serving(plane, request, this.sockets, fail);
    this.reporter = new CountReporter(plane);
    this.planes = [plane];
    const path = request.env["HA_LB_COUNTS"];
    const row = Number(request.env["HA_LB_WORKER"]) - 1;
    if (path !== undefined && row < MOST_WORKERS) this.counts = countsAt(path, row);
    this.serving.prepare = (next) => this.share(next);
  }

  /** Makes counts and tables of a data plane common to all workers. */
  private share(plane: DataPlane): void {
    if (this.counts !== undefined) sharePlane(plane, this.counts, this.cells);
    journalTables(plane.tables, (changes) =>
      tell({ kind: "table", table: changes.table, changes: [...changes.changes] }),
    );
    plane.onErrors = ({ backend, name }, errors, last) => {
      tell({ kind: "errors", backend: backend.name, server: name, errors, last });
    };
  }

  /** Hears from the master what there is besides the configuration. */
  private async introduce(): Promise<void> {
    const introduced = new Promise<void>((resolve) => {
      this.mayServe = resolve;
    });
    process.on("message", (value: unknown) => void this.onMessage(value));
    tell({ kind: "born" });
    await introduced;
    this.share(this.serving.plane);
  }

  async run(): Promise<ExitCode> {
    await this.introduce();
    this.sockets.update();
    if ((await this.serving.open()) === undefined) {
      process.disconnect?.();
      return EXIT.error;
    }
    dropPrivileges(this.request.configuration.global);
    // The kernel forgets it with the user that the process was.
    endWithMaster(this.request.env);
    const finished = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    const timer = setInterval(() => this.report(), REPORT_EVERY_MS);
    process.on("disconnect", () => this.end());
    for (const name of ["SIGUSR1", "SIGHUP", "SIGUSR2", "SIGINT"] as const) process.on(name, () => undefined);
    process.on("SIGTERM", () => this.end());
    tell({ kind: "ready" });
    letGoOfTerminal(process.env, false);
    await finished;
    clearInterval(timer);
    this.report();
    process.exit(EXIT.ok);
  }

  private report(): void {
    tell({ kind: "counts", ...this.reporter.report() });
  }

  private async onMessage(value: unknown): Promise<void> {
    const message = toWorkerSchema.safeParse(value).data;
    switch (message?.kind) {
      case undefined:
        return;
      case "server":
        obey(this.serving.plane, message);
        return;
      case "command":
        answerCommand(this.serving.plane, "admin", message.text, message.payload);
        return;
      case "cells":
        this.cells = new Map(Object.entries(message.cells));
        if (this.counts !== undefined) this.counts.rows = message.workers;
        return;
      case "table":
        applyChanges(this.serving.plane.tables, message);
        return;
      case "entries":
        restoreEntries(this.serving.plane.tables, message.table, message.entries);
        return;
      case "serve":
        this.mayServe();
        return;
      case "reload":
        await this.reload();
        return;
      case "finish":
        this.serving.close();
        this.sockets.closeAll();
        drain(this.serving.plane);
        setInterval(() => {
          if (this.planes.every((plane) => plane.connections.own === 0)) this.end();
        }, REPORT_EVERY_MS / 5);
    }
  }

  private async reload(): Promise<void> {
    this.report();
    this.sockets.update();
    if ((await this.serving.reload()) !== undefined) {
      const { plane } = this.serving;
      this.sockets.release();
      this.planes.push(plane);
      for (const old of this.planes.splice(0)) if (old === plane || old.connections.own > 0) this.planes.push(old);
      this.reporter = new CountReporter(plane);
    }
    tell({ kind: "ready" });
  }
}

function fail(text: string): void {
  tell({ kind: "failed", text });
}

export async function runWorker(request: RunRequest): Promise<ExitCode> {
  endWithMaster(request.env);
  const plane = makePlane(request.configuration, fail);
  return plane === undefined ? EXIT.error : await new WorkerProcess(request, plane).run();
}
