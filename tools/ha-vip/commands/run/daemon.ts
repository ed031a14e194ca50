/** The daemon process: the deadline thread in a Worker, and checks, scripts, log and control socket on the main thread. */
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { EventFeed } from "../../../../shared/drive/control/event-feed.ts";
import { type ControlServer, startControlServer } from "../../../../shared/drive/control/server.ts";
import { standardMethods } from "../../../../shared/drive/control/standard-methods.ts";
import { Mailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import type { Logger } from "../../../../shared/drive/log/logger.ts";
import { listenForScrapes, type MetricsListener } from "../../../../shared/drive/metrics/listener.ts";
import { letGoOfTerminal } from "../../../../shared/drive/supervise/detach.ts";
import { joinSupervisor, type SupervisedChild } from "../../../../shared/drive/supervise/child.ts";
import { workerUrl } from "../../../../shared/drive/worker-url.ts";
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { VERSION } from "../../../../shared/model/version.ts";
import { describe, type Problem, type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import type { Endpoint } from "../../../../shared/text/endpoint.ts";
import { Notifier } from "../../drive/notifier.ts";
import { runCommand } from "../../drive/run-command.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import { holdersOf } from "../../model/holders.ts";
import type { Assignment, ReloadCounts, RouterView, ThreadReport, ToMain, ToWorker } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";
import { ChangeTeller } from "./change-teller.ts";
import { ControlApi } from "./control-api.ts";
import { HealthWatch } from "./health-watch.ts";
import { daemonMethods } from "./methods.ts";
import { statusReport } from "./status.ts";
import { VipMetrics } from "./vip-metrics.ts";

export type Reread =
  | { readonly ok: true; readonly configuration: VipConfiguration; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface DaemonOptions {
  readonly configuration: VipConfiguration;
  /** Reads the configuration anew from where it came. */
  readonly reread: () => Reread;
  readonly log: Logger;
  readonly socketPath: string;
  readonly metrics?: Endpoint;
  /** In the background, too. */
  readonly keepStderr: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the supervisor gets to know, so that it can release what a dead daemon held. */
export interface Testament {
  /** Names of the routers that this host is master of. */
  readonly masters: readonly string[];
}

/** An option of Bun's Workers that the types of node:worker_threads don't know. */
const SMALL_HEAP = { smol: true };
/** Scripts for the end get this long. */
const LAST_SCRIPTS_MS = 2_000;
const STARTUP_SCRIPT_MS = 10_000;
/** Counters of the deadline thread are asked for this often while somebody scrapes. */
const REPORT_EVERY_MS = 1_000;
/** The deadline thread answers within milliseconds; without an answer the last one stands. */
const ANSWER_LIMIT_MS = 1_000;
/** The same for a new configuration, of which there is no earlier answer. Who asked has a limit of their own. */
const RELOAD_LIMIT_MS = 60_000;

function assignmentOf(configuration: VipConfiguration, health: Assignment["health"]): Assignment {
  const { bgp, carps = [], groups, routers, witness } = configuration;
  return {
    routers: routers.map((router) => router.settings),
    groups: groups.map(({ members, name }) => ({ members, name })),
    health,
    carps: carps.map((carp) => carp.settings),
    ...(witness === undefined ? {} : { witness }),
    ...(bgp === undefined
      ? {}
      : { bgp: { settings: bgp.settings, announcements: bgp.announcements.map((one) => one.settings) } }),
  };
}

export class Daemon {
  readonly options: DaemonOptions;
  readonly views = new Map<string, RouterView>();
  readonly health: HealthWatch;
  configuration: VipConfiguration;
  readonly #events = new EventFeed();
  readonly #since = new Map<string, number>();
  readonly #notifier: Notifier;
  readonly #changes: ChangeTeller;
  readonly #metrics: VipMetrics;
  readonly #mailbox: Mailbox<ToWorker, ToMain>;
  readonly #waitingReports: ((report: ThreadReport | undefined) => void)[] = [];
  readonly #waitingReloads: ((counts: ReloadCounts | undefined) => void)[] = [];
  #refused: readonly string[] = [];
  #supervisor: SupervisedChild | undefined;
  #finish: (code: ExitCode) => void = () => undefined;
  #stopping = false;

  constructor(options: DaemonOptions) {
    this.options = options;
    this.configuration = options.configuration;
    this.#mailbox = new Mailbox((message) => this.#onMessage(message));
    this.health = new HealthWatch(options.configuration, {
      onHealth: (health) => this.#mailbox.send({ kind: "health", health }),
      onFact: (fact) => this.tell(fact),
    });
    this.#notifier = new Notifier(options.configuration.fifos, {
      onFailed: ({ name, state }, script, detail) =>
        this.tell(reason(vipReasons, "VIP_NOTIFY_FAILED", { name, script, state, detail })),
    });
    this.#changes = new ChangeTeller(options.configuration, this.#notifier);
    this.#metrics = new VipMetrics(() => ({ views: this.views, checks: this.health.views() }));
  }

  async run(): Promise<ExitCode> {
    const finished = new Promise<ExitCode>((resolve) => {
      this.#finish = resolve;
    });
    this.#supervisor = await joinSupervisor(this.options.env, {
      onOrphaned: () => this.#stop("the supervisor is gone"),
    });
    const control = await this.#openControl();
    if (control === undefined) return EXIT.error;
    const { metrics } = this.options;
    const scrapes = metrics === undefined ? undefined : this.#listen(metrics);
    const { shutdown, startup } = this.configuration;
    if (startup !== undefined) await runCommand(startup.argv, { ...startup, timeoutMs: STARTUP_SCRIPT_MS });
    const worker = this.#startWorker();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#stop(signal));
    process.on("SIGHUP", () => void this.reload());
    process.on("SIGUSR1", () => void this.#writeDump());
    const code = await finished;
    this.health.stop();
    await this.#notifier.drain(LAST_SCRIPTS_MS);
    if (shutdown !== undefined) await runCommand(shutdown.argv, { ...shutdown, timeoutMs: LAST_SCRIPTS_MS });
    this.#notifier.close();
    scrapes?.close();
    control.close();
    await worker.terminate();
    this.#mailbox.close();
    this.#supervisor.close();
    this.options.log.flush();
    return code;
  }

  #listen(endpoint: Endpoint): MetricsListener {
    setInterval(() => void this.report(), REPORT_EVERY_MS).unref();
    return listenForScrapes(this.#metrics.registry, endpoint);
  }

  async #openControl(): Promise<ControlServer | undefined> {
    const opened = await startControlServer({
      tool: "ha-vip",
      version: VERSION,
      path: this.options.socketPath,
      methods: {
        ...standardMethods({ status: () => this.status(), events: this.#events }),
        ...daemonMethods(new ControlApi(this)),
      },
    });
    if (opened.ok) return opened.server;
    for (const problem of opened.problems) this.options.log.problem(problem);
    return undefined;
  }

  #startWorker(): Worker {
    const { ticket } = this.#mailbox;
    const worker = new Worker(workerUrl("tools/ha-vip/commands/run/deadline-worker.ts"), {
      workerData: ticket,
      transferList: [ticket.port],
      // A small heap is collected often and quickly: better for a thread with deadlines, and it holds little.
      ...SMALL_HEAP,
    });
    // Without its deadline thread the daemon is of no use: it ends, and the supervisor releases and restarts.
    worker.on("error", (error) => {
      this.options.log.error(`the deadline thread failed: ${error instanceof Error ? error.message : String(error)}`);
      this.#finish(EXIT.error);
    });
    return worker;
  }

  #onMessage(message: ToMain): void {
    switch (message.kind) {
      case "ready":
        this.#refused = message.refused;
        for (const refusal of message.refused) this.options.log.warning(`the system refused ${refusal}`);
        this.#mailbox.send({ kind: "start", assignment: assignmentOf(this.configuration, this.health.health()) });
        this.health.start();
        this.#supervisor?.ready();
        letGoOfTerminal(this.options.env, this.options.keepStderr);
        break;
      case "event":
        this.#onRouterEvent(message);
        break;
      case "reloaded":
        this.tell(reason(vipReasons, "VIP_RELOADED", message.counts));
        this.#waitingReloads.shift()?.(message.counts);
        break;
      case "gone":
        this.views.delete(message.name);
        this.#since.delete(message.name);
        break;
      case "report":
        this.#metrics.take(message.report);
        for (const resolve of this.#waitingReports.splice(0)) resolve(message.report);
        break;
      case "stopped":
        this.#finish(EXIT.ok);
        break;
    }
  }

  #onRouterEvent({ lowerHeard, problems, view }: ToMain & { kind: "event" }): void {
    const before = this.views.get(view.name);
    this.views.set(view.name, view);
    if (before?.role !== view.role) {
      this.#since.set(view.name, Date.now());
      const masters = [...this.views.values()].filter((one) => one.role === "master").map((one) => one.name);
      this.#supervisor?.testament({ masters } satisfies Testament);
    }
    this.#changes.onView(before, view, this.views);
    if (lowerHeard) this.#changes.onLowerHeard(view);
    for (const problem of problems) this.#tellProblem(problem);
  }

  tell(fact: Reason): void {
    this.#tellProblem(describe(vipReasons, fact));
  }

  #tellProblem(problem: Problem): void {
    this.options.log.problem(problem);
    const { code, sentence, severity } = problem;
    this.#events.push({ atMs: Date.now(), code, severity, sentence });
  }

  /** The counters of the deadline thread; nothing when it doesn't answer in time. */
  async report(): Promise<ThreadReport | undefined> {
    if (!this.#mailbox.send({ kind: "report" })) return undefined;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), ANSWER_LIMIT_MS);
      this.#waitingReports.push((report) => {
        clearTimeout(timer);
        resolve(report);
      });
    });
  }

  async metrics(): Promise<string> {
    await this.report();
    return this.#metrics.registry.render();
  }

  /** Reads the configuration anew; with mistakes in it nothing changes. */
  async reload(): Promise<{ readonly counts: ReloadCounts | undefined; readonly problems: readonly Problem[] }> {
    const read = this.options.reread();
    if (!read.ok) {
      for (const problem of read.problems) this.options.log.problem(problem);
      this.tell(reason(vipReasons, "VIP_RELOAD_FAILED", {}));
      return { counts: undefined, problems: read.problems };
    }
    for (const warning of read.warnings) this.options.log.problem(warning);
    const staying = holdersOf(read.configuration);
    const gone = holdersOf(this.configuration).filter(
      (router) => !staying.some((one) => one.settings.name === router.settings.name),
    );
    for (const router of gone) this.#changes.onDeleted(router.settings.name, router.notify);
    this.configuration = read.configuration;
    this.#changes.reload(read.configuration);
    this.health.reload(read.configuration);
    const reloaded = new Promise<ReloadCounts | undefined>((resolve) => {
      setTimeout(() => resolve(undefined), RELOAD_LIMIT_MS).unref();
      this.#waitingReloads.push(resolve);
    });
    this.#mailbox.send({ kind: "reload", assignment: assignmentOf(read.configuration, this.health.health()) });
    return { counts: await reloaded, problems: read.warnings };
  }

  /** Everything that the daemon knows; secrets are left out. */
  async dump(): Promise<Record<string, unknown>> {
    const counters = await this.report();
    const { bgp, carps, checks, groups, origin, routers } = this.configuration;
    return {
      schema: 1,
      origin,
      routers: routers.map(({ settings, tracks }) => {
        const { password, ...rest } = settings;
        return {
          ...rest,
          authentication: password === undefined ? "none" : "PASS",
          tracks,
          view: this.views.get(settings.name),
          counters: counters?.routers.find((one) => one.name === settings.name),
        };
      }),
      groups,
      carps: carps?.map((carp) => ({ ...carp.settings, view: this.views.get(carp.settings.name) })),
      bgp: bgp && {
        ...bgp.settings,
        announcements: bgp.announcements.map((one) => ({ ...one.settings, view: this.views.get(one.settings.name) })),
      },
      checks: checks.map((check) => ({ ...check, now: this.health.views().find((one) => one.name === check.name) })),
      worstLateMs: counters?.worstLateMs,
      status: this.status(),
    };
  }

  async #writeDump(): Promise<void> {
    const path = join(dirname(this.options.socketPath), "ha-vip.data");
    const text = JSON.stringify(
      await this.dump(),
      (_key, value: unknown) => (value instanceof Uint8Array ? Array.from(value).join(".") : value),
      2,
    );
    writeFileSync(path, `${text}\n`, { mode: 0o640 });
    this.options.log.notice(`written: ${path}`);
  }

  status(): ReturnType<typeof statusReport> {
    return statusReport({
      version: VERSION,
      host: hostname(),
      nowMs: Date.now(),
      configuration: this.configuration,
      views: this.views,
      since: this.#since,
      failing: this.health.failing(),
      refused: this.#refused,
      events: this.#events.recent(),
    });
  }

  #stop(why: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.options.log.notice(`stopping: ${why}`);
    this.health.stop();
    if (!this.#mailbox.send({ kind: "stop" })) this.#finish(EXIT.error);
  }
}

/** Runs until a stop signal; gives the process's exit code. */
export async function runDaemon(options: DaemonOptions): Promise<ExitCode> {
  return await new Daemon(options).run();
}
