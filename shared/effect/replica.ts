import type { Command, CommandResult, KvEvent, KvQuery, KvView } from "./kv.ts";
import type { Members, NodeId, PersistWrite, RaftMessage, Recovered } from "./raft.ts";
import type { Reason } from "../reason/catalogue.ts";

/** What goes in and out of one replica: consensus, store, sessions and leases of one node, as one pure machine. */
export type ReplicaRequest =
  | { readonly kind: "openSession" }
  | {
      readonly kind: "write";
      readonly session: number;
      readonly sequence: number;
      readonly acknowledged: number;
      readonly command: Command;
    }
  /** `stale`: answered from this node's own state, which may be behind; else linearizable. */
  | { readonly kind: "read"; readonly query: KvQuery; readonly stale: boolean }
  | { readonly kind: "keepAlive"; readonly lease: number }
  | { readonly kind: "changeMembers"; readonly members: Members }
  | { readonly kind: "transfer"; readonly to: NodeId };

export type ReplicaRefusal =
  /** Nothing was done: another node leads, or none does. */
  | "CORE_NOT_LEADER"
  | "CORE_BUSY"
  | "CORE_CHANGE_REFUSED"
  /** It may have been done: a retry with the same session and sequence is safe. */
  | "CORE_TIMEOUT"
  | "CORE_NO_QUORUM";

export type ReplicaReply =
  | { readonly kind: "result"; readonly result: CommandResult }
  | { readonly kind: "view"; readonly view: KvView }
  | { readonly kind: "alive"; readonly ttlMs: number }
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly code: ReplicaRefusal; readonly why: string; readonly leader: NodeId | null };

export type ReplicaMessage =
  | RaftMessage
  | { readonly kind: "forward"; readonly id: number; readonly request: ReplicaRequest }
  | { readonly kind: "forwardReply"; readonly id: number; readonly reply: ReplicaReply };

export type ReplicaEvent =
  | { readonly kind: "tick" }
  | { readonly kind: "receive"; readonly from: NodeId; readonly message: ReplicaMessage }
  | { readonly kind: "persisted"; readonly sequence: number }
  | { readonly kind: "request"; readonly requestId: number; readonly request: ReplicaRequest };

export type ReplicaEffect =
  | { readonly kind: "send"; readonly to: NodeId; readonly message: ReplicaMessage }
  | { readonly kind: "persist"; readonly write: PersistWrite }
  | { readonly kind: "reply"; readonly requestId: number; readonly reply: ReplicaReply }
  | { readonly kind: "watch"; readonly events: readonly KvEvent[] }
  /** The whole store was replaced by a snapshot: watchers must read anew. */
  | { readonly kind: "reset"; readonly revision: number };

export interface ReplicaOutcome {
  readonly effects: readonly ReplicaEffect[];
  readonly reasons: readonly Reason[];
}

export interface ReplicaStatus {
  readonly id: NodeId;
  readonly role: "follower" | "preCandidate" | "candidate" | "leader";
  readonly leader: NodeId | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  readonly revision: number;
  readonly members: Members;
  readonly recovering: boolean;
  /** Only on the leader: how many entries each other member lacks. */
  readonly lagEntries: Readonly<Record<NodeId, number>>;
}

/** One replica as the driver sees it: the driver knows no decision, it only carries events in and effects out. */
export interface ReplicaMachine {
  step(events: readonly ReplicaEvent[], nowMs: number): ReplicaOutcome;
  nextDeadlineMs(): number;
  status(): ReplicaStatus;
  read(query: KvQuery): KvView;
}

export type CreateReplicaMachine = (recovered: Recovered, seed: number, nowMs: number) => ReplicaMachine;
