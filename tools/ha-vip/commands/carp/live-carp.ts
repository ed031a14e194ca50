/** One CARP group as the deadline thread holds it. */
import { formatAddress } from "../../../../shared/text/address.ts";
import { CARP_STOPPED, type CarpState } from "../../decide/carp/carp.ts";
import { carpIntervalMs } from "../../decide/carp/carp-timers.ts";
import type { CarpPort } from "../../drive/carp/carp-port.ts";
import { type CarpSettings, REMEMBERED_COUNTERS } from "../../model/carp/carp.ts";
import type { RouterCounters, RouterHealth, RouterView } from "../../model/messages.ts";
import { noCounts } from "../run/counts.ts";

/** The better the rank, the higher: what status shows where VRRP has a priority. */
function rankNumber(skew: number): number {
  return 255 - skew;
}

export class LiveCarp {
  state: CarpState = CARP_STOPPED;
  port: CarpPort | undefined;
  linkFault: string | undefined;
  retryAtMs = Number.POSITIVE_INFINITY;
  toldBadPacketAtMs = Number.NEGATIVE_INFINITY;
  toldSendFailedAtMs = Number.NEGATIVE_INFINITY;
  /** Counters heard last, oldest first. */
  readonly #heard = new Set<bigint>();
  readonly counts = noCounts();

  constructor(
    public settings: CarpSettings,
    public health: RouterHealth,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  faults(): readonly string[] {
    return [...(this.linkFault === undefined ? [] : [this.linkFault]), ...this.health.faults];
  }

  /**
   * Has a packet with this counter been heard before? Then somebody sends it again. (That counters rise can't be asked
   * for: ucarp chooses each at random for as long as it has heard nobody.)
   */
  heardBefore(counter: bigint): boolean {
    if (this.#heard.has(counter)) return true;
    this.#heard.add(counter);
    if (this.#heard.size > REMEMBERED_COUNTERS) {
      const [oldest] = this.#heard;
      if (oldest !== undefined) this.#heard.delete(oldest);
    }
    return false;
  }

  view(): RouterView {
    const { state } = this;
    const seen = state.role === "master" ? undefined : state.master;
    return {
      name: this.name,
      role: state.role,
      priority: rankNumber(this.settings.rank.skew),
      faults: state.faults,
      deviceAdjustment: 0,
      ...(this.port === undefined ? {} : { own: formatAddress(this.port.own) }),
      ...(seen === undefined
        ? {}
        : {
            master: formatAddress(seen.address),
            masterPriority: rankNumber(seen.rank.skew),
            masterIntervalMs: Math.round(carpIntervalMs(seen.rank)),
          }),
    };
  }

  counters(): RouterCounters {
    return { name: this.name, ...this.counts };
  }
}
