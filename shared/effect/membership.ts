import type { Reason } from "../reason/catalogue.ts";

/** What a heartbeat says: for each link the peers that its sender hears on it. */
export type Hears = Readonly<Record<string, readonly string[]>>;

export interface HeartbeatBody {
  readonly hears: Hears;
  /** For each peer that the sender hears: whom that peer doesn't hear. So everybody knows of a broken pair elsewhere. */
  readonly without: Readonly<Record<string, readonly string[]>>;
  /** Who belongs together as the sender sees it. */
  readonly view: readonly string[];
  /** Who is about to be taken into the view: the sender no longer says that they are out. */
  readonly joining: readonly string[];
  /** Numbers the sender's heartbeats; never goes back, not at a restart either. */
  readonly count: number;
  /** The highest number heard of each peer: it shows a peer how new all else in here is. */
  readonly echo: Readonly<Record<string, number>>;
}

export interface MembershipView {
  /** Who belongs together, this node included, in order of name. */
  readonly members: readonly string[];
  /**
   * Of the members, those whose own view had this node in it a short while ago, by this node's clock; this node included.
   * Their votes count.
   */
  readonly vouchers: readonly string[];
  /** Configured nodes that neither this node nor any of its vouchers has in view. */
  readonly ruledOut: readonly string[];
  /** Nodes that are well and only held back for their flapping. */
  readonly heldBack: readonly string[];
  /** A heartbeat to send on every link, when one is due. */
  readonly send: HeartbeatBody | null;
  readonly reasons: readonly Reason[];
}

/** The pure membership of one node as the driver sees it. */
export interface MembershipMachine {
  readonly heartbeatMs: number;
  heard(from: string, link: string, body: HeartbeatBody, nowMs: number): readonly Reason[];
  tick(nowMs: number): MembershipView;
}
