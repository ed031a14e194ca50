/** The daemon process: the deadline thread in a Worker, and checks, log and control socket on the main thread. */
import { hostname } from "node:os";
import { Worker } from "node:worker_threads";
import { EventFeed } from "../../../../shared/drive/control/event-feed.ts";
import { startControlServer, type ControlServer } from "../../../../shared/drive/control/server.ts";
import { standardMethods } from "../../../../shared/drive/control/standard-methods.ts";
import { Mailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import type { Logger } from "../../../../shared/drive/log/logger.ts";
import { joinSupervisor, type SupervisedChild } from "../../../../shared/drive/supervise/child.ts";
import { workerUrl } from "../../../../shared/drive/worker-url.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { VERSION } from "../../../../shared/model/version.ts";
import { describe, type Problem } from "../../../../shared/reason/catalogue.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import type { RouterView, ToMain, ToWorker } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";
import { HealthWatch } from "./health-watch.ts";
import { statusReport } from "./status.ts";

export interface DaemonOptions {
  readonly configuration: VipConfiguration;
  readonly log: Logger;
  readonly socketPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the supervisor gets to know, so that it can release what a dead daemon held. */
export interface Testament {
  /** Names of the routers that this host is master of. */
  readonly masters: readonly string[];
}

class Daemon {
  readonly #options: DaemonOptions;
  readonly #events = new EventFeed();
  readonly #views = new Map<string, RouterView>();
  readonly #since = new Map<string, number>();
  readonly #health: HealthWatch;
  readonly #mailbox: Mailbox<ToWorker, ToMain>;
  #refused: readonly string[] = [];
  #supervisor: SupervisedChild | undefined;
  #finish: (code: ExitCode) => void = () => undefined;
  #stopping = false;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#mailbox = new Mailbox((message) => this.#onMessage(message));
    this.#health = new HealthWatch(options.configuration, {
      onHealth: (health) => this.#mailbox.send({ kind: "health", health }),
      onFact: (fact) => this.#tell(describe(vipReasons, fact)),
    });
  }

  async run(): Promise<ExitCode> {
    const finished = new Promise<ExitCode>((resolve) => {
      this.#finish = resolve;
    });
    this.#supervisor = await joinSupervisor(this.#options.env, {
      onOrphaned: () => this.#stop("the supervisor is gone"),
    });
    const control = await this.#openControl();
    if (control === undefined) return EXIT.error;
    const worker = this.#startWorker();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#stop(signal));
    const code = await finished;
    this.#health.stop();
    control.close();
    await worker.terminate();
    this.#mailbox.close();
    this.#supervisor.close();
    this.#options.log.flush();
    return code;
  }

  async #openControl(): Promise<ControlServer | undefined> {
    const opened = await startControlServer({
      tool: "ha-vip",
      version: VERSION,
      path: this.#options.socketPath,
      methods: standardMethods({ status: () => this.#status(), events: this.#events }),
    });
    if (opened.ok) return opened.server;
    for (const problem of opened.problems) this.#options.log.problem(problem);
    return undefined;
  }

  #startWorker(): Worker {
    const { ticket } = this.#mailbox;
    const worker = new Worker(workerUrl("tools/ha-vip/commands/run/deadline-worker.ts"), {
      workerData: ticket,
      transferList: [ticket.port],
    });
    // Without its deadline thread the daemon is of no use: it ends, and the supervisor releases and restarts.
    worker.on("error", (error) => {
      this.#options.log.error(`the deadline thread failed: ${error instanceof Error ? error.message : String(error)}`);
      this.#finish(EXIT.error);
    });
    return worker;
  }

  #onMessage(message: ToMain): void {
    switch (message.kind) {
      case "ready":
        this.#refused = message.refused;
        for (const refusal of message.refused) this.#options.log.warning(`the system refused ${refusal}`);
        this.#mailbox.send({
          kind: "start",
          routers: this.#options.configuration.routers.map((router) => router.settings),
          health: this.#health.health(),
        });
        this.#health.start();
        this.#supervisor?.ready();
        break;
      case "event":
        this.#onRouterEvent(message.view, message.problems);
        break;
      case "stopped":
        this.#finish(EXIT.ok);
        break;
    }
  }

  #onRouterEvent(view: RouterView, problems: readonly Problem[]): void {
    const before = this.#views.get(view.name)?.role;
    this.#views.set(view.name, view);
    if (before !== view.role) {
      this.#since.set(view.name, Date.now());
      const masters = [...this.#views.values()].filter((one) => one.role === "master").map((one) => one.name);
      this.#supervisor?.testament({ masters } satisfies Testament);
    }
    for (const problem of problems) this.#tell(problem);
  }

  #tell(problem: Problem): void {
    this.#options.log.problem(problem);
    const { code, sentence, severity } = problem;
    this.#events.push({ atMs: Date.now(), code, severity, sentence });
  }

  #status(): ReturnType<typeof statusReport> {
    return statusReport({
      version: VERSION,
      host: hostname(),
      nowMs: Date.now(),
      configuration: this.#options.configuration,
      views: this.#views,
      since: this.#since,
      failing: this.#health.failing(),
      refused: this.#refused,
      events: this.#events.recent(),
    });
  }

  #stop(why: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#options.log.notice(`stopping: ${why}`);
    this.#health.stop();
    if (!this.#mailbox.send({ kind: "stop" })) this.#finish(EXIT.error);
  }
}

/** Runs until a stop signal; gives the process's exit code. */
export async function runDaemon(options: DaemonOptions): Promise<ExitCode> {
  return await new Daemon(options).run();
}
