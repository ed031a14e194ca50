/** What the deadline thread and the main thread of the daemon say to each other. Plain data: it is copied. */
import type { Problem } from "../../../shared/reason/catalogue.ts";
import type { RouterSettings } from "./router.ts";

/** Health of one router, as the main thread's checks see it. */
export interface RouterHealth {
  readonly name: string;
  readonly priority: number;
  readonly faults: readonly string[];
}

export type ToWorker =
  | { readonly kind: "start"; readonly routers: readonly RouterSettings[]; readonly health: readonly RouterHealth[] }
  | { readonly kind: "health"; readonly health: RouterHealth }
  | { readonly kind: "stop" };

/** How one router is doing, for the status. Times are monotonic ms. */
export interface RouterView {
  readonly name: string;
  readonly role: "stopped" | "fault" | "backup" | "master";
  readonly priority: number;
  readonly faults: readonly string[];
  /** The host that speaks as master, when it isn't this one. */
  readonly master?: string;
  readonly masterPriority?: number;
}

export type ToMain =
  /** The thread runs; what the system refused it. */
  | { readonly kind: "ready"; readonly realTime: boolean; readonly refused: readonly string[] }
  /** What happened, in words, and how the router is now. */
  | { readonly kind: "event"; readonly view: RouterView; readonly problems: readonly Problem[] }
  | { readonly kind: "stopped" };
