import type { KvEvent } from "../effect/kv.ts";
import type { ReplicaReply } from "../effect/replica.ts";
import {
  createGuard,
  nextGuardDeadlineMs,
  stepGuard,
  type Guard,
  type GuardAnswer,
  type GuardAsk,
  type GuardEffect,
  type GuardEvent,
} from "../decide/lease/guard.ts";
import { localMs, request, trueMsOf, type SimNode } from "./node.ts";
import { CLOCK_DRIFT_RATIO } from "./schedule.ts";
import type { World } from "./world.ts";

export const LOCK_KEY = "lock/service";

/** One node's guard, its resource agent and its watchdog. The resource outlives a crash of the process, as services do. */
export class SimGuard {
  guard: Guard;
  active = false;
  /** How long the agent takes over its next stop. */
  hangMs = 0;
  watchdogMs = Number.NEGATIVE_INFINITY;
  private session: number | null = null;
  private sequence = 1;
  private timerToken = 0;
  private agentToken = 0;

  constructor(
    private readonly world: World,
    private readonly node: SimNode,
  ) {
    this.guard = this.fresh();
  }

  private fresh(): Guard {
    const options = { ttlMs: 300, driftRatio: CLOCK_DRIFT_RATIO, stopBudgetMs: 60, retryMs: 150 };
    return createGuard(options, Math.max(this.now(), this.watchdogMs));
  }

  /** The clock the guard lives by. */
  private now(): number {
    return localMs(this.node, this.world.nowMs);
  }

  /** The process starts anew; the resource, if any, still runs. */
  restart(): void {
    this.guard = this.fresh();
    this.session = null;
    this.sequence = 1;
    this.feed({ kind: "tick" });
  }

  feed(event: GuardEvent): void {
    if (this.node.replica === null || this.node.paused) return;
    this.carryOut(stepGuard(this.guard, event, this.now()));
    const dueMs = Math.max(trueMsOf(this.node, nextGuardDeadlineMs(this.guard)), this.world.nowMs + 1);
    this.timerToken += 1;
    this.world.at(dueMs, { kind: "guardTick", node: this.node.index, token: this.timerToken });
  }

  onTimer(token: number): void {
    if (token === this.timerToken) this.feed({ kind: "tick" });
  }

  onWatch(events: readonly KvEvent[]): void {
    for (const event of events) {
      if (event.key === LOCK_KEY && event.kind === "delete") this.feed({ kind: "lockFree" });
    }
  }

  private carryOut(effects: readonly GuardEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "ask":
          this.ask(effect.id, effect.ask);
          break;
        case "start":
          this.activate();
          break;
        case "stop":
          this.agentToken += 1;
          this.world.after(this.hangMs + 5, { kind: "agentDown", node: this.node.index, token: this.agentToken });
          break;
        case "armWatchdog":
          this.watchdogMs = effect.atMs;
          this.world.at(trueMsOf(this.node, effect.atMs), { kind: "watchdog", node: this.node.index });
          break;
      }
    }
  }

  private activate(): void {
    this.agentToken += 1;
    this.active = true;
    this.world.onActive(this.node);
  }

  onAgentDown(token: number): void {
    if (token !== this.agentToken) return;
    this.active = false;
    this.feed({ kind: "stopped" });
  }

  /** Fires on the node's own clock, whatever state the process is in. */
  onWatchdog(): void {
    if (this.now() + 0.001 < this.watchdogMs) {
      // Renewed since, or the clock runs slower than when it was armed: look again then.
      const dueMs = trueMsOf(this.node, this.watchdogMs);
      const nextMs = dueMs > this.world.nowMs ? dueMs : this.world.nowMs + 1;
      this.world.at(nextMs, { kind: "watchdog", node: this.node.index });
    } else {
      if (this.active) this.world.tally.count("watchdog bites");
      this.active = false;
    }
  }

  powerOff(): void {
    this.active = false;
    this.agentToken += 1;
  }

  private ask(id: number, ask: GuardAsk): void {
    const life = this.node.life;
    const done = (answer: GuardAnswer): void => {
      if (this.node.life === life) this.feed({ kind: "answer", id, answer });
    };
    if (ask.kind === "keepAlive") {
      request(this.world, this.node, { kind: "keepAlive", lease: ask.lease }, (reply) => done(toAnswer(reply)));
      return;
    }
    const session = this.session;
    if (session !== null) {
      this.write(session, ask, done);
      return;
    }
    request(this.world, this.node, { kind: "openSession" }, (reply) => {
      if (this.node.life !== life) return;
      if (reply.kind === "result" && reply.result.ok && reply.result.session !== undefined) {
        this.session = reply.result.session;
        this.sequence = 1;
        this.write(this.session, ask, done);
      } else {
        done({ kind: "lost" });
      }
    });
  }

  private write(session: number, ask: GuardAsk, done: (answer: GuardAnswer) => void): void {
    const sequence = this.sequence++;
    const command =
      ask.kind === "grant"
        ? ({ op: "grant", ttlMs: ask.ttlMs } as const)
        : ask.kind === "lock"
          ? ({
              op: "txn",
              compare: [{ key: LOCK_KEY, modRevision: 0 }],
              operations: [{ op: "put", key: LOCK_KEY, value: this.node.id, lease: ask.lease }],
            } as const)
          : ({ op: "revoke", lease: ask.lease } as const);
    request(this.world, this.node, { kind: "write", session, sequence, acknowledged: 0, command }, (reply) => {
      if (reply.kind === "result" && !reply.result.ok && reply.result.code === "KV_SESSION_UNKNOWN")
        this.session = null;
      done(toAnswer(reply));
    });
  }
}

function toAnswer(reply: ReplicaReply): GuardAnswer {
  if (reply.kind === "result") return { kind: "result", result: reply.result };
  return reply.kind === "alive" ? { kind: "alive" } : { kind: "lost" };
}
