/** One virtual router as the deadline thread holds it. */
import type { Reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { type RouterState, STOPPED } from "../../decide/router-state.ts";
import { priorityWith } from "../../decide/check.ts";
import type { RouterPort } from "../../drive/router-port.ts";
import type { RouterCounters, RouterHealth, RouterView } from "../../model/messages.ts";
import type { RouterSettings } from "../../model/router.ts";
import { noCounts } from "./counts.ts";

export class LiveRouter {
  state: RouterState = STOPPED;
  port: RouterPort | undefined;
  /** What is wrong with its own interface, or undefined. */
  linkFault: string | undefined;
  /** From tracked interfaces. */
  deviceFaults: readonly string[] = [];
  deviceAdjustment = 0;
  /** From the other routers of its sync groups. */
  groupFaults: readonly string[] = [];
  toldBadPacketAtMs = Number.NEGATIVE_INFINITY;
  toldSendFailedAtMs = Number.NEGATIVE_INFINITY;
  lowerHeard = false;
  /** It goes when it has stopped. */
  removing = false;
  readonly counts = noCounts();

  constructor(
    public settings: RouterSettings,
    public health: RouterHealth,
    /** Its place in the list of deadlines. */
    public slot: number,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  /** Faults of its own, without those of its groups. */
  ownFaults(): readonly string[] {
    const link = this.linkFault === undefined ? [] : [this.linkFault];
    return [...link, ...this.deviceFaults, ...this.health.faults];
  }

  faults(): readonly string[] {
    return [...this.ownFaults(), ...this.groupFaults];
  }

  priority(): number {
    return priorityWith(this.settings, this.health.adjustment + this.deviceAdjustment);
  }

  view(): RouterView {
    const { state } = this;
    const seen = state.role === "master" ? undefined : state.master;
    return {
      name: this.name,
      role: state.role,
      priority: state.priority,
      faults: state.faults,
      deviceAdjustment: this.deviceAdjustment,
      ...(this.port === undefined ? {} : { own: formatAddress(this.port.own) }),
      ...(seen === undefined
        ? {}
        : {
            master: formatAddress(seen.address),
            masterPriority: seen.priority,
            masterIntervalMs: seen.intervalMs,
          }),
      ...(state.role === "conflict" ? { conflictWith: state.holder } : {}),
    };
  }

  counters(): RouterCounters {
    return { name: this.name, ...this.counts };
  }
}

/** Facts of a step that operators should hear of. */
export interface Told {
  readonly router: LiveRouter;
  readonly reasons: readonly Reason[];
}
