/** Runs the health checks and agents of all servers, spread over time, and puts the results in force. */
import { agentWeight } from "../../decide/agent.ts";
import { beforeErrors, type Observation, observationText } from "../../decide/observation.ts";
import { applyAgent, applyCheck, type CheckOutcome, nextCheckInMs } from "../../decide/server-health.ts";
import { checkLine } from "../../decide/server-log.ts";
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { applyHealth, setAdmin, setMaxConnections, setWeight } from "../server-admin.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import { type AgentAnswer, AgentProbe } from "./agent-probe.ts";
import { runExternalCheck } from "./external.ts";
import { Probe } from "./probe.ts";

/** First checks are spread over an interval, and over no more than this. */
const SPREAD_MS = 1000;

class Schedule extends Timed {
  constructor(
    readonly server: ServerRuntime,
    private readonly due: (schedule: Schedule) => void,
  ) {
    super();
  }
  override onDeadline(): void {
    this.due(this);
  }
}

export class Checker {
  private readonly schedules: Schedule[] = [];
  private readonly byServer = new Map<ServerRuntime, Schedule>();
  /** What ends programs that run as checks. */
  private readonly programs = new Set<() => void>();
  private stopped = false;

  constructor(private readonly plane: DataPlane) {}

  start(): void {
    const servers = [...this.plane.backends.values()].flatMap((backend) => backend.servers);
    const checked = servers.filter(({ settings }) => settings.check.enabled && settings.track === undefined);
    for (const [index, server] of checked.entries()) {
      const schedule = this.plan(server, (one) => this.check(one), server.settings.check.intervalMs, index, checked);
      this.byServer.set(server, schedule);
    }
    const asked = servers.filter(({ settings }) => settings.agent.enabled);
    for (const [index, server] of asked.entries()) {
      this.plan(server, (one) => this.askAgent(one), server.settings.agent.intervalMs, index, asked);
    }
    this.plane.hooks.watchServer = (server) => this.watch(server);
    this.plane.onErrors = (server, errors, last) => this.takeErrors(server, errors, last);
  }

  /** A server that came at run time. */
  private watch(server: ServerRuntime): void {
    const { agent, check } = server.settings;
    if (check.enabled)
      this.byServer.set(
        server,
        this.plan(server, (one) => this.check(one), check.intervalMs, 0, [server]),
      );
    if (agent.enabled) this.plan(server, (one) => this.askAgent(one), agent.intervalMs, 0, [server]);
  }

  /** Not all in the same moment, and the first ones at once. */
  private plan(
    server: ServerRuntime,
    due: (schedule: Schedule) => void,
    intervalMs: number,
    index: number,
    all: readonly ServerRuntime[],
  ): Schedule {
    const schedule = new Schedule(server, due);
    this.schedules.push(schedule);
    wheel.set(schedule, nowMs() + Math.min((intervalMs * index) / all.length, SPREAD_MS));
    return schedule;
  }

  stop(): void {
    this.stopped = true;
    for (const schedule of this.schedules) wheel.remove(schedule);
    for (const end of this.programs) end();
    this.programs.clear();
  }

  private check(schedule: Schedule): void {
    if (this.stopped) return;
    const { server } = schedule;
    const { check } = server.settings;
    if (server.gone) return;
    if (server.health.admin === "maint" || !server.hasAddress || server.checksPaused) {
      wheel.set(schedule, nowMs() + nextCheckInMs(server.health, check));
      return;
    }
    const { timeouts } = server.backend.proxy;
    // Without `timeout check`, a check has as long as there is between two of them.
    const timeoutMs = timeouts.check ?? Math.min(check.intervalMs, timeouts.connect ?? check.intervalMs);
    const startedMs = nowMs();
    this.probe(server, timeoutMs, (outcome) => {
      if (this.stopped) return;
      this.take(server, outcome);
      wheel.set(schedule, Math.max(nowMs(), startedMs + nextCheckInMs(server.health, check)));
    });
  }

  private probe(server: ServerRuntime, timeoutMs: number, onOutcome: (outcome: CheckOutcome) => void): void {
    const { proxy } = server.backend;
    if (proxy.healthCheck.kind === "external") {
      const end = runExternalCheck(server, timeoutMs, (outcome) => {
        this.programs.delete(end);
        onOutcome(outcome);
      });
      this.programs.add(end);
      return;
    }
    const { address, port: ownPort } = server.settings.check;
    const configured =
      address !== undefined && (address.kind === "ip" || address.kind === "name") ? address.host : server.host;
    const host = server.checkHost ?? configured;
    const port =
      server.checkPort ?? ownPort ?? (address?.kind === "ip" && address.port > 0 ? address.port : server.port);
    const { checkDisableOn404: disableOn404, healthCheck: check } = proxy;
    new Probe({ plane: this.plane, host, port, server, check, timeoutMs, disableOn404 }, onOutcome).start();
  }

  /** The result of a check. */
  private take(server: ServerRuntime, outcome: CheckOutcome): void {
    const before = server.health;
    if (!outcome.passed && before.up) server.counters.failedChecks += 1;
    const { check } = server.settings;
    const step = applyCheck(before, outcome, check, nowMs());
    const { proxy } = server.backend;
    const logs = proxy.flags.has("log-health-checks");
    if (logs && outcome.status !== "HANA") {
      const { state } = step;
      const isNew = outcome.status !== before.lastStatus || state.streak !== before.streak || before.up !== state.up;
      const left = state.up ? check.fall - state.streak : state.streak;
      const of = state.up ? check.fall : check.rise;
      if (isNew) {
        const line = checkLine(`${proxy.name}/${server.name}`, outcome, left, of, state.up);
        this.plane.logEvent(proxy, "notice", line);
      }
    }
    if (step.change === undefined) {
      server.health = step.state;
      if (server.settings.slowStartMs !== undefined && server.refresh()) server.backend.rebuild();
      return;
    }
    applyHealth(this.plane, server, step.state, logs ? { kind: "told" } : { kind: "check", outcome });
  }

  private askAgent(schedule: Schedule): void {
    if (this.stopped) return;
    const { server } = schedule;
    if (server.gone) return;
    const { agent } = server.settings;
    const again = (): void => {
      if (!this.stopped) wheel.set(schedule, nowMs() + agent.intervalMs);
    };
    const host = server.agentHost ?? agent.address ?? server.host;
    const port = server.agentPort ?? agent.port;
    if (host === "" || port === 0 || server.agentPaused) {
      again();
      return;
    }
    const timeoutMs = server.backend.proxy.timeouts.check ?? agent.intervalMs;
    new AgentProbe(server.agentSend ?? agent.send, (answer) => {
      if (this.stopped) return;
      this.takeAgent(server, answer);
      again();
    }).start(host, port, timeoutMs);
  }

  /** An agent that can't be reached or says nothing known changes nothing. */
  private takeAgent(server: ServerRuntime, { durationMs, report, status }: AgentAnswer): void {
    server.lastAgent = { status, durationMs, said: report?.said ?? "" };
    if (report === undefined) return;
    const { admin, maxConnections, operational, said, weightPercent } = report;
    const { settings } = server;
    if (admin !== undefined) setAdmin(this.plane, server, admin);
    if (maxConnections !== undefined) setMaxConnections(this.plane, server, maxConnections);
    const weight = weightPercent === undefined ? undefined : agentWeight(weightPercent, settings.weight);
    if (weight !== undefined && weight !== server.wantedWeight) setWeight(this.plane, server, weight);
    if (operational === undefined) return;
    const step = applyAgent(server.health, operational, settings.check, nowMs());
    const detail = `via agent : ${said}`;
    const outcome = { passed: operational === "up", stopping: false, status, code: 0, durationMs, detail };
    if (step.change === undefined) server.health = step.state;
    else applyHealth(this.plane, server, step.state, { kind: "check", outcome });
  }

  /** Traffic met too many errors in a row on a server. */
  private takeErrors(server: ServerRuntime, errors: number, last: Observation): void {
    if (this.stopped || !server.health.up) return;
    const { settings } = server;
    const health = beforeErrors(server.health, settings);
    if (health !== undefined) {
      server.health = health;
      const detail = observationText(errors, last);
      this.take(server, { passed: false, stopping: false, status: "HANA", code: undefined, durationMs: 0, detail });
    }
    // The next check comes soon, whatever else follows.
    const schedule = this.byServer.get(server);
    const { fastIntervalMs, intervalMs } = settings.check;
    const soonMs = nowMs() + (fastIntervalMs ?? intervalMs);
    if (schedule !== undefined && schedule.deadlineMs > soonMs) wheel.set(schedule, soonMs);
  }
}
