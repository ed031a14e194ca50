/** What the deadline thread and the main thread of the daemon say to each other. Plain data: it is copied. */
import type { Problem } from "../../../shared/reason/catalogue.ts";
import type { BgpAnnouncementSettings, BgpSettings } from "./bgp/bgp.ts";
import type { CarpSettings } from "./carp/carp.ts";
import type { RouterSettings, SyncGroup } from "./router.ts";
import type { WitnessSettings } from "./witness.ts";

/** Health of one router, as the main thread's checks see it. */
export interface RouterHealth {
  readonly name: string;
  /** What checks add to the priority, or take from it. */
  readonly adjustment: number;
  readonly faults: readonly string[];
}

/** Everything that the thread has to run. */
export interface Assignment {
  readonly routers: readonly RouterSettings[];
  readonly groups: readonly SyncGroup[];
  readonly health: readonly RouterHealth[];
  readonly witness?: WitnessSettings;
  readonly carps?: readonly CarpSettings[];
  readonly bgp?: { readonly settings: BgpSettings; readonly announcements: readonly BgpAnnouncementSettings[] };
}

export type ToWorker =
  | { readonly kind: "start"; readonly assignment: Assignment }
  /** What is unchanged is left alone. */
  | { readonly kind: "reload"; readonly assignment: Assignment }
  | { readonly kind: "health"; readonly health: RouterHealth }
  | { readonly kind: "report" }
  | { readonly kind: "stop" };

export type RouterRole = "stopped" | "fault" | "backup" | "conflict" | "master";

/** How one router is doing, for the status. */
export interface RouterView {
  readonly name: string;
  readonly role: RouterRole;
  readonly priority: number;
  readonly faults: readonly string[];
  /** Our own address in adverts, when there is one. */
  readonly own?: string;
  /** The host that speaks as master, when it isn't this one. */
  readonly master?: string;
  readonly masterPriority?: number;
  readonly masterIntervalMs?: number;
  /** The hardware address that answers for ours. */
  readonly conflictWith?: string;
  /** What interfaces add to the priority. */
  readonly deviceAdjustment: number;
}

/** What a router has counted since the daemon started. */
export interface RouterCounters {
  readonly name: string;
  readonly advertsSent: number;
  readonly advertsReceived: number;
  readonly stopsSent: number;
  readonly stopsReceived: number;
  readonly badPackets: number;
  readonly becameMaster: number;
  readonly leftMaster: number;
  readonly announcements: number;
}

export interface ThreadReport {
  readonly routers: readonly RouterCounters[];
  /** The worst delay of a deadline since the last report, ms. */
  readonly worstLateMs: number;
}

export type ReloadCounts = Readonly<Record<"added" | "changed" | "removed" | "kept", number>>;

export type ToMain =
  /** The thread runs; what the system refused it. */
  | { readonly kind: "ready"; readonly realTime: boolean; readonly refused: readonly string[] }
  /** What happened, in words, and how the router is now. `lowerHeard`: a master of lower priority spoke. */
  | {
      readonly kind: "event";
      readonly view: RouterView;
      readonly problems: readonly Problem[];
      readonly lowerHeard: boolean;
    }
  | { readonly kind: "reloaded"; readonly counts: ReloadCounts }
  | { readonly kind: "gone"; readonly name: string }
  | { readonly kind: "report"; readonly report: ThreadReport }
  | { readonly kind: "stopped" };
