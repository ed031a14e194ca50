/**
 * Carries out what `decide/` wants for one router: adverts, addresses, announcements, questions. Follow-up steps of
 * sync groups are taken here too. Belongs to the deadline thread.
 */
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { decideRouter } from "../../decide/router.ts";
import { deadlineOf, type RouterEffect, type RouterEvent, type RouterState } from "../../decide/router-state.ts";
import { followersOf } from "../../decide/sync-group.ts";
import { failureName, type Network, type RouterPort } from "../../drive/router-port.ts";
import { PRIORITY_STOP } from "../../model/packet.ts";
import { vipReasons } from "../../model/reasons.ts";
import type { SyncGroup } from "../../model/router.ts";
import type { LiveRouter } from "./live-router.ts";
import { ProbeWatch } from "./probe-watch.ts";

/** Of a stream of equal failures one in this time is told. */
const TELL_AGAIN_MS = 10_000;

const NONE: readonly never[] = [];

export interface StepHooks {
  readonly onTold: (router: LiveRouter, reasons: readonly Reason[]) => void;
  readonly onWitness: (router: LiveRouter) => void;
}

export class RouterSteps {
  readonly probes: ProbeWatch;
  readonly routers = new Map<string, LiveRouter>();
  groups: readonly SyncGroup[] = [];
  /** When each router wants to be asked again, by slot: one short scan finds the next. */
  #deadlines = new Float64Array(0);
  readonly #byNumber = new Map<number, LiveRouter[]>();
  readonly #renewing = new Set<RouterPort>();

  constructor(
    private readonly network: Network,
    loop: PollLoop,
    private readonly hooks: StepHooks,
  ) {
    this.probes = new ProbeWatch(loop);
  }

  /** Gives every router its slot; after routers came or went. */
  reindex(): void {
    this.#byNumber.clear();
    for (const router of this.routers.values()) {
      const same = this.#byNumber.get(router.settings.vrid);
      if (same === undefined) this.#byNumber.set(router.settings.vrid, [router]);
      else same.push(router);
    }
    this.#deadlines = new Float64Array(this.routers.size);
    let slot = 0;
    for (const router of this.routers.values()) {
      router.slot = slot;
      this.#deadlines[slot] = deadlineOf(router.state);
      slot += 1;
    }
  }

  /** The routers with a number; on different interfaces there may be several. */
  numbered(vrid: number): readonly LiveRouter[] {
    return this.#byNumber.get(vrid) ?? NONE;
  }

  nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    const deadlines = this.#deadlines;
    for (let slot = 0; slot < deadlines.length; slot += 1) {
      const at = deadlines[slot] ?? next;
      if (at < next) next = at;
    }
    return next;
  }

  /** Steps every router whose time has come. @returns how late the latest of them was, ms */
  onDeadline(nowMs: number): number {
    let lateMs = 0;
    for (const router of this.routers.values()) {
      const at = this.#deadlines[router.slot] ?? Number.POSITIVE_INFINITY;
      if (at > nowMs) continue;
      lateMs = Math.max(lateMs, nowMs - at);
      this.step(router, { kind: "time" });
    }
    this.#flushRenewals();
    return lateMs;
  }

  /** All renewals of this moment in as few system calls as possible. */
  #flushRenewals(): void {
    if (this.#renewing.size === 0) return;
    const renewals = [...this.#renewing].flatMap((port) => port.renewals);
    this.#renewing.clear();
    this.network.routes.renewAddresses(renewals);
  }

  step(router: LiveRouter, event: RouterEvent): void {
    const before = router.state;
    const nowMs = monotonicNs() / 1e6;
    const { effects, reasons, state } = decideRouter(router.settings, before, event, nowMs);
    router.state = state;
    this.#deadlines[router.slot] = deadlineOf(state);
    const told = [...reasons];
    for (const effect of effects) this.#carryOut(router, effect, told, nowMs);
    if (before.role === state.role) {
      if (told.length > 0 || before.master?.priority !== state.master?.priority) this.hooks.onTold(router, told);
      return;
    }
    if (state.role === "master") router.counts.becameMaster += 1;
    if (before.role === "master") router.counts.leftMaster += 1;
    if (state.role !== "backup" && state.role !== "conflict") this.probes.cancel(router.name);
    this.hooks.onTold(router, told);
    this.#follow(router, before.role, state.role);
  }

  #follow(router: LiveRouter, before: RouterState["role"], after: RouterState["role"]): void {
    for (const follower of followersOf(this.groups, router.name, before, after)) {
      const other = this.routers.get(follower.name);
      if (other !== undefined && other.state.role !== follower.role) {
        this.step(other, { kind: "group", role: follower.role, because: router.name });
      }
    }
  }

  #carryOut(router: LiveRouter, effect: RouterEffect, told: Reason[], nowMs: number): void {
    const { name, port } = router;
    if (port === undefined) return;
    switch (effect.kind) {
      case "advertise":
        this.#advertise(router, port, effect.priority, told, nowMs);
        break;
      case "takeAddresses":
        for (const refusal of port.take()) {
          told.push(reason(vipReasons, "VIP_ADDRESS_REFUSED", { name, ...refusal }));
        }
        break;
      case "renewAddresses":
        this.#renewing.add(port);
        break;
      case "dropAddresses":
        this.#renewing.delete(port);
        port.drop();
        break;
      case "announce":
        router.counts.announcements += effect.count;
        port.announce(effect.count);
        break;
      case "probe":
        this.probes.start(name, port, effect.intervalMs, nowMs * 1e6, (answer) =>
          this.step(router, { kind: "probe", answer }),
        );
        break;
      case "handOver":
        port.sendHandOver(effect.message, effect.to);
        break;
      case "askWitness":
        this.hooks.onWitness(router);
        break;
    }
  }

  #advertise(router: LiveRouter, port: RouterPort, priority: number, told: Reason[], nowMs: number): void {
    const sent = port.advertise(priority);
    router.counts[priority === PRIORITY_STOP ? "stopsSent" : "advertsSent"] += 1;
    if (sent >= 0 || nowMs - router.toldSendFailedAtMs < TELL_AGAIN_MS) return;
    router.toldSendFailedAtMs = nowMs;
    told.push(reason(vipReasons, "VIP_SEND_FAILED", { name: router.name, detail: failureName(sent) }));
  }
}
