import type { MailboxTicket } from "../ffi/mailbox.ts";
import type { LinkState, MembershipView, StandingView } from "../../effect/membership.ts";
import type { Reason } from "../../reason/catalogue.ts";

/** What the main thread and the deadline thread of the heartbeats say to each other. */
export interface HeartbeatEnd {
  /** An IP address, as text. */
  readonly host: string;
  readonly port: number;
}

export interface HeartbeatLink {
  readonly name: string;
  /** This node's address on the link; a socket bound to it neither sends nor receives on another. */
  readonly listen: HeartbeatEnd;
  /** Keeps to this interface whatever the routing table says. */
  readonly device?: string;
  readonly peers: Readonly<Record<string, HeartbeatEnd>>;
}

/** `Rules`: what the decisions of the thread are made by; the driver only hands it on. */
export interface HeartbeatSettings<Rules> {
  readonly node: string;
  readonly boot: number;
  readonly key: Uint8Array;
  /** While the cluster's key is changed: others that heartbeats may be sealed with. */
  readonly alsoAccepted?: readonly Uint8Array[];
  readonly links: readonly HeartbeatLink[];
  readonly rules: Rules;
  readonly watchdog: HeartbeatWatchdog | null;
}

export interface HeartbeatWatchdog {
  readonly path: string;
  readonly timeoutSeconds: number;
  readonly allowStandIn?: boolean;
  /** The watchdog is not fed when the main thread said nothing for so long: a daemon that hangs can't stop its services. */
  readonly mainSilenceMs: number;
}

export interface HeartbeatTicket<Rules> {
  readonly mailbox: MailboxTicket;
  readonly settings: HeartbeatSettings<Rules>;
}

export type ToHeartbeats =
  /** The main thread lives. `idle`: this node runs nothing that must die without quorum. */
  | { readonly kind: "alive"; readonly idle: boolean }
  | { readonly kind: "fenced"; readonly peer: string; readonly sinceMs: number; readonly done: boolean }
  /** An operator says that nodes which were not seen since the start are off. */
  | { readonly kind: "cancelWaitForAll" }
  /** Until when the witness disk votes for this node, by CLOCK_BOOTTIME. */
  | { readonly kind: "diskVote"; readonly heldUntilMs: number }
  | { readonly kind: "report" }
  | { readonly kind: "stop" };

export type FromHeartbeats =
  | { readonly kind: "ready"; readonly realTime: boolean; readonly refused: readonly string[] }
  | { readonly kind: "view"; readonly view: PresenceReport }
  | { readonly kind: "facts"; readonly facts: readonly Reason[] }
  | { readonly kind: "report"; readonly report: HeartbeatReport }
  /** The watchdog was disarmed in order. */
  | { readonly kind: "stopped" };

export interface PresenceReport extends Omit<MembershipView, "send" | "reasons"> {
  readonly standing: StandingView;
}

export interface LinkCounters {
  readonly received: number;
  /** Datagrams that were refused: malformed, forged, replayed, or of unknown nodes. */
  readonly refused: number;
}

export interface HeartbeatReport {
  readonly links: readonly LinkState[];
  readonly counters: Readonly<Record<string, LinkCounters>>;
  /** How late the thread was at worst. */
  readonly worstLateMs: number;
  readonly watchdog: { readonly identity: string; readonly timeoutMs: number; readonly feeding: boolean } | null;
}
