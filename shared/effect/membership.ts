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

/** One link to one peer, for the status: which paths are there, and which way they work. */
export interface LinkState {
  readonly peer: string;
  readonly link: string;
  readonly heard: boolean;
  /** The peer says it hears this node on the link. */
  readonly hearsUs: boolean;
  /** Null: never heard. */
  readonly silentMs: number | null;
  /** How long silence is allowed at present. */
  readonly timeoutMs: number;
}

/** What a node does with what it runs. `continue`: nothing changes; `freeze`: it runs on, nothing new is started. */
export type QuorumAction = "continue" | "freeze" | "demote" | "stop" | "suicide";

/** Where the node stands with those it sees; see `decide/quorum/standing.ts`. */
export interface StandingView {
  readonly quorate: boolean;
  readonly action: QuorumAction;
  readonly fence: readonly { readonly peer: string; readonly sinceMs: number }[];
  readonly safe: readonly string[];
}

/** The pure membership of one node as the driver sees it. */
export interface MembershipMachine {
  readonly heartbeatMs: number;
  heard(from: string, link: string, body: HeartbeatBody, nowMs: number): readonly Reason[];
  tick(nowMs: number): MembershipView & { readonly standing: StandingView };
  links(nowMs: number): readonly LinkState[];
  /** An operator says that nodes which were not seen since the start are off. */
  cancelWaitForAll(): void;
  /** Until when the witness disk votes for this node, on the clock of `nowMs`; only where the rules have such a witness. */
  diskVote(heldUntilMs: number): void;
  fenced(order: { readonly peer: string; readonly sinceMs: number }, done: boolean, nowMs: number): void;
}
