import type { Reason } from "../reason/catalogue.ts";

/** What a heartbeat says: for each link the peers that its sender hears on it. */
export type Hears = Readonly<Record<string, readonly string[]>>;

export interface MembershipView {
  /** Who belongs together, this node included, in order of name. */
  readonly members: readonly string[];
  /** A heartbeat to send on every link, when one is due. */
  readonly send: Hears | null;
  readonly reasons: readonly Reason[];
}

/** The pure membership of one node as the driver sees it. */
export interface MembershipMachine {
  readonly heartbeatMs: number;
  heard(from: string, link: string, hears: Hears, nowMs: number): readonly Reason[];
  tick(nowMs: number): MembershipView;
}
