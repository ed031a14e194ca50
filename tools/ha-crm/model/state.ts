import type { NvSet } from "./nvset.ts";

/** One remembered action of a resource on a node. */
export interface HistoryEntry {
  readonly id: string;
  readonly operation: string;
  readonly intervalMs: number;
  /** What was asked for, when it differs from `operation` (`start` kept in a `…_last_0` entry). */
  readonly callId: number;
  readonly rc: number;
  readonly status: number;
  /** The exit code that was expected; -1 when it isn't known. */
  readonly expectedRc: number;
  /** The transition it was part of, and who had planned that. */
  readonly transition?: { readonly id: number; readonly planner: string } | undefined;
  /** Seconds since 1970 of the last change of the exit code. */
  readonly lastRcChange?: number | undefined;
  readonly migrateSource?: string | undefined;
  readonly migrateTarget?: string | undefined;
  readonly onNode?: string | undefined;
  readonly operationKey: string;
  /** Of the parameters it was carried out with. */
  readonly digest?: string | undefined;
  /** Of those parameters whose change asks for a restart; there only when the agent can reload the others. */
  readonly restartDigest?: string | undefined;
  /** Names of these; all when absent. */
  readonly restartParameters?: readonly string[] | undefined;
  /** Of all but the secret ones, and the names of the secret ones. */
  readonly secureDigest?: string | undefined;
  readonly secureParameters?: readonly string[] | undefined;
  /** Version of the history's form. */
  readonly featureSet?: string | undefined;
}

export interface ResourceHistory {
  /** With instance number when the resource was known so (`db:1`). */
  readonly resource: string;
  readonly class?: string | undefined;
  readonly provider?: string | undefined;
  readonly type?: string | undefined;
  readonly container?: string | undefined;
  /** Since when it waits for its node, which was shut down in good order; seconds since 1970. */
  readonly shutdownLock?: number | undefined;
  readonly entries: readonly HistoryEntry[];
}

/** What is known of a node. */
export interface NodeState {
  readonly id: string;
  readonly name: string;
  /** Part of the cluster's membership; undefined when nobody has said so yet. */
  readonly inCluster?: boolean | undefined;
  readonly peerOnline: boolean;
  readonly join?: string | undefined;
  readonly expected?: string | undefined;
  readonly remoteNode: boolean;
  readonly nodeFenced: boolean;
  readonly inMaintenance: boolean;
  readonly attributes: readonly NvSet[];
  readonly history: readonly ResourceHistory[];
}

export interface TicketState {
  readonly id: string;
  readonly granted: boolean;
  readonly standby: boolean;
  /** Seconds since 1970. */
  readonly lastGranted?: number | undefined;
}

/** What is so at one moment: the status half of a CIB. */
export interface ClusterState {
  readonly quorate: boolean;
  /** There was quorum once since the cluster began: only then may its loss be a reason to fence oneself. */
  readonly hadQuorum?: boolean | undefined;
  /** What its oldest node understands (`crm_feature_set`); where it isn't said, whatever is written counts. */
  readonly featureSet?: string | undefined;
  /** The node that coordinates, by id. */
  readonly coordinator?: string | undefined;
  readonly nodes: readonly NodeState[];
  readonly tickets: readonly TicketState[];
}

export const EMPTY_STATE: ClusterState = { quorate: true, nodes: [], tickets: [] };
