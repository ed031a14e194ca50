/** Runs the health checks of all servers, spread over time, and puts the results in force. */
import { applyCheck, type CheckOutcome, nextCheckInMs } from "../../decide/server-health.ts";
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { applyHealth } from "../server-admin.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import { Probe } from "./probe.ts";

/** What happened to a server, for the log and for other processes. */
export interface HealthEvent {
  readonly server: ServerRuntime;
  readonly change: "up" | "down" | "stopping" | "running";
  readonly outcome: CheckOutcome;
}

class CheckSchedule extends Timed {
  running = false;
  constructor(
    readonly server: ServerRuntime,
    private readonly due: (schedule: CheckSchedule) => void,
  ) {
    super();
  }
  override onDeadline(): void {
    this.due(this);
  }
}

export class Checker {
  private readonly schedules: CheckSchedule[] = [];
  private stopped = false;

  constructor(
    private readonly plane: DataPlane,
    private readonly onEvent: (event: HealthEvent) => void,
  ) {}

  start(): void {
    const checked = [...this.plane.backends.values()]
      .flatMap((backend) => backend.servers)
      .filter((server) => server.settings.check.enabled && server.settings.track === undefined);
    for (const [index, server] of checked.entries()) {
      const schedule = new CheckSchedule(server, (one) => this.run(one));
      this.schedules.push(schedule);
      // Not all in the same moment, and the first ones at once.
      const spreadMs = (server.settings.check.intervalMs * index) / checked.length;
      wheel.set(schedule, nowMs() + Math.min(spreadMs, 1000));
    }
  }

  stop(): void {
    this.stopped = true;
    for (const schedule of this.schedules) wheel.remove(schedule);
  }

  private run(schedule: CheckSchedule): void {
    if (this.stopped) return;
    const { server } = schedule;
    const { check } = server.settings;
    const { proxy } = server.backend;
    const pauseMs = nextCheckInMs(server.health, check);
    if (server.health.admin === "maint" || !server.hasAddress) {
      wheel.set(schedule, nowMs() + pauseMs);
      return;
    }
    const address = check.address;
    const host =
      address !== undefined && (address.kind === "ip" || address.kind === "name") ? address.host : server.host;
    // Without `timeout check`, a check has as long as there is between two of them.
    const timeoutMs = proxy.timeouts.check ?? Math.min(check.intervalMs, proxy.timeouts.connect ?? check.intervalMs);
    const startedMs = nowMs();
    const port = check.port ?? (address?.kind === "ip" && address.port > 0 ? address.port : server.port);
    const probe = new Probe(
      { host, port, server, check: proxy.healthCheck, timeoutMs, disableOn404: proxy.checkDisableOn404 },
      (outcome) => {
        if (this.stopped) return;
        this.take(server, outcome);
        wheel.set(schedule, Math.max(nowMs(), startedMs + nextCheckInMs(server.health, check)));
      },
    );
    probe.start();
  }

  /** A result, of a check or of an agent. */
  take(server: ServerRuntime, outcome: CheckOutcome): void {
    if (!outcome.passed) server.counters.failedChecks += 1;
    const before = server.health;
    const step = applyCheck(before, outcome, server.settings.check, nowMs());
    if (step.change === "up") server.counters.downMs += nowMs() - before.changedMs;
    if (step.change === undefined) {
      server.health = step.state;
      if (server.settings.slowStartMs !== undefined && server.refresh()) server.backend.rebuild();
    } else applyHealth(this.plane, server, step.state);
    for (const other of this.followers(server))
      applyHealth(this.plane, other, { ...other.health, ...healthOf(server) });
    if (step.change !== undefined) this.onEvent({ server, change: step.change, outcome });
  }

  /** Servers that `track` this one. */
  private followers(server: ServerRuntime): readonly ServerRuntime[] {
    return [...this.plane.backends.values()].flatMap((backend) =>
      backend.servers.filter(({ settings: { track } }) => {
        return track?.server === server.name && (track.proxy ?? backend.name) === server.backend.name;
      }),
    );
  }
}

function healthOf(server: ServerRuntime): Pick<ServerRuntime["health"], "up" | "stopping" | "changedMs"> {
  const { up, stopping, changedMs } = server.health;
  return { up, stopping, changedMs };
}
