import type { MembershipMachine } from "../../effect/membership.ts";
import { createMembership, onHeartbeat, tickMembership, type MembershipOptions } from "./membership.ts";

/** The pure membership behind the small face that the driver knows. */
export function membershipMachine(options: MembershipOptions, nowMs: number): MembershipMachine {
  const membership = createMembership(options, nowMs);
  return {
    heartbeatMs: options.suspicion.heartbeatMs,
    heard: (from, link, body, at) => onHeartbeat(membership, { from, link, ...body }, at),
    tick: (at) => tickMembership(membership, at),
  };
}
