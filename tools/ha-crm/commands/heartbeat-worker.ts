/** The entry of ha-crm's deadline thread for heartbeats: it brings the decisions to the driver's loop. */
import { workerData } from "node:worker_threads";
import { membershipMachine } from "../../../shared/decide/membership/machine.ts";
import type { MembershipOptions } from "../../../shared/decide/membership/membership.ts";
import type { StandingOptions } from "../../../shared/decide/quorum/standing.ts";
import type { HeartbeatTicket } from "../../../shared/drive/raft/heartbeat-messages.ts";
import { HeartbeatThread } from "../../../shared/drive/raft/heartbeat-thread.ts";

export interface HeartbeatRules {
  readonly membership: MembershipOptions;
  readonly standing: StandingOptions;
}

/** Only this product's own main thread starts this file, with a ticket. */
function ticketOf(data: unknown): HeartbeatTicket<HeartbeatRules> {
  if (typeof data !== "object" || data === null || !("settings" in data))
    throw new Error("the worker needs its ticket");
  return data as HeartbeatTicket<HeartbeatRules>;
}

new HeartbeatThread(ticketOf(workerData), ({ membership, standing }, nowMs) =>
  membershipMachine(membership, standing, nowMs),
).run();
