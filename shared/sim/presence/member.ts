import type { HeartbeatBody } from "../../effect/membership.ts";
import { withDisk } from "../../decide/membership/machine.ts";
import {
  createMembership,
  onHeartbeat,
  tickMembership,
  type Membership,
  type MembershipOutcome,
} from "../../decide/membership/membership.ts";
import {
  createStanding,
  fencingConfirmed,
  fencingFailed,
  selfFenceBoundMs,
  stepStanding,
  type FencingOrder,
  type Standing,
  type StandingOutcome,
} from "../../decide/quorum/standing.ts";
import { DiskSeat } from "./disk-seat.ts";
import { PRESENCE_DRIFT_RATIO, PRESENCE_SUSPICION, WATCHDOG_MS, nodeName } from "./schedule.ts";
import type { PresenceWorld } from "./world.ts";

/** Datagrams that wait in the socket of a stopped process; what comes beyond them is lost. */
const SOCKET_BUFFER = 200;
const TICK_MS = PRESENCE_SUSPICION.heartbeatMs / 2;
/** How long the agent takes over an ordinary stop. */
const STOP_MS = 50;

interface Waiting {
  readonly from: string;
  readonly link: string;
  readonly body: HeartbeatBody;
}

/**
 * One host: the shipping membership and standing, one service, its agent, and a watchdog that is fed only as long as the host
 * may run the service, or doesn't run it.
 */
export class PresenceMember {
  readonly name: string;
  hostUp = true;
  paused = false;
  active = false;
  hangMs = 0;
  delayMs = 0;
  delayInMs = 0;
  startedMs = 0;
  /** What was decided last; null while the daemon is down. */
  view: MembershipOutcome | null = null;
  outcome: StandingOutcome | null = null;
  /** Who was in view since the daemon started. */
  readonly seen = new Set<string>();
  clockRate = 1;
  private clockOffsetMs: number;
  private membership: Membership | null = null;
  private standing: Standing | null = null;
  private seat: DiskSeat | null = null;
  private inbox: Waiting[] = [];
  private life = 0;
  private stopping = false;
  private watchdogDueMs = Number.POSITIVE_INFINITY;
  private watchdogToken = 0;

  constructor(
    private readonly world: PresenceWorld,
    readonly index: number,
  ) {
    this.name = nodeName(index);
    this.clockOffsetMs = 5000 * (index + 1);
  }

  get running(): boolean {
    return this.membership !== null;
  }

  localMs(): number {
    return this.clockOffsetMs + this.clockRate * this.world.nowMs;
  }

  setClockRate(rate: number): void {
    const now = this.localMs();
    this.clockRate = rate;
    this.clockOffsetMs = now - rate * this.world.nowMs;
  }

  /** Carries out `call` when the node's own clock has gone on by so much. */
  private later(ms: number, call: () => void): void {
    this.world.after(ms / this.clockRate, call);
  }

  start(): void {
    if (this.running || !this.hostUp) return;
    const { world, name } = this;
    this.life += 1;
    this.startedMs = world.nowMs;
    this.seen.clear();
    const { schedule } = world;
    const damping = { penalty: 1000, suppressAbove: 2500, reuseBelow: 1000, halfLifeMs: 2000, maxPenalty: 4000 };
    this.membership = createMembership(
      {
        self: name,
        nodes: world.names,
        links: world.links,
        suspicion: PRESENCE_SUSPICION,
        damping,
        vouchMs: PRESENCE_SUSPICION.maxTimeoutMs,
        driftRatio: PRESENCE_DRIFT_RATIO,
        firstCount: this.life * 1_000_000 + 1,
      },
      this.localMs(),
    );
    this.standing = createStanding(
      {
        self: name,
        quorum: schedule.quorum,
        policy: schedule.policy,
        weights: {},
        fencing: schedule.fencing,
        fencingDelayMs: 3000,
        fencingRetryMs: 2500,
        joinGraceMs: 2000,
        selfFenceMs: schedule.watchdog
          ? selfFenceBoundMs(PRESENCE_SUSPICION.maxTimeoutMs, PRESENCE_SUSPICION.heartbeatMs, WATCHDOG_MS)
          : null,
        driftRatio: PRESENCE_DRIFT_RATIO,
        lossGraceMs: 300,
        adoptGraceMs: 500,
      },
      this.localMs(),
    );
    if (schedule.quorum.witness?.disk === true) this.seat = new DiskSeat(world, this, this.life);
    this.tick(this.life);
  }

  /** The daemon dies; the service goes on, and nobody feeds the watchdog. */
  kill(): void {
    this.seat?.end();
    this.seat = null;
    this.membership = null;
    this.standing = null;
    this.view = null;
    this.outcome = null;
    this.paused = false;
    this.inbox = [];
    this.life += 1;
    this.stopping = false;
  }

  powerOff(downMs: number): void {
    if (!this.hostUp) return;
    this.world.say(this.name, "power off");
    this.kill();
    this.hostUp = false;
    this.active = false;
    this.watchdogDueMs = Number.POSITIVE_INFINITY;
    this.world.after(downMs, () => this.powerOn());
  }

  powerOn(): void {
    this.hostUp = true;
    this.start();
  }

  pause(): void {
    if (this.running) this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    // A thread that wakes finds its timer and its socket ready at once; nobody says which comes first.
    const timerFirst = this.world.random.chance(0.5);
    if (timerFirst) this.decide();
    const inbox = this.inbox;
    this.inbox = [];
    for (const { from, link, body } of inbox) this.receive(from, link, body);
    if (!timerFirst) this.decide();
  }

  receive(from: string, link: string, body: HeartbeatBody): void {
    if (this.membership === null) return;
    if (this.paused) {
      if (this.inbox.length < SOCKET_BUFFER) this.inbox.push({ from, link, body });
      return;
    }
    for (const fact of onHeartbeat(this.membership, { from, link, ...body }, this.localMs())) {
      this.world.say(this.name, fact.code);
    }
  }

  private tick(life: number): void {
    if (life !== this.life) return;
    if (!this.paused) this.decide();
    this.later(TICK_MS, () => this.tick(life));
  }

  private decide(): void {
    const { membership, standing } = this;
    if (membership === null || standing === null) return;
    const seen = tickMembership(membership, this.localMs());
    const { witness } = this.world.schedule.quorum;
    const vouchers = withDisk(seen.vouchers, witness, this.seat?.heldUntilMs ?? 0, this.localMs());
    const view = { ...seen, vouchers };
    const outcome = stepStanding(standing, view, this.localMs());
    for (const fact of [...view.reasons, ...outcome.reasons]) {
      this.world.tally.count(fact.code);
      this.world.say(this.name, `${fact.code} ${JSON.stringify(fact.data)}`);
    }
    this.view = view;
    for (const name of view.members) this.seen.add(name);
    this.outcome = outcome;
    if (view.send !== null) this.world.broadcast(this, view.send);
    this.world.checkViews(this);
    for (const order of outcome.fence) this.fence(order, standing);
    this.serve(view, outcome);
    this.feedWatchdog(outcome);
  }

  private fence(order: FencingOrder, standing: Standing): void {
    this.world.say(this.name, `fences ${order.peer}`);
    this.world.fence(this, order.peer, (confirmed) => {
      if (this.standing !== standing) return;
      if (confirmed) fencingConfirmed(standing, order);
      else fencingFailed(standing, order, this.localMs());
    });
  }

  private serve(view: MembershipOutcome, outcome: StandingOutcome): void {
    if (this.active) {
      if (outcome.action === "suicide") this.powerOff(1000);
      else if (outcome.action === "stop" || outcome.action === "demote") this.stop();
      return;
    }
    if (outcome.action !== "continue" || !this.world.mayStart(this, view, outcome)) return;
    this.active = true;
    this.stopping = false;
    this.world.onStart(this);
  }

  private stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    const { life } = this;
    this.later(STOP_MS + this.hangMs, () => {
      if (life !== this.life || !this.stopping) return;
      this.stopping = false;
      this.active = false;
      this.world.say(this.name, "stopped");
    });
  }

  /** Fed on each decision that lets the service run, or that finds it down; when that ends, the host is reset. */
  private feedWatchdog(outcome: StandingOutcome): void {
    if (!this.world.schedule.watchdog || !this.running) return;
    const { policy } = this.world.schedule;
    const lasting = policy === "freeze" || policy === "ignore";
    if (this.active && outcome.action !== "continue" && !lasting) return;
    const armed = this.watchdogDueMs !== Number.POSITIVE_INFINITY;
    this.watchdogDueMs = this.localMs() + WATCHDOG_MS;
    if (armed) return;
    this.watchdogToken += 1;
    const token = this.watchdogToken;
    this.later(WATCHDOG_MS, () => this.lookAtWatchdog(token));
  }

  private lookAtWatchdog(token: number): void {
    if (token !== this.watchdogToken || this.watchdogDueMs === Number.POSITIVE_INFINITY) return;
    const leftMs = this.watchdogDueMs - this.localMs();
    if (leftMs > 0.001) this.later(leftMs, () => this.lookAtWatchdog(token));
    else {
      this.world.tally.count("watchdog bites");
      this.world.say(this.name, "watchdog");
      this.powerOff(1500);
    }
  }
}
