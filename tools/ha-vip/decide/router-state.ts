/** The nouns of the state machine: what a router is, what happens to it, what it wants done. Pure. */
import type { Reason } from "../../../shared/reason/catalogue.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import type { HandOverMessage } from "../model/hand-over.ts";
import type { Advert } from "../model/packet.ts";

/** The other host that speaks as master, as its last advert showed it. */
export interface MasterSeen {
  readonly address: IpAddress;
  readonly priority: number;
  readonly intervalMs: number;
  readonly heardAtMs: number;
}

/** What the network said when it was asked for our addresses. */
export type ProbeAnswer =
  | { readonly kind: "unasked" | "asked" | "free" }
  /** Somebody who isn't one of our routers has `address`. */
  | { readonly kind: "taken"; readonly address: string; readonly mac: string };

/** What the witness last said about who may be master. */
export interface WitnessWord {
  readonly granted: boolean;
  /** Who holds the grant, when it isn't us. */
  readonly holder: string;
  readonly atMs: number;
}

interface Common {
  /** Base priority with what checks add and take; 0 is never advertised but by a router that leaves. */
  readonly priority: number;
  readonly faults: readonly string[];
  readonly sinceMs: number;
  readonly master?: MasterSeen;
}

/** A master that is handing over. It serves until the successor has it. */
export interface Leaving {
  readonly goal: "stopped" | "fault";
  readonly nonce: number;
  /** "waiting": nobody has answered in the usual time, and there is no hurry. */
  readonly phase: "offered" | "waiting" | "given";
  /** The end of this phase. */
  readonly untilMs: number;
  readonly best?: { readonly address: IpAddress; readonly priority: number };
}

export type Stopped = Common & { readonly role: "stopped" };
export type Fault = Common & { readonly role: "fault" };
export type Backup = Common & {
  readonly role: "backup";
  readonly masterDownAtMs: number;
  /** Until then a living master of lower priority is left alone. */
  readonly preemptFromMs: number;
  readonly leaving: boolean;
  readonly probe: ProbeAnswer;
  readonly witness?: WitnessWord;
  /** When the witness is asked, so that its answer is there at the deadline; Infinity for not at all. */
  readonly askWitnessAtMs: number;
  /** The offer that we answered last: only who offered may give us the address, and only soon. */
  readonly accepted?: { readonly nonce: number; readonly atMs: number };
};
/** Nobody speaks as master, but the address answers: a host outside the cluster has it. */
export type Conflict = Common & {
  readonly role: "conflict";
  readonly retryAtMs: number;
  readonly holder: string;
};
export type Master = Common & {
  readonly role: "master";
  readonly advertAtMs: number;
  readonly renewAtMs: number;
  /** The next announcement, or Infinity. */
  readonly announceAtMs: number;
  readonly announceCount: number;
  /** The late round for switches that were still learning; it isn't lost when an earlier one comes in between. */
  readonly lateRoundAtMs: number;
  /** When a rival was last answered, announced against, told of. */
  readonly answeredAtMs: number;
  readonly repairedAtMs: number;
  readonly toldRivalAtMs: number;
  readonly leaving?: Leaving;
  /** Who handed over to us, and until when its last adverts, which may still be on their way, are no claim. */
  readonly given?: { readonly from: IpAddress; readonly untilMs: number };
};

export type RouterState = Stopped | Fault | Backup | Conflict | Master;
export type Role = RouterState["role"];

export type RouterEvent =
  | { readonly kind: "start"; readonly priority: number; readonly faults: readonly string[] }
  | { readonly kind: "time" }
  | { readonly kind: "advert"; readonly advert: Advert; readonly from: IpAddress; readonly own: IpAddress }
  | {
      readonly kind: "health";
      readonly priority: number;
      readonly faults: readonly string[];
      /** The interface is gone or down: nothing can be said to anybody. */
      readonly mute?: boolean;
    }
  | { readonly kind: "probe"; readonly answer: ProbeAnswer }
  | { readonly kind: "handOver"; readonly message: HandOverMessage; readonly from: IpAddress }
  | { readonly kind: "witness"; readonly granted: boolean; readonly holder: string }
  /** Another router of the sync group has become master, or backup. */
  | { readonly kind: "group"; readonly role: "master" | "backup"; readonly because: string }
  | { readonly kind: "stop" };

export type RouterEffect =
  | { readonly kind: "advertise"; readonly priority: number }
  | { readonly kind: "takeAddresses" }
  | { readonly kind: "renewAddresses" }
  | { readonly kind: "dropAddresses" }
  | { readonly kind: "announce"; readonly count: number }
  /** Asks the network for the addresses; the answer comes back as an event. */
  | { readonly kind: "probe"; readonly intervalMs: number }
  /** To one host, or to all when `to` is absent. */
  | { readonly kind: "handOver"; readonly message: HandOverMessage; readonly to?: IpAddress }
  /** Asks the witness: as master to keep the grant, as backup to get it. */
  | { readonly kind: "askWitness" };

export interface Decision {
  readonly state: RouterState;
  readonly effects: readonly RouterEffect[];
  readonly reasons: readonly Reason[];
}

export const STOPPED: RouterState = { role: "stopped", priority: 0, faults: [], sinceMs: 0 };

const NONE: readonly never[] = [];

/** No effects. */
export function keep(state: RouterState, reasons: readonly Reason[] = NONE): Decision {
  return { state, effects: NONE, reasons };
}

/** When the state wants to be asked again, ms; Infinity for never. */
export function deadlineOf(state: RouterState): number {
  switch (state.role) {
    case "backup":
      return Math.min(state.masterDownAtMs, state.askWitnessAtMs);
    case "conflict":
      return state.retryAtMs;
    case "master":
      return Math.min(
        state.advertAtMs,
        state.renewAtMs,
        state.announceAtMs,
        state.leaving?.untilMs ?? Number.POSITIVE_INFINITY,
      );
    case "stopped":
    case "fault":
      return Number.POSITIVE_INFINITY;
  }
}
