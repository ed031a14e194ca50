import { createRandom, type Random } from "../../decide/random.ts";
import type { MembershipOutcome } from "../../decide/membership/membership.ts";
import type { StandingOutcome } from "../../decide/quorum/standing.ts";
import type { SlotSight } from "../../effect/disk-vote.ts";
import type { HeartbeatBody } from "../../effect/membership.ts";
import { SafetyViolation } from "../check/log.ts";
import { Tally } from "../tally.ts";
import { Timeline } from "../timeline.ts";
import { applyPresenceFault } from "./faults.ts";
import { PresenceMember } from "./member.ts";
import { nodeName, type FencingOutcome, type PresenceSchedule } from "./schedule.ts";

/** All have heard all again, and said so, when nothing was in their way for so long. */
const WELL_MS = 1000;
/** Trouble is looked for after every so many events: a few milliseconds. */
const TROUBLE_EVERY = 16;

/** A cluster that lives by heartbeats, quorum, watchdogs and fencing: virtual time, one random source, one service. */
export class PresenceWorld extends Timeline {
  starts = 0;
  noisy = true;
  /** Links that stay lost, as "from to". */
  lasting: ReadonlySet<string> = new Set();
  fencing: FencingOutcome = "success";
  readonly random: Random;
  readonly names: readonly string[];
  readonly links: readonly string[];
  readonly members: readonly PresenceMember[];
  readonly trace: string[] | null;
  /** Of the witness disk, when the rules have one. */
  readonly sectors: SlotSight[];
  readonly tally = new Tally();
  private readonly cuts = new Map<string, number>();
  /** When something was cut, late, stopped or down last. */
  private troubledMs = 0;

  constructor(
    readonly schedule: PresenceSchedule,
    traced: boolean,
  ) {
    super();
    this.random = createRandom(schedule.seed ^ 0x00f1a95);
    this.trace = traced ? [] : null;
    this.sectors = Array.from({ length: schedule.nodes }, () => ({ mark: "", block: null, damaged: false }));
    this.names = Array.from({ length: schedule.nodes }, (_, at) => nodeName(at));
    this.links = Array.from({ length: schedule.links }, (_, at) => `ring${at}`);
    this.members = this.names.map((_, at) => new PresenceMember(this, at));
    for (const member of this.members) this.after(this.random.fraction() * 300, () => member.start());
    for (const { atMs, fault } of schedule.faults) this.inChaos(atMs, () => applyPresenceFault(this, fault));
  }

  protected override onEvent(): void {
    if (this.events % TROUBLE_EVERY === 0 && this.isTroubled()) this.troubledMs = this.nowMs;
  }

  cut(from: number, to: number, link: number, by: number): void {
    const key = `${from} ${to} ${link}`;
    const count = Math.max(0, (this.cuts.get(key) ?? 0) + by);
    if (count === 0) this.cuts.delete(key);
    else this.cuts.set(key, count);
  }

  mendLinks(): void {
    this.cuts.clear();
  }

  broadcast(from: PresenceMember, body: HeartbeatBody): void {
    for (const [at, link] of this.links.entries()) {
      for (const to of this.members) {
        if (to === from || (this.cuts.get(`${from.index} ${to.index} ${at}`) ?? 0) > 0) continue;
        if (this.lasting.has(`${from.index} ${to.index}`)) continue;
        if (this.noisy && this.random.chance(this.schedule.lossRatio)) continue;
        const usualMs = this.noisy ? this.schedule.latencyMs : 2;
        const latencyMs = 0.1 + this.random.fraction() * usualMs + from.delayMs + to.delayMs + this.lateInMs(to);
        this.after(latencyMs, () => to.receive(from.name, link, body));
      }
    }
  }

  /** What comes in late comes in unevenly. */
  private lateInMs(to: PresenceMember): number {
    return to.delayInMs === 0 ? 0 : to.delayInMs * (0.75 + 0.25 * this.random.fraction());
  }

  /** Has a host powered off; the answer may be late, missing, or wrong way round. */
  fence(by: PresenceMember, peer: string, answer: (confirmed: boolean) => void): void {
    const target = this.members.find((member) => member.name === peer);
    if (target === undefined) throw new Error("fencing of an unknown node");
    // Of two that may each have quorum alone, one that just started knows nothing of what the other does.
    if (this.schedule.quorum.twoNode && !by.seen.has(peer)) {
      this.violate("no blind fencing", `${by.name} has ${peer} fenced without having seen it`);
    }
    const { fencing } = this;
    this.tally.count(`fencing ${fencing}`);
    this.checkFencing(by, target);
    const tookMs = 30 + this.random.fraction() * 400;
    if (fencing === "late") {
      this.after(tookMs, () => target.powerOff(600));
      this.after(2000 + this.random.fraction() * 5000, () => by.running && answer(true));
      return;
    }
    if (fencing === "success" || (fencing === "timeout" && this.random.chance(0.5))) {
      // The host may lie down already: the device sees to it that it is off, and starts it again later.
      this.after(tookMs, () => target.powerOff(1500));
    }
    this.after(fencing === "timeout" ? 2000 : tookMs + 5, () => by.running && answer(fencing === "success"));
  }

  /** Whoever has been well, and talked with all, for so long, is not to be shot. Checked where nothing else goes wrong. */
  private checkFencing(by: PresenceMember, target: PresenceMember): void {
    const { lossRatio, latencyMs } = this.schedule;
    if (lossRatio > 0 || latencyMs > 2 || !target.running) return;
    if (this.nowMs - Math.max(this.troubledMs, target.startedMs) > WELL_MS && !this.isTroubled()) {
      this.violate("the well are not fenced", `${by.name} has ${target.name} fenced, which only flapped before`);
    }
  }

  /** Something is cut, late, stopped or down just now. */
  private isTroubled(): boolean {
    return (
      this.cuts.size > 0 ||
      this.lasting.size > 0 ||
      this.members.some((one) => one.paused || !one.running || one.delayMs + one.delayInMs > 0)
    );
  }

  /**
   * The stand-in for a resource manager: the first of the vouchers starts the service when nobody in its view runs it, and
   * every node that isn't in its view is surely down.
   */
  mayStart(member: PresenceMember, view: MembershipOutcome, outcome: StandingOutcome): boolean {
    const services = this.schedule.quorum.nodes.map((node) => node.name);
    const first = services.find((name) => view.vouchers.includes(name));
    if (!outcome.quorate || first !== member.name) return false;
    return services.every((name) => {
      if (!view.members.includes(name)) return outcome.safe.includes(name);
      return name === member.name || this.members.find((one) => one.name === name)?.active === false;
    });
  }

  onStart(member: PresenceMember): void {
    this.starts += 1;
    this.say(member.name, "starts the service");
    for (const other of this.members) {
      if (other !== member && other.active) {
        this.violate("service active once", `${member.name} starts what ${other.name} runs`);
      }
    }
  }

  /**
   * Two nodes that both have quorum at the same moment have somebody in common who vouches for both. Not so where the rules
   * let one vote of two do: there fencing decides.
   */
  checkViews(member: PresenceMember): void {
    // What a disk said of a node that is stopped stays in its memory, as in its outcome, until it wakes.
    const { twoNode, witness } = this.schedule.quorum;
    if (twoNode || witness?.disk === true || member.outcome?.quorate !== true) return;
    const vouchers = member.view?.vouchers ?? [];
    for (const other of this.members) {
      if (other === member || other.outcome?.quorate !== true) continue;
      if (!(other.view?.vouchers ?? []).some((name) => vouchers.includes(name))) {
        this.violate("one quorum", `${member.name} has it with ${vouchers.join("")}, and ${other.name} without them`);
      }
    }
  }

  violate(property: string, message: string): never {
    throw new SafetyViolation(property, message);
  }

  say(name: string, what: string): void {
    this.trace?.push(`${this.nowMs.toFixed(1).padStart(9)} ${name} ${what}`);
  }
}
