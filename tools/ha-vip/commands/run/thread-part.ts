/** What further protocols bring to the deadline thread: deadlines, descriptors in its loop, and news of the network. */
import type { Link } from "../../../../shared/drive/net/link-codec.ts";
import type { RouteEvent } from "../../../../shared/drive/net/route-monitor.ts";
import type { Assignment, RouterCounters, RouterHealth } from "../../model/messages.ts";

export interface ThreadPart {
  /** Starts what is new in the assignment, changes what changed, stops what left. */
  use(assignment: Assignment): void;
  /** Nothing when the name isn't one of this part's. */
  health(health: RouterHealth): void;
  nextDeadlineMs(): number;
  onDeadline(nowMs: number): void;
  onLink(link: Link, removed: boolean): void;
  onAddressRemoved(event: RouteEvent & { kind: "address-removed" }): void;
  /** Begins to end; `done` tells when it has. */
  stop(): void;
  readonly done: boolean;
  counters(): readonly RouterCounters[];
}
