import type { NodeId } from "../../effect/raft.ts";
import type { CreateReplicaMachine } from "../../effect/replica.ts";
import { queryStore } from "../kv/store.ts";
import { DEFAULT_RAFT_OPTIONS, type RaftOptions } from "../raft/options.ts";
import {
  createReplica,
  DEFAULT_REPLICA_LIMITS,
  nextReplicaDeadlineMs,
  replicaStatus,
  stepReplica,
  type ReplicaOptions,
} from "./replica.ts";

/** The pure core behind the small face that the driver knows. A tool's `main` passes it to `Group.open`. */
export function replicaMachine(
  node: NodeId,
  settings: Partial<Omit<ReplicaOptions, "raft">> & { readonly raft?: Partial<RaftOptions> } = {},
): CreateReplicaMachine {
  const raft = { ...DEFAULT_RAFT_OPTIONS, ...settings.raft };
  const options: ReplicaOptions = { ...DEFAULT_REPLICA_LIMITS, ...settings, raft };
  return (recovered, seed, nowMs) => {
    const replica = createReplica(node, options, recovered, seed, nowMs);
    return {
      step: (events, at) => stepReplica(replica, events, at),
      nextDeadlineMs: () => nextReplicaDeadlineMs(replica),
      status: () => replicaStatus(replica),
      read: (query) => queryStore(replica.store, query),
    };
  };
}
